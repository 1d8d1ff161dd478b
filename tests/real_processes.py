"""The portal's own processes, started as in the demo, on a database that a test chooses."""

import http.client
import os
import subprocess
import sys
from pathlib import Path

from demo import embedded
from tests.demo.processes import until
from tests.services import LOGS, ROOT

START_SECONDS = 60.0


class Processes:
    """Web, worker and beat of one portal, with a directory of their own.

    What they print goes to the session's logs, which are searched for patients' data.
    """

    def __init__(self, directory: Path, database_url: str, **environment: str) -> None:
        self._directory = directory
        self._environment = {**os.environ, "DATABASE_URL": database_url, **environment}
        self._running: list[subprocess.Popen[bytes]] = []
        self._logs: list[Path] = []
        self.celery: tuple[str, ...] = ("celery", "-A", "booking_portal")
        self.address = ""

    def start_web(self) -> None:
        """Start the web server and wait until it answers at `address`."""
        [port] = embedded.free_ports(1)
        self._environment |= {"BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1"}
        self._start("web", "gunicorn", "booking_portal.wsgi")
        assert until(lambda: _answers(port), START_SECONDS), self.log()
        self.address = f"http://127.0.0.1:{port}"

    def start_worker(self, threads: int = 0) -> None:
        """Start a worker and beat; the worker with one process, or so many threads."""
        pool = ("--pool", "threads") if threads else ()
        self._start("worker", *self.celery, "worker", *pool, "--concurrency", str(threads or 1))
        self.start_beat()

    def start_beat(self) -> None:
        """Start a beat, which ticks unless another one does."""
        schedule = str(self._directory / "schedule")
        logged = ("--loglevel", "INFO")
        self._start("beat", *self.celery, "beat", "--schedule", schedule, "--pidfile=", *logged)

    def log(self) -> str:
        """What they have printed."""
        return "".join(log.read_text() for log in self._logs)

    def running(self) -> bool:
        """Whether all that were started still run."""
        return all(process.poll() is None for process in self._running)

    def stop(self) -> None:
        """Stop them all, and wait until they have gone."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            process.wait(timeout=40)

    def kill(self) -> None:
        """End them all as `kill -9` does: what tethers them goes, and they with it."""
        for process in self._running:
            process.kill()
            process.wait()

    def _start(self, name: str, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", module, *arguments]
        self._logs.append(LOGS / f"{name}-{self._directory.name}.log")
        with self._logs[-1].open("wb") as log:
            self._running.append(
                subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
            )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()

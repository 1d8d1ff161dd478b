"""One installation, whose portal is first of one version and then of the next."""

import json
import shutil
import signal
import subprocess
import sys
import tarfile
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from chaos.commands.world import TETHERED, Program, is_healthy
from demo import certificates, embedded
from demo.places import ROOT, Places
from tests.sandbox_control import Sandbox

CLOCKS: Final = {
    "READ_DEADLINE_SECONDS": "6",
    "WRITE_DEADLINE_SECONDS": "10",
    "REQUEST_LIFETIME_SECONDS": "45",
    "SEND_AGAIN_WINDOW_SECONDS": "900",
    "SECOND_STEP_WINDOW_SECONDS": "900",
    "PDS_REQUESTS_PER_SECOND": "200",
    "WEB_WORKERS": "2",
}
"""Shorter than in production where it waits for the end of a request's life; longer where a slow
machine must not end the time in which the portal goes on by itself."""


class Version:
    """The code of one version, and what can be asked of it."""

    def __init__(self, name: str, directory: Path, installation: "Installation") -> None:
        self.name = name
        self.directory = directory
        self._installation = installation

    def program(self, what: str, *command: str) -> Program:
        """A program of this version, not started."""
        where = self._installation
        return Program(
            f"{self.name}-{what}", [*TETHERED, *command], where.environment, where.logs,
            self.directory,
        )  # fmt: skip

    def runs(self, script: str) -> Any:
        """What a script that runs in this version prints last, as JSON.

        Raises RuntimeError, with what it said, if it fails.
        """
        ran = subprocess.run(
            [sys.executable, "-c", script], cwd=self.directory, env=self._installation.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ran.returncode != 0:
            raise RuntimeError(f"{self.name}: {ran.stderr[-2000:]}")
        return json.loads(ran.stdout.splitlines()[-1])

    def sets_up(self) -> None:
        """Bring the tables up to date, and add what is missing of the demo's sample."""
        self.runs("import runpy; runpy.run_module('demo.seed', run_name='__main__'); print('{}')")

    def migrates(self) -> None:
        """Bring the tables up to date."""
        self.runs(
            "import django; django.setup(); from django.core.management import call_command;"
            "call_command('migrate', verbosity=0); print('{}')"
        )

    def web(self) -> Program:
        """The web server."""
        return self.program("web", "gunicorn", "booking_portal.wsgi")

    def worker(self) -> Program:
        """The worker, as in the demo."""
        threads = ("--pool", "threads", "--concurrency", "8")
        celery = ("celery", "-A", "booking_portal")
        return self.program("worker", *celery, "worker", "--loglevel", "INFO", *threads)

    def beat(self) -> Program:
        """Beat, which keeps its schedule in the file that the version before has left."""
        schedule = str(self._installation.state / "beat-schedule")
        celery = ("celery", "-A", "booking_portal")
        return self.program("beat", *celery, "beat", "--schedule", schedule, "--pidfile=")


class Installation:
    """PostgreSQL, Redis and the sandbox, on free ports; they stay while the portal changes.

    In the context they run; leaving it ends them and forgets all but the logs.
    """

    def __init__(self, made: Path, logs: Path) -> None:
        self.state, self.logs = made / "state", logs
        for directory in (self.state, logs):
            directory.mkdir(parents=True, exist_ok=True)
        for left in logs.glob("*.log"):
            left.unlink()
        [port] = embedded.free_ports(1)
        self._places = Places(self.state, web_port=port)
        ports = self._places.ports
        self.address = f"http://127.0.0.1:{port}"
        self.database_url = embedded.database_url(self.state / "postgres", ports["POSTGRES"])
        self.redis_url = embedded.redis_url(self.state / "redis", ports["REDIS"])
        self.environment = {
            **self._places.environment(),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            **CLOCKS,
        }
        self.environment.pop("PYTHONPATH", None)
        ours = [sys.executable, "-m"]
        servers = {
            name: [*ours, "demo.embedded", name, "--data", str(self.state / name), "--port", port]
            for name, port in (
                ("postgres", str(ports["POSTGRES"])), ("redis", str(ports["REDIS"]))
            )
        }  # fmt: skip
        sandbox = [*TETHERED, *ours, "sandbox", "--state", str(self.state / "sandbox")]
        sandbox += ["--certificates", str(self._places.certificates)]
        for name in ("SSP", "SERVICES", "CONTROL"):
            sandbox += [f"--{name.lower()}-port", str(ports[name])]
        self._postgres, self._redis, self._sandbox = (
            Program(name, command, self.environment, logs)
            for name, command in (*servers.items(), ("sandbox", sandbox))
        )

    def __enter__(self) -> Self:
        try:
            certificates.make(self._places.certificates)
            for program in (self._postgres, self._redis, self._sandbox):
                program.start()
            self._postgres.wait(partial(embedded.postgres_answers, self.database_url))
            self._redis.wait(partial(embedded.redis_answers, self.redis_url))
            self._sandbox.wait((self.state / "sandbox" / "addresses.json").exists)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def sandbox(self) -> Sandbox:
        """The sandbox's control address."""
        file = self.state / "sandbox" / "addresses.json"
        return Sandbox(json.loads(file.read_text()), self._places.certificates)

    def answers(self) -> bool:
        """Whether the portal does."""
        return is_healthy(self.address)

    def _end(self) -> None:
        for program in (self._sandbox, self._redis):
            program.end()
        self._postgres.end(signal.SIGQUIT)
        embedded.forget(self.state / "postgres")
        shutil.rmtree(self.state, ignore_errors=True)


def code_of(commit: str, directory: Path) -> None:
    """Put that commit's files into the directory, with the front-end packages of this one.

    Raises SystemExit when the clone does not have the commit.
    """
    archive = directory.with_suffix(".tar")
    command = ["git", "archive", "--format=tar", f"--output={archive}", commit]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(f"This clone cannot give {commit}: {made.stderr.strip()}")
    with tarfile.open(archive) as files:
        files.extractall(directory, filter="data")
    archive.unlink()
    packages = ROOT / "static" / "vendor"
    if packages.exists():
        (directory / "static" / "vendor").symlink_to(packages.resolve())

"""PostgreSQL and Redis for one worker, up as long as it is."""

import os
import shutil
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from demo import embedded
from mutants.reach import PLACE
from mutants.targets import ROOT

_START_DEADLINE_SECONDS = 30.0


class Servers:
    """A context in which both servers run; `environment` leads a worker to them."""

    def __init__(self, number: int) -> None:
        self._data = PLACE / f"servers-{number}"
        embedded.forget(self._data / "postgres")
        shutil.rmtree(self._data, ignore_errors=True)
        postgres, redis = embedded.free_ports(2)
        self._urls = {
            "postgres": embedded.database_url(self._data / "postgres", postgres),
            "redis": embedded.redis_url(self._data / "redis", redis),
        }
        self._ports = {"postgres": postgres, "redis": redis}
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the worker."""
        urls = {"DATABASE_URL": self._urls["postgres"], "REDIS_URL": self._urls["redis"]}
        return {**os.environ, **urls, "PYTHONDONTWRITEBYTECODE": "1"}

    def __enter__(self) -> Self:
        self._data.mkdir(parents=True, exist_ok=True)
        answers = {
            "postgres": lambda: embedded.postgres_answers(self._urls["postgres"]),
            "redis": lambda: embedded.redis_answers(self._urls["redis"]),
        }
        for server, port in self._ports.items():
            command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", "demo.embedded"]
            command += [server, "--data", str(self._data / server), "--port", str(port)]
            if server == "postgres":
                command.append("--fast")
            with (self._data / f"{server}.log").open("wb") as log:
                self._running.append(subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log))
            deadline = time.monotonic() + _START_DEADLINE_SECONDS
            while not answers[server]():
                if time.monotonic() > deadline:
                    self.__exit__(None, None, None)
                    raise RuntimeError(f"{server} did not start; see {self._data}")
                time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._running):
            process.terminate()
            process.wait()
        embedded.forget(self._data / "postgres")
        shutil.rmtree(self._data, ignore_errors=True)

"""The whole portal on this machine, as processes of our own: to be killed and started again."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import requests

from chaos.commands.scale import Scale
from demo import certificates, embedded
from demo.places import ROOT, Places
from tests.sandbox_control import Sandbox

START_DEADLINE_SECONDS: Final = 60.0
WEB_SERVERS: Final = 2
SPARE_ACCOUNTS: Final = 2
TETHERED: Final = [sys.executable, "-m", "demo.tether", "--signal", "KILL"]


class Program:
    """A program in a process group of its own, which ends with the thread that started it.

    It runs the code of `directory`.
    """

    def __init__(
        self,
        name: str,
        command: list[str],
        environment: Mapping[str, str],
        logs: Path,
        directory: Path = ROOT,
    ) -> None:
        self.name = name
        self.log = logs / f"{name}.log"
        self._command = command
        self._environment = environment
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; does not wait until it is ready."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own programs
                self._command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """`kill -9`, or another signal, to the whole group; returns when it has gone."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        self._process.wait()
        self._process = None

    def has_ended(self) -> bool:
        """Whether it has come to an end by itself."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int:
        """Its process id. Raises: RuntimeError when it is not running."""
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    def children(self) -> list[int]:
        """The process ids of its worker processes."""
        if self._process is None:
            return []
        pid = self._process.pid
        with contextlib.suppress(OSError):
            return [
                int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            ]
        return []

    def wait(self, is_ready: Callable[[], bool]) -> None:
        """Return when it is ready. Raises RuntimeError, with its log, if it ends or takes long."""
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not is_ready():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.name} did not come up:\n{said}")
            time.sleep(0.05)


class World:
    """PostgreSQL, Redis, the sandbox, web servers, a worker and its clock.

    In the context everything runs; leaving it ends everything and forgets its state, but for the
    logs.
    """

    def __init__(
        self,
        state: Path,
        logs: Path,
        scale: Scale,
        *,
        breaker: bool,
        web_servers: int = WEB_SERVERS,
        monitoring_token: str = "",
    ) -> None:
        self._scale = scale
        self._places = Places(state, web_port=0)
        self._logs = logs
        state.mkdir(parents=True)
        logs.mkdir(parents=True, exist_ok=True)
        ports = self._places.ports
        self.database_url = embedded.database_url(state / "postgres", ports["POSTGRES"])
        self._redis_url = embedded.redis_url(state / "redis", ports["REDIS"])
        self.web_ports = embedded.free_ports(web_servers)
        self._environment = {
            **self._places.environment(),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self._redis_url,
            "BREAKER": "on" if breaker else "off",
            "PDS_REQUESTS_PER_SECOND": "200",
            "PDS_REQUESTS_PER_SECOND_ALONE": "50",
            "MONITORING_TOKEN": monitoring_token,
            **scale.clocks,
        }
        ours = [sys.executable, "-m"]
        own = [*ours, "demo.embedded"]
        data = {name: str(state / name) for name in ("postgres", "redis")}
        self.postgres = self._program(
            "postgres",
            [*own, "postgres", "--data", data["postgres"], "--port", str(ports["POSTGRES"])],
        )
        self.redis = self._program(
            "redis", [*own, "redis", "--data", data["redis"], "--port", str(ports["REDIS"])]
        )
        self.sandbox_program = self._program(
            "sandbox", [*TETHERED, *ours, "sandbox", *self._addresses()]
        )
        self.web = [
            self._program(
                f"web-{port}",
                [*TETHERED, "gunicorn", "booking_portal.wsgi", "--bind", f"127.0.0.1:{port}"],
            )
            for port in self.web_ports
        ]
        celery = [*TETHERED, "celery", "-A", "booking_portal"]
        schedule = str(state / "beat-schedule")
        threads = ["--pool", "threads", "--concurrency", "12"]
        self.worker = self._program("worker", [*celery, "worker", "--loglevel", "INFO", *threads])
        self.beat = self._program("beat", [*celery, "beat", "--schedule", schedule, "--pidfile="])

    def __enter__(self) -> Self:
        try:
            self._start()
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

    @property
    def addresses(self) -> list[str]:
        """Where the portal is: the same behind each."""
        return [f"http://127.0.0.1:{port}" for port in self.web_ports]

    def sandbox(self) -> Sandbox:
        """The sandbox's control address."""
        file = self._places.state / "sandbox" / "addresses.json"
        return Sandbox(json.loads(file.read_text()), self._places.certificates)

    def restart_postgres(self) -> None:
        """It crashes, and comes up again with everything that was committed."""
        self.postgres.end(signal.SIGQUIT)
        self.postgres.start()
        self.postgres.wait(partial(embedded.postgres_answers, self.database_url))

    def restart_redis(self) -> None:
        """It is killed, and comes up empty."""
        self.redis.end()
        self.redis.start()
        self.redis.wait(partial(embedded.redis_answers, self._redis_url))

    def _program(self, name: str, command: list[str]) -> Program:
        return Program(name, command, self._environment, self._logs)

    def _addresses(self) -> list[str]:
        options = ["--state", str(self._places.state / "sandbox")]
        options += ["--certificates", str(self._places.certificates)]
        for name in ("SSP", "SERVICES", "CONTROL"):
            options += [f"--{name.lower()}-port", str(self._places.ports[name])]
        return options

    def _start(self) -> None:
        certificates.make(self._places.certificates)
        for program in (self.postgres, self.redis, self.sandbox_program):
            program.start()
        self.postgres.wait(partial(embedded.postgres_answers, self.database_url))
        self.redis.wait(partial(embedded.redis_answers, self._redis_url))
        for program in self.web:  # importing takes as long as the tables
            program.start()
        with (self._logs / "set-up.log").open("ab") as log:
            accounts = str(self._scale.users + SPARE_ACCOUNTS)
            subprocess.run(  # noqa: S603 - our own module
                [sys.executable, "-m", "chaos.commands.accounts", accounts],
                cwd=ROOT, env=self._environment, stdout=log, stderr=log, check=True,
            )  # fmt: skip
        addresses = self._places.state / "sandbox" / "addresses.json"
        self.sandbox_program.wait(addresses.exists)
        for program in (self.worker, self.beat):
            program.start()
        for program, address in zip(self.web, self.addresses, strict=True):
            program.wait(partial(is_healthy, address))

    def _end(self) -> None:
        for program in (self.beat, self.worker, *self.web, self.sandbox_program, self.redis):
            program.end()
        self.postgres.end(signal.SIGQUIT)
        embedded.forget(self._places.state / "postgres")
        shutil.rmtree(self._places.state, ignore_errors=True)


def is_healthy(address: str) -> bool:
    """Whether the portal at the address answers, with its database."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"{address}/healthz", timeout=5).ok
        except requests.RequestException:
            return False

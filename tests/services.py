"""The real servers that the tests run against: PostgreSQL, Redis and the sandbox.

A pytest plugin (`-p tests.services`, see pyproject.toml), because Django reads the addresses
from the environment before any conftest is imported. PostgreSQL and Redis start with the
session unless DATABASE_URL and REDIS_URL name others; the sandbox starts when a test first asks
for it. All of them end with the session, even if it is killed. Where pytest-xdist deals the tests
out, each of its processes is such a session; the one that deals them out has no servers.

What they print goes to var/test-logs/<process id>/, which outlives the session, so that a test
can search every line for what must not be there.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
import requests

from demo import certificates, embedded, tether
from tests.sandbox_control import Sandbox

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "var" / "test-state" / str(os.getpid())
LOGS = ROOT / "var" / "test-logs" / str(os.getpid())
START_DEADLINE_SECONDS = 30.0
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing",
    "REDIS_URL": "redis://127.0.0.1:9/0",
}
"""What Django is told where no test runs."""


class Server:
    """A server program that can be stopped and started again within one session."""

    def __init__(self, name: str, command: list[str], answers: Callable[[], bool]) -> None:
        self.name = name
        self.log = LOGS / f"{name}.log"
        self._command = command
        self._answers = answers
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises RuntimeError, with its log, if it doesn't."""
        if self._process is not None:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text()[-2000:]
                self.stop()
                raise RuntimeError(f"The {self.name} server did not start:\n{said}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it and wait until it has gone."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it as `kill -9` does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _embedded(server: str, url: str, answers: Callable[[str], bool], *options: str) -> Server:
    data, port = STATE / server, url.rsplit(":", 1)[1].split("/")[0]
    command = [sys.executable, "-m", "demo.embedded", server, "--data", str(data), "--port", port]
    return Server(server, [*command, *options], lambda: answers(url))


def _sandbox(ssp_port: int, services_port: int, control_port: int, ldap_port: int) -> Server:
    command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", "sandbox"]
    command += ["--state", str(STATE / "sandbox"), "--certificates", str(STATE / "certificates")]
    command += ["--ssp-port", str(ssp_port), "--services-port", str(services_port)]
    command += ["--control-port", str(control_port), "--ldap-port", str(ldap_port)]

    def answers() -> bool:
        if not (STATE / "sandbox" / "addresses.json").exists():
            return False
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.get(f"http://127.0.0.1:{control_port}/healthz", timeout=2).ok
            except requests.ConnectionError:
                return False

    return Server("sandbox", command, answers)


class Services:
    """Every server of the session, and the environment that leads the portal to them."""

    def __init__(self) -> None:
        _remove_what_dead_sessions_left()
        for directory in (STATE / "sandbox", LOGS):
            directory.mkdir(parents=True)
        certificates.make(STATE / "certificates")
        postgres_port, redis_port, *sandbox_ports = embedded.free_ports(6)
        self.postgres: Server | None = None
        self.redis: Server | None = None
        if not _is_given("DATABASE_URL"):
            url = embedded.database_url(STATE / "postgres", postgres_port)
            os.environ["DATABASE_URL"] = url
            self.postgres = _embedded("postgres", url, embedded.postgres_answers, "--fast")
        if not _is_given("REDIS_URL"):
            url = embedded.redis_url(STATE / "redis", redis_port)
            os.environ["REDIS_URL"] = url
            self.redis = _embedded("redis", url, embedded.redis_answers)
        self.sandbox = _sandbox(*sandbox_ports)
        os.environ |= _portal_environment(*sandbox_ports[:2])
        for server in (self.postgres, self.redis):
            if server is not None:
                server.start()

    def stop(self) -> None:
        """Stop every server and forget its state; the logs stay."""
        for server in (self.sandbox, self.redis, self.postgres):
            if server is not None:
                server.stop()
        embedded.forget(STATE / "postgres")
        shutil.rmtree(STATE, ignore_errors=True)


def _is_given(name: str) -> bool:
    """Whether the caller of pytest names the server that these tests are to use."""
    return os.environ.get(name, NOWHERE[name]) != NOWHERE[name]


def _portal_environment(ssp_port: int, services_port: int) -> dict[str, str]:
    made = STATE / "certificates"
    services = f"https://localhost:{services_port}"
    return {
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
        "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
        "MONITORING_TOKEN": "only-for-tests-" + "9876543210" * 3,
        "GPCONNECT_SSP_URL": f"https://localhost:{ssp_port}",
        "GPCONNECT_CLIENT_CERT": str(made / "client.pem"),
        "GPCONNECT_CLIENT_KEY": str(made / "client.key"),
        "GPCONNECT_CA_BUNDLE": str(made / "ca.pem"),
        "GPCONNECT_REVOCATIONS": str(made / "revocations.pem"),
        "NHS_API_CA_BUNDLE": str(made / "api-ca.pem"),
        "GPCONNECT_ISSUER": "https://booking-portal.example.nhs.uk",
        "GPCONNECT_DIRECTORY_URL": f"{services}/sds",
        "GPCONNECT_DIRECTORY_API_KEY": "sandbox-sds-key",
        "PDS_URL": f"{services}/personal-demographics/FHIR/R4",
        "PDS_TOKEN_URL": f"{services}/oauth2/token",
        "PDS_CLIENT_ID": "booking-portal",
        "PDS_KEY_ID": "demo-1",
        "PDS_PRIVATE_KEY": str(made / "pds-private.pem"),
    }


def _remove_what_dead_sessions_left() -> None:
    for kind in (STATE.parent, LOGS.parent):
        for left in kind.glob("*"):
            if not Path("/proc", left.name).exists():
                if kind == STATE.parent:
                    embedded.forget(left / "postgres")
                shutil.rmtree(left, ignore_errors=True)
    for reused in (STATE, LOGS):  # a process id comes round again
        shutil.rmtree(reused, ignore_errors=True)


_services = pytest.StashKey[Services]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    if _deals_out(early_config):
        os.environ |= {**NOWHERE, **os.environ, **_portal_environment(9, 9)}
    else:
        if "PYTEST_XDIST_WORKER" in os.environ:
            tether.to_parent(os.getppid())
        early_config.stash[_services] = Services()
        early_config.add_cleanup(early_config.stash[_services].stop)
    return (yield)


def _deals_out(config: pytest.Config) -> bool:
    """Whether this is the process that hands the tests to others, and runs none."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    return bool(config.known_args_namespace.numprocesses) and not is_worker


@pytest.fixture(scope="session")
def services(pytestconfig: pytest.Config) -> Services:
    """The servers themselves, for tests that take one away."""
    return pytestconfig.stash[_services]


@pytest.fixture(scope="session")
def sandbox(services: Services) -> Generator[Sandbox]:
    """The sandbox's addresses and its control address; as seeded at the start of each test."""
    services.sandbox.start()
    addresses = json.loads((STATE / "sandbox" / "addresses.json").read_text())
    with Sandbox(addresses, STATE / "certificates") as control:
        yield control


@pytest.fixture(scope="session")
def server_logs() -> Path:
    """The directory that holds one log file for each server of this session, and portal.log."""
    return LOGS

"""`make run ENVIRONMENT=...`: as the demo, without the sandbox, all of it in that environment."""

import http.client
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo import embedded
from tests.demo.processes import ROOT, mentioning, until

START_SECONDS = 60.0
EXAMPLES = ROOT / "docs" / "examples"


def given(state: Path, environment: str, **more: str) -> dict[str, str]:
    """As from a terminal that has read the guide's file of settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DEMO_STATE": str(state), "ENVIRONMENT": environment} | more


def demonstrator(state: Path) -> dict[str, str]:
    return given(
        state,
        "demonstrator",
        GPCONNECT_SSP_URL="",
        PLAIN_HTTP_TO_PRACTICES="yes",
        GPCONNECT_DIRECTORY_URL=(EXAMPLES / "directory.json").as_uri(),
        PDS_URL=(EXAMPLES / "patients.json").as_uri(),
        GPCONNECT_ISSUER="https://booking-portal.example.nhs.uk",
    )


def ran(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def page(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


@pytest.mark.long
def test_the_demonstrators_environment_comes_up_without_a_sandbox(tmp_path: Path) -> None:
    state, output = tmp_path / "state", tmp_path / "output"
    environment = demonstrator(state)
    [port] = embedded.free_ports(1)
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "demo", "run", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        assert until(
            lambda: "runs as demonstrator" in output.read_text() or process.poll() is not None,
            START_SECONDS,
        ), output.read_text()
        assert process.poll() is None, output.read_text()
        assert "Demonstrator:</strong> test patients only." in page(port, "/sign-in/")
        running = " ".join(mentioning(str(state)))
        for part in ("postgres", "redis-server", "worker", "beat", "gunicorn"):
            assert part in running
        assert "-m sandbox" not in running
        told = ran(environment, "manage.py", "check_environment", "--practice", "A20047")
        assert "ok         settings: demonstrator:" in told.stdout, told.stdout + told.stderr
        assert "WRONG      database: nobody can sign in yet" in told.stdout
        assert "what to do: Run manage.py first_organisation." in told.stdout
    finally:
        process.send_signal(signal.SIGINT)
        assert until(lambda: not mentioning(str(state)), 45)
        process.wait(5)
        ran(environment, "-m", "demo", "reset")
    assert not state.exists()


@pytest.mark.parametrize(
    ("environment", "said"),
    [("nowhere", "There is no environment nowhere."), ("", "Name the environment: make run")],
)
def test_an_environment_that_is_none_is_said_plainly(
    environment: str, said: str, tmp_path: Path
) -> None:
    told = ran(given(tmp_path / "state", environment), "-m", "demo", "run", "--port", "0")
    assert told.returncode != 0
    assert said in told.stderr

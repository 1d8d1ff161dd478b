"""The whole demo: started as a script would start it, ready, and gone without a trace."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import embedded
from tests.demo.processes import ROOT, mentioning, until

START_SECONDS = 60.0


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("demo") / "state"
    yield directory
    subprocess.run(demo("reset"), cwd=ROOT, env=environment(directory), check=True)
    assert not directory.exists()


def demo(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "demo", *arguments]


def environment(state: Path) -> dict[str, str]:
    """As from a terminal: nothing of the test session's own servers."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "DEMO_STATE": str(state)}


def health(port: int) -> int:
    """The status that /healthz answers with. Raises OSError when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


def start(state: Path, port: int, output: Path) -> subprocess.Popen[bytes]:
    """Start the demo as a shell script's background job: with Ctrl-C ignored."""
    with output.open("wb") as log:
        return subprocess.Popen(
            demo("up", "--port", str(port)),
            cwd=ROOT,
            env=environment(state),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )


@pytest.mark.parametrize(
    "end", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.long)]
)
def test_the_demo_comes_up_and_leaves_nothing_running(
    end: signal.Signals, state: Path, tmp_path: Path
) -> None:
    [port] = embedded.free_ports(1)
    output = tmp_path / "output"
    process = start(state, port, output)
    try:
        ready = until(
            lambda: "is ready" in output.read_text() or process.poll() is not None, START_SECONDS
        )
        assert ready, output.read_text()
        assert process.poll() is None, output.read_text()
        assert health(port) == http.HTTPStatus.OK, (state / "logs" / "web.log").read_text()
        assert f"http://localhost:{port}/" in output.read_text()
        assert "9658218873" in output.read_text()
        running = " ".join(mentioning(str(state)))
        for part in ("postgres", "redis-server", "sandbox", "worker", "beat", "gunicorn"):
            assert part in running

        again = subprocess.run(
            demo("up", "--port", "0"),
            cwd=ROOT,
            env=environment(state),
            capture_output=True,
            text=True,
            check=False,
        )
        assert again.returncode != 0
        assert "running already" in again.stderr
        process.send_signal(end)
        assert until(lambda: not mentioning(str(state)), 45), mentioning(str(state))
        assert process.wait(5) == (0 if end == signal.SIGINT else -signal.SIGKILL)
    finally:
        process.kill()
        process.wait()


def test_a_taken_port_is_said_plainly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = subprocess.run(
            demo("up", "--port", str(port)),
            cwd=ROOT,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode != 0
    assert f"Port {port} cannot be used" in ran.stderr
    assert "make demo PORT=" in ran.stderr


def test_an_old_python_is_refused_plainly(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    ran = subprocess.run(
        ["make", "check-python", f"PYTHON={old}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert "needs Python 3.11 or newer" in ran.stdout

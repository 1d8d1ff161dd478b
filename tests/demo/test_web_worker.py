"""Gunicorn's worker, told to stop while a request is under way, or having answered enough."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from demo import embedded
from tests.demo.processes import ROOT

APPLICATION = """
import os, time
def application(environ, start):
    if environ["PATH_INFO"] == "/slow":
        open("begun", "w").close()
        while not os.path.exists("goes-on"):
            time.sleep(0.02)
    process = str(os.getpid())
    start("200 OK", [("Content-Type", "text/plain"), ("Process", process)])
    return [b"answered"]
"""
MAX_REQUESTS = 50
"""Of each process, and up to a fifth more."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    (tmp_path / "served.py").write_text(APPLICATION)
    [port] = embedded.free_ports(1)
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py")]
    command += ["--pythonpath", f"{tmp_path},{ROOT}", "--chdir", str(tmp_path), "served"]
    program = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ
        | {"BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "2", "WEB_MAX_REQUESTS": str(MAX_REQUESTS)},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _until(lambda: _answers(address))
        yield program, address
    finally:
        (tmp_path / "goes-on").touch()
        program.terminate()
        program.wait(30)


def _answers(address: str) -> bool:
    """Whether it answers; it must answer or refuse, never keep one waiting. Raises Timeout."""
    try:
        return requests.get(address, timeout=5).text == "answered"
    except requests.ConnectionError:
        return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_web_that_ends_refuses_at_once_and_finishes_what_it_has(
    served: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    program, address = served
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(requests.get, f"{address}/slow", timeout=30)
        _until((tmp_path / "begun").exists)
        program.send_signal(signal.SIGTERM)
        _until(lambda: not _answers(address))  # refused, so that a proxy asks another web
        (tmp_path / "goes-on").touch()
        assert slow.result().text == "answered"


def test_another_process_takes_over_after_so_many_requests_and_cuts_none(
    served: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    _, address = served
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(requests.get, f"{address}/slow", timeout=30)
        _until((tmp_path / "begun").exists)
        answers = list(threads.map(lambda _: requests.get(address, timeout=30), range(150)))
        assert {answer.text for answer in answers} == {"answered"}
        assert len({answer.headers["Process"] for answer in answers}) > 2
        assert not slow.done()  # its process has answered enough long since, and waits for it
        (tmp_path / "goes-on").touch()
        assert slow.result().text == "answered"

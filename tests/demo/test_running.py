"""manage.py joins the running demo, and says what is missing where none runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo import running
from tests.demo.processes import ROOT

pytestmark = pytest.mark.usefixtures("services")


def manage(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """As from a terminal: nothing set but where the demo keeps its state."""
    environment = {"PATH": os.environ["PATH"], "DEMO_STATE": str(state)}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_manage_py_joins_the_running_demo(tmp_path: Path) -> None:
    with running.remembered(os.environ, tmp_path):
        (kept,) = tmp_path.iterdir()
        assert kept.stat().st_mode & 0o077 == 0
        ran = manage(tmp_path, "check")

    assert ran.returncode == 0, ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_demo_manage_py_says_what_to_set(tmp_path: Path) -> None:
    ran = manage(tmp_path, "check")

    assert ran.returncode != 0
    assert "Set the environment variable SECRET_KEY." in ran.stderr

"""Programs that tests need and Debian has: installed where we may, else we say how."""
# ruff: noqa: T201 - it reports to a terminal

import os
import shutil
import subprocess
import sys


def install(package: str) -> None:
    """Install a package that is not there. Ends the program where it cannot be installed."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"The tests need {package}. On Debian: sudo apt-get install {package}")
    print(f"Installing {package} ...", flush=True)
    # Runlevel 1: none of its services is started.
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", package]):
        ran = subprocess.run(
            ["apt-get", "-qq", *step], env=quietly, capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            sys.exit(f"{package} could not be installed:\n{ran.stdout}{ran.stderr}")

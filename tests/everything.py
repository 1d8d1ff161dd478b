"""Every check, one after the other, and what each took: `make test` runs this."""
# ruff: noqa: T201 - it reports to a terminal

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gpconnect", "booking_portal", "sandbox", "demo", "bench", "chaos")

CHECKS: dict[str, list[str]] = {
    "lint": ["ruff", "check", "."],
    "layout": ["ruff", "format", "--check", "."],
    "types": ["mypy", *PACKAGES],
    "import rules": ["lint-imports"],
    "tests": ["pytest"],
}


def main() -> None:
    started = time.monotonic()
    _need_chromium()
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    results = []
    for name, command in CHECKS.items():
        print(f"\n== {name}: {' '.join(command)}", flush=True)
        begun = time.monotonic()
        tethered = [sys.executable, "-m", "demo.tether", *command]
        ran = subprocess.run(tethered, cwd=ROOT, env=environment, check=False)
        results.append((name, ran.returncode == 0, time.monotonic() - begun))
    print()
    for name, passed, seconds in results:
        print(f"{name:<14} {'ok' if passed else 'FAILED':<8} {seconds:6.1f} s")
    passed = all(passed for _, passed, _ in results)
    print(
        f"{'everything':<14} {'ok' if passed else 'FAILED':<8} {time.monotonic() - started:6.1f} s"
    )
    sys.exit(not passed)


def _need_chromium() -> None:
    """The journeys need Debian's Chromium: install it where we may, else say how."""
    if shutil.which("chromium"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit("The tests need Chromium. On Debian: sudo apt-get install chromium")
    print("Installing Chromium ...", flush=True)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        ran = subprocess.run(
            ["apt-get", "-qq", *step], env=quietly, capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            sys.exit(f"Chromium could not be installed:\n{ran.stdout}{ran.stderr}")


if __name__ == "__main__":
    main()

"""Every check, and what each took: `make test` runs this. The tests run in a few processes."""
# ruff: noqa: T201 - it reports to a terminal

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from tests import debian

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gpconnect", "booking_portal", "sandbox", "demo", "bench", "chaos", "mutants")

CHECKS: dict[str, list[str]] = {
    "lint": ["ruff", "check", "."],
    "layout": ["ruff", "format", "--check", "."],
    "types": ["mypy", *PACKAGES],
    "import rules": ["lint-imports"],
}
SHARES = 3


def main() -> None:
    started = time.monotonic()
    if not shutil.which("chromium"):  # for the journeys
        debian.install("chromium")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    results = []
    for name, command in CHECKS.items():
        print(f"\n== {name}: {' '.join(command)}", flush=True)
        begun = time.monotonic()
        passed = _start(command, environment).wait() == 0
        results.append((name, passed, time.monotonic() - begun))
    results += _tests(environment)
    print()
    for name, passed, seconds in results:
        print(f"{name:<14} {'ok' if passed else 'FAILED':<8} {seconds:6.1f} s")
    passed = all(passed for _, passed, _ in results)
    print(
        f"{'everything':<14} {'ok' if passed else 'FAILED':<8} {time.monotonic() - started:6.1f} s"
    )
    sys.exit(not passed)


def _start(
    command: list[str], environment: dict[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    tethered = [sys.executable, "-m", "demo.tether", *command]
    return subprocess.Popen(
        tethered, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
    )


def _tests(environment: dict[str, str]) -> list[tuple[str, bool, float]]:
    """All shares at once: the first is seen as it runs, the others when they have ended."""
    begun = time.monotonic()
    results = []
    with contextlib.ExitStack() as stack:
        running = []
        for number in range(1, SHARES + 1):
            command = ["pytest", "--share", f"{number}/{SHARES}"]
            print(f"\n== tests {number}: {' '.join(command)}", flush=True)
            output = stack.enter_context(tempfile.TemporaryFile()) if number > 1 else None
            running.append((number, _start(command, environment, output), output))
        for number, process, output in running:
            passed = process.wait() == 0
            results.append((f"tests {number}", passed, time.monotonic() - begun))
            if output is not None:
                output.seek(0)
                print(f"\n== tests {number}\n{output.read().decode()}", flush=True)
    return results


if __name__ == "__main__":
    main()

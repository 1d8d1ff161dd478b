"""Every check, and what each took: `make test` runs this, and `make test-long` the long ones.

    python -m tests.everything [--long]

The tests run in a few processes, and the other checks beside them. `--long` runs what is left out
otherwise: the tests marked `long`, every test file by itself, the diary's tests on many days, and
the tests once more with what they reach measured; and taking over what the version before has left.
"""
# ruff: noqa: T201 - it reports to a terminal

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests import debian

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("gpconnect", "booking_portal", "sandbox", "demo", "bench", "chaos", "mutants", "tests")
SHARES = 3

Checks = dict[str, list[str]]
CHECKS: Checks = {
    "lint": ["ruff", "check", "."],
    "layout": ["ruff", "format", "--check", "."],
    "import rules": ["lint-imports"],
    "types": ["mypy", *PACKAGES],
}
LONG: Checks = {
    "files alone": ["python", "-m", "tests.alone"],
    "days": ["python", "-m", "tests.dates"],
    "coverage": ["python", "-m", "tests.coverage"],
    "takeover": ["python", "-m", "tests.takeover"],
}
Result = tuple[str, bool, float]


def main() -> None:
    started = time.monotonic()
    long = sys.argv[1:] == ["--long"]
    if not shutil.which("chromium"):  # for the journeys
        debian.install("chromium")
    with ThreadPoolExecutor(SHARES + 1) as pool:
        # What is long and not a test comes after the tests: it has processes of its own.
        beside = [] if long else [pool.submit(_one_after_the_other, CHECKS)]
        running = [pool.submit(run, *share) for share in shares(*["--long"] * long).items()]
        results = [result for each in beside for result in each.result()]
        results += [each.result() for each in running]
    if long:
        results += [run(*check, at_once=True) for check in LONG.items()]
    print()
    for name, passed, seconds in results:
        print(f"{name:<14} {'ok' if passed else 'FAILED':<8} {seconds:6.1f} s")
    passed = all(passed for _, passed, _ in results)
    print(
        f"{'everything':<14} {'ok' if passed else 'FAILED':<8} {time.monotonic() - started:6.1f} s"
    )
    sys.exit(not passed)


def shares(*options: str) -> Checks:
    """All tests, dealt out among as many processes as run side by side."""
    return {
        f"tests {number}": ["pytest", "--share", f"{number}/{SHARES}", *options]
        for number in range(1, SHARES + 1)
    }


def _one_after_the_other(checks: Checks) -> list[Result]:
    return [run(name, command) for name, command in checks.items()]


def run(name: str, command: list[str], *, at_once: bool = False) -> Result:
    """Run it to its end. What it says is printed then, as several run together, or at once."""
    begun = time.monotonic()
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    print(f"== {name}: {' '.join(command)}", flush=True)
    with tempfile.TemporaryFile("w+b") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "demo.tether", *command],
            cwd=ROOT,
            env=environment,
            stdout=None if at_once else output,
            stderr=None if at_once else subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if said:
        print(f"\n== {name}\n{said}", flush=True)
    return name, ended.returncode == 0, time.monotonic() - begun


if __name__ == "__main__":
    main()

"""Every check, and what each took: `make test` runs this, and `make test-long` the long ones.

    python -m tests.everything [--long]

pytest-xdist runs the tests in a few processes, and the other checks run beside them. `--long` runs
what is left out otherwise: the tests marked `long`, every test file by itself, the diary's tests on
many days, and all tests with what they reach measured; and taking over what the version before has
left.
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
PACKAGES = (
    "gpconnect",
    "booking_portal",
    "sandbox",
    "demo",
    "bench",
    "chaos",
    "mutants",
    "containers",
    "tests",
)
PROCESSES = 3
TESTS = [
    *("pytest", "--numprocesses", str(PROCESSES)),
    *("--dist", "loadfile", "--no-loadscope-reorder"),  # in the order of tests/selection.py
]

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
    if not shutil.which("chromium"):  # for the journeys
        debian.install("chromium")
    if sys.argv[1:] == ["--long"]:
        # What is long and not a test comes after the tests: it has processes of its own.
        results = [run(*check) for check in {"tests": [*TESTS, "--long"], **LONG}.items()]
    else:
        with ThreadPoolExecutor(1) as pool:
            beside = pool.submit(lambda: [run(*check, kept=True) for check in CHECKS.items()])
            results = [run("tests", TESTS), *beside.result()]
    print()
    for name, passed, seconds in results:
        print(f"{name:<14} {'ok' if passed else 'FAILED':<8} {seconds:6.1f} s")
    passed = all(passed for _, passed, _ in results)
    print(
        f"{'everything':<14} {'ok' if passed else 'FAILED':<8} {time.monotonic() - started:6.1f} s"
    )
    sys.exit(not passed)


def run(name: str, command: list[str], *, kept: bool = False) -> Result:
    """Run it to its end. What it says is printed at once, or `kept` until then."""
    begun = time.monotonic()
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    print(f"== {name}: {' '.join(command)}", flush=True)
    with tempfile.TemporaryFile("w+b") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "demo.tether", *command],
            cwd=ROOT,
            env=environment,
            stdout=output if kept else None,
            stderr=subprocess.STDOUT if kept else None,
            check=False,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if said:
        print(f"\n== {name}\n{said}", flush=True)
    return name, ended.returncode == 0, time.monotonic() - begun


if __name__ == "__main__":
    main()

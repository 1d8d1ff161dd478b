"""The tests that follow the diary, on chosen days: `make test-dates`.

    python -m tests.dates [WORD ...]

runs the days whose name has one of the words, or all of them. libfaketime moves the clock of the
whole tree of processes (pytest, PostgreSQL, Redis, the sandbox) by the same time, so that all see
the same day; from there the clock goes on, and waiting takes as long as ever. Two days at once.
"""
# ruff: noqa: T201 - it reports to a terminal

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests import debian

ROOT = Path(__file__).resolve().parent.parent
LONDON = ZoneInfo("Europe/London")
AT_ONCE = 2

# What the portal shows and chooses by the day; the rest of it has no diary.
PORTAL = (
    "appointments/booking", "appointments/patient/test_amend_cancel.py",
    "appointments/patient/test_patient_page.py", "appointments/search",
    "appointments/status/test_command_page.py", "appointments/status/test_withdrawal.py",
    "appointments/worklist", "commands/delivery/test_matching.py", "commands/test_states.py",
    "integration/test_requests_to_practices.py", "oversight/test_audit_viewer.py",
    "patients/test_pds_as_it_answers.py", "patients/test_pds_birth_dates.py",
    "patients/test_pds_names.py", "test_bad_input.py",
)  # fmt: skip
SUITES = ("tests/sandbox", "tests/gpconnect", *(f"tests/portal/{one}" for one in PORTAL))
DAYS = {
    "the real day": None,
    "a Sunday, on which the first slot was another's": "2026-11-29 11:00",
    "a Tuesday, shortly before midnight": "2027-06-08 23:55",
    "a Wednesday, after midnight in summer": "2027-06-09 00:05",
    "a Thursday, while UTC has the day before": "2027-06-10 00:55",
    "a Friday, after the surgery": "2027-06-11 19:00",
    "31 December, over midnight": "2026-12-31 23:55",
    "28 February": "2028-02-28 12:00",
    "29 February": "2028-02-29 08:30",
    "a Saturday, before clocks go forward": "2027-03-27 23:55",
    "a Sunday, clocks go forward": "2027-03-28 00:55",
    "a bank holiday, after clocks went forward": "2027-03-29 00:05",
    "a Saturday, before clocks go back": "2027-10-30 18:00",
    "a Sunday, clocks go back": "2027-10-31 00:55",
    "a Monday, after clocks went back": "2027-11-01 00:05",
}
"""London's date and time at which the tests begin."""

_COUNTS = re.compile(r"(\d+) (passed|failed|errors?)\b")


@dataclass(frozen=True)
class Ran:
    """What became of one day."""

    day: str
    passed: int
    failed: int
    seconds: float
    failures: list[str]

    def __str__(self) -> str:
        line = f"{self.day:<68} | {self.passed:>6} | {self.failed:>6} | {self.seconds:>7.0f}"
        return "\n".join([line, *(f"    {one}" for one in self.failures)])


def main() -> None:
    words = sys.argv[1:]
    days = {
        name: at
        for name, at in DAYS.items()
        if not words or any(word.lower() in name.lower() for word in words)
    }
    library = _library()
    print(f"{'day':<68} | passed | failed | seconds", flush=True)
    begun = time.monotonic()
    results = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ran in pool.map(lambda name: _run(name, days[name], library), days):
            print(ran, flush=True)
            results.append(ran)
    failed = sum(one.failed for one in results)
    print(f"{len(results)} days, {failed} failed, {(time.monotonic() - begun) / 60:.0f} minutes")
    sys.exit(bool(failed))


def _run(name: str, at: str | None, library: Path) -> Ran:
    """Run the suites with the clock moved to that moment."""
    moment = datetime.fromisoformat(at).replace(tzinfo=LONDON) if at else datetime.now(LONDON)
    environment = dict(os.environ)
    if at:
        environment |= _moved_to(moment, library)
    command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", "pytest", *SUITES]
    command += ["--quiet", "-p", "no:cacheprovider"]
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, check=False
        )
        output.seek(0)
        said = output.read()
    *_, last = said.splitlines() or [""]
    counts = {kind.rstrip("s"): int(number) for number, kind in _COUNTS.findall(last)}
    failures = re.findall(r"^(?:FAILED|ERROR) .*", said, re.MULTILINE)
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if ended.returncode and not failed:
        failed, failures = 1, said.splitlines()[-20:]
    day = f"{moment:%a %d %b %Y %H:%M} {name}"
    return Ran(day, counts.get("passed", 0), failed, time.monotonic() - begun, failures)


def _moved_to(moment: datetime, library: Path) -> dict[str, str]:
    """What leads every process of the tree, whenever it starts, to the same moved clock."""
    by = int((moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{by:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_CACHE_DURATION": "86400",  # seconds until it reads these anew
        "PYTHONPATH": str(ROOT / "tests" / "moved_clock"),
    }


def _library() -> Path:
    """libfaketime, from Debian's package."""
    where = "*/faketime/libfaketime.so.1"
    if not list(Path("/usr/lib").glob(where)):
        debian.install("faketime")
    return next(Path("/usr/lib").glob(where))


if __name__ == "__main__":
    main()

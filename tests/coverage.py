"""Lines and branches that the tests reach, a line a room: `make coverage`.

    python -m tests.coverage [FILE OR FOLDER OF TESTS ...]

All tests, or those named. Measuring takes about 70 % more of the processor, so `make test` does
not. What is reached is not yet held: that asks `make mutants`, of what decides. A process that is
killed tells nothing of what it reached.
"""
# ruff: noqa: T201 - it reports to a terminal

import json
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from coverage import Coverage

from tests.everything import ROOT, Checks, run, shares

WITH_FOLDERS = "booking_portal"
"""The room whose folders are rooms, too."""


def main() -> None:
    only = sys.argv[1:]
    tests: Checks = {"tests": ["pytest", *only]} if only else shares()
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(len(tests)) as pool:
        data = Path(place) / "coverage"
        os.environ["COVERAGE_FILE"] = str(data)  # of all processes; each adds its own ending
        measured = [
            pool.submit(run, name, ["python", "-m", "coverage", "run", "-m", *command])
            for name, command in tests.items()
        ]
        passed = [each.result()[1] for each in measured]
        for line in lines(_files(data)):
            print(line)
    if only:
        print(f"(by {' '.join(only)} alone)")
    if not all(passed):
        print("Some tests failed, or there were none: see above.")
    sys.exit(not all(passed))


def lines(files: dict[str, dict[str, Any]]) -> list[str]:
    """`coverage of ROOM | lines, branches | out of how many`, in the order of the names.

    `files` is what coverage's JSON report says of each file, by its path below the root.
    """
    rooms: dict[str, Counter[str]] = {}
    for name, file in files.items():
        rooms.setdefault(room_of(name), Counter()).update(
            {key: value for key, value in file["summary"].items() if isinstance(value, int)}
        )
    return [
        f"coverage of {room} | {_percent(of['covered_lines'], of['num_statements'])} of lines,"
        f" {_percent(of['covered_branches'], of['num_branches'])} of branches"
        f" | {of['num_statements']} lines, {of['num_branches']} branches"
        for room, of in sorted(rooms.items())
    ]


def room_of(name: str) -> str:
    """The room that a file is in: `gpconnect`, `booking_portal/commands`."""
    parts = PurePosixPath(name).parts[:-1]
    return "/".join(parts[: 2 if parts[0] == WITH_FOLDERS else 1])


def _files(data: Path) -> dict[str, dict[str, Any]]:
    """What coverage says of every file of the product, reached or not."""
    report = data.with_suffix(".json")
    coverage = Coverage(data_file=str(data), config_file=str(ROOT / "pyproject.toml"))
    coverage.combine([str(data.parent)])
    coverage.json_report(outfile=str(report))
    files: dict[str, dict[str, Any]] = json.loads(report.read_text())["files"]
    return files


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole if whole else 100} %"


if __name__ == "__main__":
    main()

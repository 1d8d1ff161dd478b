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
from pathlib import Path, PurePosixPath
from typing import Any

from tests.everything import TESTS, run

WITH_FOLDERS = "booking_portal"
"""The room whose folders are rooms, too."""


def main() -> None:
    only = sys.argv[1:]
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "coverage.json"
        os.environ["COVERAGE_FILE"] = str(Path(place) / "coverage")
        measured = [*TESTS, "--cov", "--cov-config=pyproject.toml", f"--cov-report=json:{report}"]
        _, passed, _ = run("tests", [*measured, *only])
        for line in lines(json.loads(report.read_text())["files"]):
            print(line)
    if only:
        print(f"(by {' '.join(only)} alone)")
    if not passed:
        print("Some tests failed, or there were none: see above.")
    sys.exit(not passed)


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


def _percent(part: int, whole: int) -> str:
    return f"{100 * part // whole if whole else 100} %"


if __name__ == "__main__":
    main()

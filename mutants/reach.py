"""Which tests reach which line of the modules that decide, and how long each takes.

Measured by one run of the tests under coverage with a context a test, and kept until a test or
the product has changed since.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coverage import CoverageData

from mutants.targets import ROOT, TARGETS

FOLDERS: Final = ("tests/gpconnect", "tests/portal", "tests/command_line")
"""Tests that run the product in their own process; others start processes that nobody follows."""

PLACE: Final = ROOT / "var" / "mutants"
_COVERAGE: Final = PLACE / "coverage"
_SECONDS: Final = PLACE / "seconds.json"


@dataclass(frozen=True, slots=True)
class Reach:
    """`tests` by module path and line; `seconds` by test."""

    tests: dict[str, dict[int, frozenset[str]]]
    seconds: dict[str, float]

    def at(self, path: str, lines: range) -> list[str]:
        """The tests that run any of the lines, the quickest first."""
        by_line = self.tests.get(path, {})
        found = frozenset[str]().union(*(by_line.get(line, frozenset()) for line in lines))
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0), test))

    def anywhere(self, path: str) -> list[str]:
        """The tests that run anything in the module."""
        last = max(self.tests.get(path, {0: frozenset()}))
        return self.at(path, range(1, last + 1))


def measured(*, anew: bool = False) -> Reach:
    """The measurement; made first where there is none, or it is older than the sources."""
    if anew or not _is_current():
        _measure()
    data = CoverageData(str(_COVERAGE))
    data.read()
    tests: dict[str, dict[int, frozenset[str]]] = {}
    for path in TARGETS.values():
        by_line: defaultdict[int, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(str(ROOT / path)).items():
            by_line[line] |= {context.rsplit("|", 1)[0] for context in contexts if context}
        tests[path] = {line: frozenset(names) for line, names in by_line.items()}
    return Reach(tests, json.loads(_SECONDS.read_text()))


def _is_current() -> bool:
    if not (_COVERAGE.exists() and _SECONDS.exists()):
        return False
    sources = [path for folder in (*FOLDERS, "gpconnect", "booking_portal") for path in _in(folder)]
    return _SECONDS.stat().st_mtime > max(path.stat().st_mtime for path in sources)


def _in(folder: str) -> list[Path]:
    return list((ROOT / folder).rglob("*.py"))


def _measure() -> None:
    PLACE.mkdir(parents=True, exist_ok=True)
    included = PLACE / "coveragerc"
    paths = "\n    ".join(str(ROOT / path) for path in TARGETS.values())
    included.write_text(
        f"[run]\ninclude =\n    {paths}\ndata_file = {_COVERAGE}\nconcurrency = thread\n"
    )
    command = [sys.executable, "-m", "pytest", *FOLDERS, "--quiet", "-p", "mutants.seconds"]
    command += ["--cov", f"--cov-config={included}", "--cov-context=test", "--cov-report="]
    print(f"Which tests reach which line: {' '.join(FOLDERS)} ...", flush=True)
    run = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"MUTANTS_SECONDS": str(_SECONDS)}, check=False
    )
    if run.returncode != 0:
        _SECONDS.unlink(missing_ok=True)
        sys.exit("The tests fail as they are; mutants would say nothing.")

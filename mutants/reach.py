"""Which tests reach which line of the modules that decide, and how long each takes.

Measured by running the tests under coverage with a context a test, and kept: what has changed
since, of the tests, is measured anew, and everything once the product has changed, or what tests
share.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from coverage import CoverageData

from mutants.targets import ROOT, TARGETS, module_of

FOLDERS: Final = ("tests/gpconnect", "tests/portal", "tests/command_line")
"""Tests that run the product in their own process; others start processes that nobody follows."""

PLACE: Final = ROOT / "var" / "mutants"
_COVERAGE: Final = PLACE / "coverage"
_KEPT: Final = PLACE / "reach.json"
_PROCESSES: Final = 2
_SLACK: Final = 12
"""By how many lines a module may have moved since a measurement that is used nevertheless."""


@dataclass(frozen=True, slots=True)
class Reach:
    """`tests` by module path and line; `seconds` by test; `slack`: lines nearby count too."""

    tests: dict[str, dict[int, frozenset[str]]]
    seconds: dict[str, float]
    slack: int = 0

    def at(self, path: str, lines: range) -> list[str]:
        """The tests that run any of the lines, the quickest first."""
        by_line = self.tests.get(path, {})
        lines = range(lines.start - self.slack, lines.stop + self.slack)
        found = frozenset[str]().union(*(by_line.get(line, frozenset()) for line in lines))
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def anywhere(self, path: str) -> list[str]:
        """The tests that may meet what stands at the module's own level.

        No test runs that: it has run when the first one began. So it is those that run anything
        in the module, or in another of the modules that decide and imports it; and those of the
        files that name it.
        """
        name = module_of(path)
        importing = [other for other in TARGETS.values() if name in (ROOT / other).read_text()]
        found = {test for one in (path, *importing) for test in self._in(one)}
        files = {file: name in (ROOT / file).read_text() for file in map(file_of, self.seconds)}
        found |= {test for test in self.seconds if files[file_of(test)]}
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def _in(self, path: str) -> frozenset[str]:
        return frozenset[str]().union(*self.tests.get(path, {}).values())


def file_of(test: str) -> str:
    """The path of the test's file."""
    return test.split("::")[0]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A measurement: of which product, of which test files (path to digest), and the seconds."""

    product: str
    files: dict[str, str]
    seconds: dict[str, float]

    @classmethod
    def read(cls) -> "_Kept":
        if not (_KEPT.exists() and _COVERAGE.exists()):
            return cls("", {}, {})
        return cls(**json.loads(_KEPT.read_text()))

    def write(self) -> None:
        kept: dict[str, Any] = {"product": self.product, "files": self.files}
        _KEPT.write_text(json.dumps(kept | {"seconds": self.seconds}))


def measured(*, anew: bool = False, kept: bool = False) -> Reach:
    """The measurement, brought up to date first; `kept`: the product's changes since ignored."""
    was = _brought_up_to_date(_Kept("", {}, {}) if anew else _Kept.read(), kept=kept)
    data = CoverageData(str(_COVERAGE))
    data.read()
    tests: dict[str, dict[int, frozenset[str]]] = {}
    for path in TARGETS.values():
        by_line: defaultdict[int, set[str]] = defaultdict(set)
        for line, contexts in data.contexts_by_lineno(path).items():
            by_line[line] |= {context.rsplit("|", 1)[0] for context in contexts}
        tests[path] = {
            line: frozenset(names & was.seconds.keys()) for line, names in by_line.items()
        }
    return Reach(tests, was.seconds, _SLACK if kept else 0)


def _brought_up_to_date(was: _Kept, *, kept: bool) -> _Kept:
    product, files = _digests()
    if kept and was.files:
        product = was.product
    if was.product != product:
        was = _Kept(product, {}, {})
        _COVERAGE.unlink(missing_ok=True)
    changed = {file for file, digest in files.items() if was.files.get(file) != digest}
    seconds = {
        test: took
        for test, took in was.seconds.items()
        if (file := file_of(test)) in files and file not in changed
    }
    if changed:
        seconds |= _measure(sorted(changed))
    now = _Kept(product, files, seconds)
    now.write()
    return now


def _digests() -> tuple[str, dict[str, str]]:
    """Of the product with what tests share, and of each file of tests."""
    tests = {path for folder in FOLDERS for path in (ROOT / folder).rglob("test_*.py")}
    others = {
        path for folder in ("gpconnect", "booking_portal", *FOLDERS) for path in _in(folder)
    } - tests
    product = sha256(b"".join(path.read_bytes() for path in sorted(others))).hexdigest()
    return product, {
        str(path.relative_to(ROOT)): sha256(path.read_bytes()).hexdigest() for path in tests
    }


def _in(folder: str) -> list[Path]:
    return list((ROOT / folder).rglob("*.py"))


def _measure(files: list[str]) -> dict[str, float]:
    """Run these files of tests; adds to the coverage that is kept."""
    PLACE.mkdir(parents=True, exist_ok=True)
    print(f"Which tests reach which line: {len(files)} files ...", flush=True)
    parts = [files[first::_PROCESSES] for first in range(min(_PROCESSES, len(files)))]
    running = [_start(number, part) for number, part in enumerate(parts)]
    failed = [process.wait() != 0 for process in running]
    if any(failed):
        print(f"Some tests fail as they are, and are left out; see {PLACE}", flush=True)
    together = CoverageData(str(_COVERAGE))
    together.read()
    seconds: dict[str, float] = {}
    for number in range(len(parts)):
        data = CoverageData(str(PLACE / f"coverage-{number}"))
        data.read()
        together.update(data)
        seconds |= json.loads((PLACE / f"seconds-{number}.json").read_text())
    together.write()
    return seconds


def _start(number: int, files: list[str]) -> subprocess.Popen[bytes]:
    data = PLACE / f"coverage-{number}"
    seconds = PLACE / f"seconds-{number}.json"
    for old in (data, seconds):
        old.unlink(missing_ok=True)
    included = PLACE / f"coveragerc-{number}"
    paths = "\n    ".join(TARGETS.values())
    included.write_text(
        f"[run]\ninclude =\n    {paths}\ndata_file = {data}\nconcurrency = thread\n"
        "relative_files = true\n"
    )
    command = [sys.executable, "-m", "pytest", *files, "--quiet", "-p", "mutants.seconds"]
    command += ["-p", "no:cacheprovider", "--cov", f"--cov-config={included}"]
    command += ["--cov-context=test", "--cov-report="]
    with (PLACE / f"measured-{number}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"MUTANTS_SECONDS": str(seconds)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )

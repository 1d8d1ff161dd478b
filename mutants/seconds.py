"""A pytest plugin that writes down how long each test took that passed (file: $MUTANTS_SECONDS).

But for those that take a server away: a warm session keeps its servers for all mutants.
"""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

_seconds: defaultdict[str, float] = defaultdict(float)
_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration
    if not report.passed:
        _failed.add(report.nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if "redis_server" not in getattr(item, "fixturenames", ())]


def pytest_sessionfinish() -> None:
    passed = {test: took for test, took in _seconds.items() if test not in _failed}
    Path(os.environ["MUTANTS_SECONDS"]).write_text(json.dumps(passed))

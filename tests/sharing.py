"""Which of the tests one process runs: the short or the long ones, and its share of them.

A pytest plugin (`-p tests.sharing`, see pyproject.toml). Tests marked `long` are exhaustive; they
are left out unless `--long` asks for them, and then for nothing else.

`--share 1/3` runs one share in one process, `--share 2/3` another, and so on. Tests wait for
servers more than they compute, so a few processes, each with servers of its own, take a fraction
of the time. Files are dealt out whole, the longest first, to whoever has least.
"""

from collections import defaultdict
from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

# About how many seconds a test takes, by its file or by the nearest folder that is here.
SECONDS = {
    "command_line": 0.4,
    "command_line/test_database_away.py": 4.0,
    "demo": 0.75,
    "demo/test_production.py": 3.6,
    "demo/test_up.py": 20.0,
    "gpconnect/test_fuzz.py": 1.4,
    "journeys": 9.0,
    "journeys/test_database_away.py": 13.0,
    "portal": 0.75,
    "portal/appointments/booking/test_move_check.py": 2.8,
    "portal/appointments/status/test_withdrawal.py": 0.1,
    "portal/commands/delivery/test_database_away.py": 7.0,
    "portal/commands/delivery/test_recovery.py": 2.2,
    "portal/commands/killed": 0.55,
    "portal/commands/restores": 4.7,
    "portal/commands/test_states.py": 0.0,
    "portal/commands/worklist/test_manual_close.py": 4.0,
}
OTHERWISE = 0.1
# What every process does for itself: each searches what its own servers have written.
BY_EACH = "test_privacy.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--share", metavar="NUMBER/OF", help="run one share of the tests, as 1/3")
    parser.addoption("--long", action="store_true", help="run the long tests, and only those")


@pytest.hookimpl(trylast=True)  # after the markers of all tests have been read
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long: bool = config.option.long
    _keep(config, items, lambda item: (item.get_closest_marker("long") is not None) == long)
    if config.option.share:
        number, of = map(int, config.option.share.split("/"))
        dealt = shares(items, of)
        _keep(config, items, lambda item: dealt.get(_file(item), number) == number)


def _keep(
    config: pytest.Config, items: list[pytest.Item], wanted: Callable[[pytest.Item], bool]
) -> None:
    config.hook.pytest_deselected(items=[item for item in items if not wanted(item)])
    items[:] = [item for item in items if wanted(item)]


def shares(items: list[pytest.Item], of: int) -> dict[str, int]:
    """Which process (from 1) runs which file."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for item in items:
        file = PurePosixPath(_file(item))
        if file.name != BY_EACH:
            seconds[str(file)] += seconds_of(str(file))
    load = dict.fromkeys(range(1, of + 1), 0.0)
    dealt = {}
    for name in sorted(seconds, key=lambda each: (-seconds[each], each)):
        least = min(load, key=lambda number: load[number])
        load[least] += seconds[name]
        dealt[name] = least
    return dealt


def seconds_of(file: str) -> float:
    """About how long one test of this file takes."""
    below = PurePosixPath(file).relative_to("tests")
    known = (SECONDS[str(place)] for place in (below, *below.parents) if str(place) in SECONDS)
    return next(known, OTHERWISE)


def _file(item: pytest.Item) -> str:
    return item.nodeid.split("::")[0]

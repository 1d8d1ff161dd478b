"""Which tests run, and in which order: the short or the long ones, the slow files first.

A pytest plugin (`-p tests.selection`, see pyproject.toml). Tests marked `long` are exhaustive; they
are left out unless `--long` asks for them, and then for nothing else.

pytest-xdist hands the files out one by one, in this order (`-n 3 --dist loadfile
--no-loadscope-reorder`, see tests/everything.py): what takes long comes first, so that no process
ends long after the others.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
FIRST = (
    # These fork their process, which one that has driven a browser cannot do.
    "gpconnect/test_transport.py",
    "portal/commands/killed",
    # These take longest.
    "journeys",
    "demo",
    "portal/commands/delivery",
    "portal/commands/restores",
    "portal/commands/worklist",
    "command_line",
    "portal",
)
"""The files and folders that come before all others, in this order."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long tests, and only those")


@pytest.hookimpl(trylast=True)  # after the markers of all tests have been read
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if _is_long(item) != config.option.long]
    config.hook.pytest_deselected(items=left_out)
    items[:] = sorted((item for item in items if item not in set(left_out)), key=_turn)


def _is_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("long") is not None


def _turn(item: pytest.Item) -> int:
    """The first of `FIRST` that the item's file is, or is in."""
    for turn, name in enumerate(FIRST):
        if item.path.is_relative_to(TESTS / name):
            return turn
    return len(FIRST)

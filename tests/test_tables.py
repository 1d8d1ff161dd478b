"""The tables that `make test` and `make test-dates` go by name files and folders that are there."""

from tests import dates, selection
from tests.everything import PACKAGES, ROOT


def test_the_types_of_every_package_are_checked() -> None:
    assert set(PACKAGES) == {file.parent.name for file in ROOT.glob("*/__init__.py")}


def test_what_follows_the_diary_is_there() -> None:
    assert [name for name in dates.SUITES if not (ROOT / name).exists()] == []


def test_what_comes_first_is_there() -> None:
    assert [name for name in selection.FIRST if not (selection.TESTS / name).exists()] == []

"""The tables that `make test` and `make test-dates` go by name files and folders that are there."""

from tests import dates, sharing
from tests.everything import PACKAGES, ROOT


def test_the_types_of_every_package_are_checked() -> None:
    assert set(PACKAGES) == {file.parent.name for file in ROOT.glob("*/__init__.py")}


def test_what_follows_the_diary_is_there() -> None:
    assert [name for name in dates.SUITES if not (ROOT / name).exists()] == []


def test_what_is_weighed_is_there() -> None:
    assert [name for name in sharing.SECONDS if not (ROOT / "tests" / name).exists()] == []


def test_a_file_weighs_what_it_or_its_nearest_folder_is_known_to() -> None:
    known_by = {
        "portal/commands/killed/test_killed_at_each_step.py": "portal/commands/killed",
        "portal/commands/test_states.py": "portal/commands/test_states.py",
        "portal/slots/test_offers.py": "portal",
    }
    assert {name: sharing.seconds_of(f"tests/{name}") for name in known_by} == {
        name: sharing.SECONDS[place] for name, place in known_by.items()
    }
    assert sharing.seconds_of("tests/test_pages.py") == sharing.OTHERWISE

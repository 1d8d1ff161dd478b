"""The pages of docs/ that are made from code are as the code is now."""

import pytest

from tests import conformance, errors_page
from tests.conformance import Shown

pytest_plugins = ["pytester"]

REMEDY = "Run `make pages` and commit what it writes."


@pytest.mark.whole_run
def test_every_requirement_has_a_test_or_says_what_is_missing(shown: Shown) -> None:
    assert shown.uncovered() == []


@pytest.mark.whole_run
def test_the_conformance_page_is_up_to_date(shown: Shown) -> None:
    assert conformance.PAGE.read_text() == shown.page(), REMEDY


OFFICIAL = {
    "GPC-FOU-CAP-01": 1, "GPC-FOU-FPA-01": 8, "GPC-FOU-RPA-01": 3, "GPC-FOU-REG-01": 12,
    "GPC-FOU-FPR-01": 4, "GPC-FOU-RPR-01": 3, "GPC-FOU-FOR-01": 4, "GPC-FOU-ROR-01": 3,
    "GPC-FOU-RLO-01": 3, "GPC-AMUS-BPA-1": 6,
}  # fmt: skip
"""The official tests that the list knows, by their numbers' prefix, and how many of each."""


def test_every_official_test_is_answered_or_explained() -> None:
    """And none is claimed that does not exist, or that is said not to apply."""
    known = {f"{name}/{number + 1}" for name, many in OFFICIAL.items() for number in range(many)}
    known |= {f"GPC-SPN-TST-{number:02}" for number in range(1, 14)}
    explained = [(test, each.applies) for each in conformance.officials() for test in each.tests]
    without = {test for test, applies in explained if not applies}
    assert len(explained) == len(dict(explained)), "said twice"
    assert conformance.claimed() | without == known
    assert conformance.claimed() & without == set()
    assert {test for test, applies in explained if applies} <= conformance.claimed()


def test_the_errors_page_is_up_to_date() -> None:
    assert errors_page.PAGE.read_text() == errors_page.page(), REMEDY


def test_the_marker_of_an_unknown_requirement_stops_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.requirement("SSP-99")
        def test_something(): ...
        """
    )
    result = pytester.runpytest_inprocess("-p", "tests.conformance", "-p", "no:django")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("*SSP-99*docs/requirements.toml*")

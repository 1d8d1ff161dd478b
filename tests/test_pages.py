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

"""A text is as long for the form as for the practice: characters, whatever they are made of."""

import pytest

from booking_portal.commands.models import Command
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

# As typed, and as the practice has it.
AT_THE_LIMIT = {
    "letters": ("x" * 100, "x" * 100),
    "emoji": ("\U0001f642" * 100, "\U0001f642" * 100),
    "one emoji of many": ("\U0001f469\u200d\U0001f467" * 33 + "x", None),
    "accents apart": ("e\u0301" * 100, "\u00e9" * 100),
    "line breaks": ("\r\n".join(["x"] * 50) + "y", "\n".join(["x"] * 50) + "y"),
    "old line breaks": ("\r".join(["x"] * 50) + "y", "\n".join(["x"] * 50) + "y"),
    "blanks around": ("\u00a0\r\n " + "x" * 100 + " \r\n\ufeff", "x" * 100),
}


@pytest.fixture
def checking(counter: Counter) -> Counter:
    """At the page on which the texts are typed."""
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    return counter


@pytest.mark.parametrize(("typed", "there"), AT_THE_LIMIT.values(), ids=list(AT_THE_LIMIT))
@pytest.mark.requirement("BOOK-4")
def test_a_hundred_are_taken_and_reach_the_practice_whole(
    checking: Counter, spine: Sandbox, typed: str, there: str | None
) -> None:
    checking.books(typed)
    [made] = spine.appointments("A20047", PATIENT)
    assert made["description"] == (there or typed)
    assert len(made["description"]) == 100


@pytest.mark.parametrize("more", ["x", "\U0001f642", "e\u0301", "\r\nx"])
@pytest.mark.parametrize(("typed", "there"), AT_THE_LIMIT.values(), ids=list(AT_THE_LIMIT))
@pytest.mark.requirement("BOOK-4")
def test_one_more_is_refused_and_nothing_is_cut(
    checking: Counter, typed: str, there: str | None, more: str
) -> None:
    text = f"{typed.strip(chr(0xFEFF)).strip()}{more}"
    page = checking.books(text)
    assert "must be 100 characters or fewer" in page.text
    assert not Command.objects.exists()


@pytest.mark.requirement("BOOK-4")
def test_a_comment_is_counted_likewise(checking: Counter, spine: Sandbox) -> None:
    page = checking.books("Cough", "\r\n".join(["\U0001f642"] * 251))
    assert "The comment must be 500 characters or fewer" in page.text
    checking.books("Cough", "\r\n".join(["\U0001f642"] * 250) + "e\u0301")
    [made] = spine.appointments("A20047", PATIENT)
    assert len(made["comment"]) == 500

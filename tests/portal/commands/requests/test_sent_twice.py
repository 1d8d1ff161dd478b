"""One form is one command: sent once more, a service gives back what it has made. [BOOK-8]"""

import uuid

import pytest

from booking_portal.commands.models import Command
from booking_portal.commands.requests import amend_cancel, registration
from booking_portal.commands.sagas import start
from booking_portal.commands.states import Kind
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import NotBookable
from tests.portal.counter import Counter
from tests.portal.saga_steps import Clerk, moved
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BOOK-8")]

ELSEWHERE = "9324926233"


def writes(spine: Sandbox) -> int:
    """How often a practice was asked to write something."""
    return sum(one["method"] in ("POST", "PUT") for one in spine.exchanges())


def test_a_booking(clerk: Clerk, spine: Sandbox) -> None:
    proposal = clerk.proposes()
    first, again = (
        start.begin_booking(proposal, text, "", actor=clerk.actor) for text in ("Knee", "Elbow")
    )
    assert first == again == Command.objects.get()
    assert again.payload["description"] == "Knee"
    assert writes(spine) == 1


def test_an_amendment(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    at = find_at_practice(clerk.encounter, old.practice, actor=clerk.actor)
    seen, form_token = (old.appointment_id, moved(old)["version"]), uuid.uuid4()
    before = writes(spine)
    first, again = (
        amend_cancel.amend(at, *seen, text, "", form_token=form_token, actor=clerk.actor)
        for text in ("Knee", "Elbow")
    )
    assert first == again == Command.objects.get(kind=Kind.AMEND)
    assert writes(spine) == before + 1


def test_a_cancellation(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    at = find_at_practice(clerk.encounter, old.practice, actor=clerk.actor)
    seen, form_token = (old.appointment_id, moved(old)["version"]), uuid.uuid4()
    before = writes(spine)
    first, again = (
        amend_cancel.cancel(at, *seen, reason, form_token=form_token, actor=clerk.actor)
        for reason in ("Better", "Works late")
    )
    assert first == again == Command.objects.get(kind=Kind.CANCEL)
    assert writes(spine) == before + 1


def test_a_registration(counter: Counter, clerk: Clerk, spine: Sandbox) -> None:
    theirs = Clerk(counter, clerk.actor, ELSEWHERE)
    practice, form_token = Practice.objects.get(ods_code="A20047"), uuid.uuid4()
    first, again = (
        registration.register(theirs.encounter, practice, form_token=form_token, actor=clerk.actor)
        for _ in range(2)
    )
    assert first == again == Command.objects.get()
    assert writes(spine) == 1


@pytest.mark.requirement("BOOK-4")
@pytest.mark.parametrize("text", ["", " \n", "x" * 101, "a\x07bell"])
def test_a_text_that_a_practice_cannot_take_books_nothing(
    clerk: Clerk, spine: Sandbox, text: str
) -> None:
    """The form says so beside the box; whatever comes past it is stopped here."""
    proposal = clerk.proposes()
    with pytest.raises(NotBookable):
        start.begin_booking(proposal, text, "", actor=clerk.actor)
    assert not Command.objects.exists()
    assert writes(spine) == 0

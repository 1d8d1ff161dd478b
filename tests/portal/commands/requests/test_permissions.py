"""Who has lost a permission sends nothing: asked once, of every way that leads to a write. [IG-1]

Pages ask it too, before they open; these tests go past them, to what a page opened before would do.
"""

import uuid
from collections.abc import Callable

import pytest
from guardian.shortcuts import remove_perm

from booking_portal.accounts.actor import Actor, NotPermitted
from booking_portal.accounts.models import User
from booking_portal.accounts.roles import Permission
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.requests import amend_cancel, registration
from booking_portal.commands.sagas import start
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.practices.models import Practice
from tests.portal.counter import Counter
from tests.portal.saga_steps import Clerk, held, moved
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("IG-1")]

BOOK, CANCEL = Permission.BOOK_APPOINTMENT, Permission.CANCEL_APPOINTMENT
AMEND, REGISTER = Permission.AMEND_APPOINTMENT, Permission.REGISTER_PATIENT
ELSEWHERE = "9324926233"


@pytest.fixture
def loses(receptionist: User, acting_for: Callable[..., Actor]) -> Callable[[Permission], Actor]:
    """The receptionist without one permission."""

    def take_away(permission: Permission) -> Actor:
        actor = acting_for(receptionist, "A1001")
        remove_perm(permission.value, receptionist, actor.organisation)
        return actor

    return take_away


def refused(permission: Permission) -> bool:
    """Whether the last refusal in the trail is for this permission."""
    return (
        Event.objects.filter(kind=EventKind.NOT_PERMITTED).latest("pk").outcome == permission.value
    )


def test_a_booking(clerk: Clerk, loses: Callable[[Permission], Actor]) -> None:
    proposal = clerk.proposes()
    with pytest.raises(NotPermitted):
        start.begin_booking(proposal, "Knee pain", "", actor=loses(BOOK))
    assert refused(BOOK)
    assert not Command.objects.exists()


@pytest.mark.parametrize("lost", [BOOK, CANCEL])
def test_a_move_with_one_of_both(
    clerk: Clerk,
    old: Command,
    spine: Sandbox,
    loses: Callable[[Permission], Actor],
    lost: Permission,
) -> None:
    proposal = clerk.proposes(moving=old)
    with pytest.raises(NotPermitted):
        start.begin_move(proposal, "Knee pain", "", "Works late", actor=loses(lost))
    assert refused(lost)
    assert not Saga.objects.exists()
    assert held(spine) == {old.appointment_id: "booked"}


@pytest.mark.parametrize("lost", [BOOK, REGISTER])
def test_a_registration_to_book_with_one_of_both(
    counter: Counter,
    clerk: Clerk,
    spine: Sandbox,
    loses: Callable[[Permission], Actor],
    lost: Permission,
) -> None:
    theirs = Clerk(counter, clerk.actor, ELSEWHERE)
    with pytest.raises(NotPermitted):
        start.begin_registering(
            theirs.proposes(), "Knee pain", "", None, form_token=uuid.uuid4(), actor=loses(lost)
        )
    assert refused(lost)
    assert not Command.objects.exists()
    assert not any("registerpatient" in one["raw_path"] for one in spine.exchanges())


def test_a_registration(
    counter: Counter, clerk: Clerk, spine: Sandbox, loses: Callable[[Permission], Actor]
) -> None:
    theirs = Clerk(counter, clerk.actor, ELSEWHERE)
    practice = Practice.objects.get(ods_code="A20047")
    with pytest.raises(NotPermitted):
        registration.register(
            theirs.encounter, practice, form_token=uuid.uuid4(), actor=loses(REGISTER)
        )
    assert refused(REGISTER)
    assert not Command.objects.exists()


def test_an_amendment(
    clerk: Clerk, old: Command, spine: Sandbox, loses: Callable[[Permission], Actor]
) -> None:
    at = find_at_practice(clerk.encounter, old.practice, actor=clerk.actor)
    seen = old.appointment_id, moved(old)["version"]
    with pytest.raises(NotPermitted):
        amend_cancel.amend(at, *seen, "Elbow", "", form_token=uuid.uuid4(), actor=loses(AMEND))
    assert refused(AMEND)
    assert Command.objects.get() == old


def test_a_cancellation(
    clerk: Clerk, old: Command, spine: Sandbox, loses: Callable[[Permission], Actor]
) -> None:
    at = find_at_practice(clerk.encounter, old.practice, actor=clerk.actor)
    seen = old.appointment_id, moved(old)["version"]
    with pytest.raises(NotPermitted):
        amend_cancel.cancel(at, *seen, "Better", form_token=uuid.uuid4(), actor=loses(CANCEL))
    assert refused(CANCEL)
    assert Command.objects.get() == old
    assert held(spine) == {old.appointment_id: "booked"}

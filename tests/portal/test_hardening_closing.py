"""What a person closes by telephone, looked at from every side."""

from collections.abc import Callable
from typing import Any

import pytest

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.commands.follow_up.closing import close
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import move
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def left_to_a_person(counter: Counter, spine: Sandbox, kind: Kind) -> Command:
    """A command of this kind that could not be settled."""
    if kind == Kind.BOOK:
        spine.fault(practice="A20047", use_case="book", kind="hang_before", times=1)
        command = counter.arrives_at_booking()
    else:
        booked = counter.arrives_at_booking()
        spine.fault(practice="A20047", use_case=kind.value, kind="hang_before", times=1)
        counter.opens(
            f"/encounters/{counter.encounter_id}/appointments/A20047/"
            f"{booked.appointment_id}/{kind.value}"
        )
        typed: dict[str, Any] = {"description": "Something else", "comment": ""}
        if kind == Kind.CANCEL:
            typed = {"decision": "cancel", "reason": "Feels better"}
        counter.sends(counter.page.form(f"/{kind.value}"), **typed)
        command = counter.command
    return move(command, State.NEEDS_ATTENTION, reason="end of the day", next_look_at=None)


@pytest.mark.parametrize("kind", [Kind.BOOK, Kind.AMEND, Kind.CANCEL])
@pytest.mark.parametrize("made", [True, False])
def test_every_page_about_it_stands(
    counter: Counter,
    spine: Sandbox,
    manager: User,
    acting_for: Callable[..., Actor],
    kind: Kind,
    made: bool,
) -> None:
    """Also for the user who asked for it, whose patient's encounter is still open."""
    command = left_to_a_person(counter, spine, kind)
    close(command, made=made, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001"))
    page = counter.opens(f"/bookings/{command.pk}/")
    assert page.status == 200
    listed = counter.opens(f"/bookings/?day={command.day.isoformat()}")
    assert listed.status == 200
    assert ("Booked, and cancelled since" in listed.text) is (made and kind == Kind.CANCEL)
    assert counter.opens(f"/encounters/{counter.encounter_id}/").status == 200
    assert "Mrs Tull" in page.text or "rang the practice" in page.text


def test_a_booking_is_closed_as_made_though_its_id_was_another_bookings(
    counter: Counter, spine: Sandbox, manager: User, acting_for: Callable[..., Actor]
) -> None:
    """The practice had answered with an appointment that another booking has for its own."""
    booked = counter.arrives_at_booking()
    command = left_to_a_person(counter, spine, Kind.BOOK)
    command.appointment_id = booked.appointment_id
    command.save()

    closed = close(command, made=True, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001"))

    assert (closed.state, closed.appointment_id) == (State.DONE, "")
    booked.refresh_from_db()
    assert booked.appointment_id != ""


def test_a_booking_that_skipped_the_check_page_knows_what_was_there_before(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces("9658218865")
    counter.searches("A20047")
    counter.chooses()
    Proposal.objects.update(before=None)
    counter.books()
    held = {one["id"] for one in spine.appointments("A20047", "9658218865")}
    assert len(held) > 1
    assert set(counter.command.payload["before"]) == held - {counter.command.appointment_id}

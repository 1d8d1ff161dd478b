"""What a person closes by telephone, looked at from every side."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from booking_portal.accounts.actor import Actor, NotPermitted
from booking_portal.accounts.models import User
from booking_portal.appointments.status.forms import CloseForm
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import transition
from booking_portal.commands.worklist.manual_close import NotToClose, close_by_hand, may_close
from tests.portal.counter import Counter
from tests.portal.rows import Rows
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
    return transition(command, State.NEEDS_ATTENTION, reason="end of the day", next_look_at=None)


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
    close_by_hand(command, made=made, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001"))
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

    closed = close_by_hand(
        command, made=True, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001")
    )

    assert (closed.state, closed.appointment_id) == (State.DONE, "")
    booked.refresh_from_db()
    assert booked.appointment_id != ""


@pytest.mark.parametrize(("letters", "fits"), [(100, True), (101, False), (0, False)])
def test_who_said_so_is_named_and_not_at_length(letters: int, fits: bool) -> None:
    said = {"outcome": "made", "spoken_to": "x" * letters}
    assert CloseForm(said, command=Command(kind=Kind.BOOK)).is_valid() is fits


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


REFUSED = None
"""There is nothing to record: the practice has answered with nothing that could be kept."""
CLOSED: list[tuple[str, bool, bool, tuple[State, str, bool, bool] | None]] = [
    # what was answered, made, kept as recorded: state, how, the answer is kept, one more look
    ("HTTP_503", True, False, (State.DONE, "by_telephone", True, False)),
    ("HTTP_503", False, False, (State.NOT_MADE, "by_telephone", True, True)),
    ("HTTP_503", True, True, REFUSED),
    ("HTTP_503", False, True, REFUSED),
    ("NUMBER_IN_USE", True, True, REFUSED),
    ("", True, True, REFUSED),
    ("DIFFERENT_FROM_ASKED", True, False, (State.DONE, "by_telephone", False, False)),
    ("DIFFERENT_FROM_ASKED", False, False, (State.NOT_MADE, "by_telephone", False, False)),
    ("DIFFERENT_FROM_ASKED", True, True, (State.DONE, "by_telephone", True, False)),
    ("DIFFERENT_FROM_ASKED", False, True, REFUSED),
    ("CHANGE_NOT_CONFIRMED", True, False, (State.DONE, "by_telephone", False, False)),
    ("CHANGE_NOT_CONFIRMED", False, False, (State.NOT_MADE, "by_telephone", False, True)),
    ("CHANGE_NOT_CONFIRMED", True, True, (State.DONE, "by_comparing", True, False)),
    ("CHANGE_NOT_CONFIRMED", False, True, REFUSED),
]


@pytest.mark.requirement("BOOK-7", "AMEND-1")
@pytest.mark.parametrize(("code", "made", "as_recorded", "closed"), CLOSED)
def test_what_is_recorded_of_the_call(
    rows: Rows,
    manager: User,
    acting_for: Callable[..., Actor],
    code: str,
    made: bool,
    as_recorded: bool,
    closed: tuple[State, str, bool, bool] | None,
) -> None:
    answered = {"id": "99", "status": "booked"}
    command = rows.command(
        state=State.NEEDS_ATTENTION, error_code=code, appointment_id="99", result=answered
    )

    def closes() -> None:
        close_by_hand(
            command,
            made=made,
            as_recorded=as_recorded,
            spoken_to="Mrs Tull",
            actor=acting_for(manager, "A1001"),
        )

    if closed is REFUSED:
        with pytest.raises(NotToClose):
            closes()
        command.refresh_from_db()
        assert command.state == State.NEEDS_ATTENTION
        return
    closes()
    command.refresh_from_db()
    state, how, kept, one_more_look = closed
    assert (command.state, command.resolution) == (state, how)
    assert command.result == (answered if kept else {})
    assert command.appointment_id == "99"
    assert (command.next_look_at is not None) is one_more_look
    if command.next_look_at is not None:  # when what was sent can no longer arrive
        late = command.next_look_at - command.request_dead_at
        assert timedelta(0) < late < timedelta(minutes=1)
    event = Event.objects.get(command_id=command.pk)
    assert (event.username, event.by_system) == ("manager", "")
    if how == "by_telephone":
        assert "Mrs Tull" in command.sentence
        does_not = "does not have it" in command.sentence
        assert does_not is not made
        assert ("and the patient keeps it" in command.sentence) is as_recorded


@pytest.mark.parametrize(
    ("withdrawn", "dead", "state", "one_more_look"),
    [
        (False, False, State.NOT_MADE, True),
        (False, True, State.NOT_MADE, False),
        (True, False, State.WITHDRAWN, True),
        (True, True, State.WITHDRAWN, False),
    ],
)
def test_what_is_not_there_is_looked_for_once_more_while_it_can_arrive(
    rows: Rows,
    manager: User,
    acting_for: Callable[..., Actor],
    withdrawn: bool,
    dead: bool,
    state: State,
    one_more_look: bool,
) -> None:
    now = database_now()
    command = rows.command(
        state=State.NEEDS_ATTENTION,
        withdrawn_at=now if withdrawn else None,
        request_dead_at=now + timedelta(minutes=-1 if dead else 1),
    )
    close_by_hand(command, made=False, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001"))
    command.refresh_from_db()
    assert command.state == state
    assert (command.next_look_at is not None) is one_more_look


@pytest.mark.parametrize("state", [each for each in State if each != State.NEEDS_ATTENTION])
def test_nothing_else_is_closed_by_a_person(
    rows: Rows, manager: User, acting_for: Callable[..., Actor], state: State
) -> None:
    command = rows.command(state=state)
    with pytest.raises(NotToClose):
        close_by_hand(command, made=True, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001"))
    assert not Event.objects.filter(command_id=command.pk).exists()


@pytest.mark.requirement("IG-1", "IG-6")
@pytest.mark.parametrize(
    ("who", "at", "owns", "taken", "may"),
    [
        ("manager", "A1001", False, None, True),
        ("receptionist", "A1001", True, 60, True),
        ("receptionist", "A1001", True, None, False),  # asked for it, and has not taken it
        ("receptionist", "A1001", True, 3 * 60 * 60, False),  # too long ago: may have gone home
        ("receptionist", "A1001", False, 60, False),  # a colleague has taken it
        ("auditor", "A1001", True, 60, False),
        ("locum", "A1002", True, 60, False),
    ],
)
def test_whoever_settles_for_the_organisation_may_close_and_whoever_deals_with_it(
    rows: Rows,
    acting_for: Callable[..., Actor],
    who: str,
    at: str,
    owns: bool,
    taken: int | None,
    may: bool,
) -> None:
    actor = acting_for(User.objects.get(username=who), at)
    now = database_now()
    owner = actor.user if owns else User.objects.get(username="clinician")
    command = rows.command(
        state=State.NEEDS_ATTENTION,
        owner=owner,
        attention_at=now - timedelta(hours=4),
        taken_at=None if taken is None else now - timedelta(seconds=taken),
    )
    if at == "A1001":  # elsewhere no page of it is shown
        assert may_close(command, actor) is may
    if may:
        close_by_hand(command, made=True, spoken_to="Mrs Tull", actor=actor)
        assert command.state == State.DONE
        return
    with pytest.raises((NotPermitted, NotToClose)):
        close_by_hand(command, made=True, spoken_to="Mrs Tull", actor=actor)
    command.refresh_from_db()
    assert command.state == State.NEEDS_ATTENTION
    refused = Event.objects.filter(kind=EventKind.NOT_PERMITTED, username=who)
    assert refused.exists() is (at == "A1001")


@pytest.mark.parametrize("kind", Kind)
def test_an_id_that_another_booking_has_is_not_kept(
    rows: Rows, manager: User, acting_for: Callable[..., Actor], kind: Kind
) -> None:
    rows.command(Kind.BOOK, State.DONE, appointment_id="99")
    command = rows.command(kind, State.NEEDS_ATTENTION, appointment_id="99")
    close_by_hand(command, made=True, spoken_to="Mrs Tull", actor=acting_for(manager, "A1001"))
    command.refresh_from_db()
    assert command.appointment_id == ("" if kind == Kind.BOOK else "99")

"""Commands and sagas told wrongly by processes that were slow, and by evidence that comes late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery import outcome_check, recovery, sender
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions, orchestrator
from booking_portal.commands.sagas.next_step import ready_second
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import StateChanged
from booking_portal.commands.worklist.manual_close import close_by_hand
from gpconnect.client import GPConnectClient
from gpconnect.error_evidence import failure
from gpconnect.errors import Origin
from gpconnect.interactions import BOOK_APPOINTMENT
from gpconnect.models import Appointments
from tests.portal.clocks import set_clocks, settled, settled_alone
from tests.portal.counter import Counter
from tests.portal.saga_steps import Clerk, held, move_for_a_person, stage, step, unconfirmed_move
from tests.portal.unsettled import NEVER_ARRIVED, another_like, books_with, to_a_person
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


@pytest.mark.requirement("BOOK-8")
@pytest.mark.parametrize("minutes_since_the_click", [1, 60])
def test_a_look_from_before_the_request_was_dead_proves_nothing(
    counter: Counter,
    spine: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    minutes_since_the_click: int,
) -> None:
    """The looking process stalls, and the request may have arrived since: neither again nor no."""
    command = books_with(counter, spine, NEVER_ARRIVED)
    clicked = database_now() - timedelta(minutes=minutes_since_the_click)
    Command.objects.filter(pk=command.pk).update(created_at=clicked)
    look = outcome_check.look

    def slowly(looked: Command, **how: Any) -> Any:
        seen = look(looked, **how)
        looked.request_dead_at = database_now()
        return seen

    monkeypatch.setattr(recovery, "look", slowly)
    assert settled(command).state == State.UNCONFIRMED
    assert command.sends == 1


@pytest.mark.requirement("BOOK-8")
@pytest.mark.parametrize("code", ["CONNECT_DEADLINE_EXCEEDED", "BAD_REQUEST", "DUPLICATE_REJECTED"])
def test_a_no_to_the_first_send_does_not_end_the_second(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """The sender slept with its answer in hand; meanwhile it was sent again."""
    origin = Origin.NETWORK if code == "CONNECT_DEADLINE_EXCEEDED" else Origin.PRACTICE

    def slowly(*_: Any) -> None:
        Command.objects.update(state=State.UNCONFIRMED, sends=2)
        raise failure(code, origin=origin, interaction=BOOK_APPOINTMENT)

    monkeypatch.setattr(sender, "_perform", slowly)
    assert counter.arrives_at_booking().state == State.UNCONFIRMED


@pytest.mark.requirement("MOVE-1")
def test_nothing_is_cancelled_by_itself_after_its_time_by_a_process_that_was_slow(
    clerk: Clerk, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    saga = unconfirmed_move(clerk, spine, clerk.books())
    settled_alone(step(saga, FIRST))

    def slowly(*args: Any, **kwargs: Any) -> Any:
        ready = ready_second(*args, **kwargs)
        set_clocks(saga, automatic_until=-1)
        return ready

    monkeypatch.setattr(orchestrator, "ready_second", slowly)
    orchestrator.continue_saga(saga, actor=clerk.actor)
    assert stage(saga) is Stage.NEEDS_DECISION
    assert set(held(spine).values()) == {"booked"}


@pytest.mark.requirement("BOOK-7")
def test_what_a_user_finds_later_is_compared_like_an_answer(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held to be not made, it is there after all, and at another place than was asked for."""
    command = settled(books_with(counter, spine, NEVER_ARRIVED), dead=True)
    assert command.state == State.NOT_MADE
    other = counter.arrives_at_booking()
    ask = GPConnectClient.patient_appointments

    def late(*args: Any, **kwargs: Any) -> Appointments:
        told = ask(*args, **kwargs)
        return Appointments(
            tuple(
                replace(one, identifiers=(str(command.pk),), location_id="another-branch")
                for one in told.appointments
            ),
            (),
        )

    nothing = {"state": State.REFUSED, "appointment_id": "", "slot_key": "others"}
    Command.objects.filter(pk=other.pk).update(**nothing)
    monkeypatch.setattr(GPConnectClient, "patient_appointments", late)
    counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/")
    command.refresh_from_db()
    assert command.state == State.NEEDS_ATTENTION


@pytest.fixture
def finished(clerk: Clerk, spine: Sandbox) -> Saga:
    """A move whose old appointment a person has cancelled."""
    saga = move_for_a_person(clerk, spine, clerk.books())
    assert decisions.finish(saga, actor=clerk.actor).state == State.DONE
    return saga


@pytest.mark.requirement("MOVE-1")
def test_a_step_that_is_done_already_can_be_closed_by_telephone(
    finished: Saga, manager: User, acting_for: Callable[..., Actor]
) -> None:
    second = step(finished, SECOND)
    late = another_like(second, state=State.NEEDS_ATTENTION)
    close_by_hand(late, made=True, spoken_to="Sam", actor=acting_for(manager, "A1001"))
    late.refresh_from_db()
    assert (late.state, late.saga, late.step) == (State.DONE, None, "")
    assert step(finished, SECOND) == second


@pytest.mark.requirement("MOVE-1")
def test_a_late_step_that_needs_a_person_stands_beside_an_unsettled_one(finished: Saga) -> None:
    second = step(finished, SECOND)
    late = another_like(second, state=State.NOT_MADE)
    Command.objects.filter(pk=second.pk).update(state=State.UNCONFIRMED)
    to_a_person(late)
    late.refresh_from_db()
    assert (late.state, late.saga) == (State.NEEDS_ATTENTION, None)


@pytest.mark.requirement("BOOK-8")
def test_a_late_booking_waits_while_the_same_slots_are_asked_for_again(
    counter: Counter, spine: Sandbox
) -> None:
    command = books_with(counter, spine)
    late = another_like(command, state=State.NOT_MADE)
    with pytest.raises(StateChanged):
        to_a_person(late)
    assert Command.objects.get(pk=late.pk).state == State.NOT_MADE
    assert command.kind == Kind.BOOK


@pytest.mark.requirement("BOOK-7")
def test_what_arrives_after_the_practice_was_rung_is_found(
    counter: Counter, spine: Sandbox, manager: User, acting_for: Callable[[User, str], Actor]
) -> None:
    """The practice has said that it has nothing, and the request can still arrive."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = to_a_person(counter.arrives_at_booking())
    close_by_hand(command, made=False, spoken_to="Reception", actor=acting_for(manager, "A1001"))
    assert command.state == State.NOT_MADE
    assert command.next_look_at is not None
    assert command.next_look_at > command.request_dead_at
    assert settled(command).state == State.DONE

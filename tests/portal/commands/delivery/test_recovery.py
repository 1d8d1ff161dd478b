"""Commands whose answer did not come, or whose sender died: nothing lost, nothing doubled."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery import sender
from booking_portal.commands.delivery.outbox import AlreadyAsked, store
from booking_portal.commands.delivery.recovery import settle
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import StateChanged, transition
from booking_portal.integration import clients
from tests.portal.clocks import claimed, set_clocks, settled
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def test_an_answer_that_never_comes_is_settled_by_looking(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="hang_after", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    assert len(spine.appointments("A20047", PATIENT)) == 1
    settled(command)
    assert command.state == State.DONE
    assert command.appointment_id == spine.appointments("A20047", PATIENT)[0]["id"]
    assert [one.purpose for one in command.attempts.all()] == ["send", "look"]


@pytest.mark.parametrize("fault", ["status_500", "status_502", "hang_before"])
def test_what_the_practice_never_made_is_not_made_once_it_can_no_longer_arrive(
    counter: Counter, spine: Sandbox, fault: str
) -> None:
    spine.fault(practice="A20047", use_case="book", kind=fault, times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    settled(command)
    assert command.state == State.UNCONFIRMED  # it could still arrive
    assert command.looks == 1
    assert command.next_look_at is not None
    assert command.next_look_at > database_now()
    set_clocks(command, request_dead_at=-1, created_at=-settings.SEND_AGAIN_WINDOW_SECONDS)
    settled(command)
    assert command.state == State.NOT_MADE
    assert spine.appointments("A20047", PATIENT) == []


def test_a_500_after_the_practice_acted_is_found(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    assert settled(command).state == State.DONE


def test_a_practice_that_is_away_keeps_it_unconfirmed(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    spine.fault(practice="A20047", use_case="retrieve", kind="refuse", times=None)
    set_clocks(command, request_dead_at=-1)
    settled(command)
    assert command.state == State.UNCONFIRMED
    assert command.looks == 1
    spine.clear_faults()
    assert settled(command).state == State.DONE


def test_one_cancelled_by_the_practice_since_is_done_and_said_so(
    counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    colleague = Counter(Client())
    sign_in(colleague.client, clinician)
    colleague.traces()
    [held] = spine.appointments("A20047", PATIENT)
    page = colleague.opens(
        f"/encounters/{colleague.encounter_id}/appointments/A20047/{held['id']}/cancel"
    )
    colleague.sends(page.form("/cancel"), decision="cancel", reason="Made twice")
    settled(command)
    assert command.state == State.DONE
    assert counter.opens(f"/bookings/{command.pk}/").title.startswith("Booked, and cancelled since")
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_a_sender_that_died_is_followed_up(counter: Counter, spine: Sandbox) -> None:
    """Killed after the practice had acted: all that is left is the row in `sending`."""
    command = counter.arrives_at_booking()
    Command.objects.filter(pk=command.pk).update(
        state=State.SENDING, appointment_id="", result={}, settled_at=None
    )
    command.refresh_from_db()
    assert settled(command).state == State.DONE
    reasons = Event.objects.filter(kind=EventKind.COMMAND_MOVED, command_id=command.pk)
    assert "its sender is gone" in [event.detail["reason"] for event in reasons]
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_a_sender_that_is_still_at_work_is_left_alone(counter: Counter, spine: Sandbox) -> None:
    command = counter.arrives_at_booking()
    Command.objects.filter(pk=command.pk).update(state=State.SENDING)
    set_clocks(command, next_look_at=5)
    assert claimed() == []


def test_a_process_whose_lease_is_over_sends_nothing(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    command = counter.arrives_at_booking()
    page = counter.opens(
        f"/encounters/{counter.encounter_id}/appointments/A20047/{command.appointment_id}/cancel"
    )
    counter.sends(page.form("/cancel"), decision="cancel", reason="Feels better")
    Command.objects.filter(pk=command.pk).update(state=State.SENDING, settled_at=None)
    set_clocks(command, send_deadline=-1)
    spine.clear_exchanges()
    after = sender.send(command, actor=acting_for(receptionist, "A1001"))
    assert after.state == State.SENDING
    assert spine.exchanges() == []
    assert command.attempts.filter(outcome="LEASE_OVER").count() == 1


def test_a_process_that_was_overtaken_sends_nothing(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    command = counter.arrives_at_booking()
    Command.objects.filter(pk=command.pk).update(state=State.UNCONFIRMED)
    set_clocks(command, send_deadline=60)
    spine.clear_exchanges()
    sender.send(command, actor=acting_for(receptionist, "A1001"))
    assert spine.exchanges() == []


def test_a_claimed_command_is_not_claimed_again(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    set_clocks(command, next_look_at=-1)
    [mine] = claimed()
    assert claimed() == []
    assert settle(mine).state == State.DONE


def test_a_user_who_may_no_longer_act_leaves_it_to_a_person(
    counter: Counter, spine: Sandbox, receptionist: User
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    Membership.objects.filter(user=receptionist).update(is_active=False)
    spine.clear_exchanges()
    settled(command)
    assert command.state == State.NEEDS_ATTENTION
    assert spine.exchanges() == []


def test_what_cannot_be_settled_by_the_end_of_its_day_goes_to_a_person(
    counter: Counter, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="hang_before", times=1)
    command = counter.arrives_at_booking()
    spine.fault(practice="A20047", use_case="retrieve", kind="refuse", times=None)
    set_clocks(command, starts_at=-60 * 60 * 48, request_dead_at=-1)
    settled(command)
    assert command.state == State.NEEDS_ATTENTION
    page = counter.opens(f"/bookings/{command.pk}/")
    assert "Somebody has to ring the practice" in page.text
    assert "020 7946 0101" in page.text


def test_a_cancellation_whose_answer_was_lost_is_found(counter: Counter, spine: Sandbox) -> None:
    booked = counter.arrives_at_booking()
    page = counter.opens(
        f"/encounters/{counter.encounter_id}/appointments/A20047/{booked.appointment_id}/cancel"
    )
    spine.fault(practice="A20047", use_case="cancel", kind="status_500_after", times=1)
    page = counter.sends(page.form("/cancel"), decision="cancel", reason="Feels better")
    command = counter.command
    assert (command.kind, command.state) == (Kind.CANCEL, State.UNCONFIRMED)
    assert "The appointment may still stand." in page.text
    assert settled(command).state == State.DONE


def test_an_amendment_that_never_arrived_is_not_made(counter: Counter, spine: Sandbox) -> None:
    booked = counter.arrives_at_booking()
    page = counter.opens(
        f"/encounters/{counter.encounter_id}/appointments/A20047/{booked.appointment_id}/amend"
    )
    spine.fault(practice="A20047", use_case="amend", kind="hang_before", times=1)
    counter.sends(page.form("/amend"), description="Something else", comment="")
    command = set_clocks(
        counter.command, request_dead_at=-1, created_at=-settings.SEND_AGAIN_WINDOW_SECONDS
    )
    assert settled(command).state == State.NOT_MADE
    assert spine.appointments("A20047", PATIENT)[0]["description"] == "Knee pain"


def test_our_own_success_is_not_taken_for_a_slot_gone(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    """A duplicate of an earlier try of this very command: the practice has it, and it is ours."""
    command = counter.arrives_at_booking()
    Command.objects.filter(pk=command.pk).update(
        state=State.SENDING, appointment_id="", result={}, settled_at=None
    )
    set_clocks(command, send_deadline=60)
    after = sender.send(command, actor=acting_for(receptionist, "A1001"))
    assert after.state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1


@pytest.mark.requirement("IG-2")
def test_every_step_of_a_command_is_audited(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = settled(counter.arrives_at_booking())
    events = Event.objects.filter(command_id=command.pk).order_by("id")
    told = [(event.kind, event.outcome, event.by_system) for event in events]
    assert told[0] == (EventKind.COMMAND_STORED, "book", "")
    assert (EventKind.COMMAND_MOVED, "unconfirmed", "") in told
    assert told[-1] == (EventKind.COMMAND_MOVED, "done", "settling")
    assert {event.nhs_number for event in events} == {PATIENT}
    assert {event.username for event in events} == {"receptionist"}


def test_a_state_changes_only_as_the_table_allows(counter: Counter) -> None:
    command = counter.arrives_at_booking()
    with pytest.raises(ValueError, match="done cannot become"):
        transition(command, State.NOT_MADE, reason="wrong")
    stale = Command.objects.get(pk=command.pk)
    stale.state = State.UNCONFIRMED
    with pytest.raises(StateChanged):
        transition(stale, State.NOT_MADE, reason="somebody else was quicker")


def test_a_command_is_durable_before_anything_is_sent(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from inside the exchange: the row and its event are there when the request leaves."""
    seen: list[Any] = []
    ask = clients.observed_client

    desk = threading.current_thread()  # practices are searched in others

    def looking(*args: Any, **kwargs: Any) -> Any:
        stored = Command.objects.first() if threading.current_thread() is desk else None
        if stored is not None:
            seen.append((stored.state, stored.attempts.count()))
            seen.append(Event.objects.filter(kind=EventKind.COMMAND_STORED).count())
        return ask(*args, **kwargs)

    monkeypatch.setattr(clients, "observed_client", looking)
    assert counter.arrives_at_booking().state == State.DONE
    assert seen == [(State.SENDING, 0), 1]


@pytest.fixture
def needing_attention(counter: Counter, spine: Sandbox) -> Command:
    """A booking that could not be settled."""
    spine.fault(practice="A20047", use_case="book", kind="hang_before", times=1)
    command = counter.arrives_at_booking()
    return transition(command, State.NEEDS_ATTENTION, reason="end of the day", next_look_at=None)


@pytest.mark.parametrize(("outcome", "state"), [("made", State.DONE), ("not_made", State.NOT_MADE)])
def test_a_manager_closes_it_with_what_the_practice_said(
    counter: Counter,
    needing_attention: Command,
    manager: User,
    sign_in: SignIn,
    outcome: str,
    state: State,
) -> None:
    address = f"/bookings/{needing_attention.pk}/"
    assert "Close this after ringing" not in counter.opens(address).text
    desk = Counter(Client())
    sign_in(desk.client, manager)
    page = desk.opens(address)
    page = desk.sends(page.form("/close"))
    assert "Choose what the practice said" in page.text
    assert "Enter who at the practice said so" in page.text
    page = desk.sends(page.form("/close"), outcome=outcome, spoken_to="Mrs Tull")
    needing_attention.refresh_from_db()
    assert needing_attention.state == state
    assert "Mrs Helen Castell rang the practice. Mrs Tull there said" in page.text
    moved = Event.objects.filter(kind=EventKind.COMMAND_MOVED).latest("id")
    assert (moved.username, moved.outcome) == ("manager", state)
    counter.searches("A20047")
    assert counter.chooses().title.startswith("Check and book")  # no stop page any more


@pytest.mark.requirement("IG-1")
def test_only_a_manager_closes(counter: Counter, needing_attention: Command) -> None:
    answer = counter.client.post(
        f"/bookings/{needing_attention.pk}/close", {"outcome": "made", "spoken_to": "Mrs Tull"}
    )
    assert answer.status_code == 403
    needing_attention.refresh_from_db()
    assert needing_attention.state == State.NEEDS_ATTENTION


def test_the_same_form_or_the_same_unsettled_booking_is_stored_once(
    counter: Counter,
    needing_attention: Command,
    receptionist: User,
    acting_for: Callable[..., Actor],
) -> None:
    """What two clicks at the same moment come to, past every earlier check."""
    actor = acting_for(receptionist, "A1001")
    at = needing_attention.encounter.at_practices.get()

    def another(form_token: uuid.UUID) -> Command:
        return Command(
            id=uuid.uuid4(),
            kind=Kind.BOOK,
            form_token=form_token,
            slot_key=needing_attention.slot_key,
            starts=needing_attention.starts,
            starts_at=needing_attention.starts_at,
            payload=needing_attention.payload,
        )

    for token in (needing_attention.form_token, uuid.uuid4()):
        with pytest.raises(AlreadyAsked) as met:
            store(another(token), at, actor=actor)
        assert met.value.command == needing_attention
    assert Command.objects.count() == 1

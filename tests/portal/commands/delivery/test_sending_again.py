"""Sending again: only when it is safe, only in time, and never two where one was wanted."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership, User
from booking_portal.accounts.roles import Role
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.delivery import sender
from booking_portal.commands.delivery.recovery import certain_by
from booking_portal.commands.models import Command
from booking_portal.commands.outcomes import never_left
from booking_portal.commands.requests.withdrawal import NotToWithdraw, withdraw
from booking_portal.commands.states import State
from booking_portal.commands.transitions import StateChanged
from tests.portal.clocks import set_clocks, settled
from tests.portal.counter import PATIENT, Counter
from tests.portal.unsettled import books_with
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

TOO_LATE = -settings.SEND_AGAIN_WINDOW_SECONDS


def never_arrived(counter: Counter, spine: Sandbox) -> Command:
    """A booking that was sent and never reached the practice, and can no longer arrive."""
    spine.fault(practice="A20047", use_case="book", kind="reset_before", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    return set_clocks(command, request_dead_at=-1)


def opens_change(counter: Counter, booked: Command, change: str) -> None:
    counter.opens(
        f"/encounters/{counter.encounter_id}/appointments/A20047/{booked.appointment_id}/{change}"
    )


def bookings_sent(spine: Sandbox) -> int:
    return sum(one["method"] == "POST" for one in spine.exchanges())


def test_a_booking_that_never_arrived_is_sent_again_and_made_once(
    counter: Counter, spine: Sandbox
) -> None:
    command = settled(never_arrived(counter, spine))
    assert (command.state, command.sends) == (State.DONE, 2)
    [made] = spine.appointments("A20047", PATIENT)
    assert made["id"] == command.appointment_id
    again = Event.objects.get(kind=EventKind.COMMAND_SENT_AGAIN, command_id=command.pk)
    assert (again.by_system, again.detail["send"]) == ("settling", 2)
    attempts = [(one.purpose, one.outcome, one.status) for one in command.attempts.all()]
    assert attempts == [
        ("send", "CONNECTION_LOST", None),
        ("look", "NOT_FOUND", 200),
        ("send", "DONE", 201),
    ]
    assert len({one.trace_id for one in command.attempts.all()}) == 3


def test_not_while_the_request_before_can_still_arrive(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="reset_before", times=1)
    command = counter.arrives_at_booking()
    spine.clear_exchanges()
    assert settled(command).state == State.UNCONFIRMED
    assert bookings_sent(spine) == 0


@pytest.mark.parametrize("change", ["amend", "cancel"])
def test_a_change_is_sent_again_at_once_with_the_version_that_the_user_saw(
    counter: Counter, spine: Sandbox, change: str
) -> None:
    """A second one does no harm: whichever comes second meets another version."""
    booked = counter.arrives_at_booking()
    opens_change(counter, booked, change)
    spine.fault(practice="A20047", use_case=change, kind="hang_before", times=1)
    typed = {"description": "Something else", "comment": ""}
    if change == "cancel":
        typed = {"decision": "cancel", "reason": "Feels better"}
    counter.sends(counter.page.form(f"/{change}"), **typed)
    command = settled(counter.command)
    assert (command.state, command.sends) == (State.DONE, 2)
    changes = [dict(one["headers"]) for one in spine.exchanges() if one["method"] == "PUT"]
    first, second = ({name.lower(): value for name, value in one.items()} for one in changes)
    assert first["if-match"] == second["if-match"]


@pytest.mark.requirement("SDS-3")
def test_without_the_directory_it_is_looked_for_and_not_sent_again(
    counter: Counter, spine: Sandbox
) -> None:
    lost = books_with(counter, spine)
    spine.fault(service="sds", kind="refuse", times=None)
    assert settled(lost).state == State.DONE, "made, and the answer was lost"
    spine.clear_faults()
    opens_change(counter, counter.command, "amend")
    spine.fault(practice="A20047", use_case="amend", kind="reset_before", times=1)
    counter.sends(counter.page.form("/amend"), description="Something else", comment="")
    spine.fault(service="sds", kind="refuse", times=None)
    command = settled(counter.command)
    assert (command.state, command.sends) == (State.UNCONFIRMED, 1)
    spine.clear_faults()
    assert (settled(command).state, command.sends) == (State.DONE, 2)


@pytest.mark.requirement("BOOK-8")
def test_one_that_arrives_after_all_beside_the_second_is_made_once(
    counter: Counter, spine: Sandbox
) -> None:
    """The practice has it in the very moment in which the portal sends it again."""
    command = never_arrived(counter, spine)
    spine.fault(practice="A20047", use_case="book", kind="own_409", times=1)
    settled(command)
    assert (command.state, command.sends) == (State.DONE, 2)
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_an_answer_lost_again_is_looked_for_again(counter: Counter, spine: Sandbox) -> None:
    command = never_arrived(counter, spine)
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    assert settled(command).state == State.UNCONFIRMED
    assert command.sends == 2
    assert settled(command).state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_it_is_not_sent_for_ever(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="reset_before", times=None)
    command = counter.arrives_at_booking()
    for sends in range(2, settings.SENDS_AT_MOST + 1):
        settled(set_clocks(command, request_dead_at=-1))
        assert (command.state, command.sends) == (State.UNCONFIRMED, sends)
    settled(set_clocks(command, request_dead_at=-1))
    assert (command.state, command.sends) == (State.NOT_MADE, settings.SENDS_AT_MOST)
    assert spine.appointments("A20047", PATIENT) == []


def test_nothing_sent_the_second_time_says_nothing_of_the_first(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    command = never_arrived(counter, spine)
    spine.fault(practice="*", kind="refuse_connection", times=1)
    by = acting_for(receptionist, "A1001").on_behalf("settling")
    sender.send_again(command, dead_by=certain_by(command), actor=by)
    assert (command.state, command.sends) == (State.UNCONFIRMED, 2)
    assert never_left(command.error_code)


def test_what_is_sent_in_the_last_second_keeps_to_what_was_promised(
    counter: Counter, spine: Sandbox
) -> None:
    """Until when it is certain has been told: a send once more never makes it later."""
    command = set_clocks(never_arrived(counter, spine), created_at=TOO_LATE + 2)
    promised = certain_by(command)
    spine.fault(practice="A20047", use_case="book", kind="reset_before", times=1)
    assert (settled(command).state, command.sends) == (State.UNCONFIRMED, 2)
    assert command.request_dead_at <= promised
    assert certain_by(command) <= promised


def test_nothing_is_sent_when_the_checks_before_it_took_too_long(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    """Directory and PDS are asked between the decision and the lease, and may be slow."""
    command = set_clocks(never_arrived(counter, spine), created_at=TOO_LATE)
    spine.clear_exchanges()
    by = acting_for(receptionist, "A1001").on_behalf("settling")
    with pytest.raises(StateChanged):
        sender.send_again(command, dead_by=certain_by(command), actor=by)
    assert bookings_sent(spine) == 0
    assert Command.objects.get(pk=command.pk).sends == 1
    assert (settled(command).state, command.sends) == (State.NOT_MADE, 1)


def slot_moved_on(command: Command, spine: Sandbox) -> None:
    set_clocks(command, starts_at=-60)


def too_late(command: Command, spine: Sandbox) -> None:
    set_clocks(command, created_at=TOO_LATE)


def practice_moved(command: Command, spine: Sandbox) -> None:
    Command.objects.filter(pk=command.pk).update(asid="200000009999")


def user_is_another_on_pds(command: Command, spine: Sandbox) -> None:
    encounter = command.encounter
    encounter.trace = encounter.trace | {"family": "SOMEBODY-ELSE"}
    encounter.save()


def role_taken_away(command: Command, spine: Sandbox) -> None:
    membership = Membership.objects.get(user=command.user, organisation=command.organisation)
    membership.role = Role.AUDITOR
    membership.save()


@pytest.mark.parametrize(
    "change", [slot_moved_on, too_late, practice_moved, user_is_another_on_pds, role_taken_away]
)
def test_it_is_not_sent_again_when(
    counter: Counter, spine: Sandbox, change: Callable[[Command, Sandbox], None]
) -> None:
    command = never_arrived(counter, spine)
    change(command, spine)
    command.refresh_from_db()
    spine.clear_exchanges()
    settled(command)
    assert command.sends == 1
    assert command.state in {State.NOT_MADE, State.NEEDS_ATTENTION}
    assert bookings_sent(spine) == 0


def test_a_plain_no_is_not_asked_once_more(counter: Counter, spine: Sandbox) -> None:
    command = never_arrived(counter, spine)
    Command.objects.filter(pk=command.pk).update(error_code="INVALID_RESOURCE")
    spine.clear_exchanges()
    assert settled(command).state == State.NOT_MADE
    assert bookings_sent(spine) == 0


def test_pds_away_waits(counter: Counter, spine: Sandbox) -> None:
    """Whether the patient is as they were cannot be said, and it is out of time by then."""
    command = never_arrived(counter, spine)
    spine.fault(service="pds", kind="status_500", times=None)
    spine.clear_exchanges()
    settled(command)
    assert bookings_sent(spine) == 0
    assert command.state == State.NOT_MADE


def test_a_sender_that_stalled_is_void_once_it_is_sent_again(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    """The first process wakes up while the second one's lease is running."""
    command = counter.arrives_at_booking()
    spine.fault(practice="A20047", use_case="book", kind="reset_before", times=None)
    Command.objects.filter(pk=command.pk).update(state=State.UNCONFIRMED, sends=2)
    stalled = set_clocks(command, send_deadline=60)
    stalled.sends, stalled.state = 1, State.SENDING
    spine.clear_exchanges()
    sender.send(stalled, actor=acting_for(receptionist, "A1001"))
    assert spine.exchanges() == []


class TestWithdrawing:
    """The patient no longer wants it."""

    def test_it_is_never_sent_again_and_ends_as_withdrawn(
        self, counter: Counter, spine: Sandbox, by: Actor
    ) -> None:
        command = never_arrived(counter, spine)
        withdraw(command, actor=by)
        assert command.state == State.UNCONFIRMED  # it is still to be found out
        spine.clear_exchanges()
        assert settled(command).state == State.WITHDRAWN
        assert bookings_sent(spine) == 0

    def test_one_that_was_made_is_done_all_the_same(
        self, counter: Counter, spine: Sandbox, by: Actor
    ) -> None:
        spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
        command = withdraw(counter.arrives_at_booking(), actor=by)
        assert settled(command).state == State.DONE
        assert command.withdrawn_at is not None

    def test_before_it_was_sent_nothing_is_sent(
        self,
        counter: Counter,
        spine: Sandbox,
        by: Actor,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """In another tab, in the moment between storing and the first byte."""
        perform = sender._perform

        def after_withdrawing(command: Command, client: Any) -> Any:
            withdraw(Command.objects.get(pk=command.pk), actor=by)
            return perform(command, client)

        monkeypatch.setattr(sender, "_perform", after_withdrawing)
        command = counter.arrives_at_booking()
        assert command.state == State.WITHDRAWN
        assert bookings_sent(spine) == 0

    def test_what_is_settled_is_not_withdrawn(
        self, counter: Counter, spine: Sandbox, by: Actor
    ) -> None:
        command = counter.arrives_at_booking()
        with pytest.raises(NotToWithdraw):
            withdraw(command, actor=by)

    def test_twice_is_once(self, counter: Counter, spine: Sandbox, by: Actor) -> None:
        command = never_arrived(counter, spine)
        first = withdraw(command, actor=by).withdrawn_at
        assert withdraw(command, actor=by).withdrawn_at == first
        assert Event.objects.filter(kind=EventKind.COMMAND_WITHDRAWN).count() == 1

    def test_a_worker_that_was_about_to_send_again_does_not(
        self, counter: Counter, spine: Sandbox, by: Actor
    ) -> None:
        command = never_arrived(counter, spine)
        stale = Command.objects.get(pk=command.pk)
        withdraw(command, actor=by)
        spine.clear_exchanges()
        with pytest.raises(StateChanged):
            sender.send_again(stale, dead_by=certain_by(stale), actor=by.on_behalf("settling"))
        assert bookings_sent(spine) == 0

    @pytest.fixture
    def by(self, receptionist: User, acting_for: Callable[..., Actor]) -> Actor:
        return acting_for(receptionist, "A1001")


class TestLaterEvidence:
    """It was held to be not made, and shows up after all."""

    def not_made(self, counter: Counter, spine: Sandbox) -> Command:
        """The practice acts long after everybody has gone, against all that is promised."""
        spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
        command = counter.arrives_at_booking()
        Command.objects.filter(pk=command.pk).update(state=State.NOT_MADE)
        return set_clocks(command, next_look_at=settings.LATE_LOOK_SECONDS)

    def test_the_late_look_finds_it(self, counter: Counter, spine: Sandbox) -> None:
        command = settled(self.not_made(counter, spine))
        assert command.state == State.DONE
        assert command.appointment_id == spine.appointments("A20047", PATIENT)[0]["id"]

    def test_a_users_own_look_finds_it(self, counter: Counter, spine: Sandbox) -> None:
        command = self.not_made(counter, spine)
        counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/")
        command.refresh_from_db()
        assert command.state == State.DONE

    def test_a_late_look_that_finds_nothing_is_the_last(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = set_clocks(never_arrived(counter, spine), created_at=TOO_LATE)
        assert settled(command).state == State.NOT_MADE
        assert command.next_look_at is not None
        assert settled(command).state == State.NOT_MADE
        assert command.next_look_at is None

    def test_the_same_slot_asked_for_since_is_not_taken_for_it(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = self.not_made(counter, spine)
        since = Command.objects.get(pk=command.pk)
        since.pk, since.form_token, since.state = uuid.uuid4(), uuid.uuid4(), State.UNCONFIRMED
        since.next_look_at = None
        since.save(force_insert=True)
        set_clocks(since, created_at=1)
        assert settled(command).state == State.NOT_MADE

    def test_what_was_never_sent_is_not_looked_for(self, counter: Counter, spine: Sandbox) -> None:
        command = self.not_made(counter, spine)
        Command.objects.filter(pk=command.pk).update(error_code="UNREACHABLE")
        spine.clear_exchanges()
        assert settled(command).state == State.NOT_MADE
        assert spine.exchanges() == []

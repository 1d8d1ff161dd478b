"""Move: the new appointment is booked, and then the old one is cancelled. [MOVE-1]"""

import uuid
from collections.abc import Callable

import pytest
from guardian.shortcuts import remove_perm

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership, User
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.messages.decision import known_when_deciding
from booking_portal.commands import saga_status
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.requests import amend_cancel
from booking_portal.commands.requests.amend_cancel import AppointmentBusy, NotChangeable
from booking_portal.commands.requests.booking import BookingUnsettled
from booking_portal.commands.requests.withdrawal import withdraw
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions, next_step, start
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import find_at_practice
from tests.portal.clocks import continued, set_clocks, settled_alone
from tests.portal.counter import PATIENT, Counter
from tests.portal.saga_steps import Clerk, held, stage, step, transitions, unconfirmed_move
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("MOVE-1")]

AT_TWO_PRACTICES = "9990000190"
FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


def test_the_old_appointment_is_cancelled_once_the_new_one_is_booked(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    command = clerk.moves(old, reason="Works late")
    assert (command.kind, command.state) == (Kind.CANCEL, State.DONE)
    saga = Saga.objects.get()
    assert stage(saga) is Stage.FINISHED
    new = step(saga, FIRST)
    assert held(spine) == {old.appointment_id: "cancelled", new.appointment_id: "booked"}
    [cancelled] = [
        one for one in spine.appointments("A20047", PATIENT) if one["status"] != "booked"
    ]
    assert cancelled["cancellation_reason"] == "Works late"
    assert transitions(saga) == [("begun", "receptionist", ""), ("went on", "receptionist", "")]
    assert saga_status.open_in(clerk.actor.organisation) == []


def test_a_second_click_meets_the_same_move(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    proposal = clerk.proposes(moving=old)
    first = start.begin_move(proposal, "Knee pain", "", "Works late", actor=clerk.actor)
    again = start.begin_move(proposal, "Knee pain", "", "Works late", actor=clerk.actor)
    assert again == first
    assert sorted(held(spine).values()) == ["booked", "cancelled"]
    assert Saga.objects.count() == 1


def test_an_appointment_is_moved_to_another_practice(
    counter: Counter, clerk: Clerk, spine: Sandbox
) -> None:
    clerk = Clerk(counter, clerk.actor, AT_TWO_PRACTICES)
    old = clerk.books("A20047")
    assert clerk.moves(old, "B82617").state == State.DONE
    assert held(spine, "A20047", AT_TWO_PRACTICES)[old.appointment_id] == "cancelled"
    new = step(Saga.objects.get(), FIRST)
    assert held(spine, "B82617", AT_TWO_PRACTICES)[new.appointment_id] == "booked"


def test_nothing_is_cancelled_while_the_new_booking_is_unconfirmed(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    assert continued(saga) is Stage.FIRST_UNSETTLED
    assert held(spine)[old.appointment_id] == "booked"

    settled_alone(step(saga, FIRST))
    assert continued(saga) is Stage.FINISHED
    assert held(spine)[old.appointment_id] == "cancelled"
    assert transitions(saga)[-1] == ("went on", "receptionist", "settling")


def test_the_old_appointment_stands_when_the_new_one_was_never_made(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500", times=1)
    command = clerk.moves(old)
    saga = Saga.objects.get()
    assert settled_alone(command, dead=True).state == State.NOT_MADE
    assert continued(saga) is Stage.FIRST_FAILED
    assert held(spine) == {old.appointment_id: "booked"}
    assert transitions(saga)[-1][0] == "ended with its first step"
    assert saga_status.open_in(clerk.actor.organisation) == []
    assert not saga_status.may_cancel_first(saga)


@pytest.mark.requirement("BOOK-8")
def test_the_old_appointment_stands_when_the_slot_has_gone(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    proposal = clerk.proposes(moving=old)
    spine.take_slot("A20047", proposal.chosen[0].slot_id)
    command = start.begin_move(proposal, "Knee pain", "", "Works late", actor=clerk.actor)
    assert (command.kind, command.state) == (Kind.BOOK, State.REFUSED)
    saga = Saga.objects.get()
    assert stage(saga) is Stage.FIRST_FAILED
    assert not saga_status.may_cancel_first(saga)
    assert held(spine) == {old.appointment_id: "booked"}
    with pytest.raises(start.NotToCancelFirst):
        start.begin_move(
            proposal, "Knee pain", "", "Works late", actor=clerk.actor, cancel_first=True
        )


def test_one_that_has_been_changed_since_is_not_booked_anew(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    proposal = clerk.proposes(moving=old)
    proposal.moving = (proposal.moving or {}) | {"version": "0"}
    with pytest.raises(amend_cancel.ChangedMeanwhile):
        start.begin_move(proposal, "Knee pain", "", "Works late", actor=clerk.actor)
    with pytest.raises(NotChangeable, match="why"):
        start.begin_move(proposal, "Knee pain", "", " ", actor=clerk.actor)
    assert held(spine) == {old.appointment_id: "booked"}
    assert not Saga.objects.exists()


def test_a_practice_that_is_away_is_asked_again_until_the_time_is_over(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    spine.fault(practice="A20047", use_case="read", kind="refuse", times=None)
    assert continued(saga) is Stage.AUTOMATIC
    saga.refresh_from_db()
    assert saga.next_try_at is not None
    assert saga.next_try_at <= saga.automatic_until
    set_clocks(saga, automatic_until=-1)
    assert continued(saga) is Stage.NEEDS_DECISION
    saga.refresh_from_db()
    assert saga.stopped == "TIME_OVER"
    assert "The connection broke before the answer came" in known_when_deciding(saga)
    assert sorted(held(spine).values()) == ["booked", "booked"]
    spine.clear_faults()
    assert continued(saga) is Stage.NEEDS_DECISION  # whatever comes back: a person decides now


def test_it_goes_on_when_the_practice_answers_again_in_time(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    spine.fault(practice="A20047", use_case="read", kind="refuse", times=None)
    assert continued(saga) is Stage.AUTOMATIC
    spine.clear_faults()
    assert continued(saga) is Stage.FINISHED
    assert held(spine)[old.appointment_id] == "cancelled"


def test_a_cancellation_that_is_unconfirmed_is_settled_like_any_other(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="cancel", kind="status_500_after", times=1)
    command = clerk.moves(old)
    assert (command.kind, command.state) == (Kind.CANCEL, State.UNCONFIRMED)
    saga = Saga.objects.get()
    assert stage(saga) is Stage.SECOND_UNSETTLED
    assert saga_status.open_in(clerk.actor.organisation) == [saga]
    assert settled_alone(command).state == State.DONE
    assert stage(saga) is Stage.FINISHED


@pytest.mark.parametrize("seconds", [60, 0])
def test_the_cancellation_is_sent_again_only_in_the_time_for_going_by_itself(
    clerk: Clerk, old: Command, spine: Sandbox, seconds: int
) -> None:
    spine.fault(practice="A20047", use_case="cancel", kind="status_500", times=1)
    command = clerk.moves(old)
    assert command.saga is not None
    set_clocks(command.saga, automatic_until=seconds)
    settled_alone(command)
    in_time = seconds > 0
    assert command.state == (State.DONE if in_time else State.UNCONFIRMED)
    assert command.sends == (2 if in_time else 1)
    assert held(spine)[old.appointment_id] == ("cancelled" if in_time else "booked")


def test_the_old_one_is_kept_where_the_practice_has_cancelled_the_new_one(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="cancelled_at_once", times=1)
    command = clerk.moves(old)
    assert (command.kind, command.state) == (Kind.BOOK, State.DONE)
    saga = Saga.objects.get()
    assert stage(saga) is Stage.NEEDS_DECISION
    assert saga.stopped == "NEW_CANCELLED"
    assert held(spine)[old.appointment_id] == "booked"
    with pytest.raises(next_step.NewCancelled):
        decisions.finish(saga, actor=clerk.actor)
    assert held(spine)[old.appointment_id] == "booked"
    decisions.give_up(saga, actor=clerk.actor)
    assert stage(saga) is Stage.CLOSED


def test_what_was_withdrawn_does_not_go_on(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    withdraw(step(saga, FIRST), actor=clerk.actor)
    assert settled_alone(step(saga, FIRST)).state == State.DONE
    assert continued(saga) is Stage.NEEDS_DECISION
    saga.refresh_from_db()
    assert saga.stopped == "WITHDRAWN"
    assert sorted(held(spine).values()) == ["booked", "booked"]


def test_nothing_goes_by_itself_for_a_user_who_has_gone(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    Membership.objects.filter(user=clerk.actor.user).update(is_active=False)
    spine.clear_exchanges()
    assert continued(saga) is Stage.NEEDS_DECISION
    saga.refresh_from_db()
    assert saga.stopped == "USER_GONE"
    assert spine.exchanges() == []


def test_nothing_goes_by_itself_without_the_permission(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    user, organisation = clerk.actor.user, clerk.actor.organisation
    remove_perm(Permission.CANCEL_APPOINTMENT.value, user, organisation)
    assert continued(saga) is Stage.NEEDS_DECISION
    saga.refresh_from_db()
    assert saga.stopped == "NOT_PERMITTED"
    assert held(spine)[old.appointment_id] == "booked"


def test_nothing_goes_by_itself_after_a_restore(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    hold = Restoration.objects.create(organisation=clerk.actor.organisation, reason="A backup")
    spine.clear_exchanges()
    assert continued(saga) is Stage.AUTOMATIC
    assert spine.exchanges() == []
    Restoration.objects.filter(pk=hold.pk).update(released_at=database_now())
    assert continued(saga) is Stage.FINISHED


def test_an_appointment_that_is_being_moved_is_left_alone(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    """Neither changed nor cancelled nor moved twice, and neither is the new one."""
    saga = unconfirmed_move(clerk, spine, old)
    with pytest.raises(AppointmentBusy):
        cancelled(clerk, old)
    with pytest.raises(BookingUnsettled):
        clerk.moves(old)
    new = settled_alone(step(saga, FIRST))
    for appointment in (old, new):
        with pytest.raises(AppointmentBusy) as busy:
            cancelled(clerk, appointment)
        assert busy.value.command == new
    with pytest.raises(AppointmentBusy):
        clerk.moves(old)
    assert continued(saga) is Stage.FINISHED
    assert cancelled(clerk, new).state == State.DONE
    assert set(held(spine).values()) == {"cancelled"}


def test_one_with_an_unsettled_change_is_not_moved(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="cancel", kind="status_500", times=1)
    cancellation = cancelled(clerk, old)
    assert cancellation.state == State.UNCONFIRMED
    with pytest.raises(AppointmentBusy) as busy:
        clerk.moves(old)
    assert busy.value.command == cancellation
    assert held(spine) == {old.appointment_id: "booked"}


def cancelled(clerk: Clerk, booked: Command) -> Command:
    return amend_cancel.cancel(
        find_at_practice(clerk.encounter, booked.practice, actor=clerk.actor),
        booked.appointment_id,
        booked.result["version"],
        "Feels better",
        form_token=uuid.uuid4(),
        actor=clerk.actor,
    )


def test_an_old_appointment_that_somebody_changes_meanwhile_is_left_to_a_person(
    clerk: Clerk, old: Command, spine: Sandbox, locum: User, acting_for: Callable[..., Actor]
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    amended_by_another_organisation(clerk, old, acting_for(locum, "A1002"))
    assert continued(saga) is Stage.NEEDS_DECISION
    assert sorted(held(spine).values()) == ["booked", "booked"]
    assert "Somebody has changed the old appointment" in known_when_deciding(Saga.objects.get())
    assert saga_status.open_in(clerk.actor.organisation) == [saga]
    assert transitions(saga)[-1] == ("stopped", "receptionist", "settling")

    with pytest.raises(amend_cancel.ChangedMeanwhile) as meanwhile:
        decisions.finish(saga, actor=clerk.actor)
    seen = meanwhile.value.current.version
    assert decisions.finish(saga, actor=clerk.actor, version=seen).state == State.DONE
    assert stage(saga) is Stage.FINISHED
    assert held(spine)[old.appointment_id] == "cancelled"


def amended_by_another_organisation(clerk: Clerk, old: Command, actor: Actor) -> None:
    """For the portal's organisation it is a change at the practice itself."""
    encounter = Encounter.objects.create(
        user=actor.user,
        organisation=actor.organisation,
        nhs_number=clerk.encounter.nhs_number,
        trace=clerk.encounter.trace,
        traced_at=clerk.encounter.traced_at,
    )
    amended = amend_cancel.amend(
        find_at_practice(encounter, old.practice, actor=actor),
        old.appointment_id,
        old.result["version"],
        "Bring a sample",
        "",
        form_token=uuid.uuid4(),
        actor=actor,
    )
    assert amended.state == State.DONE


def test_the_old_one_is_kept_while_the_new_one_is_not_accepted(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    """Booked, and then pending at the practice: that is no appointment to cancel another for."""
    saga = unconfirmed_move(clerk, spine, old)
    new = next(
        each for each in spine.appointments("A20047", PATIENT) if each["id"] != old.appointment_id
    )
    first = step(saga, Command.Step.FIRST)
    Command.objects.filter(pk=first.pk).update(state=State.DONE, appointment_id=new["id"])
    spine.rewrite("A20047", new["id"], status="pending")
    assert continued(saga) is Stage.NEEDS_DECISION
    saga.refresh_from_db()
    assert saga.stopped == "NOT_CHANGEABLE"
    assert "as “Not yet accepted”, not as booked" in saga.sentence
    assert held(spine)[old.appointment_id] == "booked"

"""What did not go on by itself: one button to finish, one to undo, one to keep both. [MOVE-1]"""

from collections.abc import Callable

import pytest
from django.test import Client

from booking_portal.accounts.actor import Actor, NotPermitted
from booking_portal.accounts.models import User
from booking_portal.appointments.messages.decision import known_when_deciding
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import saga_status
from booking_portal.commands.models import Command
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions
from booking_portal.commands.sagas.decisions import NotToDecide
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import TraceTooOld
from tests.portal.clocks import continued, settled_alone
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.saga_steps import (
    Clerk,
    held,
    move_for_a_person,
    stage,
    step,
    transitions,
    unconfirmed_move,
)
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("MOVE-1")]

FIRST, SECOND, UNDO = Command.Step.FIRST, Command.Step.SECOND, Command.Step.UNDO


def test_a_person_finishes_what_came_too_late(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = move_for_a_person(clerk, spine, old)
    assert "a person decides" in known_when_deciding(saga)
    finished = decisions.finish(saga, actor=clerk.actor)
    assert (finished.kind, finished.state) == (Kind.CANCEL, State.DONE)
    assert decisions.finish(saga, actor=clerk.actor) == finished  # a second click
    assert stage(saga) is Stage.FINISHED
    new = step(saga, FIRST)
    assert held(spine) == {old.appointment_id: "cancelled", new.appointment_id: "booked"}
    assert transitions(saga)[-2:] == [
        ("stopped", "receptionist", "settling"),
        ("finished", "receptionist", ""),
    ]
    with pytest.raises(NotToDecide):
        decisions.undo(saga, "Changed their mind", actor=clerk.actor)
    with pytest.raises(NotToDecide):
        decisions.keep_both(saga, actor=clerk.actor)
    assert held(spine)[new.appointment_id] == "booked"


def test_a_person_undoes_it(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = move_for_a_person(clerk, spine, old)
    undone = decisions.undo(saga, "Keeps the old one", actor=clerk.actor)
    assert (undone.kind, undone.state) == (Kind.CANCEL, State.DONE)
    assert decisions.undo(saga, "Keeps the old one", actor=clerk.actor) == undone
    assert stage(saga) is Stage.UNDONE
    new = step(saga, FIRST)
    assert held(spine) == {old.appointment_id: "booked", new.appointment_id: "cancelled"}
    assert transitions(saga)[-1] == ("undone", "receptionist", "")
    with pytest.raises(NotToDecide):
        decisions.finish(saga, actor=clerk.actor)
    assert held(spine)[old.appointment_id] == "booked"


def test_a_person_keeps_both(clerk: Clerk, old: Command, spine: Sandbox) -> None:
    saga = move_for_a_person(clerk, spine, old)
    decisions.keep_both(saga, actor=clerk.actor)
    decisions.keep_both(saga, actor=clerk.actor)
    assert stage(saga) is Stage.CLOSED
    saga.refresh_from_db()
    assert (saga.closing, saga.closed_by) == ("kept_both", clerk.actor.user)
    assert [what for what, _, _ in transitions(saga)].count("kept both") == 1
    assert saga_status.open_in(clerk.actor.organisation) == []
    with pytest.raises(NotToDecide):
        decisions.finish(saga, actor=clerk.actor)
    assert set(held(spine).values()) == {"booked"}
    assert clerk.moves(old).state == State.DONE  # and may be moved again


def test_a_cancellation_that_was_not_made_is_tried_again_by_a_person(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="cancel", kind="status_500", times=1)
    second = clerk.moves(old)
    saga = second.saga
    assert saga is not None
    with pytest.raises(NotToDecide, match="not settled yet"):
        decisions.undo(saga, "Keeps the old one", actor=clerk.actor)
    assert settled_alone(second, dead=True).state == State.NOT_MADE
    assert continued(saga) is Stage.NEEDS_DECISION  # never tried again by itself
    assert set(held(spine).values()) == {"booked"}
    assert saga_status.open_in(clerk.actor.organisation) == [saga]
    assert "The portal has not cancelled the old one" in known_when_deciding(saga)
    again = decisions.finish(saga, actor=clerk.actor)
    assert again.state == State.DONE
    assert again != second
    assert stage(saga) is Stage.FINISHED
    assert held(spine)[old.appointment_id] == "cancelled"


def test_undoing_that_is_not_confirmed_is_settled(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = move_for_a_person(clerk, spine, old)
    spine.fault(practice="A20047", use_case="cancel", kind="status_500_after", times=1)
    undone = decisions.undo(saga, "Keeps the old one", actor=clerk.actor)
    assert undone.state == State.UNCONFIRMED
    assert stage(saga) is Stage.UNDOING
    with pytest.raises(NotToDecide, match="being undone"):
        decisions.finish(saga, actor=clerk.actor)
    assert settled_alone(undone).state == State.DONE
    assert stage(saga) is Stage.UNDONE
    assert held(spine)[old.appointment_id] == "booked"


def test_nothing_is_undone_once_the_old_one_is_gone(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    """The cancellation was not found at first, and has arrived all the same."""
    spine.fault(practice="A20047", use_case="cancel", kind="status_500_after", times=1)
    second = clerk.moves(old)
    Command.objects.filter(pk=second.pk).update(state=State.NOT_MADE, next_look_at=None)
    assert second.saga is not None
    with pytest.raises(NotToDecide, match="would have none"):
        decisions.undo(second.saga, "Keeps the old one", actor=clerk.actor)
    new = step(second.saga, FIRST)
    assert held(spine)[new.appointment_id] == "booked"


def test_a_colleague_finishes_with_an_encounter_of_their_own(
    clerk: Clerk,
    old: Command,
    spine: Sandbox,
    clinician: User,
    sign_in: SignIn,
    acting_for: Callable[..., Actor],
) -> None:
    saga = move_for_a_person(clerk, spine, old)
    colleague = acting_for(clinician, "A1001")
    assert saga_status.open_in(colleague.organisation) == [saga]
    with pytest.raises(TraceTooOld):
        decisions.finish(saga, actor=colleague)
    their_client = Client()
    sign_in(their_client, clinician)
    their_encounter = Counter(their_client).traces()
    finished = decisions.finish(saga, actor=colleague)
    assert finished.state == State.DONE
    assert str(finished.encounter_id) == their_encounter
    assert finished.user == clinician
    assert transitions(saga)[-1] == ("finished", "clinician", "")


def test_nobody_else_decides(
    clerk: Clerk,
    old: Command,
    spine: Sandbox,
    auditor: User,
    locum: User,
    acting_for: Callable[..., Actor],
) -> None:
    saga = move_for_a_person(clerk, spine, old)
    with pytest.raises(NotPermitted):
        decisions.finish(saga, actor=acting_for(auditor, "A1001"))
    with pytest.raises(NotPermitted):
        decisions.keep_both(saga, actor=acting_for(auditor, "A1001"))
    assert Event.objects.filter(kind=EventKind.NOT_PERMITTED, username="auditor").count() == 2
    elsewhere = acting_for(locum, "A1002")
    assert saga_status.open_in(elsewhere.organisation) == []
    for decide in (
        lambda: decisions.finish(saga, actor=elsewhere),
        lambda: decisions.undo(saga, "Mine", actor=elsewhere),
        lambda: decisions.keep_both(saga, actor=elsewhere),
    ):
        with pytest.raises(NotToDecide, match="another organisation"):
            decide()
    assert set(held(spine).values()) == {"booked"}


def test_nothing_is_decided_before_the_first_step_is_settled(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    for decide in (
        lambda: decisions.finish(saga, actor=clerk.actor),
        lambda: decisions.undo(saga, "Keeps the old one", actor=clerk.actor),
        lambda: decisions.keep_both(saga, actor=clerk.actor),
    ):
        with pytest.raises(NotToDecide):
            decide()
    assert set(held(spine).values()) == {"booked"}


def test_a_person_may_decide_while_the_portal_still_tries(
    clerk: Clerk, old: Command, spine: Sandbox
) -> None:
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, FIRST))
    assert stage(saga) is Stage.AUTOMATIC
    decisions.keep_both(saga, actor=clerk.actor)
    assert continued(saga) is Stage.CLOSED
    assert set(held(spine).values()) == {"booked"}

"""Where two writes for one wish stand, step by step. [docs/adr/0009]"""

from datetime import timedelta
from typing import Any

import pytest

from booking_portal.accounts.models import Organisation
from booking_portal.appointments.messages.decision import known_when_deciding
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import (
    Stage,
    booking_to_come,
    latest_of,
    latest_step,
    may_cancel_first,
    open_in,
    open_saga_of_appointment,
    stage_of,
    step_of,
    waiting_for,
    without_appointment,
)
from booking_portal.commands.states import State
from tests.portal.rows import Rows

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("MOVE-1", "REG-1")]

MOVE, CANCEL_FIRST, REGISTER_AND_BOOK = Saga.Kind
SENDING, UNCONFIRMED, NEEDS_ATTENTION, DONE, REFUSED, NOT_MADE, WITHDRAWN = State
OPEN_STATES, FAILED = (SENDING, UNCONFIRMED, NEEDS_ATTENTION), (REFUSED, NOT_MADE, WITHDRAWN)
NOW, BEFORE = timedelta(0), timedelta(minutes=-1)

# The steps that there are, in their order; what stands in the way of going on by itself; and
# where the saga stands, while nobody has closed it and after somebody has.
Steps = dict[str, State]
STANDINGS: list[tuple[Steps, dict[str, Any], Stage, Stage]] = [
    ({}, {}, Stage.FIRST_UNSETTLED, Stage.CLOSED),
    *(({"first": state}, {}, Stage.FIRST_UNSETTLED, Stage.CLOSED) for state in OPEN_STATES),
    *(({"first": state}, {}, Stage.FIRST_FAILED, Stage.CLOSED) for state in FAILED),
    ({"first": DONE}, {}, Stage.AUTOMATIC, Stage.CLOSED),
    ({"first": DONE}, {"stopped": "WITHDRAWN"}, Stage.NEEDS_DECISION, Stage.CLOSED),
    ({"first": DONE}, {"next_try_at": None}, Stage.NEEDS_DECISION, Stage.CLOSED),
    ({"first": DONE}, {"automatic_until": BEFORE}, Stage.NEEDS_DECISION, Stage.CLOSED),
    *(
        ({"first": DONE, "second": state}, {}, Stage.SECOND_UNSETTLED, Stage.CLOSED)
        for state in OPEN_STATES
    ),
    *(
        ({"first": DONE, "second": state}, {}, Stage.NEEDS_DECISION, Stage.CLOSED)
        for state in FAILED
    ),
    ({"first": DONE, "second": DONE}, {}, Stage.FINISHED, Stage.FINISHED),
    *(({"first": DONE, "undo": state}, {}, Stage.UNDOING, Stage.CLOSED) for state in OPEN_STATES),
    *(
        ({"first": DONE, "second": REFUSED, "undo": state}, {}, Stage.UNDOING, Stage.CLOSED)
        for state in OPEN_STATES
    ),
    ({"first": DONE, "undo": REFUSED}, {}, Stage.AUTOMATIC, Stage.CLOSED),
    ({"first": DONE, "second": REFUSED, "undo": REFUSED}, {}, Stage.NEEDS_DECISION, Stage.CLOSED),
    ({"first": DONE, "undo": DONE}, {}, Stage.UNDONE, Stage.UNDONE),
    ({"first": DONE, "second": REFUSED, "undo": DONE}, {}, Stage.UNDONE, Stage.UNDONE),
    ({"first": DONE, "second": DONE, "undo": REFUSED}, {}, Stage.FINISHED, Stage.FINISHED),
    # One of the two came late: the patient has neither appointment.
    ({"first": DONE, "second": DONE, "undo": DONE}, {}, Stage.NEEDS_DECISION, Stage.CLOSED),
]
OPEN = {
    Stage.FIRST_UNSETTLED,
    Stage.AUTOMATIC,
    Stage.NEEDS_DECISION,
    Stage.SECOND_UNSETTLED,
    Stage.UNDOING,
}


def fresh(saga: Saga) -> Saga:
    """As it is by now: steps are read once for each object."""
    return Saga.objects.get(pk=saga.pk)


def a_saga(rows: Rows, steps: Steps, facts: dict[str, Any], kind: str = MOVE) -> Saga:
    """With `facts`, of which times are from now."""
    at = {
        name: database_now() + value if isinstance(value, timedelta) else value
        for name, value in facts.items()
    }
    return fresh(rows.saga(kind, steps, **at))


def test_where_a_saga_stands_follows_from_its_steps(rows: Rows) -> None:
    organisation = rows.actor.organisation
    for steps, facts, stands, closed in STANDINGS:
        saga = a_saga(rows, steps, facts)
        assert stage_of(saga) is stands, steps
        assert open_in(organisation) == ([saga] if stands in OPEN else []), steps
        held_by = open_saga_of_appointment(rows.practice, "old", organisation)
        assert held_by == (saga if stands in OPEN else None), steps
        Saga.objects.filter(pk=saga.pk).update(closed_at=database_now())
        assert stage_of(fresh(saga)) is closed, steps
        assert open_in(organisation) == [], steps
        assert open_saga_of_appointment(rows.practice, "old", organisation) is None, steps
        Command.objects.all().delete()
        saga.delete()


def test_of_several_tries_the_done_one_counts_and_else_the_latest(rows: Rows) -> None:
    saga = rows.saga()
    rows.step(saga, "first", DONE)
    failed = rows.step(saga, "second", REFUSED)
    assert step_of(fresh(saga), Command.Step.SECOND) == latest_step(fresh(saga)) == failed
    again = rows.step(saga, "second", SENDING)
    assert step_of(fresh(saga), Command.Step.SECOND) == latest_step(fresh(saga)) == again
    Command.objects.filter(pk=failed.pk).update(state=DONE)  # it has shown up after all
    Command.objects.filter(pk=again.pk).update(state=REFUSED)
    assert step_of(fresh(saga), Command.Step.SECOND) == failed
    assert latest_step(fresh(saga)) == again
    assert stage_of(fresh(saga)) is Stage.FINISHED
    assert step_of(fresh(saga), Command.Step.UNDO) is None


def test_one_object_says_one_thing(rows: Rows) -> None:
    """A page that asks twice is not told two things, nor is the database asked twice."""
    saga = rows.saga(steps={"first": UNCONFIRMED})
    seen = fresh(saga)
    assert stage_of(seen) is Stage.FIRST_UNSETTLED
    Command.objects.filter(saga=saga).update(state=DONE)
    assert stage_of(seen) is Stage.FIRST_UNSETTLED
    assert stage_of(fresh(saga)) is Stage.AUTOMATIC


# Cancelling first

A_NO_TO_A_SECOND = ("BAD_REQUEST", "INVALID_RESOURCE", "FHIR_CONSTRAINT_VIOLATION")
ANOTHER_NO = ("DUPLICATE_REJECTED", "ACCESS_DENIED", "NO_PATIENT_CONSENT", "")


def a_refused_move(rows: Rows, **facts: Any) -> Saga:
    """Whose booking the practice of both has refused; `facts` are what differs."""
    step: dict[str, Any] = {"state": REFUSED, "error_code": "INVALID_RESOURCE"}
    step |= {name: facts.pop(name) for name in ("state", "error_code") if name in facts}
    saga = rows.saga(**{"kind": MOVE} | facts)
    rows.step(saga, "first", **step)
    return fresh(saga)


@pytest.mark.parametrize("code", A_NO_TO_A_SECOND)
def test_cancelling_first_may_be_offered_after_the_practices_own_no(rows: Rows, code: str) -> None:
    assert may_cancel_first(a_refused_move(rows, error_code=code))


@pytest.mark.parametrize(
    "differs",
    [
        *({"error_code": code} for code in ANOTHER_NO),
        *({"state": state} for state in State if state != REFUSED),
        {"kind": REGISTER_AND_BOOK},
        {"kind": CANCEL_FIRST},
    ],
    ids=str,
)
def test_cancelling_first_is_not_offered_where_one_thing_is_otherwise(
    rows: Rows, differs: dict[str, Any]
) -> None:
    assert not may_cancel_first(a_refused_move(rows, **differs))


def test_cancelling_first_is_not_offered_where_another_practice_refused(rows: Rows) -> None:
    """What another practice will not book does not hang on the appointment at this one."""
    assert not may_cancel_first(a_refused_move(rows, old_practice=rows.elsewhere))


def test_cancelling_first_is_offered_once(rows: Rows) -> None:
    refused = a_refused_move(rows)
    a_refused_move(rows)
    rows.saga(CANCEL_FIRST)
    assert may_cancel_first(fresh(refused))  # that one was another choice of slots
    rows.saga(CANCEL_FIRST, proposal=refused.proposal)
    assert not may_cancel_first(fresh(refused))


def test_cancelling_first_is_not_offered_when_it_went_on_all_the_same(rows: Rows) -> None:
    refused = a_refused_move(rows)
    Saga.objects.filter(pk=refused.pk).update(closed_at=database_now())
    assert not may_cancel_first(fresh(refused))
    assert not may_cancel_first(rows.saga())  # and nothing was sent yet


# A patient without an appointment, and what is said

NEITHER = {"first": DONE, "second": DONE, "undo": DONE}


@pytest.mark.parametrize(
    ("kind", "steps", "facts", "lost"),
    [
        (MOVE, {"first": DONE, "second": REFUSED}, {}, False),
        (MOVE, {"first": DONE}, {"stopped": "USER_GONE"}, False),
        (MOVE, NEITHER, {}, True),
        (MOVE, {"first": DONE, "undo": DONE}, {}, False),
        (CANCEL_FIRST, {"first": DONE, "second": REFUSED}, {}, True),
        (CANCEL_FIRST, {"first": DONE}, {"automatic_until": BEFORE}, True),
        (CANCEL_FIRST, {"first": DONE}, {}, False),  # on its way
        (CANCEL_FIRST, {"first": DONE, "second": DONE}, {}, False),
        (CANCEL_FIRST, {"first": REFUSED}, {}, False),
        (REGISTER_AND_BOOK, {"first": DONE, "second": REFUSED}, {}, False),
    ],
)
def test_who_has_lost_the_old_appointment_and_not_got_the_new(
    rows: Rows, kind: str, steps: Steps, facts: dict[str, Any], lost: bool
) -> None:
    saga = a_saga(rows, steps, facts, kind)
    assert without_appointment(saga) is lost
    assert ("The patient has no appointment" in known_when_deciding(saga)) is (steps is NEITHER)


BOOKED = "The new appointment is booked. The portal has not cancelled the old one."
NOTHING = "The old appointment is cancelled and the new one is not booked"
LISTED = "The patient is on the practice's list now, temporarily, and that remains."


@pytest.mark.parametrize(
    ("kind", "known"), [(MOVE, BOOKED), (CANCEL_FIRST, NOTHING), (REGISTER_AND_BOOK, LISTED)]
)
def test_what_is_known_and_why_it_did_not_go_on_is_said_while_a_person_decides(
    rows: Rows, kind: str, known: str
) -> None:
    saga = rows.saga(kind, {"first": DONE}, stopped="X", sentence="It could not be read.")
    said = known_when_deciding(fresh(saga))
    assert known in said
    assert said.endswith(" It could not be read.")

    rows.step(saga, "second", REFUSED, sentence="This slot has been taken.")
    assert known_when_deciding(fresh(saga)).endswith(" This slot has been taken.")
    Command.objects.filter(saga=saga, step="second").update(sentence="")
    assert "now a person decides" in known_when_deciding(fresh(saga))
    Command.objects.filter(saga=saga, step="second").update(state=DONE)
    assert known_when_deciding(fresh(saga)) == ""


def test_nothing_is_said_while_it_goes_on(rows: Rows) -> None:
    saga = rows.saga(steps={"first": DONE}, sentence="It could not be read.")
    assert known_when_deciding(fresh(saga)) == ""
    Saga.objects.filter(pk=saga.pk).update(stopped="NEW_CANCELLED")
    assert (
        known_when_deciding(fresh(saga)) == "It could not be read."
    )  # and not that the new is booked


# Whose they are, and what they hold


def test_only_the_organisations_own_are_listed_and_hold(
    rows: Rows, organisations: dict[str, Organisation]
) -> None:
    later = rows.saga(steps={"first": DONE})
    first = rows.saga(steps={"first": DONE}, created_at=database_now() - timedelta(minutes=5))
    another = organisations["A1002"]
    assert open_in(rows.actor.organisation) == [first, later]
    assert open_in(another) == []
    assert open_saga_of_appointment(rows.practice, "old", another) is None


def test_what_has_ended_is_not_listed_and_takes_nothing_else_off_the_list(rows: Rows) -> None:
    ended = [
        *({"first": state} for state in FAILED),
        {"first": DONE, "second": DONE},
        {"first": DONE, "undo": DONE},
    ]
    still_open = rows.saga(steps={"first": DONE, "second": REFUSED})
    for steps in ended:
        saga = rows.saga(steps=steps)
        assert open_in(rows.actor.organisation) == [still_open], steps
        Command.objects.filter(saga=saga).delete()
        saga.delete()


def test_a_saga_holds_the_old_appointment_and_the_new_at_their_practices_and_no_other(
    rows: Rows,
) -> None:
    organisation = rows.actor.organisation
    saga = rows.saga(old_practice=rows.elsewhere)
    rows.step(saga, "first", DONE, appointment_id="new")
    assert open_saga_of_appointment(rows.elsewhere, "old", organisation) == saga
    assert open_saga_of_appointment(rows.practice, "new", organisation) == saga
    for practice, appointment_id in (
        (rows.practice, "old"),
        (rows.elsewhere, "new"),
        (rows.elsewhere, "other"),
        (rows.practice, "other"),
    ):
        assert open_saga_of_appointment(practice, appointment_id, organisation) is None
    assert open_saga_of_appointment(rows.elsewhere, "old", organisation, but_for=saga) is None
    assert open_saga_of_appointment(rows.practice, "new", organisation, but_for=saga) is None
    another = rows.saga(old_practice=rows.elsewhere)
    assert open_saga_of_appointment(rows.elsewhere, "old", organisation, but_for=saga) == another


@pytest.mark.parametrize("state", [each for each in State if each != DONE])
def test_what_is_not_booked_is_not_held_as_the_new_one(rows: Rows, state: State) -> None:
    saga = rows.saga()
    rows.step(saga, "first", state, appointment_id="new")
    assert open_saga_of_appointment(rows.practice, "new", rows.actor.organisation) is None


def test_a_cancelled_appointment_is_not_held_as_a_new_one(rows: Rows) -> None:
    """The cancellation that a saga began with names the old one, and not one that it booked."""
    saga = rows.saga(CANCEL_FIRST, old_appointment_id="seen before")
    rows.step(saga, "first", DONE, appointment_id="old")
    assert open_saga_of_appointment(rows.practice, "old", rows.actor.organisation) is None


# A booking that is still to come by itself


def a_first(
    rows: Rows, kind: str = REGISTER_AND_BOOK, state: State = DONE, **facts: Any
) -> Command:
    """The step after which a booking comes; `facts` of the saga, or with `step_` of the step."""
    own = {name[5:]: facts.pop(name) for name in list(facts) if name.startswith("step_")}
    return rows.step(rows.saga(kind, **facts), "first", state, **own)


def to_come(rows: Rows, *, but_for: Saga | None = None) -> Command | None:
    return booking_to_come(
        [rows.encounter.nhs_number, "9999999999"], rows.actor.organisation, but_for=but_for
    )


@pytest.mark.parametrize("kind", [CANCEL_FIRST, REGISTER_AND_BOOK])
@pytest.mark.parametrize("state", [*OPEN_STATES, DONE])
def test_a_booking_that_comes_by_itself_is_known_before(
    rows: Rows, kind: str, state: State
) -> None:
    first = a_first(rows, kind, state)
    assert to_come(rows) == first
    assert to_come(rows, but_for=first.saga) is None
    assert to_come(rows, but_for=rows.saga()) == first
    another = a_first(rows, kind, state, step_practice=rows.elsewhere)
    assert to_come(rows, but_for=first.saga) == another


@pytest.mark.parametrize(
    "differs",
    [
        {"kind": MOVE},
        *({"state": state} for state in FAILED),
        {"stopped": "USER_GONE"},
        {"closed_at": NOW},
        {"next_try_at": None},
        {"automatic_until": BEFORE},
        {"step_withdrawn_at": NOW},
        {"step_nhs_number": "9658218865"},
    ],
    ids=str,
)
def test_no_booking_comes_by_itself_where_one_thing_is_otherwise(
    rows: Rows, differs: dict[str, Any]
) -> None:
    at: dict[str, Any] = {
        name: database_now() + value if isinstance(value, timedelta) else value
        for name, value in differs.items()
    }
    a_first(rows, **at)
    assert to_come(rows) is None


def test_no_booking_comes_for_another_organisation_or_after_the_second_step(
    rows: Rows, organisations: dict[str, Organisation]
) -> None:
    first = a_first(rows)
    number = [rows.encounter.nhs_number]
    assert booking_to_come(number, organisations["A1002"]) is None
    assert booking_to_come([], rows.actor.organisation) is None
    Command.objects.filter(pk=first.pk).update(step="second")
    assert to_come(rows) is None


# Which saga a choice of slots belongs to


def test_the_latest_saga_of_a_proposal_is_its_own(rows: Rows) -> None:
    proposal = rows.proposal()
    assert latest_of(proposal) is None
    rows.saga()
    old = rows.saga(proposal=proposal, created_at=database_now() - timedelta(minutes=5))
    assert latest_of(proposal) == old
    new = rows.saga(proposal=proposal)
    assert latest_of(proposal) == new


@pytest.mark.parametrize(
    ("kind", "steps", "facts", "waits"),
    [
        (REGISTER_AND_BOOK, {"first": DONE}, {}, True),
        (REGISTER_AND_BOOK, {"first": DONE}, {"stopped": "DIFFERENCES"}, True),
        (REGISTER_AND_BOOK, {"first": REFUSED}, {}, True),  # known there all the same
        (REGISTER_AND_BOOK, {"first": DONE, "second": REFUSED}, {}, True),
        (REGISTER_AND_BOOK, {"first": UNCONFIRMED}, {}, False),
        (REGISTER_AND_BOOK, {"first": DONE, "second": UNCONFIRMED}, {}, False),
        (REGISTER_AND_BOOK, {"first": DONE, "second": DONE}, {}, False),
        (REGISTER_AND_BOOK, {"first": DONE}, {"closed_at": NOW}, False),
        (CANCEL_FIRST, {"first": DONE}, {}, True),
        (MOVE, {"first": DONE}, {}, False),
        (MOVE, {"first": REFUSED}, {}, False),
    ],
)
def test_which_saga_a_booking_by_hand_is_the_second_step_of(
    rows: Rows, kind: str, steps: Steps, facts: dict[str, Any], waits: bool
) -> None:
    saga = a_saga(rows, steps, facts, kind)
    assert waiting_for(saga.proposal) == (saga if waits else None)
    assert waiting_for(rows.proposal()) is None

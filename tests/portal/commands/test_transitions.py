"""A command's life, state by state: what may follow what, and what is written down of it.

The tables are docs/architecture.md's ("A write, from click to certainty"), and not the code's.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from booking_portal.accounts.models import Organisation
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import (
    StateChanged,
    alarm,
    as_json,
    claimed_by_another,
    confirm_done,
    fail,
    transition,
    who_of,
)
from gpconnect.error_evidence import failure
from gpconnect.errors import Origin
from gpconnect.models import Appointment, BookingOrganisation, Patient, PracticeTime
from tests.portal.rows import Rows

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BOOK-7", "BOOK-8", "IG-2")]

SENDING, UNCONFIRMED, NEEDS_ATTENTION, DONE, REFUSED, NOT_MADE, WITHDRAWN = State
BOOK, AMEND, CANCEL, REGISTER = Kind
OPEN_STATES = (SENDING, UNCONFIRMED, NEEDS_ATTENTION)

MAY_BECOME = {
    # The one send has gone, and anything may come back; or nothing, and it is looked for.
    SENDING: {UNCONFIRMED, NEEDS_ATTENTION, DONE, REFUSED, NOT_MADE, WITHDRAWN},
    # Looking finds it, or cannot tell; what is sent again is refused, or found.
    UNCONFIRMED: {NEEDS_ATTENTION, DONE, REFUSED, NOT_MADE, WITHDRAWN},
    # A person says it, or it turns up.
    NEEDS_ATTENTION: {DONE, NOT_MADE, WITHDRAWN},
    # Later evidence: what was held to be dead has arrived, as asked for or otherwise.
    NOT_MADE: {DONE, NEEDS_ATTENTION},
    WITHDRAWN: {DONE, NEEDS_ATTENTION},
    DONE: set(),
    REFUSED: set(),
}


def kept(command: Command) -> Command:
    """As it is in the database."""
    return Command.objects.get(pk=command.pk)


def events(command: Command) -> list[Event]:
    return list(Event.objects.filter(command_id=command.pk, kind=EventKind.COMMAND_MOVED))


@pytest.mark.parametrize("was", State)
def test_every_pair_of_states_is_allowed_or_refused(rows: Rows, was: State) -> None:
    for to in State:
        command = rows.command(state=was, slot_key=to)
        before = kept(command)
        if to in MAY_BECOME[was]:
            assert transition(command, to, reason="so") is command
            assert command.state == kept(command).state == to
            [event] = events(command)
            assert (event.outcome, event.detail["from"]) == (to, was)
            continue
        with pytest.raises(ValueError, match="cannot become"):
            transition(command, to, reason="so")
        assert vars(kept(command)) | {"_state": None} == vars(before) | {"_state": None}
        assert events(command) == []


def test_only_the_state_that_was_seen_is_left(rows: Rows) -> None:
    """Somebody was quicker: nothing is changed, nothing written down."""
    seen = rows.command(state=UNCONFIRMED)
    another = rows.command(state=UNCONFIRMED, slot_key="others")
    Command.objects.filter(pk=seen.pk).update(state=DONE, sentence="It is done.")
    saga = rows.saga(taken_at=database_now())
    Command.objects.filter(pk=seen.pk).update(saga=saga, step="first")
    with pytest.raises(StateChanged):
        transition(seen, NOT_MADE, reason="so", sentence="It is not.")
    assert (kept(seen).state, kept(seen).sentence) == (DONE, "It is done.")
    assert kept(another).state == UNCONFIRMED
    assert Saga.objects.get(pk=saga.pk).taken_at is not None
    assert events(seen) == []


def test_what_is_settled_is_looked_at_no_more_and_what_is_not_still_is(rows: Rows) -> None:
    for to in MAY_BECOME[SENDING]:
        command = rows.command(slot_key=to)
        due = command.next_look_at
        transition(command, to, reason="so")
        if to in OPEN_STATES:
            assert (kept(command).settled_at, kept(command).next_look_at) == (None, due)
            continue
        assert kept(command).next_look_at is None
        assert_now(kept(command).settled_at)
        once_more = rows.command(slot_key=f"{to}, and looked at once more")
        transition(once_more, to, reason="so", next_look_at=due)
        assert kept(once_more).next_look_at == due


def assert_now(moment: datetime | None) -> None:
    assert moment is not None
    assert abs(moment - database_now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "was", "to", "withdrawn", "needs_somebody"),
    [
        *((kind, UNCONFIRMED, NEEDS_ATTENTION, False, True) for kind in Kind),
        (BOOK, WITHDRAWN, DONE, True, True),  # the patient let go of it, and the practice has it
        (BOOK, UNCONFIRMED, DONE, True, True),
        (BOOK, UNCONFIRMED, DONE, False, False),
        (BOOK, UNCONFIRMED, WITHDRAWN, True, False),
        (CANCEL, UNCONFIRMED, DONE, True, False),
        (AMEND, UNCONFIRMED, DONE, True, False),
        (REGISTER, UNCONFIRMED, DONE, True, False),
        (BOOK, SENDING, UNCONFIRMED, True, False),
        (BOOK, UNCONFIRMED, NOT_MADE, False, False),
    ],
)
def test_what_needs_somebody_says_since_when(
    rows: Rows, kind: Kind, was: State, to: State, withdrawn: bool, needs_somebody: bool
) -> None:
    at = database_now() - timedelta(minutes=1) if withdrawn else None
    command = rows.command(kind, was, withdrawn_at=at)
    transition(command, to, reason="so")
    if needs_somebody:
        assert_now(kept(command).attention_at)
    else:
        assert kept(command).attention_at is None


@pytest.mark.parametrize(
    ("how", "owned"),
    [({}, False), ({"by_system": "settling"}, True), ({"who": "the manager"}, True)],
)
def test_nobody_owes_a_call_for_what_became_known_in_the_users_own_request(
    rows: Rows, how: dict[str, Any], owned: bool
) -> None:
    owner = rows.actor.user
    command = rows.command(state=UNCONFIRMED, owner=owner, ring_back="07700 900123")
    if "who" in how:
        how = {"who": replace(who_of(command), username="manager")}
    transition(command, DONE, reason="so", **how)
    assert (kept(command).owner, kept(command).ring_back) == (
        (owner, "07700 900123") if owned else (None, "")
    )


def test_what_happened_is_audited_as_whose_it_was(rows: Rows) -> None:
    command = rows.command(BOOK, UNCONFIRMED, appointment_id="71")
    transition(command, NEEDS_ATTENTION, reason="nobody can tell", error_code="HTTP_503")
    manager = replace(who_of(command), username="manager", user_name="M. Manager")
    transition(
        command,
        DONE,
        reason="they said so",
        by_system="unheard",
        who=manager,
        appointment_id="72",
        resolution=Command.Resolution.BY_TELEPHONE,
    )
    second, first = events(command)
    for event in (first, second):
        assert event.command_id == command.pk
        assert event.encounter_id == command.encounter_id
        assert (event.nhs_number, event.practice_ods) == (command.nhs_number, "A20047")
        assert event.organisation_ods == "A1001"
    assert (first.username, first.by_system) == ("receptionist", "")
    assert (first.outcome, first.error_code) == ("needs_attention", "HTTP_503")
    assert first.appointment_id == "71"
    assert first.detail == {"from": "unconfirmed", "reason": "nobody can tell", "kind": "book"}
    assert (second.username, second.by_system) == ("manager", "")
    assert (second.outcome, second.error_code, second.appointment_id) == ("done", "", "72")
    assert second.detail == {
        "from": "needs_attention",
        "reason": "they said so",
        "kind": "book",
        "resolution": "by_telephone",
    }
    assert who_of(command, "settling") == replace(rows.actor.who, by_system="settling")
    assert who_of(command) == rows.actor.who
    swept = rows.command(slot_key="others")
    transition(swept, UNCONFIRMED, reason="overdue", by_system="settling")
    [event] = events(swept)
    assert (event.username, event.by_system) == ("receptionist", "settling")


def test_the_object_in_hand_is_as_the_row_is(rows: Rows) -> None:
    command = transition(rows.command(), NOT_MADE, reason="so", sentence="Nothing was sent.")
    for name in ("state", "settled_at", "next_look_at", "sentence", "owner_id", "ring_back"):
        assert getattr(command, name) == getattr(kept(command), name), name


def test_news_of_a_step_is_news_of_its_saga_and_no_other(rows: Rows) -> None:
    taken: dict[str, Any] = {"taken_at": database_now(), "owner": rows.actor.user}
    saga, another = rows.saga(**taken), rows.saga(**taken)
    first = transition(rows.step(saga, "first", SENDING), UNCONFIRMED, reason="so")
    transition(rows.command(slot_key="others"), UNCONFIRMED, reason="so")  # of no saga
    saga.refresh_from_db()
    another.refresh_from_db()
    assert (saga.owner, saga.taken_at) == (None, None)
    assert saga.attention_at is not None
    assert (another.owner, another.taken_at) == (rows.actor.user, taken["taken_at"])
    assert (
        kept(transition(first, NEEDS_ATTENTION, reason="so")).saga == saga
    )  # and it stays its step


# What turns up late


@pytest.mark.parametrize("kind", [BOOK, REGISTER])
@pytest.mark.parametrize("was", [NOT_MADE, WITHDRAWN])
def test_what_has_been_asked_for_again_does_not_become_open_beside_it(
    rows: Rows, kind: Kind, was: State
) -> None:
    """Not to be told apart, the two of them: whoever looks next sees what became of the other."""
    late = rows.command(kind, was)
    other = rows.command(kind)
    for state in OPEN_STATES:
        Command.objects.filter(pk=other.pk).update(state=state)
        with pytest.raises(StateChanged):
            transition(late, NEEDS_ATTENTION, reason="so")
        assert kept(late).state == was
    found = rows.command(kind, was)
    assert transition(found, DONE, reason="found").state == DONE  # certain is certain
    for state in (DONE, REFUSED, NOT_MADE, WITHDRAWN):
        Command.objects.filter(pk=other.pk).update(state=state)
        again = rows.command(kind, was)
        assert transition(again, NEEDS_ATTENTION, reason="so").state == NEEDS_ATTENTION
        again.delete()


def test_what_was_asked_for_beside_it_is_not_the_same(
    rows: Rows, organisations: dict[str, Organisation]
) -> None:
    late = rows.command(BOOK, NOT_MADE)
    otherwise: tuple[dict[str, Any], ...] = (
        {"kind": AMEND},
        {"organisation": organisations["A1002"]},
        {"nhs_number": "9658218865"},
        {"practice": rows.elsewhere},
        {"slot_key": "other slots"},
    )
    for differs in otherwise:
        rows.command(**{"kind": BOOK, "state": UNCONFIRMED} | differs)
    assert transition(late, NEEDS_ATTENTION, reason="so").state == NEEDS_ATTENTION


def test_a_change_may_be_open_beside_another(rows: Rows) -> None:
    for kind in (AMEND, CANCEL):
        late = rows.command(kind, NOT_MADE)
        rows.command(kind, UNCONFIRMED)
        assert transition(late, NEEDS_ATTENTION, reason="so").state == NEEDS_ATTENTION


@pytest.mark.parametrize(
    ("others", "to", "stays"),
    [
        ({}, DONE, True),
        ({"second": DONE}, DONE, False),  # another try of the same step is done
        ({"second": REFUSED}, DONE, True),
        ({"undo": DONE}, DONE, True),
        ({"undo": SENDING}, DONE, True),
        ({}, NEEDS_ATTENTION, True),
        ({"second": REFUSED}, NEEDS_ATTENTION, True),
        ({"second": DONE}, NEEDS_ATTENTION, True),
        ({"second": SENDING}, NEEDS_ATTENTION, False),  # a saga has one open step at a time
        ({"undo": UNCONFIRMED}, NEEDS_ATTENTION, False),
    ],
)
def test_a_step_that_shows_up_late_beside_another_stands_for_itself(
    rows: Rows, others: dict[str, State], to: State, stays: bool
) -> None:
    saga = rows.saga(steps={"first": DONE})
    elsewhere = rows.saga(steps={"first": DONE})
    late = rows.step(saga, "second", NOT_MADE)
    rows.step(elsewhere, "second", DONE)
    rows.step(rows.saga(), "second", SENDING)
    for step, state in others.items():
        rows.step(saga, step, state)
    transition(late, to, reason="so")
    assert (kept(late).saga, kept(late).step) == ((saga, "second") if stays else (None, ""))


# What is confirmed


FOUND = Appointment(
    id="71",
    version="2",
    status="booked",
    start=PracticeTime.read("2099-11-24T18:40:00+00:00"),
    end=PracticeTime.read("2099-11-24T18:50:00+00:00"),
    description="Knee pain",
    comment="By taxi",
    slot_ids=("s1",),
    patient_id="p1",
    location_id="17",
    service_id="5",
    practitioner_id="2",
    delivery_channel="Telephone",
    practitioner_role="Nurse",
    slot_type="Extended",
    schedule_type="Evening clinic",
    booking_organisation=BookingOrganisation("A1001", name="The hub"),
    cancellation_reason="Feels better",
)
AS_KEPT = {
    "id": "71",
    "version": "2",
    "status": "booked",
    "starts": "2099-11-24T18:40:00+00:00",
    "ends": "2099-11-24T18:50:00+00:00",
    "description": "Knee pain",
    "comment": "By taxi",
    "delivery_channel": "Telephone",
    "practitioner_role": "Nurse",
    "practitioner_id": "2",
    "location_id": "17",
    "service_id": "5",
    "slot_type": "Extended",
    "schedule_type": "Evening clinic",
    "cancellation_reason": "Feels better",
    "booked_by": "The hub",
}


def test_what_the_practice_returned_is_kept_and_what_it_did_not_is_left_out() -> None:
    assert as_json(FOUND) == AS_KEPT
    bare = Appointment("71", None, "booked", FOUND.start, FOUND.end)
    assert as_json(bare) == {name: AS_KEPT[name] for name in ("id", "status", "starts", "ends")}


@pytest.mark.parametrize(
    ("was", "found", "how", "code"),
    [
        (SENDING, False, "answered", ""),
        (UNCONFIRMED, False, "answered", ""),
        (UNCONFIRMED, True, "found", "HTTP_503"),
        (NEEDS_ATTENTION, True, "found", "HTTP_503"),
        (NOT_MADE, True, "found_later", "HTTP_503"),
        (NOT_MADE, False, "found_later", "HTTP_503"),
        (WITHDRAWN, True, "found_later", "HTTP_503"),
    ],
)
def test_how_it_became_certain_is_kept_apart_from_what_was_answered(
    rows: Rows, was: State, found: bool, how: str, code: str
) -> None:
    answered = {"error_code": "HTTP_503", "error_status": 503, "said": "Try later"}
    command = rows.command(BOOK, was, sentence="No answer", next_step="Wait", **answered)
    confirm_done(command, FOUND, reason="so", found=found)
    now = kept(command)
    assert (now.state, now.resolution, now.error_code) == (DONE, how, code)
    assert (now.error_status, now.said) == ((503, "Try later") if code else (None, ""))
    assert (now.appointment_id, now.result) == ("71", AS_KEPT)
    assert (now.sentence, now.next_step) == ("", "")


def test_unless_somebody_has_looked_it_was_answered(rows: Rows) -> None:
    assert confirm_done(rows.command(), FOUND, reason="so").resolution == "answered"


def test_a_registration_is_confirmed_with_the_practices_id_of_the_patient(rows: Rows) -> None:
    rows.command(BOOK, DONE, appointment_id="7")
    command = confirm_done(rows.command(REGISTER), Patient("7", nhs_number="1"), reason="so")
    assert (kept(command).state, kept(command).patient_id) == (DONE, "7")
    assert (kept(command).appointment_id, kept(command).result) == ("", {})


@pytest.mark.parametrize("was", [SENDING, UNCONFIRMED, NOT_MADE, WITHDRAWN])
def test_an_appointment_that_another_booking_has_is_for_a_person(rows: Rows, was: State) -> None:
    claims = rows.command(BOOK, DONE, appointment_id="71")
    command = rows.command(BOOK, was, said="Try later", error_status=503)
    confirm_done(command, FOUND, reason="so", by_system="settling")
    now = kept(command)
    assert (now.state, now.error_code) == (NEEDS_ATTENTION, "NUMBER_IN_USE")
    assert (now.said, now.error_status, now.next_look_at) == ("", None, None)
    assert (now.appointment_id, now.result) == ("", {})
    assert "another booking has already" in now.sentence
    assert now.next_step.startswith("Ring the practice")
    assert kept(claims).state == DONE
    assert [event.by_system for event in events(command)] == ["settling"]


def test_what_needs_a_person_already_does_so_still(rows: Rows) -> None:
    rows.command(BOOK, DONE, appointment_id="71")
    command = rows.command(BOOK, NEEDS_ATTENTION, sentence="As it was.")
    assert confirm_done(command, FOUND, reason="so") is command
    assert (kept(command).state, kept(command).sentence) == (NEEDS_ATTENTION, "As it was.")
    assert events(command) == []


def test_a_claim_is_a_done_booking_of_that_very_system(rows: Rows) -> None:
    mine = rows.command(BOOK, UNCONFIRMED, slot_key="others")
    otherwise: tuple[dict[str, Any], ...] = (
        {"appointment_id": "72"},
        {"practice": rows.elsewhere},
        {"asid": "200000000999"},
        {"service_root": "https://another.test/STU3/1"},
        {"kind": AMEND},
        {"kind": CANCEL},
        *({"state": state, "slot_key": state} for state in State if state != DONE),
    )
    for differs in otherwise:
        rows.command(**{"kind": BOOK, "state": DONE, "appointment_id": "71"} | differs)
    assert not claimed_by_another(mine, "71")
    rows.command(BOOK, DONE, appointment_id="71")
    assert claimed_by_another(mine, "71")
    for kind in (AMEND, CANCEL):
        assert not claimed_by_another(rows.command(kind, UNCONFIRMED), "71")


def test_nobodys_claim_stands_against_itself(rows: Rows) -> None:
    mine = rows.command(BOOK, DONE, appointment_id="71")
    assert not claimed_by_another(mine, "71")


# What is refused, or answered otherwise


@pytest.mark.parametrize(
    ("to", "how"),
    [
        (REFUSED, "answered"),
        (NOT_MADE, "not_sent"),
        (UNCONFIRMED, ""),
        (NEEDS_ATTENTION, ""),
        (WITHDRAWN, ""),
    ],
)
def test_an_error_is_kept_as_it_was_answered(rows: Rows, to: State, how: str) -> None:
    error = failure(
        "INVALID_RESOURCE",
        origin=Origin.PRACTICE,
        status=422,
        diagnostics="Not for 9658218873",
    )
    command = rows.command()
    due = database_now()
    assert fail(command, to, error, by_system="settling", next_look_at=due) is command
    now = kept(command)
    assert (now.state, now.resolution) == (to, how)
    assert (now.error_code, now.error_status) == ("INVALID_RESOURCE", 422)
    assert (now.sentence, now.next_step) == (error.sentence, error.next_step)
    assert now.said.startswith("Not for ")
    assert "9658218873" not in now.said
    assert now.next_look_at == due
    [event] = events(command)
    assert (event.detail["reason"], event.by_system) == ("INVALID_RESOURCE", "settling")


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        ("INVALID_RESOURCE", "", "First words"),  # the same answer, as a look makes it count
        ("INVALID_RESOURCE", "Other words", "Other words"),
        ("BAD_REQUEST", "", ""),  # another answer, of which nothing was said
        ("BAD_REQUEST", "Other words", "Other words"),
    ],
)
def test_what_was_said_is_that_of_the_last_answer(
    rows: Rows, code: str, words: str, said: str
) -> None:
    command = rows.command(state=UNCONFIRMED, error_code="INVALID_RESOURCE", said="First words")
    error = failure(code, origin=Origin.PRACTICE, status=400, diagnostics=words)
    fail(command, REFUSED, error)
    assert kept(command).said == said


@pytest.mark.parametrize("answered", [FOUND, None])
def test_something_else_than_was_asked_for_is_for_a_person(
    rows: Rows, answered: Appointment | None
) -> None:
    error = failure("DIFFERENT_FROM_ASKED", origin=Origin.PRACTICE, status=201)
    command = alarm(rows.command(), error, answered, by_system="settling")
    now = kept(command)
    assert (now.state, now.error_code) == (NEEDS_ATTENTION, "DIFFERENT_FROM_ASKED")
    assert now.next_look_at is None
    kept_of_it = ("71", AS_KEPT) if answered else ("", {})
    assert (now.appointment_id, now.result) == kept_of_it
    assert [event.by_system for event in events(command)] == ["settling"]

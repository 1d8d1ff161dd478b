"""Is this appointment ours? The cases of docs/adr/0007, one by one."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation, User
from booking_portal.commands.delivery.matching import (
    Known,
    booked_by,
    changed_by,
    known_of,
    made_by,
    registered_by,
)
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter
from gpconnect.client import GPConnectClient
from gpconnect.models import Appointment, Appointments, BookingOrganisation, Patient
from gpconnect.practice_time import PracticeTime
from tests.portal.counter import PATIENT, Counter
from tests.portal.unsettled import another_like
from tests.sandbox_control import Sandbox

STARTS, ENDS = "2026-11-24T18:40:00+00:00", "2026-11-24T18:50:00+00:00"
LATER = PracticeTime.read("2026-11-25T09:00:00+00:00")
NONE, UNDECIDED = (None, True), (None, False)


def a_booking(**payload: object) -> Command:
    offers = [
        {"practice_ods": "A20047", "slot_id": slot, "starts": STARTS, "ends": ENDS}
        for slot in ("s1", "s2")
    ]
    return Command(
        id=uuid.uuid4(),
        kind=Kind.BOOK,
        state=State.UNCONFIRMED,
        organisation=Organisation(ods_code="A1001"),
        patient_id="p1",
        starts_at=datetime(2026, 11, 24, 18, 40, tzinfo=UTC),
        payload={"offers": offers, "before": [], **payload},
    )


OURS = Appointment(
    id="a1",
    version="1",
    status="booked",
    start=PracticeTime.read(STARTS),
    end=PracticeTime.read(ENDS),
    slot_ids=("s2", "s1"),
    patient_id="p1",
    booking_organisation=BookingOrganisation("A1001"),
)


def judged(
    *appointments: Appointment, command: Command | None = None, **known: Any
) -> tuple[Appointment | None, bool]:
    return made_by(command or a_booking(), appointments, Known(**known))


@pytest.mark.requirement("BOOK-8")
@pytest.mark.parametrize(
    "as_told",
    [
        OURS,
        replace(OURS, slot_ids=("s1", "s2")),
        replace(OURS, booking_organisation=BookingOrganisation(" a1001")),
        replace(OURS, description="cut by the practi"),
        replace(OURS, start=LATER, end=LATER),
        replace(OURS, status="cancelled"),
        replace(OURS, identifiers=("their own", str(uuid.uuid4()))),
    ],
)
def test_patient_slots_and_organisation_make_it_ours(as_told: Appointment) -> None:
    assert judged(as_told) == (as_told, True)
    another = replace(OURS, id="a9", slot_ids=("s9",), start=LATER)
    assert judged(another, as_told) == (as_told, True)


@pytest.mark.requirement("BOOK-8", "PDS-6")
@pytest.mark.parametrize(
    "other",
    [
        replace(OURS, patient_id="p2"),
        replace(OURS, booking_organisation=BookingOrganisation("A1002")),
        replace(OURS, booking_organisation=None, slot_ids=("s9",), start=LATER),
    ],
)
def test_what_is_another_persons_or_anothers_booking_is_no_evidence(other: Appointment) -> None:
    assert judged(other) == NONE


@pytest.mark.parametrize(
    "doubtful",
    [
        replace(OURS, patient_id=None),
        replace(OURS, booking_organisation=None),
        replace(OURS, booking_organisation=BookingOrganisation("")),
        replace(OURS, slot_ids=()),
        replace(OURS, slot_ids=("s1",)),
        replace(OURS, slot_ids=("s1", "s2", "s3")),
        replace(OURS, slot_ids=("renamed", "too")),
        replace(OURS, slot_ids=("renamed",), start=LATER),
        replace(OURS, booking_organisation=None, slot_ids=("renamed",)),
        replace(OURS, booking_organisation=None, slot_ids=("s9",), start=PracticeTime.read("?")),
        # Each of these alone is enough for a doubt: no slots told, one of ours, our time.
        replace(OURS, booking_organisation=None, slot_ids=(), start=LATER),
        replace(OURS, booking_organisation=None, slot_ids=("s1", "s9"), start=LATER),
        replace(OURS, booking_organisation=None, slot_ids=("s9",)),
    ],
)
def test_what_may_be_ours_and_is_not_proved_is_neither_taken_nor_denied(
    doubtful: Appointment,
) -> None:
    assert judged(doubtful) == UNDECIDED
    assert judged(replace(doubtful, status="cancelled")) == UNDECIDED
    assert judged(doubtful, command=a_booking(before=["a1"])) == NONE
    assert judged(doubtful, replace(OURS, id="a2"))[0] == replace(OURS, id="a2")


def test_what_was_there_before_is_not_ours() -> None:
    again = replace(OURS, id="a2")
    assert judged(OURS, command=a_booking(before=["a1"])) == NONE
    assert judged(OURS, again, command=a_booking(before=["a1"])) == (again, True)


def test_without_knowing_what_was_there_only_the_identifier_decides() -> None:
    command = a_booking(before=None)
    assert judged(command=command) == NONE
    assert judged(OURS, command=command) == UNDECIDED
    marked = replace(OURS, identifiers=(str(command.pk),))
    assert judged(OURS, replace(marked, id="a2"), command=command)[0] is not OURS


@pytest.mark.parametrize("written", [str, lambda pk: str(pk).upper(), lambda pk: pk.urn])
def test_the_commands_own_identifier_is_enough(written: Callable[[uuid.UUID], str]) -> None:
    command = a_booking(before=None)
    marked = replace(OURS, id="a2", slot_ids=(), identifiers=("their own", written(command.pk)))
    assert judged(OURS, marked, command=command)[0] is marked


def test_of_two_that_carry_our_identifier_the_live_one_counts_and_of_two_live_ones_none() -> None:
    command = a_booking()
    one = replace(OURS, identifiers=(str(command.pk),))
    two = replace(one, id="a2")
    assert judged(one, replace(two, status="cancelled"), command=command)[0] is one
    assert judged(replace(one, status="cancelled"), two, command=command)[0] is two
    assert judged(one, two, command=command) == UNDECIDED
    gone = (replace(one, status="cancelled"), replace(two, status="cancelled"))
    assert judged(*gone, command=command) == (gone[0], False)  # made, and cancelled since


def test_of_two_that_fit_equally_neither_is_taken() -> None:
    """Booked, cancelled and booked again: which of the two was ours, nobody can tell."""
    again = replace(OURS, id="a2")
    assert judged(OURS, again) == UNDECIDED
    assert judged(replace(OURS, status="cancelled"), again) == UNDECIDED
    assert judged(OURS, OURS) == (OURS, True)  # told twice


def test_what_another_command_has_made_is_not_ours() -> None:
    assert judged(OURS, taken=frozenset({"a1"})) == NONE
    again = replace(OURS, id="a2")
    assert judged(OURS, again, taken=frozenset({"a1"})) == (again, True)
    assert judged(OURS, rivalled=True) == UNDECIDED


def an_amendment(**more: object) -> Command:
    payload = {"version": "1", "description": "Knee", "comment": "Stick", **more}
    return Command(kind=Kind.AMEND, payload=payload)


@pytest.mark.requirement("AMEND-2", "BOOK-4")
@pytest.mark.parametrize(
    ("version", "description", "comment", "made", "none_is_certain"),
    [
        ("2", "Knee", "Stick", True, True),
        ("2", " Knee ", "Stick\n", True, True),  # trimmed
        ("2", "Knee Stick", None, True, True),  # joined into one field
        ("0", "Knee", "Stick", True, True),  # versions have no order
        (None, "Knee", "Stick", True, True),
        ("1", "Knee", "Stick", False, True),  # the version that was there before
        ("1", "Shoulder", "", False, True),
        ("3", "Shoulder", "", False, False),  # perhaps amended, and amended back since
        ("2", "Knee", None, False, False),
        ("2", "Kne", "Stick", False, False),  # cut
        (None, "Shoulder", "", False, False),
    ],
)
def test_an_amendment_is_recognised_by_its_texts_in_another_version(
    version: str | None,
    description: str,
    comment: str | None,
    made: bool,
    none_is_certain: bool,
) -> None:
    found = replace(OURS, version=version, description=description, comment=comment)
    expected = (found if made else None, none_is_certain)
    assert changed_by(an_amendment(), found) == expected


def test_where_nobody_tells_a_version_the_words_decide() -> None:
    found = replace(OURS, version=None, description="Knee", comment="Stick")
    assert changed_by(an_amendment(version=None), found) == (found, True)


@pytest.mark.requirement("CANCEL-1")
@pytest.mark.parametrize("version", ["1", "2", None])
def test_a_cancellation_is_fulfilled_whoever_cancelled(version: str | None) -> None:
    command = Command(kind=Kind.CANCEL, payload={"version": "1", "reason": "Feels better"})
    stands = replace(OURS, version=version)
    gone = replace(stands, status="cancelled", cancellation_reason="By somebody else")
    assert changed_by(command, gone) == (gone, True)
    assert changed_by(command, stands) == NONE


@pytest.mark.requirement("REG-3")
def test_a_registration_is_recognised_by_the_one_record_of_the_patient() -> None:
    command = Command(kind=Kind.REGISTER, nhs_number="9324926233")
    theirs = Patient("7", nhs_number="9324926233")
    another = Patient("8", nhs_number="9658218873")
    assert registered_by(command, []) == NONE
    assert registered_by(command, [theirs]) == (theirs, True)
    assert registered_by(command, [another]) == UNDECIDED
    assert registered_by(command, [theirs, theirs]) == UNDECIDED


@pytest.fixture
def unsettled(counter: Counter, spine: Sandbox) -> Command:
    """A booking that A20047 has made and whose answer was lost."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    return counter.arrives_at_booking()


def as_told(command: Command, **changed: Any) -> Appointment:
    """What the practice tells of the command's booking."""
    ours = replace(
        OURS,
        slot_ids=tuple(offer.slot_id for offer in command.offers),
        patient_id=command.patient_id,
        booking_organisation=BookingOrganisation(command.organisation.ods_code),
    )
    return replace(ours, **changed)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "taken"),
    [
        (State.DONE, True),
        (State.NEEDS_ATTENTION, True),  # the practice's own answer to it was this appointment
        (State.NOT_MADE, False),
        (State.REFUSED, False),
    ],
)
def test_an_appointment_that_another_command_claims_is_not_taken(
    unsettled: Command, state: State, taken: bool
) -> None:
    another_like(unsettled, state=state, appointment_id="a1", slot_key="other slots")
    told = as_told(unsettled)
    assert booked_by(unsettled, [told]) == (NONE if taken else (told, True))


@pytest.mark.django_db
def test_every_appointment_with_another_commands_identifier_is_left_out(
    unsettled: Command,
) -> None:
    other = another_like(unsettled, state=State.REFUSED)
    marked = as_told(unsettled, identifiers=(str(other.pk),))
    twice = replace(marked, id="a2")
    assert known_of(unsettled, [marked, twice]).taken == {"a1", "a2"}
    assert booked_by(unsettled, [marked, twice]) == NONE


@pytest.mark.django_db
def test_a_settled_booking_gives_way_to_one_that_is_not_settled(unsettled: Command) -> None:
    """What turns up late, and fits both, is that of the one whose request can still arrive."""
    earlier = another_like(unsettled, state=State.NOT_MADE)
    told = as_told(unsettled)
    assert booked_by(earlier, [told]) == UNDECIDED
    assert booked_by(unsettled, [told]) == (told, True)
    marked = replace(told, identifiers=(str(earlier.pk),))
    assert booked_by(earlier, [marked])[0] == marked


@pytest.mark.django_db
def test_a_booking_closed_by_telephone_may_be_what_shows_up(unsettled: Command) -> None:
    another_like(unsettled, state=State.DONE, appointment_id="")
    assert booked_by(unsettled, [as_told(unsettled)]) == UNDECIDED


@pytest.mark.django_db
def test_two_organisations_bookings_are_told_apart_by_who_booked(
    unsettled: Command, organisations: dict[str, Organisation]
) -> None:
    theirs = another_like(unsettled, organisation=organisations["A1002"])
    told = as_told(unsettled)
    assert booked_by(unsettled, [told]) == (told, True)
    assert booked_by(theirs, [told]) == NONE
    nobodys = replace(told, booking_organisation=None)
    assert booked_by(unsettled, [nobodys]) == booked_by(theirs, [nobodys]) == UNDECIDED


@pytest.mark.django_db
@pytest.mark.requirement("BOOK-8", "SFS-10")
def test_a_list_of_which_a_part_is_unreadable_does_not_tell_what_was_there(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = GPConnectClient.patient_appointments

    def in_part(*args: Any, **kwargs: Any) -> Appointments:
        return replace(ask(*args, **kwargs), faults=("One appointment could not be read.",))

    monkeypatch.setattr(GPConnectClient, "patient_appointments", in_part)
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    assert Proposal.objects.get().before is None


@pytest.mark.django_db
@pytest.mark.requirement("BOOK-8", "PDS-4")
def test_an_unsettled_booking_under_a_superseded_number_stops_another(
    counter: Counter,
    unsettled: Command,
    receptionist: User,
    acting_for: Callable[..., Actor],
) -> None:
    superseded, current = "9658220223", "9990000018"
    Encounter.objects.update(nhs_number=superseded)
    Command.objects.update(nhs_number=superseded)
    counter.traces(superseded)
    encounter = Encounter.objects.get(pk=counter.encounter_id)
    assert encounter.nhs_numbers == [current, superseded]
    counter.searches("B82617")
    page = counter.chooses()
    assert "Check and book" not in page.title
    assert str(unsettled.pk) in page.html


@pytest.mark.django_db
@pytest.mark.requirement("BOOK-8", "PDS-4")
def test_an_unsettled_booking_for_the_same_record_at_the_practice_stops_another(
    counter: Counter, unsettled: Command
) -> None:
    """Traced by the number of today, and the practice knows both numbers for one person."""
    Encounter.objects.update(nhs_number="9658220223")
    Command.objects.update(nhs_number="9658220223")
    counter.traces(PATIENT)
    counter.searches("A20047")
    counter.chooses()
    page = counter.books() if "Check and book" in counter.page.title else counter.page
    assert str(unsettled.pk) in page.html
    assert Command.objects.count() == 1

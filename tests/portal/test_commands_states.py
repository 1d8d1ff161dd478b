"""The table of states, and what counts as the effect of a command."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from booking_portal.accounts.models import Organisation
from booking_portal.commands.models import Command
from booking_portal.commands.recognition import amended_by, booked_by, registered_by
from booking_portal.commands.states import MAY_FOLLOW, UNSETTLED, Kind, State, verdict
from booking_portal.commands.storing import slot_key_of
from gpconnect import errors
from gpconnect.models import Appointment, BookingOrganisation, Patient
from gpconnect.practice_time import PracticeTime

STARTS, ENDS = "2026-11-24T18:40:00+00:00", "2026-11-24T18:50:00+00:00"


def error_of(kind: type[errors.GPConnectError], *, known: bool = True) -> errors.GPConnectError:
    return kind("CODE", outcome_known=known)


@pytest.mark.parametrize(
    ("kind", "error", "state"),
    [
        (Kind.BOOK, error_of(errors.Unreachable), State.NOT_MADE),
        (Kind.BOOK, error_of(errors.TLSFailure), State.NOT_MADE),
        (Kind.BOOK, error_of(errors.InvalidRequest), State.NOT_MADE),
        (Kind.BOOK, error_of(errors.PracticeNotEnabled), State.NOT_MADE),
        (Kind.BOOK, error_of(errors.DeadlineExceeded, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.ConnectionLost, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.NotFHIR, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.PracticeFailed, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.PracticeNotReachedBySpine, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.GPConnectError, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.GPConnectError), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.SlotGone), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.RequestRejected), State.REFUSED),
        (Kind.BOOK, error_of(errors.NoAgreement), State.REFUSED),
        (Kind.BOOK, error_of(errors.Refused, known=False), State.UNCONFIRMED),
        (Kind.BOOK, error_of(errors.DifferentFromAsked, known=False), State.NEEDS_ATTENTION),
        (Kind.AMEND, error_of(errors.VersionConflict), State.UNCONFIRMED),  # look first
        (Kind.CANCEL, error_of(errors.VersionConflict), State.UNCONFIRMED),
        (Kind.CANCEL, error_of(errors.ConnectionLost, known=False), State.UNCONFIRMED),
        (Kind.REGISTER, error_of(errors.AlreadyRegistered), State.UNCONFIRMED),  # look first
        (Kind.REGISTER, error_of(errors.DemographicsRejected), State.REFUSED),
        (Kind.REGISTER, error_of(errors.PracticeFailed, known=False), State.UNCONFIRMED),
        (Kind.REGISTER, error_of(errors.WrongResource, known=False), State.UNCONFIRMED),
        (Kind.REGISTER, error_of(errors.Unreachable), State.NOT_MADE),
    ],
)
def test_every_error_means_one_state(
    kind: Kind, error: errors.GPConnectError, state: State
) -> None:
    assert verdict(kind, error) is state


def test_an_end_is_left_only_by_later_evidence_of_success() -> None:
    for state in State:
        if state not in UNSETTLED:
            assert MAY_FOLLOW[state] <= {State.DONE}
    assert State.SENDING not in frozenset().union(*MAY_FOLLOW.values())


def test_nothing_is_decided_before_it_can_be() -> None:
    assert {State.UNCONFIRMED, State.DONE} <= MAY_FOLLOW[State.SENDING]
    assert State.UNCONFIRMED not in MAY_FOLLOW[State.NEEDS_ATTENTION]
    assert MAY_FOLLOW[State.DONE] == frozenset()


def a_booking(**payload: object) -> Command:
    offers = [
        {"practice_ods": "A20047", "slot_id": slot, "starts": STARTS, "ends": ENDS}
        for slot in ("s1", "s2")
    ]
    return Command(
        id=uuid.uuid4(),
        kind=Kind.BOOK,
        organisation=Organisation(ods_code="A1001"),
        patient_id="p1",
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


def test_a_booking_is_recognised_by_patient_slots_and_organisation() -> None:
    assert booked_by(a_booking(), [OURS]) is OURS
    assert booked_by(a_booking(), [replace(OURS, booking_organisation=None)])
    assert booked_by(a_booking(), [replace(OURS, description="cut by the practi")])


@pytest.mark.parametrize(
    "other",
    [
        replace(OURS, slot_ids=("s1",)),
        replace(OURS, slot_ids=("s1", "s2", "s3")),
        replace(OURS, patient_id="p2"),
        replace(OURS, patient_id=None),
        replace(OURS, booking_organisation=BookingOrganisation("A1002")),
    ],
)
def test_another_appointment_is_not_taken_for_ours(other: Appointment) -> None:
    assert booked_by(a_booking(), [other]) is None


def test_what_was_there_before_is_not_ours() -> None:
    assert booked_by(a_booking(before=["a1"]), [OURS]) is None
    again = replace(OURS, id="a2")
    assert booked_by(a_booking(before=["a1"]), [OURS, again]) is again


def test_the_commands_own_identifier_is_enough() -> None:
    command = a_booking()
    marked = replace(OURS, slot_ids=(), patient_id="p1", identifiers=(str(command.pk),))
    assert booked_by(command, [OURS, marked]) is marked


def test_a_live_one_goes_before_a_cancelled_one() -> None:
    cancelled = replace(OURS, id="a2", status="cancelled")
    assert booked_by(a_booking(), [cancelled, OURS]) is OURS
    assert booked_by(a_booking(), [cancelled]) is cancelled


def an_amendment() -> Command:
    return Command(
        kind=Kind.AMEND, payload={"version": "1", "description": "Knee", "comment": "Stick"}
    )


@pytest.mark.parametrize(
    ("version", "description", "comment", "ours"),
    [
        ("2", "Knee", "Stick", True),
        ("2", "Knee Stick", None, True),  # joined into one field
        ("2", "Knee", None, False),
        ("2", "Shoulder", "Stick", False),
        ("1", "Knee", "Stick", False),  # the version that was there before
    ],
)
def test_an_amendment_is_recognised_by_its_texts_in_a_new_version(
    version: str, description: str, comment: str | None, ours: bool
) -> None:
    found = replace(OURS, version=version, description=description, comment=comment)
    assert amended_by(an_amendment(), found) is ours


def test_the_order_of_ticking_does_not_matter() -> None:
    assert slot_key_of(["s1", "s2"]) == slot_key_of(["s2", "s1"]) != slot_key_of(["s1"])


def test_the_day_of_a_command_is_londons() -> None:
    just_after_midnight_in_summer = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)
    assert Command(starts_at=just_after_midnight_in_summer).day.isoformat() == "2026-07-02"


@pytest.mark.requirement("REG-3")
def test_a_registration_is_recognised_by_the_one_record_of_the_patient() -> None:
    command = Command(kind=Kind.REGISTER, nhs_number="9324926233")
    theirs = Patient("7", nhs_number="9324926233")
    another = Patient("8", nhs_number="9658218873")
    assert registered_by(command, []) == (None, True)
    assert registered_by(command, [theirs]) == (theirs, True)
    assert registered_by(command, [another]) == (None, False)
    assert registered_by(command, [theirs, theirs]) == (None, False)

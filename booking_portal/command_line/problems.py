"""Everything that services and the client raise, as the command line tells it: one table."""

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError

from booking_portal.accounts.actor import NotPermitted
from booking_portal.command_line.answers import Problem, Stopped
from booking_portal.command_line.identity import in_production
from booking_portal.commands.delivery.sender import RecordBehind
from booking_portal.commands.requests.amend_cancel import ChangedMeanwhile, NotChangeable
from booking_portal.commands.requests.booking import (
    BookingUnsettled,
    DifferencesNotAcknowledged,
    PatientDeceased,
)
from booking_portal.commands.requests.registration import (
    DemographicsIncomplete,
    KnownThere,
    RegisteredHere,
    StillNotShown,
)
from booking_portal.logs import trace_of
from booking_portal.patients.confirmation import BirthDateDiffers, NotConfirmed, TooManyTries
from booking_portal.patients.models import TraceTooOld
from booking_portal.patients.outcomes import RESTRICTED
from booking_portal.patients.pds_trace import RestrictedPatient
from booking_portal.patients.practice_record import NoActiveRecord, PatientMismatch, PracticeMoved
from booking_portal.slots.offers import DoubtfulTime, NotBookable, SlotInThePast, SlotsNotAdjacent
from gpconnect.diagnostics import masked
from gpconnect.errors import AnswerIsDifferent, DirectoryError, GPConnectError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProblemRow:
    """One kind of exception in words; an empty sentence: the exception's own text is for users."""

    kind: type[Exception]
    code: str
    sentence: str = ""
    next_step: str = ""


DO_NOT_SEND_AGAIN = "Do not send it again."
"""The advice of every write that the practice may have done."""

# The first row that fits decides.
TABLE = (
    ProblemRow(TraceTooOld, "TRACE_TOO_OLD", "The patient was traced more than 24 hours ago."),
    ProblemRow(RestrictedPatient, "RESTRICTED_PATIENT", RESTRICTED.sentence, RESTRICTED.next_step),
    ProblemRow(
        BirthDateDiffers,
        "BIRTH_DATE_DIFFERS",
        "The birth date does not match the national record.",
        "Check the NHS number and the birth date with the patient.",
    ),
    ProblemRow(
        TooManyTries,
        "TOO_MANY_TRIES",
        "What was entered has not matched the national record too often. Nothing was sent.",
        "Wait, and check the NHS number and the birth date with the patient before trying again.",
    ),
    ProblemRow(
        NotConfirmed,
        "BIRTH_DATE_INCOMPLETE",
        "The national record has no full birth date for this NHS number, so the birth date alone "
        "does not confirm the patient.",
        "Find the patient on the portal's screens: they ask for the names as well.",
    ),
    ProblemRow(
        NoActiveRecord,
        "PATIENT_NOT_AT_PRACTICE",
        "The practice shows no active record of the patient. It may have none, or one that it "
        "does not share.",
        "Choose another practice, register the patient there, or ring the practice.",
    ),
    ProblemRow(
        PatientMismatch,
        "PATIENT_MISMATCH",
        "What the practice holds under this is not certainly this one patient's.",
        "Do not go on. Ring the practice and ask them to look at the record.",
    ),
    ProblemRow(PracticeMoved, "PRACTICE_MOVED", "", "Find the patient, and search, again."),
    ProblemRow(PatientDeceased, "PATIENT_DECEASED"),
    ProblemRow(
        DifferencesNotAcknowledged,
        "DIFFERENCES_NOT_ACKNOWLEDGED",
        "",
        "Look at the differences; if it is the same person, add --acknowledge-differences.",
    ),
    ProblemRow(SlotInThePast, "SLOT_IN_THE_PAST"),
    ProblemRow(SlotsNotAdjacent, "SLOTS_NOT_ADJACENT"),
    ProblemRow(DoubtfulTime, "DOUBTFUL_TIME"),
    ProblemRow(NotBookable, "NOT_BOOKABLE"),
    ProblemRow(NotChangeable, "NOT_CHANGEABLE"),
    ProblemRow(
        RegisteredHere,
        "REGISTERED_AT_THIS_PRACTICE",
        "",
        "If it does not show the patient, ring the practice.",
    ),
    ProblemRow(KnownThere, "PATIENT_AT_PRACTICE_ALREADY", "", "Go on with search-slots and book."),
    ProblemRow(DemographicsIncomplete, "DEMOGRAPHICS_INCOMPLETE", "", "Ring the practice."),
    ProblemRow(StillNotShown, "STILL_NOT_SHOWN", "", "Do not register again: ring the practice."),
    ProblemRow(
        ChangedMeanwhile,
        "CHANGED_MEANWHILE",
        "Somebody changed the appointment in the meantime. Nothing was changed.",
        "Read it again and decide anew.",
    ),
    ProblemRow(
        BookingUnsettled,
        "BOOKING_UNSETTLED",
        "The patient has another booking whose outcome is not known yet.",
        f"{DO_NOT_SEND_AGAIN} Wait until it is settled; it is on the portal's bookings page.",
    ),
)

RECORDS_AWAY = ProblemRow(
    OperationalError,
    "RECORDS_UNAVAILABLE",
    "The booking portal cannot reach its records.",
    "Try again in a minute.",
)

RECORDS_BROKEN = ProblemRow(
    DatabaseError,
    "PORTAL_FAULT",
    "The booking portal has a fault: what came could not be recorded.",
    "Give your support team the reference.",
)

EXPECTED: tuple[type[Exception], ...] = (
    Stopped,
    GPConnectError,
    RecordBehind,
    NotPermitted,
    DatabaseError,
    InterfaceError,
    *(row.kind for row in TABLE),
)


def problem_of(error: Exception, *, writes: bool, names: Iterable[str] = ()) -> Problem:
    """The problem that one of the EXPECTED exceptions means; `writes`: a write was asked for.

    `names` are the patient's, to be masked in what the other side said.

    Raises: the exception itself when it is none of them.
    """
    match error:
        case Stopped():
            return error.problem
        case GPConnectError():
            return _of_client(error, names)
        case NotPermitted():
            return Problem(
                "NOT_PERMITTED",
                f"Your role here does not include: {error.permission.label.lower()}.",
                "If you need it for your work, ask your manager to change your role.",
                detail={"permission": error.permission.value},
            )
        case RecordBehind():
            return _record_behind(error)
        case OperationalError() | InterfaceError():
            row = RECORDS_AWAY
            # The database may have died between the practice's answer and our record of it.
            look = f"{DO_NOT_SEND_AGAIN} Look at the patient's appointments there first."
            step = look if writes else row.next_step
            return Problem(row.code, row.sentence, step, outcome_known=not writes)
        case DatabaseError():
            row, reference = RECORDS_BROKEN, uuid.uuid4().hex[:8]
            log.error("%s %s", reference, trace_of(error))
            step = f"{DO_NOT_SEND_AGAIN} {row.next_step}" if writes else row.next_step
            detail = {"reference": reference}
            return Problem(row.code, row.sentence, step, outcome_known=not writes, detail=detail)
    known = {"command": str(error.command.pk)} if isinstance(error, BookingUnsettled) else {}
    for row in TABLE:
        if isinstance(error, row.kind):
            sentence = row.sentence or str(error)
            return Problem(row.code, sentence, row.next_step, detail=known)
    raise error


def _record_behind(error: RecordBehind) -> Problem:
    if error.confirmed:
        sentence = "The practice has confirmed it; the portal's record is catching up."
    else:
        sentence = "It was sent, and nobody knows yet whether it was done."
    return Problem(
        "RECORD_BEHIND",
        sentence,
        f"{DO_NOT_SEND_AGAIN} Look at the portal's bookings page when its records are back.",
        outcome_known=error.confirmed,
        detail={"command": str(error.command.pk)},
    )


def _of_client(error: GPConnectError, names: Iterable[str]) -> Problem:
    detail: dict[str, object] = {}
    if isinstance(error, DirectoryError) and error.check:
        detail = {"practice": error.ods_code, "check": error.check}
    if isinstance(error, AnswerIsDifferent):
        detail = {"differences": list(error.differences)}
    said = masked(error.diagnostics, names)
    if said and not in_production():  # there, the audit viewer has it [READ-2]
        detail["said"] = said
    look = "Find the patient there, and look at their appointments, before anything else."
    return Problem(
        error.code,
        error.sentence,
        # What to do about a read is wrong for a write that may have been done.
        error.next_step if error.outcome_known else f"{DO_NOT_SEND_AGAIN} {look}",
        origin=error.origin.value,
        status=error.status,
        trace_id=error.trace_id,
        outcome_known=error.outcome_known,
        detail=detail,
    )

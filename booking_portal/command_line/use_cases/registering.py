"""Register a patient temporarily at a practice that does not know them. [REG-1..3]"""

from datetime import date

from booking_portal.audit import trail
from booking_portal.audit.models import Kind
from booking_portal.command_line import shapes
from booking_portal.command_line.answers import Answer, Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.command_line.use_cases import unchecked
from booking_portal.commands.booking import PatientDeceased
from booking_portal.patients.finding import (
    PatientNotAtPractice,
    client_at,
    find,
    reach,
    subject_of,
)
from booking_portal.practices import connection
from gpconnect.errors import AlreadyRegistered
from gpconnect.models import Patient, Registration

REGISTERED_HERE = Problem(
    "REGISTERED_AT_THIS_PRACTICE",
    "The patient is registered at this practice: nothing was sent.",
    "If it does not show the patient, ring the practice.",
)
FOUND_THERE = Problem(
    "PATIENT_AT_PRACTICE_ALREADY",
    "The practice has an active record of the patient: nothing needs registering.",
    "Go on with search-slots and book.",
)
NOT_AT_PDS = Problem(
    "DEMOGRAPHICS_INCOMPLETE",
    "The national record lacks a name or birth date, so nothing was sent.",
    "Ring the practice.",
)


def register_patient(call: Call) -> Answer:
    """Register with the identity that PDS gave; the registered practice does not change.

    Raises: Stopped (REG-1), PatientDeceased, GPConnectError, as `Call.encounter`.
    """
    if call.options.unchecked:
        return _answer(_register_unchecked(call))
    _require_may_be_registered(call)
    at = reach(call.encounter, call.practice, actor=call.actor)
    registration = _registration(call)
    try:
        patient = client_at(at, actor=call.actor).register_patient(
            registration, deadline=connection.write_deadlines()
        )
    except AlreadyRegistered as refusal:
        return _found_after_all(call, refusal)
    return _answer(patient)


def _require_may_be_registered(call: Call) -> None:
    if call.encounter.deceased:
        _blocked(call, "deceased on PDS")
        raise PatientDeceased("PDS says that this patient has died. Nobody can be registered.")
    if call.encounter.registered_practice_ods == call.practice.ods_code:
        _blocked(call, "registered at this practice")
        raise Stopped(REGISTERED_HERE)
    try:
        find(call.encounter, call.practice, actor=call.actor)
    except PatientNotAtPractice:
        return
    raise Stopped(FOUND_THERE)


def _registration(call: Call) -> Registration:
    opened = call.encounter
    if not (opened.name.family and opened.name.given and opened.birth_date):
        raise Stopped(NOT_AT_PDS)
    return Registration(
        nhs_number=opened.nhs_number,
        family=opened.name.family,
        given=opened.name.given,
        birth_date=opened.birth_date,
        gender=opened.gender or None,
    )


def _found_after_all(call: Call, refusal: AlreadyRegistered) -> Answer:
    """The practice says that it knows the patient: find again, once. [REG-3]

    Raises: `refusal`, when it still does not show them.
    """
    try:
        at = find(call.encounter, call.practice, actor=call.actor)
    except PatientNotAtPractice:
        raise refusal from None
    return Answer({"registered": False, "found": True, "patient": shapes.patient_at(at)})


def _register_unchecked(call: Call) -> Patient:
    """With what the practice itself holds under the number, so that it may refuse it."""
    found = unchecked.find(call)
    name = found[0].name if len(found) == 1 else None
    born = found[0].birth_date if name else None
    if name is None or not isinstance(born, date):
        raise Stopped(NOT_AT_PDS)
    registration = Registration(unchecked.number(call), name.family or "", name.given, born)
    return unchecked.client(call).register_patient(
        registration, deadline=connection.write_deadlines()
    )


def _answer(patient: Patient) -> Answer:
    return Answer({"registered": True, "patient": shapes.plain(patient)})


def _blocked(call: Call, outcome: str) -> None:
    facts = subject_of(call.encounter, call.practice).facts()
    trail.record(Kind.BLOCKED, call.actor.who, outcome=outcome, **facts)

"""Who the patient is: at PDS, and at the practice. [PDS-1..6, FIND-1]"""

from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.command_line import shapes
from booking_portal.command_line.answers import Answer, Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.command_line.use_cases import unchecked_number
from booking_portal.patients.practice_record import (
    NoActiveRecord,
    PatientMismatch,
    audit_subject_at,
    client_at,
)

ID_NEEDED = Problem(
    "ID_NEEDED",
    "Without a trace, only --id says whose record to read.",
    "For example --unchecked --id 999999.",
)


def trace(call: Call) -> Answer:
    """The patient as PDS has them. [PDS-2..4, PDS-8]"""
    return Answer(shapes.encounter(call.encounter))


def find_patient(call: Call) -> Answer:
    """The practice's record of the patient: none and one are both success. [FIND-1, FIND-2]"""
    test = call.options.official_test
    if call.options.unchecked or test is not None:
        found = unchecked_number.find_as_tested(call, test) if test else unchecked_number.find(call)
        columns = ("id", "nhs_number", "name", "birth_date", "gender")
        return Answer(
            {"records": len(found), "patients": [shapes.record(each) for each in found]},
            {"patients": columns},
        )
    traced = {"trace": shapes.encounter(call.encounter)}
    try:
        record = shapes.patient_at(call.at)
    except NoActiveRecord:
        return Answer({"records": 0, "patient": None} | traced)
    return Answer({"records": 1, "patient": record} | traced)


def read_patient(call: Call) -> Answer:
    """The practice's whole record of the patient found there.

    Another id is not read: whose record that is nobody has traced. [PDS-1]

    Raises: PatientMismatch.
    """
    if call.options.unchecked:
        if call.options.id is None:
            raise Stopped(ID_NEEDED)
        return Answer({"patient": shapes.plain(unchecked_number.read(call))})
    asked = call.options.id
    if asked is not None and asked != call.at.patient_id:
        _block(call, "not the id of the patient found")
    record = client_at(call.at, actor=call.actor).read_patient(call.at.patient_id)
    if record.nhs_number != call.encounter.nhs_number:
        _block(call, "another patient's record")
    return Answer({"patient": shapes.record(record), "differences": list(call.at.differences)})


def _block(call: Call, outcome: str) -> None:
    facts = audit_subject_at(call.encounter, call.practice).facts()
    trail.record(EventKind.BLOCKED, call.actor.who, outcome=outcome, **facts)
    raise PatientMismatch

"""Register a patient temporarily at a practice that does not know them. [REG-1..3]"""

import uuid
from datetime import date
from typing import Any

from booking_portal.command_line import shapes
from booking_portal.command_line.answers import Answer, Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.command_line.use_cases import unchecked_number
from booking_portal.command_line.use_cases.command_status import asked, problem_with, status_of
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.requests.registration import DUPLICATE, KnownThere, register
from booking_portal.commands.states import State
from booking_portal.integration import clients
from booking_portal.patients.models import PatientAtPractice
from gpconnect.models import Patient, Registration

NOT_AT_PDS = Problem(
    "DEMOGRAPHICS_INCOMPLETE",
    "The national record lacks a name or birth date, so nothing was sent.",
    "Ring the practice.",
)

REGISTERED_ALREADY = Problem(
    "PATIENT_AT_PRACTICE_ALREADY",
    "The patient is already registered there: the practice has an active record of them. "
    "Nothing was sent.",
    "Go on with search-slots and book.",
)


def register_patient(call: Call) -> Answer:
    """Register with what PDS gave, as a stored command; the registered practice stays.

    Raises: as the commands' `register`; GPConnectError, as `Call.encounter`.
    """
    if call.options.unchecked:
        patient = _register_unchecked(call)
        return Answer({"registered": True, "patient": shapes.record(patient)})
    try:
        command = asked(
            lambda: register(
                call.encounter, call.practice, form_token=uuid.uuid4(), actor=call.actor
            )
        )
    except KnownThere as known:
        record = {"nhs_number": call.encounter.nhs_number} | shapes.patient_at(known.at)
        return Answer({"registered": False, "patient": record}, problem=REGISTERED_ALREADY)
    return Answer(_result(call, command), problem=problem_with(command))


def _result(call: Call, command: Command) -> dict[str, Any]:
    """`registered`: by this command; a patient whom the practice had already is only found."""
    done = command.state == State.DONE
    known_before = command.attempts.filter(purpose=Attempt.Purpose.SEND, outcome=DUPLICATE).exists()
    at = PatientAtPractice.objects.filter(
        encounter=call.encounter, practice=call.practice, patient_id__gt=""
    ).first()
    patient = {"nhs_number": command.nhs_number} | shapes.patient_at(at) if done and at else None
    return status_of(command) | {"registered": done and not known_before, "patient": patient}


def _register_unchecked(call: Call) -> Patient:
    """With what the practice itself holds under the number, so that it may refuse it."""
    found = unchecked_number.find(call)
    name = found[0].name if len(found) == 1 else None
    born = found[0].birth_date if name else None
    if name is None or not isinstance(born, date):
        raise Stopped(NOT_AT_PDS)
    registration = Registration(unchecked_number.number(call), name.family or "", name.given, born)
    return unchecked_number.client(call).register_patient(
        registration, deadline=clients.write_deadlines()
    )

"""The table of use cases: names, permissions, what each needs and takes, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass

from booking_portal.accounts.roles import Permission
from booking_portal.command_line.answers import Answer
from booking_portal.command_line.call import Call
from booking_portal.command_line.use_cases import (
    appointments,
    patients,
    places,
    practice_check,
    registration,
    slots,
)


@dataclass(frozen=True, slots=True)
class UseCase:
    """One use case. Any one of `permissions` is enough; `needs` and `takes` name flags.

    `patient`: it is about a patient, who is traced first. `writes`: the practice changes
    something. `example` shows the flags that are its own.
    """

    name: str
    summary: str
    run: Callable[[Call], Answer]
    permissions: tuple[Permission, ...]
    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    patient: bool = False
    writes: bool = False
    example: str = ""

    @property
    def asks_practice(self) -> bool:
        """Whether it needs --practice: all but a trace."""
        return self.name != "trace"

    @property
    def whole_example(self) -> str:
        """A command to copy."""
        parts = [
            "./manage.py gpconnect",
            self.name,
            "--as receptionist --organisation A1001",
            "--practice A20047" if self.asks_practice else "",
            "--nhs-number -" if self.patient else "",
            self.example,
        ]
        return " ".join(part for part in parts if part)


_READ = (Permission.SEARCH_SLOTS,)
# Whoever looks after practices may see how they are reached; no patient is in it.
_REACH = (Permission.SEARCH_SLOTS, Permission.MANAGE_ORGANISATION)

_ALL = (
    UseCase(
        "capability",
        "what the practice's system says it can do",
        places.capability,
        _REACH,
    ),
    UseCase(
        "find-patient",
        "the practice's record of a patient, and how it differs from PDS",
        patients.find_patient,
        (Permission.TRACE_PATIENT,),
        takes=("unchecked", "official-test"),
        patient=True,
        example="--birth-date 1962-11-27 --json",
    ),
    UseCase(
        "read-patient",
        "the practice's whole record of the patient found",
        patients.read_patient,
        (Permission.TRACE_PATIENT,),
        takes=("id", "unchecked"),
        patient=True,
        example="--birth-date 1962-11-27",
    ),
    UseCase(
        "register-patient",
        "register a patient temporarily who has no record there",
        registration.register_patient,
        (Permission.REGISTER_PATIENT,),
        takes=("unchecked",),
        patient=True,
        writes=True,
        example="--birth-date 1969-09-21",
    ),
    UseCase(
        "find-practitioner",
        "the practitioners with an SDS user id",
        places.find_practitioner,
        _READ,
        needs=("identifier",),
        example="--identifier 555012345678",
    ),
    UseCase(
        "read-practitioner",
        "one practitioner",
        places.read_practitioner,
        _READ,
        needs=("id",),
        example="--id 12",
    ),
    UseCase(
        "find-organisation",
        "the organisations with an ODS code",
        places.find_organisation,
        _READ,
        needs=("identifier",),
        example="--identifier A20047",
    ),
    UseCase(
        "read-organisation",
        "one organisation",
        places.read_organisation,
        _READ,
        needs=("id",),
        example="--id 7",
    ),
    UseCase(
        "read-location",
        "one location",
        places.read_location,
        _READ,
        needs=("id",),
        example="--id 17",
    ),
    UseCase(
        "read-service",
        "one service of a practice of version 1.2.8",
        places.read_service,
        _READ,
        needs=("id",),
        example="--id 15",
    ),
    UseCase(
        "search-slots",
        "free slots that the practice shares with the organisation",
        slots.search_slots,
        _READ,
        takes=("from", "to"),
        example="--from 2030-03-01 --to 2030-03-14",
    ),
    UseCase(
        "book",
        "book one slot, or several adjacent ones",
        appointments.book,
        (Permission.BOOK_APPOINTMENT,),
        needs=("slot", "description"),
        takes=("comment", "from", "to", "acknowledge-differences"),
        patient=True,
        writes=True,
        example="--birth-date 1962-11-27 --slot 1584 --description 'Sore throat'",
    ),
    UseCase(
        "read-appointment",
        "one appointment",
        appointments.read_appointment,
        (Permission.VIEW_APPOINTMENTS,),
        needs=("id",),
        patient=True,
        example="--birth-date 1962-11-27 --id 148",
    ),
    UseCase(
        "appointments",
        "the patient's appointments at the practice, from today on",
        appointments.appointments,
        (Permission.VIEW_APPOINTMENTS,),
        takes=("from", "to"),
        patient=True,
        example="--birth-date 1962-11-27",
    ),
    UseCase(
        "amend",
        "change an appointment's description or comment",
        appointments.amend,
        (Permission.AMEND_APPOINTMENT,),
        needs=("id",),
        takes=("description", "comment"),
        patient=True,
        writes=True,
        example="--birth-date 1962-11-27 --id 148 --comment 'Uses a wheelchair'",
    ),
    UseCase(
        "cancel",
        "cancel an appointment",
        appointments.cancel,
        (Permission.CANCEL_APPOINTMENT,),
        needs=("id", "reason"),
        patient=True,
        writes=True,
        example="--birth-date 1962-11-27 --id 148 --reason 'Patient feels better'",
    ),
    UseCase(
        "trace",
        "the patient as PDS has them",
        patients.trace,
        (Permission.TRACE_PATIENT,),
        patient=True,
        example="--birth-date 1962-11-27",
    ),
    UseCase(
        "directory",
        "the practice's ASID and service root URL, from SDS",
        places.directory,
        _REACH,
    ),
    UseCase(
        "check-practice",
        "every step of reaching a practice, with its result and time",
        practice_check.check_practice,
        _REACH,
    ),
)

USE_CASES = {use_case.name: use_case for use_case in _ALL}

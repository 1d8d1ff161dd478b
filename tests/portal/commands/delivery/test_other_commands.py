"""What other commands say of an appointment, each fact alone otherwise. [docs/adr/0007]"""

from dataclasses import replace
from typing import Any

import pytest

from booking_portal.accounts.models import Organisation
from booking_portal.commands.delivery.matching import keep_registered_patient, known_of
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import PatientAtPractice
from gpconnect.models import Appointment, HumanName, Patient, PracticeTime
from tests.portal.rows import STARTS, Rows

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BOOK-8", "SDS-3")]

SENDING, UNCONFIRMED, NEEDS_ATTENTION, DONE, REFUSED, NOT_MADE, WITHDRAWN = State
BOOK, AMEND, CANCEL, REGISTER = Kind
START = PracticeTime.read(STARTS)
TOLD = Appointment("a1", "1", "booked", START, START)
ANOTHER_SYSTEM: tuple[dict[str, Any], ...] = (
    {"asid": "200000000999"},
    {"service_root": "https://another.test/STU3/1"},
)


def taken(mine: Command, *told: Appointment) -> frozenset[str]:
    return known_of(mine, told or (TOLD,)).taken


def test_what_another_command_may_have_for_its_own_is_taken(
    rows: Rows, organisations: dict[str, Organisation]
) -> None:
    mine = rows.command(BOOK, NOT_MADE)
    facts: tuple[dict[str, Any], ...] = (
        {"state": SENDING},
        {"state": UNCONFIRMED},
        {"state": NEEDS_ATTENTION},  # the practice's own answer to it was this appointment
        {"state": DONE},
        {"state": DONE, "organisation": organisations["A1002"]},
        {"state": DONE, "nhs_number": "9658218865", "patient_id": "p2"},
        {"state": DONE, "slot_key": "others"},
    )
    for each in facts:
        other = rows.command(**{"kind": BOOK, "appointment_id": "a1"} | each)
        assert taken(mine, TOLD, replace(TOLD, id="a2")) == {"a1"}, each
        other.delete()
    assert taken(mine) == set()


def test_what_another_command_cannot_have_is_not_taken(rows: Rows) -> None:
    mine = rows.command(BOOK, NOT_MADE)
    facts: tuple[dict[str, Any], ...] = (
        {"state": REFUSED},
        {"state": NOT_MADE},
        {"state": WITHDRAWN},
        {"kind": AMEND},
        {"kind": CANCEL},
        {"practice": rows.elsewhere},
        *ANOTHER_SYSTEM,
        {"appointment_id": "a3"},
    )
    for each in facts:
        rows.command(**{"kind": BOOK, "state": DONE, "appointment_id": "a1"} | each)
    assert taken(mine) == set()


def test_nobody_takes_their_own(rows: Rows) -> None:
    mine = rows.command(BOOK, NEEDS_ATTENTION, appointment_id="a1")
    assert taken(mine, replace(TOLD, identifiers=(str(mine.pk),))) == set()


def test_only_a_bookings_identifier_is_a_mark(rows: Rows) -> None:
    mine, refused = rows.command(BOOK, NOT_MADE), rows.command(BOOK, REFUSED)
    amendment = rows.command(AMEND, DONE)
    marked = [
        replace(TOLD, id="a1", identifiers=("their own", str(refused.pk))),
        replace(TOLD, id="a2", identifiers=(str(amendment.pk),)),
        replace(TOLD, id="a3", identifiers=("their own",)),
    ]
    assert taken(mine, *marked) == {"a1"}


def test_who_may_have_made_the_same_one_contests_it(rows: Rows) -> None:
    mine = rows.command(BOOK, NOT_MADE)
    facts: tuple[dict[str, Any], ...] = (
        {"state": SENDING},
        {"state": UNCONFIRMED},
        {"state": NEEDS_ATTENTION},
        {"state": NEEDS_ATTENTION, "appointment_id": "a7"},
        {"state": DONE},  # closed by telephone, without an id
        {"state": UNCONFIRMED, "nhs_number": "9658218865"},  # the number of before
    )
    for each in facts:
        other = rows.command(**{"kind": BOOK} | each)
        assert known_of(mine, []).rivalled, each
        other.delete()


def test_who_cannot_have_made_the_same_one_does_not(
    rows: Rows, organisations: dict[str, Organisation]
) -> None:
    mine = rows.command(BOOK, NOT_MADE)
    facts: tuple[dict[str, Any], ...] = (
        {"state": DONE, "appointment_id": "a7"},
        {"state": REFUSED},
        {"state": NOT_MADE},
        {"state": WITHDRAWN},
        {"kind": AMEND},
        {"organisation": organisations["A1002"]},
        {"patient_id": "p2", "nhs_number": "9658218865"},
        {"slot_key": "others"},
        {"practice": rows.elsewhere},
        *({"nhs_number": f"999999999{n}"} | each for n, each in enumerate(ANOTHER_SYSTEM)),
    )
    for each in facts:
        rows.command(**{"kind": BOOK, "state": UNCONFIRMED} | each)
    assert not known_of(mine, []).rivalled


# What a registration gave

MADE = Patient("p9", nhs_number="9658218873", name=HumanName(family="Zelthorpe"))


def a_place(rows: Rows, command: Command) -> PatientAtPractice:
    return PatientAtPractice.objects.create(
        encounter=rows.encounter,
        practice=rows.practice,
        asid=command.asid,
        service_root=command.service_root,
    )


@pytest.mark.requirement("REG-3", "PDS-6")
def test_a_registration_is_what_the_encounter_knows_of_the_patient_there(rows: Rows) -> None:
    command = rows.command(REGISTER, DONE)
    at = a_place(rows, command)
    keep_registered_patient(command, MADE, actor=rows.actor)
    at.refresh_from_db()
    assert at.patient_id == "p9"
    keep_registered_patient(command, replace(MADE, id="p10"), actor=rows.actor)
    at.refresh_from_db()
    assert at.patient_id == "p9"  # what was found first stands


@pytest.mark.requirement("REG-3", "PDS-6", "SDS-3")
def test_a_registration_says_nothing_of_another_patient_place_or_system(rows: Rows) -> None:
    command = rows.command(REGISTER, DONE)
    at = a_place(rows, command)
    otherwise: tuple[dict[str, Any], ...] = (
        {"encounter": rows.patient(rows.encounter.nhs_number)},
        {"nhs_number": "9658218865"},
        {"practice": rows.elsewhere},
        *ANOTHER_SYSTEM,
        *({"state": state} for state in State if state != DONE),
    )
    for facts in otherwise:
        other = Command.objects.get(pk=command.pk)
        for name, value in facts.items():
            setattr(other, name, value)
        keep_registered_patient(other, MADE, actor=rows.actor)
        at.refresh_from_db()
        assert at.patient_id == "", facts
    keep_registered_patient(command, TOLD, actor=rows.actor)
    at.refresh_from_db()
    assert at.patient_id == ""

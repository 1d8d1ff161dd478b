"""The practice's own records around an appointment, as labelled lines. [READ-2]"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from booking_portal.appointments.shared import formatting
from booking_portal.patients.facts import FactRow, contact_rows, language_in_words, telecom_rows
from booking_portal.patients.presenters import dated
from booking_portal.patients.records import Records
from gpconnect.models import Address, Appointment, HealthcareService, Organisation, Practitioner

_NOT_READ = (FactRow("Record", ("It could not be read",)),)
_IN_USE: Final[Mapping[bool | None, str]] = {True: "Yes", False: "No, it is not in use any more"}


@dataclass(frozen=True, slots=True)
class Record:
    """One record under its heading."""

    heading: str
    rows: tuple[FactRow, ...]


def records_of(appointment: Appointment, records: Records) -> tuple[Record, ...]:
    """Whom the appointment is with, its service and the practice, as far as there are any."""
    shown = []
    if appointment.practitioner_id:
        person = records.practitioner
        shown.append(Record("Who it is with", _person(person) if person else _NOT_READ))
    if appointment.service_id:
        service = records.service
        shown.append(Record("The service", _service(service) if service else _NOT_READ))
    practice = records.organisation
    rows = _practice(practice, records.main_location) if practice else _NOT_READ
    shown.append(Record("The practice", rows))
    return tuple(shown)


def _person(person: Practitioner) -> tuple[FactRow, ...]:
    """Without birth date, addresses and telephones: practices are not to give those of people, and
    where they do it is for support staff at the command line."""
    spoken = tuple(said for one in person.communications if (said := language_in_words(one)))
    return (
        *_row("Name", person.display_name),
        *_row("Other names", *(str(each) for each in person.names if each != person.name)),
        *_row("Gender", formatting.gender_of(person.gender)),
        *_row("Role", *person.roles),
        *_row("Languages", *spoken),
        *_row("Qualifications", *person.qualifications),
        *_row("Record in use", _IN_USE.get(person.active, "")),
        *_row("SDS user id", person.sds_user_id),
        *_row("SDS role profile id", *person.sds_role_profile_ids),
    )


def _service(service: HealthcareService) -> tuple[FactRow, ...]:
    return (
        *_row("Name", service.name or formatting.NAMELESS_SERVICE),
        *_row("Directory of Services id", *service.service_ids),
    )


def _practice(practice: Organisation, main_location: str) -> tuple[FactRow, ...]:
    return (
        *_row("Name", practice.name),
        *_row("Also known as", *practice.aliases),
        *_row("ODS code", practice.ods_code),
        *_row("Type", practice.type),
        *_row("Part of", practice.part_of_name),
        *_row("Main location", main_location),
        *telecom_rows(practice.telecoms),
        *_addresses(practice.addresses),
        *_row("Open since", dated(practice.since) if practice.since else ""),
        *_row("Open until", dated(practice.until) if practice.until else ""),
        *_row("Record in use", _IN_USE.get(practice.active, "")),
        *contact_rows(practice.contacts),
    )


def _addresses(addresses: Iterable[Address]) -> list[FactRow]:
    return [
        FactRow("Former address" if one.use == "old" else "Address", one.as_lines())
        for one in addresses
    ]


def _row(label: str, *lines: str | None) -> list[FactRow]:
    said = tuple(line for line in lines if line)
    return [FactRow(label, said)] if said else []

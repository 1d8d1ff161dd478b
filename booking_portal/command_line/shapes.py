"""Values as JSON: what practices gave, without what they did not give."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any

from booking_portal.commands.requests.appointment_reads import NamedResources
from booking_portal.patients.facts import in_national_record, rows_at
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.presenters import PatientBanner
from booking_portal.slots.offers import Offer
from gpconnect.models import Appointment, PartialDate, Patient, PracticeTime

LEFT_OUT = frozenset({"raw"})


def plain(value: Any) -> Any:
    """Any value of the client library as JSON; dates in ISO form, times as they were written."""
    match value:
        case PracticeTime():
            return value.written
        case PartialDate():
            return str(value)
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case Mapping():
            return {key: plain(each) for key, each in value.items()}
        case frozenset() | set():
            return sorted(plain(each) for each in value)
        case list() | tuple():
            return [plain(each) for each in value]
    if is_dataclass(value):
        shown = {
            each.name: plain(getattr(value, each.name))
            for each in fields(value)
            if each.name not in LEFT_OUT
        }
        return {name: each for name, each in shown.items() if each not in (None, [], {}, "")}
    return value


def when(time: PracticeTime) -> str:
    """The practice's wall clock for people, with what is doubtful about it. [SFS-6]"""
    if time.wall_clock is None:
        return f"not readable: {time.written}"
    doubt = f" ({time.doubt})" if time.doubt else ""
    return f"{time.wall_clock:%a %d %b %Y} {time.time_label}{doubt}"


def offer(slot: Offer) -> dict[str, Any]:
    """A free slot with all fields of SFS-5."""
    address = ", ".join(slot.location_address)
    return slot.as_json() | {
        "when": when(slot.start),
        "minutes": slot.minutes,
        "doubt": slot.doubt or None,
        "location_address": address,
    }


def appointment(found: Appointment, around: NamedResources | None = None) -> dict[str, Any]:
    """An appointment, with place, person and service by name where they are known. [RET-2]"""
    shown: dict[str, Any] = plain(found)
    shown |= {"when": when(found.start), "minutes": found.minutes}
    if found.booking_organisation is not None:
        shown["booked_by"] = found.booking_organisation.name
    place = around.locations.get(found.location_id or "") if around else None
    person = around.practitioners.get(found.practitioner_id or "") if around else None
    service = around.services.get(found.service_id or "") if around else None
    if place is not None:
        shown["location"] = plain(place)
        shown["location_name"] = place.name
    if person is not None:
        shown["practitioner"] = plain(person)
        shown["practitioner_name"] = person.display_name
    if service is not None:
        shown["service"] = plain(service)
        shown["service_name"] = service.name
    return shown


def with_service(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns of a table of slots or appointments; most practices have no services."""
    named = any(row.get("service_name") for row in rows)
    return (*columns, "service_name") if named else columns


def record(patient: Patient) -> dict[str, Any]:
    """A practice's whole record; the birth date as far as it is known. [READ-2]"""
    shown: dict[str, Any] = plain(patient)
    return {("birth_date" if name == "born" else name): each for name, each in shown.items()}


def encounter(opened: Encounter) -> dict[str, Any]:
    """The traced patient, as every page shows them. [IG-5, PDS-2]"""
    banner, home = PatientBanner.of(opened), opened.home_address
    return {
        "encounter": str(opened.pk),
        "nhs_number": opened.nhs_number,
        "name": banner.name,
        "birth_date": str(opened.born) if opened.born else None,
        "born": banner.born,
        "gender": banner.gender,
        "registered_practice": opened.registered_practice_ods or None,
        "superseded": opened.superseded,
        "deceased": opened.deceased,
        "died": str(opened.died) if opened.died else None,
        "last_practice": opened.last_practice_ods or None,
        "address": ", ".join(home.as_lines()) if home else "",
        "telephones": [point.value for point in opened.telecoms if point.system == "phone"],
        "record": {row.label: list(row.lines) for row in in_national_record(opened)},
    }


def patient_at(at: PatientAtPractice) -> dict[str, Any]:
    """What a find learnt at the practice. [FIND-1, PDS-6, SFS-9, BOOK-11]"""
    return {
        "id": at.patient_id,
        "preferred_branch_id": at.preferred_branch_id or None,
        "preferred_branch": at.preferred_branch or None,
        "telephones": list(at.telephones),
        "differences": list(at.differences),
        "record": {row.label: list(row.lines) for row in rows_at(at)},
    }

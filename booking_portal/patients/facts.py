"""What PDS and practices hold of a patient besides who they are, as labelled lines. [READ-2]"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.presenters import dated
from gpconnect.demographics import Dated, Standing
from gpconnect.languages import LANGUAGES
from gpconnect.models import (
    Address,
    Communication,
    Contact,
    ContactPoint,
    PartialDate,
    RegistrationDetails,
)

_ADDRESSES = {
    "home": "Home address",
    "temp": "Temporary address",
    "billing": "Address for letters",
    "work": "Work address",
    "old": "Former address",
}
_TELEPHONES = {"home": "home", "work": "work", "mobile": "mobile", "temp": "temporary"}
_SYSTEMS = {
    "phone": "Telephone",
    "textphone": "Textphone",
    "email": "E-mail",
    "fax": "Fax",
    "url": "Website",
}


@dataclass(frozen=True, slots=True)
class FactRow:
    """A label, and its lines."""

    label: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecordAt:
    """A practice, and what its record of the patient says."""

    practice: str
    rows: tuple[FactRow, ...]


def in_national_record(encounter: Encounter) -> tuple[FactRow, ...]:
    """Where the patient is, how they are reached and spoken with, as PDS has it. [PDS-9]"""
    addresses = encounter.addresses
    rows = [_address(held) for held in addresses]
    if not any(held.value.use == "home" and held.counts for held in addresses):
        rows.insert(0, FactRow("Home address", ("Not in the national record",)))
    rows += telecom_rows(encounter.telecoms)
    if not any(point.system == "phone" for point in encounter.telecoms):
        rows.append(FactRow("Telephone", ("Not in the national record",)))
    rows += [_last_telecom(held) for held in encounter.last_telecoms]
    rows += _spoken(encounter.communication)
    rows += contact_rows(encounter.contacts)
    return tuple(rows)


def at_practices(places: Iterable[PatientAtPractice]) -> tuple[RecordAt, ...]:
    """What each practice that has the patient says of them, as far as it was read. [READ-2]"""
    return tuple(RecordAt(at.practice.name, rows_at(at)) for at in places if at.patient_id)


def rows_at(at: PatientAtPractice) -> tuple[FactRow, ...]:
    """What one practice's record says besides who the patient is. [READ-2]"""
    rows = list(_registration(at.registration))
    if at.preferred_branch_id:
        which = at.preferred_branch or "Has one, whose name is not known"
        rows.append(FactRow("Preferred branch", (f"{which} (marked among free slots)",)))
    if at.number_status not in {"", "01"}:
        rows.append(FactRow("NHS number", ("Not verified at this practice",)))
    if at.telephones:
        rows.append(FactRow("Telephone", tuple(at.telephones)))
    rows += _spoken(at.communication)
    rows += contact_rows(at.contacts)
    return tuple(rows) or (FactRow("Record", ("Nothing more given",)),)


def _registration(details: RegistrationDetails) -> Iterator[FactRow]:
    if details.type or details.status:
        words = ", ".join(part for part in (details.type, details.status) if part)
        yield FactRow("Registration", (words,))
    if details.since or details.until:
        since = f"from {dated(details.since)}" if details.since else ""
        yield FactRow("Registered", (f"{since} {_until(details.until)}".strip(),))


def _address(held: Dated[Address]) -> FactRow:
    label = _ADDRESSES.get(held.value.use or "", "Address of unknown kind")
    if held.standing is Standing.ENDED:
        label = f"Last known {label[0].lower()}{label[1:]}"
    return FactRow(label, (*held.value.as_lines(), *_validity(held)))


def _last_telecom(held: Dated[ContactPoint]) -> FactRow:
    label = _telecom_label(held.value)
    if held.standing is Standing.ENDED:
        label = f"Last known {label[0].lower()}{label[1:]}"
    return FactRow(label, (held.value.value, *_validity(held)))


def _validity(held: Dated[Address] | Dated[ContactPoint]) -> tuple[str, ...]:
    if held.standing is Standing.DOUBTFUL:
        return ("(The national record does not say clearly whether this still counts)",)
    return (f"({_until(held.until)})",) if held.until else ()


def _until(day: PartialDate | None) -> str:
    return f"until {dated(day)}" if day else ""


def telecom_rows(points: tuple[ContactPoint, ...]) -> list[FactRow]:
    """A line for each way of reaching somebody."""
    return [FactRow(_telecom_label(point), (point.value,)) for point in points]


def _telecom_label(point: ContactPoint) -> str:
    what = _SYSTEMS.get(point.system, "Other contact")
    use = _TELEPHONES.get(point.use or "", "")
    return f"{what}, {use}" if use and point.system in {"phone", "textphone"} else what


def language_in_words(communication: Communication) -> str:
    """Its language in words, or else as its code; empty where none is given."""
    words = communication.words or LANGUAGES.get(communication.language or "")
    return words or communication.language or ""


def _spoken(communication: Communication) -> list[FactRow]:
    rows = []
    if language := language_in_words(communication):
        rows.append(FactRow("Language", (language,)))
    if communication.interpreter_required is not None:
        needed = "Needed" if communication.interpreter_required else "Not needed"
        rows.append(FactRow("Interpreter", (needed,)))
    return rows


def contact_rows(contacts: tuple[Contact, ...]) -> list[FactRow]:
    """Whom to get in touch with, and by which telephone."""
    return [
        FactRow(
            contact.relation or "Contact",
            tuple(
                part
                for part in (
                    str(contact.name or ""),
                    *(point.value for point in contact.telecoms if point.system != "email"),
                )
                if part
            )
            or ("No name or telephone given",),
        )
        for contact in contacts
    ]

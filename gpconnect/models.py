"""What practices hold, as values. Reading is tolerant: what was not given is None or empty."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from gpconnect.partial_date import PartialDate
from gpconnect.practice_time import PracticeTime

__all__ = [
    "Address",
    "Appointment",
    "Appointments",
    "Booking",
    "BookingOrganisation",
    "CapabilityStatement",
    "Communication",
    "Contact",
    "ContactPoint",
    "DeliveryChannel",
    "Endpoint",
    "FreeSlot",
    "FreeSlots",
    "HealthcareService",
    "HumanName",
    "Location",
    "Organisation",
    "PartialDate",
    "Patient",
    "PracticeTime",
    "Practitioner",
    "Registration",
    "RegistrationDetails",
    "SlotChoice",
    "SlotSearch",
    "channels",
    "one_channel",
]


class DeliveryChannel(StrEnum):
    """The channels that the specification names; fields keep an unknown one as its text.

    Several of one slot or appointment stand in a field as "In-person or Telephone".
    """

    IN_PERSON = "In-person"
    TELEPHONE = "Telephone"
    VIDEO = "Video"


def channels(said: str | None) -> tuple[str, ...]:
    """The channels in a field: none, one or several."""
    return tuple(said.split(OR)) if said else ()


def one_channel(said: str | None) -> str | None:
    """The channel in a field, to be sent; None where there is none, or which is not certain."""
    found = channels(said)
    return found[0] if len(found) == 1 else None


OR: Final = " or "
"""What stands between several channels."""


@dataclass(frozen=True, slots=True)
class Address:
    lines: tuple[str, ...] = ()
    city: str | None = None
    district: str | None = None
    postcode: str | None = None
    country: str | None = None
    use: str | None = None  # "home", "temp", ...

    def as_lines(self) -> tuple[str, ...]:
        """Every part that was given, in the order of an envelope."""
        parts = (*self.lines, self.city, self.district, self.postcode, self.country)
        return tuple(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class ContactPoint:
    system: str  # "phone", "email", ...
    value: str
    use: str | None = None  # "home", "work", "mobile", "temp"


@dataclass(frozen=True, slots=True)
class HumanName:
    use: str | None = None
    family: str | None = None
    given: tuple[str, ...] = ()
    prefix: tuple[str, ...] = ()
    text: str | None = None

    def __str__(self) -> str:
        """Prefix, given and family names as people write them."""
        parts = (*self.prefix, *self.given, self.family)
        return " ".join(part for part in parts if part) or self.text or ""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody to get in touch with about a patient. [READ-2]"""

    relation: str | None = None
    name: HumanName | None = None
    telecoms: tuple[ContactPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Communication:
    """How to speak with a patient, or what a practitioner speaks; None: not given. [PDS-9, READ-2]

    `language` is a code (ISO 639-1, and the signed ones), `words` what was given for it.
    """

    language: str | None = None
    words: str | None = None
    interpreter_required: bool | None = None


@dataclass(frozen=True, slots=True)
class RegistrationDetails:
    """How a practice has a patient on its list, in its own words. [READ-2]"""

    type: str | None = None
    status: str | None = None
    since: PartialDate | None = None
    until: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class Location:
    id: str
    name: str | None = None
    address: Address | None = None
    telephone: str | None = None
    managing_organisation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Somebody who works at a practice. [READ-2]

    Telecoms, addresses, birth date and qualifications are of the profile, though practices are not
    to fill them.
    """

    id: str
    version: str | None = None
    name: HumanName | None = None  # the official one where there are several
    gender: str | None = None
    roles: tuple[str, ...] = ()  # SDS job role names
    sds_user_id: str | None = None
    sds_role_profile_ids: tuple[str, ...] = ()
    active: bool | None = None
    names: tuple[HumanName, ...] = ()
    communications: tuple[Communication, ...] = ()  # the preferred one first
    telecoms: tuple[ContactPoint, ...] = ()
    addresses: tuple[Address, ...] = ()
    born: PartialDate | None = None
    qualifications: tuple[str, ...] = ()

    @property
    def display_name(self) -> str:
        """The name as people write it; empty when the practice gave none."""
        return str(self.name) if self.name else ""


@dataclass(frozen=True, slots=True)
class HealthcareService:
    """A service of a practice that slots and appointments belong to; from 1.2.8 on."""

    id: str
    version: str | None = None
    name: str | None = None
    service_ids: tuple[str, ...] = ()  # of the Directory of Services
    organisation_id: str | None = None  # who provides it


@dataclass(frozen=True, slots=True)
class Organisation:
    """A practice, or another organisation on its records. [READ-2]"""

    id: str
    ods_code: str | None = None
    name: str | None = None
    telephone: str | None = None
    address: Address | None = None  # the first that is not an old one
    type: str | None = None
    version: str | None = None
    active: bool | None = None
    aliases: tuple[str, ...] = ()
    telecoms: tuple[ContactPoint, ...] = ()
    addresses: tuple[Address, ...] = ()
    since: PartialDate | None = None
    until: PartialDate | None = None
    main_location_id: str | None = None
    part_of_id: str | None = None
    part_of_name: str | None = None
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient's record at one practice; `id` means something at that practice only."""

    id: str
    version: str | None = None
    nhs_number: str | None = None
    name: HumanName | None = None  # the official one where there are several
    names: tuple[HumanName, ...] = ()
    gender: str | None = None
    born: PartialDate | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[ContactPoint, ...] = ()
    preferred_branch_id: str | None = None  # a Location id [SFS-9]
    registration: RegistrationDetails = field(default_factory=RegistrationDetails)
    communication: Communication = field(default_factory=Communication)
    contacts: tuple[Contact, ...] = ()
    number_status: str | None = None  # "01": verified

    @property
    def birth_date(self) -> date | None:
        """The birth date, if the practice has a whole one."""
        return self.born.whole if self.born else None


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """A free slot with all that a user needs to choose it. [SFS-5]"""

    id: str
    start: PracticeTime
    end: PracticeTime
    delivery_channel: str | None = None
    slot_type: str | None = None  # Slot.serviceType.text
    schedule_id: str | None = None
    schedule_type: str | None = None  # Schedule.serviceCategory.text
    location: Location | None = None
    practitioner: Practitioner | None = None
    practitioner_role: str | None = None  # SDS job role name
    practitioner_role_code: str | None = None
    service: HealthcareService | None = None  # from 1.2.8 on

    @property
    def minutes(self) -> int | None:
        """Whole minutes from start to end; None when either has no instant, or end is no later."""
        return _minutes(self.start, self.end)


@dataclass(frozen=True, slots=True)
class FreeSlots:
    """Free slots in the order of their instants, and what could not be read.

    `faults` says in words what was unreadable; with any, `complete` is False and nobody may
    conclude that there are no more slots. [SFS-10]
    """

    slots: tuple[FreeSlot, ...]
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """A range to search: dates (both inclusive, London's) or aware datetimes. [SFS-1]"""

    start: date | datetime
    end: date | datetime


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """A slot that the user chose; `start` and `end` are the practice's own texts."""

    id: str
    start: str
    end: str
    schedule_id: str | None = None
    delivery_channel: str | None = None
    service_type: str | None = None


@dataclass(frozen=True, slots=True)
class BookingOrganisation:
    """Who booked: sent in a booking and kept by the practice. [BOOK-3]"""

    ods_code: str
    name: str | None = None
    telephone: str | None = None
    type: str | None = None  # as sent in the search; None when none was sent


@dataclass(frozen=True, slots=True)
class Booking:
    """Everything that a booking says. [BOOK-2..6]"""

    patient_id: str
    slots: tuple[SlotChoice, ...]
    location_id: str
    description: str
    organisation: BookingOrganisation
    created: datetime  # aware
    practitioner_id: str | None = None
    comment: str | None = None
    delivery_channel: str | None = None
    practitioner_role: str | None = None
    practitioner_role_code: str | None = None
    identifier: str | None = None  # the consumer's own id of the command


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment as the practice holds it; `raw` is the JSON last read. [RET-2, AMEND-1]"""

    id: str
    version: str | None
    status: str
    start: PracticeTime
    end: PracticeTime
    description: str | None = None
    comment: str | None = None
    slot_ids: tuple[str, ...] = ()
    patient_id: str | None = None
    location_id: str | None = None
    practitioner_id: str | None = None
    service_id: str | None = None  # a HealthcareService's, from 1.2.8 on
    delivery_channel: str | None = None
    practitioner_role: str | None = None
    practitioner_role_code: str | None = None
    slot_type: str | None = None
    schedule_type: str | None = None
    booking_organisation: BookingOrganisation | None = None
    cancellation_reason: str | None = None
    created: str | None = None
    identifiers: tuple[str, ...] = ()
    intact: bool = True  # False: `raw` is not quite what the practice sent
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def cancelled(self) -> bool:
        return self.status == "cancelled"

    @property
    def minutes(self) -> int | None:
        """Whole minutes from start to end; None when either has no instant, or end is no later."""
        return _minutes(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Appointments:
    """A patient's appointments at one practice, by start, and what could not be read."""

    appointments: tuple[Appointment, ...]
    faults: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return not self.faults


@dataclass(frozen=True, slots=True)
class Registration:
    """A temporary registration: identity from PDS, the rest as the patient says. [REG-2]"""

    nhs_number: str
    family: str
    given: tuple[str, ...]
    birth_date: date
    gender: str | None = None
    home_address: Address | None = None
    temporary_address: Address | None = None
    telecoms: tuple[ContactPoint, ...] = ()  # one a use: home, work, mobile, temp; one e-mail
    language: str | None = None  # code of the value set CareConnect-HumanLanguage-1
    interpreter_required: bool = False


@dataclass(frozen=True, slots=True)
class CapabilityStatement:
    """What a practice says it can do. [SSP-7]"""

    fhir_version: str | None
    version: str | None  # of the GP Connect specification it implements
    interactions: frozenset[str]  # "Slot.search-type", "Appointment.create", ...
    service_filtering: str | None = None  # "enabled", "organization-disabled", ...; from 1.2.8 on


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a practice is: its ASID and service root URL, exactly as the directory gave it."""

    ods_code: str
    asid: str
    service_root: str


def _minutes(start: PracticeTime, end: PracticeTime) -> int | None:
    if start.instant is None or end.instant is None or end.instant <= start.instant:
        return None
    return int((end.instant - start.instant).total_seconds() // 60)

"""The one table of GP Connect use cases (specification 1.2.7, Interaction IDs)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

_PREFIX: Final = "urn:nhs:names:services:gpconnect:fhir:"


class Scope(StrEnum):
    """What a token asks to do: the JWT claim `requested_scope`. [JWT-2]"""

    PATIENT_READ = "patient/*.read"
    PATIENT_WRITE = "patient/*.write"
    ORGANISATION_READ = "organization/*.read"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One GP Connect use case on the wire."""

    id: str
    method: Literal["GET", "POST", "PUT"]
    path: str  # below the practice's service root, e.g. "/Appointment/{id}"
    scope: Scope
    writes: bool = False  # the practice may have acted even if we never hear back


CAPABILITY_STATEMENT = Interaction(
    f"{_PREFIX}rest:read:metadata-1", "GET", "/metadata", Scope.ORGANISATION_READ
)
FIND_PATIENT = Interaction(f"{_PREFIX}rest:search:patient-1", "GET", "/Patient", Scope.PATIENT_READ)
READ_PATIENT = Interaction(
    f"{_PREFIX}rest:read:patient-1", "GET", "/Patient/{id}", Scope.PATIENT_READ
)
REGISTER_PATIENT = Interaction(
    f"{_PREFIX}operation:gpc.registerpatient-1",
    "POST",
    "/Patient/$gpc.registerpatient",
    Scope.PATIENT_WRITE,
    writes=True,
)
FIND_PRACTITIONER = Interaction(
    f"{_PREFIX}rest:search:practitioner-1", "GET", "/Practitioner", Scope.ORGANISATION_READ
)
READ_PRACTITIONER = Interaction(
    f"{_PREFIX}rest:read:practitioner-1", "GET", "/Practitioner/{id}", Scope.ORGANISATION_READ
)
FIND_ORGANISATION = Interaction(
    f"{_PREFIX}rest:search:organization-1", "GET", "/Organization", Scope.ORGANISATION_READ
)
READ_ORGANISATION = Interaction(
    f"{_PREFIX}rest:read:organization-1", "GET", "/Organization/{id}", Scope.ORGANISATION_READ
)
READ_LOCATION = Interaction(
    f"{_PREFIX}rest:read:location-1", "GET", "/Location/{id}", Scope.ORGANISATION_READ
)
READ_HEALTHCARE_SERVICE = Interaction(  # of 1.2.8; asked only where a practice refers to one
    f"{_PREFIX}rest:read:healthcareservice-1",
    "GET",
    "/HealthcareService/{id}",
    Scope.ORGANISATION_READ,
)
SEARCH_FREE_SLOTS = Interaction(
    f"{_PREFIX}rest:search:slot-1", "GET", "/Slot", Scope.ORGANISATION_READ
)
BOOK_APPOINTMENT = Interaction(
    f"{_PREFIX}rest:create:appointment-1", "POST", "/Appointment", Scope.PATIENT_WRITE, writes=True
)
READ_APPOINTMENT = Interaction(
    f"{_PREFIX}rest:read:appointment-1", "GET", "/Appointment/{id}", Scope.PATIENT_READ
)
RETRIEVE_APPOINTMENTS = Interaction(
    f"{_PREFIX}rest:search:patient_appointments-1",
    "GET",
    "/Patient/{id}/Appointment",
    Scope.PATIENT_READ,
)
AMEND_APPOINTMENT = Interaction(
    f"{_PREFIX}rest:update:appointment-1",
    "PUT",
    "/Appointment/{id}",
    Scope.PATIENT_WRITE,
    writes=True,
)
CANCEL_APPOINTMENT = Interaction(
    f"{_PREFIX}rest:cancel:appointment-1",
    "PUT",
    "/Appointment/{id}",
    Scope.PATIENT_WRITE,
    writes=True,
)

ALL: Final = (
    CAPABILITY_STATEMENT,
    FIND_PATIENT,
    READ_PATIENT,
    REGISTER_PATIENT,
    FIND_PRACTITIONER,
    READ_PRACTITIONER,
    FIND_ORGANISATION,
    READ_ORGANISATION,
    READ_LOCATION,
    READ_HEALTHCARE_SERVICE,
    SEARCH_FREE_SLOTS,
    BOOK_APPOINTMENT,
    READ_APPOINTMENT,
    RETRIEVE_APPOINTMENTS,
    AMEND_APPOINTMENT,
    CANCEL_APPOINTMENT,
)

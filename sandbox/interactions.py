"""The fifteen interactions of GP Connect 1.2.7 Foundations and Appointment Management.

And of 1.2.8 to read a service.
"""

import re
from dataclasses import dataclass

_PREFIX = "urn:nhs:names:services:gpconnect:fhir:"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One use case: its interaction id, verb, path below the service root, and JWT scope."""

    use_case: str
    id: str
    method: str
    path: re.Pattern[str]
    scope: str


def _row(use_case: str, rest: str, method: str, path: str, scope: str) -> Interaction:
    pattern = re.escape(path).replace(r"\{id\}", r"([^/]+)")
    return Interaction(use_case, _PREFIX + rest, method, re.compile(pattern), scope)


_ORGANISATION, _READ, _WRITE = "organization/*.read", "patient/*.read", "patient/*.write"

ALL = (
    _row("capability", "rest:read:metadata-1", "GET", "/metadata", _ORGANISATION),
    _row("find_patient", "rest:search:patient-1", "GET", "/Patient", _READ),
    _row("read_patient", "rest:read:patient-1", "GET", "/Patient/{id}", _READ),
    _row("register", "operation:gpc.registerpatient-1", "POST",
         "/Patient/$gpc.registerpatient", _WRITE),
    _row("find_practitioner", "rest:search:practitioner-1", "GET", "/Practitioner", _ORGANISATION),
    _row("read_practitioner", "rest:read:practitioner-1", "GET", "/Practitioner/{id}",
         _ORGANISATION),
    _row("find_organisation", "rest:search:organization-1", "GET", "/Organization", _ORGANISATION),
    _row("read_organisation", "rest:read:organization-1", "GET", "/Organization/{id}",
         _ORGANISATION),
    _row("read_location", "rest:read:location-1", "GET", "/Location/{id}", _ORGANISATION),
    _row("read_service", "rest:read:healthcareservice-1", "GET", "/HealthcareService/{id}",
         _ORGANISATION),
    _row("search_slots", "rest:search:slot-1", "GET", "/Slot", _ORGANISATION),
    _row("book", "rest:create:appointment-1", "POST", "/Appointment", _WRITE),
    _row("read", "rest:read:appointment-1", "GET", "/Appointment/{id}", _READ),
    _row("retrieve", "rest:search:patient_appointments-1", "GET", "/Patient/{id}/Appointment",
         _READ),
    _row("amend", "rest:update:appointment-1", "PUT", "/Appointment/{id}", _WRITE),
    _row("cancel", "rest:cancel:appointment-1", "PUT", "/Appointment/{id}", _WRITE),
)  # fmt: skip

BY_ID = {interaction.id: interaction for interaction in ALL}
USE_CASES = frozenset(interaction.use_case for interaction in ALL)

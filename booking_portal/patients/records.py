"""What a practice says of itself and of somebody who works there, every element of it. [READ-2]"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.integration import lookup_cache
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.practice_record import client_at
from gpconnect.errors import GPConnectError
from gpconnect.models import HealthcareService, Organisation, Practitioner

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Records:
    """The practice's own records; None: there is none, or it could not be read.

    `main_location` is the name of the practice's, empty where it is not known.
    """

    organisation: Organisation | None
    main_location: str
    practitioner: Practitioner | None
    service: HealthcareService | None


def records_at(
    at: PatientAtPractice, *, practitioner_id: str | None, service_id: str | None, actor: Actor
) -> Records:
    """The practice, somebody there and a service, asked for now: none of it is kept. [READ-2]

    Raises: NotPermitted, TraceTooOld.
    """
    actor.require(Permission.VIEW_APPOINTMENTS)
    at.encounter.require_fresh_trace()
    client, ods_code = client_at(at, actor=actor), at.practice.ods_code
    found = _where_told(lambda: client.find_organisation(ods_code)) or ()
    there = [one for one in found if one.ods_code == ods_code]
    organisation = there[0] if len(there) == 1 else None
    main = organisation.main_location_id if organisation else None
    return Records(
        organisation=organisation,
        main_location=lookup_cache.location_name(client, at.endpoint, main) if main else "",
        practitioner=_read(client.read_practitioner, practitioner_id),
        service=_read(client.read_healthcare_service, service_id),
    )


def _read(ask: Callable[[str], Read], resource_id: str | None) -> Read | None:
    return _where_told(lambda: ask(resource_id)) if resource_id else None


def _where_told(ask: Callable[[], Read]) -> Read | None:
    try:
        return ask()
    except GPConnectError:
        return None  # audited with its exchange; the screen says that it could not be read

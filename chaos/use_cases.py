"""Each use case of the library, with a sound answer to it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.demographics import Demographics, HealthcareWorker
from gpconnect.directory import Directory
from gpconnect.fhir import appointments, names, resource_builders
from gpconnect.identity import Device, Requester, RequestingOrganisation, RequestingUser
from gpconnect.models import (
    Appointment,
    Booking,
    BookingOrganisation,
    Endpoint,
    Registration,
    SlotChoice,
    SlotSearch,
)
from gpconnect.transport import Deadlines

Json = dict[str, Any]

NUMBER: Final = "9658218873"
REQUESTER: Final = Requester(
    issuer="https://consumer.example.nhs.uk",
    device=Device("https://consumer.example.nhs.uk/Id/device", "1", "Chaos", "1"),
    organisation=RequestingOrganisation(
        "A1001", "Riverside Extended Access Hub", "urgent-care", "200000000101", "01632 960201"
    ),
    user=RequestingUser("7", "https://consumer.example.nhs.uk/Id/user", "Quillfeather", ("O",)),
)
PRACTICE: Final = Endpoint("X99999", "200000000999", "https://practice.example/X99999/gpconnect")
WORKER: Final = HealthcareWorker("a-token", "555254240100")


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to the outside, all of them led to the same server."""

    client: GPConnectClient
    pds: Demographics
    pds_with_token: Demographics
    sds: Directory


@dataclass(frozen=True, slots=True)
class UseCase:
    """`before` and `after` are what the server answers around the mutated answer.

    Of a PDS search the trace that follows is `after`; of SDS each of the two steps is one case.
    """

    name: str
    answer: Json
    ask: Callable[[Ways, Deadlines], object]
    status: int = 200
    writes: bool = False
    before: tuple[Json, ...] = ()
    after: tuple[Json, ...] = ()


_START = (london.now_utc() + timedelta(days=3)).replace(microsecond=0)
_TIMES = [london.written_with_offset(_START + timedelta(minutes=each)) for each in (0, 10)]
_STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition"


def _from_today() -> tuple[date, date]:
    """A week, as it is asked for: what runs over midnight has another today then."""
    return london.today(), london.today() + timedelta(days=6)


def _bundle(*resources: Json) -> Json:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": each} for each in resources],
    }


_PATIENT: Json = {
    "resourceType": "Patient",
    "id": "2",
    "meta": {"versionId": "9"},
    "extension": [
        {
            "url": names.REGISTRATION_DETAILS,
            "extension": [
                {"url": "preferredBranchSurgery", "valueReference": {"reference": "Location/l1"}}
            ],
        }
    ],
    "identifier": [{"system": names.NHS_NUMBER, "value": NUMBER}],
    "name": [{"use": "official", "family": "Zelthorpe", "given": ["Ignatius"], "prefix": ["Mr"]}],
    "gender": "male",
    "birthDate": "1962-11-27",
    "telecom": [{"system": "phone", "value": "01632 960001", "use": "home"}],
    "address": [{"use": "home", "line": ["1 High Street"], "city": "Walford"}],
}
_PRACTITIONER: Json = {
    "resourceType": "Practitioner",
    "id": "p1",
    "identifier": [{"system": names.SDS_USER_ID, "value": "555000000042"}],
    "name": [{"family": "Legg", "given": ["Harold"], "prefix": ["Dr"]}],
    "gender": "male",
}
_ORGANISATION: Json = {
    "resourceType": "Organization",
    "id": "o1",
    "identifier": [{"system": names.ODS_CODE, "value": "A20047"}],
    "name": "Dr Legg's Surgery",
    "telecom": [{"system": "phone", "value": "020 7946 0101"}],
}
_LOCATION: Json = {
    "resourceType": "Location",
    "id": "l1",
    "name": "Branch",
    "address": {"line": ["1 High Street"], "postalCode": "ZZ99 3CZ"},
    "telecom": [{"system": "phone", "value": "01632 960000"}],
    "managingOrganization": {"reference": "Organization/o1"},
}
_SCHEDULE: Json = {
    "resourceType": "Schedule",
    "id": "c1",
    "serviceCategory": {"text": "Evening surgery"},
    "actor": [{"reference": "Location/l1"}, {"reference": "Practitioner/p1"}],
    "extension": [
        {
            "url": names.PRACTITIONER_ROLE,
            "valueCodeableConcept": {"coding": [{"code": "R0260", "display": "GP"}]},
        }
    ],
}


def _slot(identity: str, start: str, end: str) -> Json:
    return {
        "resourceType": "Slot",
        "id": identity,
        "extension": [{"url": names.DELIVERY_CHANNEL, "valueCode": "Telephone"}],
        "serviceType": [{"text": "GP appointment"}],
        "schedule": {"reference": "Schedule/c1"},
        "status": "free",
        "start": start,
        "end": end,
    }


BOOKING: Final = Booking(
    patient_id="2",
    slots=(SlotChoice("s1", *_TIMES),),
    location_id="l1",
    description="Dressing",
    organisation=BookingOrganisation("A1001", "Hub", "01632 960201"),
    created=london.now_utc(),
)
_BOOKED: Json = {
    **resource_builders.appointment_to_book(BOOKING, "https://consumer.example.nhs.uk/Id/command"),
    "id": "148",
    "meta": {"versionId": "1", "profile": [names.APPOINTMENT_PROFILE]},
    "serviceType": [{"text": "GP appointment"}],
}
APPOINTMENT: Final[Appointment] = appointments.appointment(_BOOKED)
_AMENDED = resource_builders.amended(APPOINTMENT, "New words", "More words")
_CANCELLED = resource_builders.cancelled(APPOINTMENT, "No longer needed")
REGISTRATION: Final = Registration(NUMBER, "Zelthorpe", ("Ignatius",), date(1962, 11, 27))
_TRACED: Json = {
    **_PATIENT,
    "id": NUMBER,
    "meta": {"security": [{"code": "U", "display": "unrestricted"}]},
    "extension": [
        {
            "url": "https://fhir.hl7.org.uk/StructureDefinition/"
            "Extension-UKCore-DeathNotificationStatus",
            "extension": [
                {
                    "url": "deathNotificationStatus",
                    "valueCodeableConcept": {"coding": [{"code": "U"}]},
                }
            ],
        }
    ],
    "generalPractitioner": [
        {"identifier": {"system": names.ODS_CODE, "value": "A20047", "period": {"end": None}}}
    ],
}
_ENDPOINT = _bundle(
    {
        "resourceType": "Endpoint",
        "address": "https://practice.example/A20047/gpconnect",
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/nhsMhsPartyKey", "value": "A20047-800001"}
        ],
    }
)
_DEVICE = _bundle(
    {
        "resourceType": "Device",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhsSpineASID", "value": "200000000201"}],
    }
)
_TOKEN: Json = {"access_token": "a-token", "expires_in": "599", "token_type": "Bearer"}
_CAPABILITIES: Json = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "3.0.1",
    "version": "1.2.7",
    "rest": [{"resource": [{"type": "Slot", "interaction": [{"code": "search-type"}]}]}],
}

_EARLIER = london.written_with_offset(_START - timedelta(minutes=10))
USE_CASES: Final = (
    UseCase(
        "capability statement",
        _CAPABILITIES,
        lambda ways, limits: ways.client.capability_statement(deadline=limits),
    ),
    UseCase(
        "find a patient",
        _bundle(_PATIENT),
        lambda ways, limits: ways.client.find_patient(NUMBER, deadline=limits),
    ),
    UseCase(
        "read a patient",
        _PATIENT,
        lambda ways, limits: ways.client.read_patient("2", deadline=limits),
    ),
    UseCase(
        "register a patient",
        _bundle(_PATIENT),
        lambda ways, limits: ways.client.register_patient(REGISTRATION, deadline=limits),
        writes=True,
    ),
    UseCase(
        "find a practitioner",
        _bundle(_PRACTITIONER),
        lambda ways, limits: ways.client.find_practitioner("555000000042", deadline=limits),
    ),
    UseCase(
        "read a practitioner",
        _PRACTITIONER,
        lambda ways, limits: ways.client.read_practitioner("p1", deadline=limits),
    ),
    UseCase(
        "find an organisation",
        _bundle(_ORGANISATION),
        lambda ways, limits: ways.client.find_organisation("A20047", deadline=limits),
    ),
    UseCase(
        "read an organisation",
        _ORGANISATION,
        lambda ways, limits: ways.client.read_organisation("o1", deadline=limits),
    ),
    UseCase(
        "read a location",
        _LOCATION,
        lambda ways, limits: ways.client.read_location("l1", deadline=limits),
    ),
    UseCase(
        "search for free slots",
        _bundle(
            _slot("s0", _EARLIER, _TIMES[0]),
            _slot("s1", *_TIMES),
            _SCHEDULE,
            _LOCATION,
            _PRACTITIONER,
        ),
        lambda ways, limits: ways.client.search_free_slots(
            SlotSearch(*_from_today()), deadline=limits
        ),
    ),
    UseCase(
        "book an appointment",
        _BOOKED,
        lambda ways, limits: ways.client.book_appointment(BOOKING, deadline=limits),
        status=201,
        writes=True,
    ),
    UseCase(
        "read an appointment",
        _BOOKED,
        lambda ways, limits: ways.client.read_appointment("148", deadline=limits),
    ),
    UseCase(
        "retrieve a patient's appointments",
        _bundle(_BOOKED, {**_CANCELLED, "id": "149"}),
        lambda ways, limits: ways.client.patient_appointments("2", *_from_today(), deadline=limits),
    ),
    UseCase(
        "amend an appointment",
        _AMENDED,
        lambda ways, limits: ways.client.amend_appointment(
            replace(APPOINTMENT), "New words", "More words", deadline=limits
        ),
        writes=True,
    ),
    UseCase(
        "cancel an appointment",
        _CANCELLED,
        lambda ways, limits: ways.client.cancel_appointment(
            replace(APPOINTMENT), "No longer needed", deadline=limits
        ),
        writes=True,
    ),
    UseCase(
        "trace (PDS)",
        _TRACED,
        lambda ways, limits: ways.pds.trace(
            NUMBER, organisation_ods="A1001", worker=WORKER, deadlines=limits
        ),
    ),
    UseCase(
        "search (PDS)",
        _bundle(_TRACED),
        lambda ways, limits: ways.pds.search(
            family="Zelthorpe",
            birth_date=date(1962, 11, 27),
            organisation_ods="A1001",
            worker=WORKER,
            deadlines=limits,
        ),
        after=(_TRACED,),
    ),
    UseCase(
        "token (PDS)",
        _TOKEN,
        lambda ways, limits: ways.pds_with_token.trace(
            NUMBER, organisation_ods="A1001", deadlines=limits
        ),
        after=(_TRACED,),
    ),
    UseCase(
        "MHS record (SDS)",
        _ENDPOINT,
        lambda ways, limits: ways.sds.look_up("A20047", deadlines=limits),
        after=(_DEVICE,),
    ),
    UseCase(
        "AS record (SDS)",
        _DEVICE,
        lambda ways, limits: ways.sds.look_up("A20047", deadlines=limits),
        before=(_ENDPOINT,),
    ),
)

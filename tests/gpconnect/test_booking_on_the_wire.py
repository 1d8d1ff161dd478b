"""One booking, held by value against every word of the specification, as the Spine received it."""

import base64
import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.directory import Directory
from tests.gpconnect.conftest import REQUESTER, Observer, booking_of, slots_from_tomorrow
from tests.sandbox_control import Sandbox

BOOK = "urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1"
PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition"


def _decoded(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.mark.requirement(
    "SSP-1", "SSP-2", "SSP-3", "SSP-4", "SSP-5", "JWT-1", "JWT-2", "JWT-3", "JWT-4", "JWT-5",
    "RES-1", "BOOK-1", "BOOK-2", "BOOK-3", "BOOK-4", "BOOK-5", "BOOK-7",
)  # fmt: skip
def test_a_booking_is_what_the_specification_says_in_every_header_claim_and_element(
    client: GPConnectClient, sandbox: Sandbox, observer: Observer
) -> None:
    [patient] = client.find_patient("9658218873")
    slot = next(slot for slot in slots_from_tomorrow(client) if slot.practitioner)
    assert slot.location is not None
    assert slot.practitioner is not None
    sandbox.clear_exchanges()
    before = int(time.time())
    created = london.now_utc()
    booked = client.book_appointment(booking_of(patient.id, slot, created=created))
    after = int(time.time())

    [exchange] = sandbox.exchanges()
    assert exchange["method"] == "POST"
    assert exchange["status"] == 201
    root = "https://provider.sandbox.test/A20047/STU3/1/gpconnect"
    assert exchange["raw_path"] == f"/{root}/Appointment"

    headers = {name.lower(): value for name, value in exchange["headers"]}
    assert len(headers) == len(exchange["headers"])  # each once
    token = headers.pop("authorization").removeprefix("Bearer ")
    trace_id = headers.pop("ssp-traceid")
    assert str(uuid.UUID(trace_id)) == trace_id == observer.questions[-1].trace_id
    assert headers == {
        "host": sandbox.ssp.removeprefix("https://"),
        "user-agent": "gpconnect-consumer",
        "ssp-from": "200000000101",
        "ssp-to": "200000000201",
        "ssp-interactionid": BOOK,
        "accept": "application/fhir+json;charset=utf-8",
        "accept-encoding": "gzip",
        "content-type": "application/fhir+json;charset=utf-8",
        "content-length": str(len(exchange["body"].encode())),
    }

    header, payload, signature = token.split(".")
    assert _decoded(header) == {"alg": "none", "typ": "JWT"}
    assert signature == ""
    assert "=" not in token
    claims = _decoded(payload)
    issued = claims["iat"]
    assert isinstance(issued, int)
    assert before <= issued <= after
    user = "8f14e45f-ea4c-4a2b-9d3c-000000000007"
    assert claims == {
        "iss": "https://booking-portal.example.nhs.uk",
        "sub": user,
        "aud": root,
        "iat": issued,
        "exp": issued + 300,
        "reason_for_request": "directcare",
        "requested_scope": "patient/*.write",
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [
                {
                    "system": "https://booking-portal.example.nhs.uk/Id/installation",
                    "value": "demo-1",
                }
            ],
            "model": "GP Connect booking portal",
            "version": "0.1.0",
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [
                {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A1001"}
            ],
            "name": "Riverside Extended Access Hub",
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": user,
            "identifier": [
                {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "UNK"},
                {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": "UNK"},
                {"system": "https://booking-portal.example.nhs.uk/Id/user", "value": user},
            ],
            "name": [{"family": "Quillfeather", "given": ["Ottoline", "May"], "prefix": ["Mrs"]}],
        },
    }
    assert observer.questions[-1].claims == claims

    assert json.loads(exchange["body"]) == {
        "resourceType": "Appointment",
        "meta": {"profile": [f"{PROFILE}/GPConnect-Appointment-1"]},
        "contained": [
            {
                "resourceType": "Organization",
                "id": "1",
                "meta": {"profile": [f"{PROFILE}/CareConnect-GPC-Organization-1"]},
                "identifier": [
                    {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A1001"}
                ],
                "type": [
                    {
                        "coding": [
                            {
                                "system": "https://fhir.nhs.uk/STU3/CodeSystem/"
                                "GPConnect-OrganisationType-1",
                                "code": "urgent-care",
                            }
                        ]
                    }
                ],
                "name": "Riverside Extended Access Hub",
                "telecom": [{"system": "phone", "value": "01632 960201"}],
            }
        ],
        "extension": [
            {
                "url": f"{PROFILE}/Extension-GPConnect-BookingOrganisation-1",
                "valueReference": {"reference": "#1"},
            },
            {
                "url": f"{PROFILE}/Extension-GPConnect-PractitionerRole-1",
                "valueCodeableConcept": {
                    "coding": [
                        {
                            "system": "https://fhir.nhs.uk/STU3/CodeSystem/"
                            "CareConnect-SDSJobRoleName-1",
                            "code": slot.practitioner_role_code,
                            "display": slot.practitioner_role,
                        }
                    ]
                },
            },
            {
                "url": f"{PROFILE}/Extension-GPConnect-DeliveryChannel-2",
                "valueCode": slot.delivery_channel,
            },
        ],
        "status": "booked",
        "description": "Review of inhaler",
        "comment": "Prefers mornings",
        "start": slot.start.written,
        "end": slot.end.written,
        "created": created.astimezone(london.LONDON).isoformat(timespec="seconds"),
        "slot": [{"reference": f"Slot/{slot.id}"}],
        "participant": [
            {"actor": {"reference": f"Patient/{patient.id}"}, "status": "accepted"},
            {"actor": {"reference": f"Location/{slot.location.id}"}, "status": "accepted"},
            {"actor": {"reference": f"Practitioner/{slot.practitioner.id}"}, "status": "accepted"},
        ],
    }

    assert (booked.status, booked.slot_ids) == ("booked", (slot.id,))
    assert booked.start == slot.start
    assert booked.version


@pytest.mark.requirement("SSP-1", "SSP-5", "SFS-1", "SFS-2", "SFS-3")
def test_an_odd_service_root_arrives_exactly_and_values_are_encoded(
    client_of: Callable[[str], GPConnectClient], sds: Directory, sandbox: Sandbox
) -> None:
    root = sds.look_up("F84047").service_root
    assert root == "https://Provider-F.sandbox.test/Api/F84047/stu3/1/GPConnect"
    client = client_of("F84047")
    sandbox.clear_exchanges()
    tomorrow = london.today() + timedelta(days=1)
    slots_from_tomorrow(client, days=6)
    [exchange] = sandbox.exchanges()
    ods = "https%3A%2F%2Ffhir.nhs.uk%2FId%2Fods-organization-code%7CA1001"
    kind = "https%3A%2F%2Ffhir.nhs.uk%2FSTU3%2FCodeSystem%2FGPConnect-OrganisationType-1"
    midnights = [
        quote(
            datetime.combine(day, datetime.min.time(), ZoneInfo("Europe/London")).isoformat(),
            safe="",
        )
        for day in (tomorrow, tomorrow + timedelta(days=7))
    ]
    assert exchange["raw_path"] == (
        f"/{root}/Slot?start=ge{midnights[0]}&end=le{midnights[1]}&status=free"
        "&_include=Slot%3Aschedule"
        "&_include:recurse=Schedule%3Aactor%3APractitioner"
        "&_include:recurse=Schedule%3Aactor%3ALocation"
        "&_include:recurse=Location%3AmanagingOrganization"
        f"&searchFilter={ods}&searchFilter={kind}%7Curgent-care"
    )
    assert not re.search("[|+ ]", exchange["raw_path"])


@pytest.mark.requirement("BOOK-2", "BOOK-6")
def test_adjacent_slots_become_one_appointment_from_the_first_start_to_the_last_end(
    client: GPConnectClient, sandbox: Sandbox
) -> None:
    [patient] = client.find_patient("9658218873")
    slots = slots_from_tomorrow(client)
    first, second = next(
        (one, other)
        for one in slots
        for other in slots
        if one.end.instant == other.start.instant
        and (one.schedule_id, one.delivery_channel, one.slot_type)
        == (other.schedule_id, other.delivery_channel, other.slot_type)
    )
    booked = client.book_appointment(booking_of(patient.id, first, second))
    assert (booked.start, booked.end) == (first.start, second.end)
    [record] = sandbox.appointments("A20047", "9658218873")
    assert record["slots"] == [first.id, second.id]


@pytest.mark.requirement("BOOK-3")
def test_without_an_organisation_type_neither_search_nor_booking_gives_one(
    client_of: Callable[..., GPConnectClient], sandbox: Sandbox
) -> None:
    untyped = replace(REQUESTER, organisation=replace(REQUESTER.organisation, type=None))
    client = client_of("A20047", untyped)
    [patient] = client.find_patient("9658218873")
    slot = slots_from_tomorrow(client)[0]
    booking = booking_of(patient.id, slot)
    client.book_appointment(replace(booking, organisation=replace(booking.organisation, type=None)))
    search, book = sandbox.exchanges()[-2:]
    assert "OrganisationType" not in search["raw_path"]
    assert "type" not in json.loads(book["body"])["contained"][0]

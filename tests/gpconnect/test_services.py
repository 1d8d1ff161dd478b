"""A practice of version 1.2.8: services among a schedule's actors and among participants.

K83015 of the sandbox is one. Whatever is wrong with a service, no slot and no appointment is lost.
"""

from collections.abc import Callable
from typing import Any

import pytest

from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError, NotFound
from gpconnect.models import FreeSlot, HealthcareService
from tests.gpconnect.conftest import Observer, Start, booking_of, slots_from_tomorrow
from tests.gpconnect.scripted_server import always, bundle, http
from tests.gpconnect.test_slots import LOCATION, PRACTITIONER, SCHEDULE, slot
from tests.gpconnect.test_slots import search as searched
from tests.sandbox_control import Sandbox

HERE, PATIENT = "K83015", "9990000239"


@pytest.fixture
def client(client_of: Callable[..., GPConnectClient]) -> GPConnectClient:
    return client_of(HERE)


def at_a_service(client: GPConnectClient) -> FreeSlot:
    return next(one for one in slots_from_tomorrow(client) if one.service)


@pytest.mark.requirement("SSP-7")
@pytest.mark.parametrize(
    ("practice", "version", "filtering"),
    [
        ("A20047", "1.2.7", None),
        (HERE, "1.2.8", "enabled"),
        ("H86030", "1.2.8", "organization-disabled"),
    ],
)
def test_the_capability_statement_says_whether_services_filter(
    client_of: Callable[..., GPConnectClient], practice: str, version: str, filtering: str | None
) -> None:
    said = client_of(practice).capability_statement()
    assert (said.version, said.service_filtering) == (version, filtering)


@pytest.mark.requirement("SFS-2", "SFS-5")
def test_a_slot_says_its_service_which_is_read_by_its_id(
    client: GPConnectClient, sandbox: Sandbox
) -> None:
    sandbox.clear_exchanges()
    slots = slots_from_tomorrow(client)
    # Nobody is asked for what only 1.2.8 knows: a practice of before may refuse the whole search.
    [asked] = sandbox.exchanges()
    assert "HealthcareService" not in asked["raw_path"]
    assert "service.identifier" not in asked["raw_path"]
    linked = {one.service.id for one in slots if one.service}
    assert len(linked) == 2
    assert any(one.service is None for one in slots)
    names = {client.read_healthcare_service(each).name for each in linked}
    assert names == {"Fenwick Extended Access Hub", "Fenwick Treatment Room"}
    read = client.read_healthcare_service(min(linked))
    assert read.service_ids == ("1000000123",)
    assert read.organisation_id is not None


@pytest.mark.requirement("RET-2", "AMEND-1", "CANCEL-1")
def test_an_appointment_says_its_service_and_a_change_sends_it_back_as_it_came(
    client: GPConnectClient,
) -> None:
    [patient] = client.find_patient(PATIENT)
    chosen = at_a_service(client)
    made = client.book_appointment(booking_of(patient.id, chosen))
    assert chosen.service is not None
    assert made.service_id == chosen.service.id
    assert client.read_appointment(made.id).service_id == made.service_id
    amended = client.amend_appointment(made, "Other words", None)
    assert amended.service_id == made.service_id
    assert amended.raw["participant"] == made.raw["participant"]
    gone = client.cancel_appointment(amended, "Feels better")
    assert (gone.cancelled, gone.raw["participant"]) == (True, made.raw["participant"])


@pytest.mark.requirement("ERR-2")
def test_a_service_that_is_not_there_is_not_found(client: GPConnectClient) -> None:
    with pytest.raises(NotFound):
        client.read_healthcare_service("99")


@pytest.mark.requirement("ERR-2")
def test_a_practice_of_before_has_no_services(client_of: Callable[..., GPConnectClient]) -> None:
    with pytest.raises(GPConnectError) as refused:
        client_of("A20047").read_healthcare_service("15")
    assert refused.value.status == 501


SERVICE = {
    "resourceType": "HealthcareService",
    "id": "15",
    "identifier": [
        {"system": "https://fhir.nhs.uk/Id/uec-dos-service-id", "value": "1000000123"},
        {"system": "https://supplier.example/rota", "value": "7"},
    ],
    "name": "West Road Hub",
}
LINKED = SCHEDULE | {"actor": [*SCHEDULE["actor"], {"reference": "HealthcareService/15"}]}


@pytest.mark.requirement("SFS-5")
def test_a_service_that_comes_with_the_slots_is_read_with_them(scripted: Start) -> None:
    answer = bundle(slot(), LINKED, LOCATION, PRACTITIONER, SERVICE)
    found = searched(scripted, answer)
    [one] = found.slots
    assert found.complete
    assert one.service == HealthcareService("15", None, "West Road Hub", ("1000000123",))
    assert one.location is not None
    assert one.practitioner is not None


BAD_SERVICES: list[Any] = [
    SERVICE | {"id": None},
    SERVICE | {"id": {"value": "15"}},
    SERVICE | {"name": ["West", "Road"], "identifier": [5]},
    SERVICE | {"name": None, "identifier": 5, "providedBy": "somewhere"},
    {"resourceType": "HealthcareService"},
]


@pytest.mark.requirement("SFS-5", "SFS-10", "ERR-5")
@pytest.mark.parametrize("bad", BAD_SERVICES)
def test_a_service_that_cannot_be_read_hides_no_slot(scripted: Start, bad: Any) -> None:
    [one] = searched(scripted, bundle(slot(), LINKED, LOCATION, PRACTITIONER, bad)).slots
    assert one.service == HealthcareService("15")
    assert (one.id, one.location is not None, one.practitioner is not None) == ("s1", True, True)


@pytest.mark.requirement("SFS-5", "RES-2")
@pytest.mark.parametrize("actor", [{"reference": "HealthcareService/"}, {"display": "Hub"}, None])
def test_a_reference_to_a_service_that_is_none_is_no_service(scripted: Start, actor: Any) -> None:
    schedule = SCHEDULE | {"actor": [actor, *SCHEDULE["actor"]]}
    [one] = searched(scripted, bundle(slot(), schedule, LOCATION, PRACTITIONER)).slots
    assert one.service is None
    assert one.location is not None


@pytest.mark.requirement("RET-2", "PDS-6")
def test_a_service_among_the_participants_hides_nothing_of_an_appointment(
    scripted: Start, observer: Observer
) -> None:
    resource = {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "booked",
        "start": "2026-12-01T09:00:00+00:00",
        "end": "2026-12-01T09:10:00+00:00",
        "participant": [
            {"actor": {"reference": f"{kind}/{number}"}, "status": "accepted"}
            for number, kind in enumerate(
                ("HealthcareService", "Patient", "HealthcareService", "Location", "Practitioner")
            )
        ],
    }
    read = scripted(always(http(resource))).client.read_appointment("a1")
    assert (read.service_id, read.patient_id, read.location_id) == ("0", "1", "3")
    assert read.practitioner_id == "4"

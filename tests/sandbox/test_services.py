"""K83015 is of version 1.2.8 and tells of its services; H86030 has switched them off."""

from typing import Any

import pytest

from tests.sandbox.conftest import PATIENTS
from tests.sandbox.exchange import encode
from tests.sandbox.slots import Slots, slot_query
from tests.sandbox.wire import Wire, cancelled, error_code

HERE = "K83015"
STATUS = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-ServiceFilteringStatus-1"
INCLUDED = f"&_include:recurse={encode('Schedule:actor:HealthcareService')}"
HUB, TREATMENT_ROOM = "15", "16"


@pytest.fixture
def there(wire: Wire) -> Wire:
    return wire.at(HERE)


def services(resource: dict[str, Any]) -> list[str]:
    """The services that a schedule or appointment refers to."""
    actors = resource.get("actor") or [one["actor"] for one in resource["participant"]]
    references = [actor["reference"] for actor in actors]
    return [one for one in references if one.startswith("HealthcareService/")]


@pytest.mark.parametrize(
    ("practice", "version", "status"),
    [
        ("A20047", "1.2.7", []),
        (HERE, "1.2.8", ["enabled"]),
        ("H86030", "1.2.8", ["organization-disabled"]),
    ],
)
def test_the_capability_statement_says_the_version_and_whether_services_filter(
    wire: Wire, practice: str, version: str, status: list[str]
) -> None:
    said = wire.at(practice).ask("capability", "/metadata").json()
    assert said["version"] == version
    found = [one["valueCode"] for one in said.get("extension", []) if one["url"] == STATUS]
    assert found == status


def test_a_service_comes_with_the_slots_only_when_it_is_included(there: Wire) -> None:
    bare, whole = there.slots(), Slots(there.search(slot_query() + INCLUDED).json())
    assert bare.of("HealthcareService") == []
    linked = {one for schedule in whole.of("Schedule") for one in services(schedule)}
    assert linked == {f"HealthcareService/{one}" for one in (HUB, TREATMENT_ROOM)}
    assert [one["id"] for one in whole.of("HealthcareService")] == [HUB, TREATMENT_ROOM]
    assert any(not services(schedule) for schedule in whole.of("Schedule"))


def test_a_service_is_read_by_its_id(wire: Wire, there: Wire) -> None:
    read = there.ask("read_service", f"/HealthcareService/{HUB}")
    assert read.status_code == 200
    assert read.json()["name"] == "Fenwick Extended Access Hub"
    assert read.json()["identifier"] == [
        {"system": "https://fhir.nhs.uk/Id/uec-dos-service-id", "value": "1000000123"}
    ]
    for practice, path, code in (
        (HERE, "/HealthcareService/99", "NO_RECORD_FOUND"),
        ("H86030", f"/HealthcareService/{HUB}", "NO_RECORD_FOUND"),
        ("A20047", f"/HealthcareService/{HUB}", "NOT_IMPLEMENTED"),
    ):
        assert error_code(wire.at(practice).ask("read_service", path)) == code


def test_services_that_are_switched_off_are_nowhere(wire: Wire) -> None:
    found = Slots(wire.at("H86030").search(slot_query() + INCLUDED).json())
    assert found.free
    assert found.of("HealthcareService") == []
    assert not any(services(schedule) for schedule in found.of("Schedule"))


def test_an_appointment_at_a_service_keeps_it_through_every_change(there: Wire) -> None:
    slots = there.slots()
    slot = next(one for one in slots.ordinary() if services(slots.schedule(one)))
    wish = there.booking(PATIENTS[HERE], slots, slot)
    made = there.book(wish).json()
    linked = services(slots.schedule(slot))
    assert services(made) == linked
    lost = made | {"participant": [one for one in made["participant"] if not _is_service(one)]}
    assert error_code(there.put("amend", lost)) == "INVALID_RESOURCE"
    amended = there.put("amend", made | {"description": "Other words"})
    assert services(amended.json()) == linked
    assert services(there.put("cancel", cancelled(amended.json())).json()) == linked


def test_a_booking_names_the_slots_service_or_none(wire: Wire, there: Wire) -> None:
    slots = there.slots()
    at_service = next(one for one in slots.ordinary() if services(slots.schedule(one)))
    wish = there.booking(PATIENTS[HERE], slots, at_service)
    other = {"actor": {"reference": "HealthcareService/99"}, "status": "accepted"}
    unnamed = [one for one in wish["participant"] if not _is_service(one)]
    assert error_code(there.book(wish | {"participant": [*unnamed, other]})) == "INVALID_RESOURCE"
    assert there.book(wish | {"participant": unnamed}).status_code == 201
    before = wire.at("A20047")
    slots = before.slots()
    plain = before.booking(PATIENTS["A20047"], slots, slots.ordinary()[0])
    refused = before.book(plain | {"participant": [*plain["participant"], other]})
    assert error_code(refused) == "INVALID_RESOURCE"


def _is_service(participant: dict[str, Any]) -> bool:
    return str(participant["actor"]["reference"]).startswith("HealthcareService/")


def test_every_element_of_a_practitioner_and_the_organisation_is_filled(there: Wire) -> None:
    slots = there.slots()
    practitioner = slots.of("Practitioner")[0]
    assert {"identifier", "active", "name", "gender"} <= set(practitioner)
    (organisation,) = slots.of("Organization")
    assert {"extension", "active", "type", "alias", "telecom", "address", "partOf"} <= set(
        organisation
    )

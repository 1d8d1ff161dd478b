"""What practices send of slots is read; what cannot be is said, and hides nothing else."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gpconnect.models import FreeSlots, SlotSearch
from tests.gpconnect.conftest import Scripted
from tests.gpconnect.scripted_server import always, bundle, http

Start = Callable[..., Scripted]
STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition"
DAY = SlotSearch(date(2026, 12, 1), date(2026, 12, 2))


def slot(identity: str = "s1", **changes: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Slot",
        "id": identity,
        "extension": [
            {"url": f"{STRUCTURE}/Extension-GPConnect-DeliveryChannel-2", "valueCode": "Telephone"}
        ],
        "serviceType": [{"text": "GP appointment"}],
        "schedule": {"reference": "Schedule/c1"},
        "status": "free",
        "start": "2026-12-01T09:00:00+00:00",
        "end": "2026-12-01T09:10:00+00:00",
    } | changes
    return {name: value for name, value in made.items() if value is not None}


SCHEDULE = {
    "resourceType": "Schedule",
    "id": "c1",
    "extension": [
        {
            "url": f"{STRUCTURE}/Extension-GPConnect-PractitionerRole-1",
            "valueCodeableConcept": {
                "coding": [{"code": "R0260", "display": "General Medical Practitioner"}]
            },
        }
    ],
    "serviceCategory": {"text": "Evening surgery"},
    "actor": [{"reference": "Location/l1"}, {"reference": "Practitioner/p1"}],
}
LOCATION = {
    "resourceType": "Location",
    "id": "l1",
    "name": "Branch",
    "address": {"line": ["1 High Street"], "city": "Anytown", "postalCode": "AB1 2CD"},
    "telecom": {"system": "phone", "value": "01632 960000", "use": "work"},
}
PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "p1",
    "name": [{"family": "Black", "given": ["Sarah"], "prefix": ["Dr"]}],
    "gender": "female",
}


def whole(*slots: Any) -> dict[str, Any]:
    return bundle(*slots, SCHEDULE, LOCATION, PRACTITIONER)


def search(scripted: Start, answer: dict[str, Any]) -> FreeSlots:
    return scripted(always(http(answer))).client.search_free_slots(DAY)


@pytest.mark.requirement("SFS-5", "RES-4")
def test_a_slot_is_joined_with_schedule_location_and_practitioner(scripted: Start) -> None:
    found = search(scripted, whole(slot()))
    [one] = found.slots
    assert found.complete
    assert (one.minutes, one.delivery_channel, one.slot_type) == (10, "Telephone", "GP appointment")
    assert (one.schedule_type, one.practitioner_role) == (
        "Evening surgery",
        "General Medical Practitioner",
    )
    assert one.practitioner_role_code == "R0260"
    assert one.location is not None
    # The specification's own example has one object where FHIR has a list, and the reverse.
    assert (one.location.name, one.location.telephone) == ("Branch", "01632 960000")
    assert one.location.address is not None
    assert one.location.address.as_lines() == ("1 High Street", "Anytown", "AB1 2CD")
    assert one.practitioner is not None
    assert (one.practitioner.display_name, one.practitioner.gender) == ("Dr Sarah Black", "female")


BAD_SLOTS: list[Any] = [
    None,
    "a slot",
    17,
    [],
    {},
    {"resourceType": ["Slot"]},
    slot(id=None),
    slot(id=7),
    slot(start=None),
    slot(end={"value": "2026-12-01"}),
    slot(status=None),
    slot(end="2026-12-01T08:00:00+00:00"),
]


@pytest.mark.requirement("SFS-10", "ERR-5")
@pytest.mark.parametrize("bad", BAD_SLOTS)
def test_one_bad_resource_is_reported_and_hides_no_other(scripted: Start, bad: Any) -> None:
    found = search(scripted, whole(slot("before"), bad, slot("after")))
    assert [one.id for one in found.slots] == ["before", "after"]
    assert not found.complete
    assert len(found.faults) == 1


@pytest.mark.requirement("SFS-10")
def test_none_is_said_only_when_the_practice_answered_wholly(scripted: Start) -> None:
    assert search(scripted, bundle()).complete
    assert search(scripted, {"resourceType": "Bundle", "type": "searchset"}).complete
    outcome = {"resourceType": "OperationOutcome", "issue": []}
    more = [{"relation": "next", "url": "https://practice.example/page2"}]
    for partial in (bundle(slot(start=5)), bundle(outcome), bundle(link=more)):
        found = search(scripted, partial)
        assert found.slots == ()
        assert not found.complete


@pytest.mark.requirement("RES-2", "SFS-5")
def test_what_is_missing_is_not_given_and_never_guessed(scripted: Start) -> None:
    bare = slot(extension=None, serviceType=None)
    [one] = search(scripted, bundle(bare, {"resourceType": "Schedule", "id": "c1"})).slots
    missing = (one.delivery_channel, one.slot_type, one.schedule_type, one.location)
    assert missing == (None, None, None, None)
    assert (one.practitioner, one.practitioner_role) == (None, None)


@pytest.mark.requirement("SFS-5", "SFS-10")
def test_a_slot_whose_schedule_is_missing_is_kept_and_reported(scripted: Start) -> None:
    found = search(scripted, bundle(slot()))
    assert [one.id for one in found.slots] == ["s1"]
    assert not found.complete


@pytest.mark.requirement("SFS-5")
def test_a_location_or_practitioner_that_was_not_included_keeps_its_id(scripted: Start) -> None:
    [one] = search(scripted, bundle(slot(), SCHEDULE)).slots
    assert one.location is not None
    assert (one.location.id, one.location.name) == ("l1", None)
    assert one.practitioner is not None
    assert (one.practitioner.id, one.practitioner.display_name) == ("p1", "")


CHANNEL = f"{STRUCTURE}/Extension-GPConnect-DeliveryChannel"
VIDEO = {"coding": [{"code": "Video", "display": "Video"}]}


@pytest.mark.requirement("RES-4")
@pytest.mark.parametrize(
    ("extension", "channel"),
    [
        ({"url": f"{CHANNEL}-1", "valueCodeableConcept": VIDEO}, "Video"),
        ({"url": f"{CHANNEL}-2", "valueCode": "Video"}, "Video"),
        ({"url": f"{CHANNEL}-2", "valueCode": "Hologram"}, "Hologram"),
        ({"url": "https://supplier.example/ours", "valueCode": "Video"}, None),
        ({"url": f"{CHANNEL}-2", "valueCode": 5}, None),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_both_delivery_channel_extensions_are_read(
    scripted: Start, extension: dict[str, Any], channel: str | None, listed: bool
) -> None:
    given = slot(extension=[extension] if listed else extension)
    assert search(scripted, whole(given)).slots[0].delivery_channel == channel


@pytest.mark.requirement("RES-2")
def test_resources_are_matched_by_type_and_id_and_not_by_full_url(scripted: Start) -> None:
    answer = whole(slot(), {**LOCATION, "id": "p1", "name": "Not a practitioner"})
    for entry in answer["entry"]:
        entry["fullUrl"] = "urn:uuid:the-same-for-all"
    [one] = search(scripted, answer).slots
    assert one.practitioner is not None
    assert one.practitioner.display_name == "Dr Sarah Black"


@pytest.mark.requirement("RES-2")
@pytest.mark.parametrize(
    "reference",
    [
        "Schedule/c1",
        "https://practice.example/A/STU3/1/Schedule/c1",
        "Schedule/c1/_history/4",
    ],
)
def test_references_are_read_in_every_form(scripted: Start, reference: str) -> None:
    given = slot(schedule={"reference": reference})
    assert search(scripted, whole(given)).slots[0].schedule_type == "Evening surgery"


def test_slots_that_are_not_free_are_not_offered(scripted: Start) -> None:
    found = search(scripted, whole(slot(status="busy"), slot("s2")))
    assert [one.id for one in found.slots] == ["s2"]
    assert found.complete


@pytest.mark.requirement("SFS-6")
def test_a_doubtful_time_is_shown_in_its_place_and_marked(scripted: Start) -> None:
    early = slot("early", start="2026-12-01T08:00:00+01:00", end="2026-12-01T08:10:00+01:00")
    late = slot("late", start="2026-12-01T09:00:00", end="2026-12-01T09:10:00")
    found = search(scripted, whole(late, slot(), early))
    assert [one.id for one in found.slots] == ["early", "s1", "late"]
    assert [one.start.doubtful for one in found.slots] == [True, False, True]
    assert found.slots[2].minutes is None


@pytest.mark.requirement("SFS-4")
def test_the_same_slot_twice_is_one(scripted: Start) -> None:
    assert len(search(scripted, whole(slot(), slot())).slots) == 1


def test_text_that_nothing_can_store_is_replaced(scripted: Start) -> None:
    body = json.dumps(whole(slot(serviceType=[{"text": "A\u0000B\ud800C \U0001f600"}])))
    assert "\\ud800" in body
    [one] = scripted(always(http(body))).client.search_free_slots(DAY).slots
    assert one.slot_type == "A\ufffdB\ufffdC \U0001f600"

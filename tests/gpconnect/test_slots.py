"""What practices send of slots is read; what cannot be is said, and hides nothing else."""

import json
from datetime import date
from typing import Any

import pytest

from gpconnect.models import FreeSlots, SlotSearch, channels
from tests.gpconnect.conftest import Start
from tests.gpconnect.scripted_server import always, bundle, http

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
        "https://practice.example/A/STU3/1/Schedule/c1/_history/4",
        " Schedule/c1 ",
        "/Schedule/c1",
        "Schedule/c1/",
        "schedule/c1",
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


@pytest.mark.requirement("RES-2", "SFS-10")
@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Schedule/"},
        {"reference": "Location/c1"},
        {"reference": "#c1"},
        {"reference": "urn:uuid:0b2f9c1e-0000-4000-8000-000000000001"},
        {"reference": "Schedule/" + "c" * 65},
        {"reference": "Schedule/c\N{REPLACEMENT CHARACTER}"},
        {"reference": None},
        {"identifier": {"value": "c1"}},
        "c1",
    ],
)
def test_a_reference_that_names_no_schedule_is_reported_and_the_slot_shown(
    scripted: Start, reference: Any
) -> None:
    found = search(scripted, whole(slot(schedule=reference), slot("s2")))
    assert [one.id for one in found.slots] == ["s1", "s2"]
    assert not found.complete
    assert found.slots[0].location is None


@pytest.mark.requirement("RES-4", "SFS-5")
@pytest.mark.parametrize(
    ("codes", "channel"),
    [
        (["telephone"], "Telephone"),
        (["TELEPHONE"], "Telephone"),
        (["in-person"], "In-person"),
        (["In Person"], "In-person"),
        (["in_person"], "In-person"),
        (["Carrier pigeon"], "Carrier pigeon"),
        (["In-person", "telephone"], "In-person or Telephone"),
        (["Video", "video"], "Video"),
        (["Video", "", None, "Telephone", "Video"], "Video or Telephone"),
    ],
)
def test_a_channel_is_read_in_any_spelling_and_of_several_all(
    scripted: Start, codes: list[Any], channel: str
) -> None:
    """Case 12."""
    extensions = [{"url": f"{CHANNEL}-2", "valueCode": code} for code in codes]
    found = search(scripted, whole(slot(extension=extensions)))
    assert [one.delivery_channel for one in found.slots] == [channel]
    assert channels(channel) == tuple(channel.split(" or "))


@pytest.mark.requirement("RES-4", "SFS-5")
@pytest.mark.parametrize(
    ("said", "gender"), [("Female", "female"), (" MALE ", "male"), ("woman", "woman"), (1, None)]
)
def test_a_gender_is_read_in_any_spelling(
    scripted: Start, said: object, gender: str | None
) -> None:
    practitioner = {**PRACTITIONER, "gender": said}
    found = search(scripted, bundle(slot(), SCHEDULE, LOCATION, practitioner))
    assert found.slots[0].practitioner is not None
    assert found.slots[0].practitioner.gender == gender


@pytest.mark.requirement("RES-4", "SFS-10")
@pytest.mark.parametrize(
    ("status", "offered", "complete"),
    [
        ("FREE", True, True),
        ("Free", True, True),
        ("Busy", False, True),
        ("busy-unavailable", False, True),
        ("entered in error", False, True),
        ("frei", False, False),
    ],
)
def test_a_slots_state_is_read_in_any_spelling_and_an_unknown_one_is_reported(
    scripted: Start, status: str, offered: bool, complete: bool
) -> None:
    found = search(scripted, whole(slot(status=status), slot("s2")))
    assert ("s1" in {one.id for one in found.slots}) == offered
    assert found.complete == complete


@pytest.mark.requirement("SFS-5", "SFS-10")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ([{"given": ["Sarah"]}], "Sarah"),
        ([{"family": "Black"}], "Black"),
        ([{"text": "Dr Sarah Black"}], "Dr Sarah Black"),
        ([{"use": "official"}, {"use": "usual", "text": "Dr Black"}], "Dr Black"),
        ([{"use": "old", "family": "White"}, {"family": "Black"}], "Black"),
        ([None, {}, {"family": None, "given": [None, ""]}], ""),
        ("Dr Sarah Black", ""),
    ],
)
def test_a_practitioners_name_is_shown_with_what_there_is_of_it(
    scripted: Start, name: Any, shown: str
) -> None:
    practitioner = {**PRACTITIONER, "name": name}
    found = search(scripted, bundle(slot(), SCHEDULE, LOCATION, practitioner))
    assert found.complete
    assert found.slots[0].practitioner is not None
    assert found.slots[0].practitioner.display_name == shown


@pytest.mark.requirement("SFS-5", "SFS-10")
def test_what_two_resources_of_one_id_contradict_is_not_believed(scripted: Start) -> None:
    other = {**PRACTITIONER, "gender": "male"}
    found = search(scripted, bundle(slot(), SCHEDULE, LOCATION, PRACTITIONER, other))
    assert found.slots[0].practitioner is not None
    assert (found.slots[0].practitioner.id, found.slots[0].practitioner.display_name) == ("p1", "")
    assert not found.complete
    assert search(scripted, whole(slot(), PRACTITIONER, LOCATION, SCHEDULE)).complete
    later = slot(start="2026-12-01T10:00:00+00:00", end="2026-12-01T10:10:00+00:00")
    both = search(scripted, whole(slot(), later))
    assert [one.start.time_label for one in both.slots] == ["09:00", "10:00"]
    assert not both.complete


@pytest.mark.requirement("RES-2")
@pytest.mark.parametrize("meta", [None, 5, "1", [], [None], {"versionId": {}}, {"profile": 7}])
def test_a_bad_meta_hides_nothing(scripted: Start, meta: Any) -> None:
    given = [{**resource, "meta": meta} for resource in (slot(), SCHEDULE, LOCATION, PRACTITIONER)]
    found = search(scripted, bundle(*given))
    assert found.complete
    assert found.slots[0].practitioner is not None
    assert found.slots[0].practitioner.display_name == "Dr Sarah Black"


@pytest.mark.requirement("SFS-5")
def test_a_text_without_end_is_cut_and_says_so(scripted: Start) -> None:
    found = search(scripted, whole(slot(serviceType=[{"text": "A" * 100_000}])))
    [one] = found.slots
    assert one.slot_type is not None
    assert len(one.slot_type) < 5_000
    assert one.slot_type.endswith("\N{HORIZONTAL ELLIPSIS}")


@pytest.mark.requirement("SFS-4")
def test_the_same_slot_twice_is_one(scripted: Start) -> None:
    assert len(search(scripted, whole(slot(), slot())).slots) == 1


def test_text_that_nothing_can_store_is_replaced(scripted: Start) -> None:
    body = json.dumps(whole(slot(serviceType=[{"text": "A\u0000B\ud800C \U0001f600"}])))
    assert "\\ud800" in body
    [one] = scripted(always(http(body))).client.search_free_slots(DAY).slots
    assert one.slot_type == "A\ufffdB\ufffdC \U0001f600"

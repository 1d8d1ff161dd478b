"""Searching for free slots: what is asked, what comes back, and to whom."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.exchange import LONDON, PRACTICES, PROFILES, encode, today
from tests.sandbox.slots import Slots, channel, slot_query
from tests.sandbox.wire import Wire, error_code

ALL_INCLUDES = (
    "Schedule:actor:Practitioner",
    "Schedule:actor:Location",
    "Location:managingOrganization",
)


def day(ahead: int) -> str:
    return (today() + timedelta(days=ahead)).isoformat()


def service_types(slots: Slots) -> set[str]:
    return {slot["serviceType"][0]["text"] for slot in slots.free}


@pytest.mark.requirement("SFS-2", "SFS-5")
def test_every_practice_has_slots_with_all_that_a_patient_asks_for(wire: Wire) -> None:
    for practice in PRACTICES:
        slots = wire.at(practice).slots()
        assert len(slots.free) >= 100
        for slot in slots.free:
            assert slot["meta"]["profile"] == [PROFILES + "GPConnect-Slot-1"]
            assert slot["meta"]["versionId"]
            assert slot["status"] == "free"
            assert channel(slot) in {"In-person", "Telephone", "Video"}
            schedule = slots.schedule(slot)
            assert schedule["serviceCategory"]["text"]
            assert "specialty" not in slot
        for location in slots.of("Location"):
            assert location["name"]
            assert location["address"]["postalCode"]
            assert location["telecom"]
        assert len(slots.of("Organization")) == 1


def test_practitioners_of_several_kinds_work_in_the_evening_and_on_saturday(wire: Wire) -> None:
    slots = wire.slots()
    later = wire.slots(start=f"ge{day(14)}", end=f"le{day(28)}")
    roles = {
        extension["valueCodeableConcept"]["coding"][0]["display"]
        for schedule in (*slots.of("Schedule"), *later.of("Schedule"))  # not each shares each week
        for extension in schedule.get("extension", [])
    }
    assert {"General Medical Practitioner", "Staff Nurse", "Pharmacist"} <= roles
    starts = [datetime.fromisoformat(slot["start"]).astimezone(LONDON) for slot in slots.free]
    assert any(start.hour >= 18 for start in starts)
    assert any(start.weekday() == 5 for start in starts)
    assert {channel(slot) for slot in slots.free} == {"In-person", "Telephone", "Video"}
    assert len(slots.of("Location")) == 2


def test_some_practitioners_have_no_gender_and_some_schedules_no_role(wire: Wire) -> None:
    slots = wire.at("G85119").slots()
    assert any("gender" not in one for one in slots.of("Practitioner"))
    assert any("extension" not in one for one in slots.of("Schedule"))


def test_adjacent_slots_exist_everywhere(wire: Wire) -> None:
    for practice in PRACTICES:
        wire.at(practice).slots().neighbours()


@pytest.mark.requirement("SFS-6")
def test_times_are_londons_except_for_a_few_of_one_practice(wire: Wire) -> None:
    for practice in PRACTICES:
        doubtful = [
            slot
            for slot in wire.at(practice).slots().free
            if datetime.fromisoformat(slot["start"]).utcoffset()
            != datetime.fromisoformat(slot["start"]).astimezone(LONDON).utcoffset()
        ]
        assert bool(doubtful) == (practice == "D82104")
        assert len(doubtful) < 20


@pytest.mark.requirement("SFS-2")
@pytest.mark.parametrize("left_out", range(3))
def test_only_what_was_asked_for_is_included(wire: Wire, left_out: int) -> None:
    include = tuple(one for place, one in enumerate(ALL_INCLUDES) if place != left_out)
    slots = wire.slots(include=include)
    assert bool(slots.of("Practitioner")) == (left_out != 0)
    assert bool(slots.of("Location")) == (left_out != 1)
    assert len(slots.of("Organization")) == 1, "always there, asked for or not"


def test_nothing_is_included_when_there_is_no_slot(wire: Wire) -> None:
    late = f"{day(3)}T02:00:00"
    moment = datetime.fromisoformat(late).replace(tzinfo=LONDON).isoformat()
    later = datetime.fromisoformat(f"{day(3)}T03:00:00").replace(tzinfo=LONDON).isoformat()
    response = wire.search(slot_query(start=f"ge{moment}", end=f"le{later}"))
    assert response.status_code == 200
    assert response.json()["type"] == "searchset"
    assert not response.json().get("entry")


@pytest.mark.requirement("SFS-4")
def test_a_slot_must_lie_wholly_in_the_range(wire: Wire) -> None:
    slot = wire.slots().ordinary()[0]
    start, end = slot["start"], slot["end"]

    def ids(first: str, last: str) -> list[str]:
        found = wire.slots(start=f"ge{first}", end=f"le{last}")
        return [one["id"] for one in found.free]

    def shifted(text: str, minutes: int) -> str:
        return (datetime.fromisoformat(text) + timedelta(minutes=minutes)).isoformat()

    assert slot["id"] in ids(start, end)
    assert slot["id"] not in ids(shifted(start, 1), shifted(end, 60))
    assert slot["id"] not in ids(shifted(start, -60), shifted(end, -1))


@pytest.mark.requirement("SFS-4")
def test_fourteen_days_are_accepted_and_fifteen_are_not(wire: Wire) -> None:
    assert wire.search(slot_query(end=f"le{day(14)}")).status_code == 200
    response = wire.search(slot_query(end=f"le{day(15)}"))
    assert (response.status_code, error_code(response)) == (422, "INVALID_PARAMETER")


@pytest.mark.requirement("SFS-1", "SFS-2")
@pytest.mark.parametrize("name", ["start", "end", "status", "_include"])
def test_a_missing_parameter_is_a_bad_request(wire: Wire, name: str) -> None:
    parts = [part for part in slot_query().split("&") if not part.startswith(f"{name}=")]
    response = wire.search("&".join(parts))
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


@pytest.mark.requirement("SFS-1", "SFS-2")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", "{day}"),
        ("start", "gt{day}"),
        ("start", "le{day}"),
        ("start", "GE{day}"),
        ("start", "ge{month}"),
        ("start", "ge2026-02-30"),
        ("start", "ge{day}T09:00"),
        ("start", "ge{day}T09:00:00"),
        ("start", "ge{day}T09:00:00Z"),
        ("start", "ge{day}T09:00:00{wrong}"),
        ("start", "ge{day}T09:00:00+05:00"),
        ("end", "ge{later}"),
        ("end", "{later}"),
        ("end", "le2020-01-01"),
        ("status", "busy"),
    ],
)
def test_a_parameter_with_a_wrong_value_is_invalid(wire: Wire, name: str, value: str) -> None:
    noon = datetime.fromisoformat(f"{day(1)}T12:00:00").replace(tzinfo=LONDON)
    wrong = "+00:00" if noon.utcoffset() else "+01:00"
    value = value.format(day=day(1), month=day(1)[:7], later=day(5), wrong=wrong)
    parts = [part for part in slot_query().split("&") if not part.startswith(f"{name}=")]
    response = wire.search("&".join([*parts, f"{name}={encode(value)}"]))
    assert (response.status_code, error_code(response)) == (422, "INVALID_PARAMETER")


@pytest.mark.requirement("SFS-1")
def test_start_twice_is_invalid(wire: Wire) -> None:
    response = wire.search(slot_query() + f"&start=ge{day(1)}")
    assert error_code(response) == "INVALID_PARAMETER"


@pytest.mark.requirement("SFS-3")
def test_each_filter_adds_the_slots_restricted_to_it(wire: Wire) -> None:
    """The specification's four-way table, at practices that restrict by each and by both."""

    def offered(practice: str, **filters: Any) -> set[str]:
        return service_types(wire.at(practice).slots(**filters))

    both, code, neither = "Urgent Hub Appointment", "Hub Appointment", {"organisation": None}
    assert both in offered("B82617")
    assert both not in offered("B82617", kind=None)
    assert both not in offered("B82617", organisation=None, kind="urgent-care")
    assert both not in offered("B82617", **neither, kind=None)
    assert code in offered("A20047", kind=None)
    assert code not in offered("A20047", organisation=None, kind="urgent-care")
    assert code not in offered("A20047", organisation="A1002")
    assert "NHS 111 Direct" in offered("C81007", organisation=None, kind="urgent-care")
    assert "NHS 111 Direct" not in offered("C81007", kind=None)
    assert "NHS 111 Direct" not in offered("C81007", organisation="A20047")
    assert "PCN Shared Appointment" in offered("H86030", organisation="A20047")
    assert "PCN Shared Appointment" not in offered("H86030")


def test_a_filter_of_another_system_is_ignored(wire: Wire) -> None:
    other = encode("https://example.org/disposition|DX05")
    response = wire.search(slot_query() + f"&searchFilter={other}")
    assert response.status_code == 200
    assert len(Slots(response.json()).free) == len(wire.slots().free)


def test_what_a_practice_does_not_share_is_not_shown(wire: Wire) -> None:
    for practice in PRACTICES:
        assert "Duty Doctor Only" not in service_types(wire.at(practice).slots())


def test_a_booking_window_hides_what_is_too_far_ahead_or_too_near(wire: Wire) -> None:
    now = time.time()
    for slot in wire.at("C81007").slots().free:
        if slot["serviceType"][0]["text"] == "On The Day Telephone":
            start = datetime.fromisoformat(slot["start"]).timestamp()
            assert start <= now + 86_400
            assert start > now + 30 * 60 or start <= now
    for slot in wire.at("D82104").slots().free:
        if slot["serviceType"][0]["text"] == "Advance Booking":
            start = datetime.fromisoformat(slot["start"]).timestamp()
            assert start > now + 86_400 or start <= now


def test_a_search_is_quick(wire: Wire) -> None:
    """The whole exchange, TLS and gzip and the test's own reading included."""
    wire.slots()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        wire.search(slot_query())
        took.append(time.perf_counter() - began)
    assert min(took) < 0.1

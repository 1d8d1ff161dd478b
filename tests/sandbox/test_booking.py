"""Booking: what the practice makes of a sound request, and each thing that it refuses."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from sandbox import calendar, practices
from sandbox.store import Schedule, Slot
from tests.sandbox.conftest import ORDINARY, PATIENTS
from tests.sandbox.exchange import (
    BOOKING_ORGANISATION,
    CANCELLATION_REASON,
    DELIVERY_CHANNEL,
    PRACTICES,
    PROFILES,
    today,
)
from tests.sandbox.slots import Slots
from tests.sandbox.wire import Wire, error_code
from tests.sandbox_control import Sandbox

Resource = dict[str, Any]


@pytest.fixture
def slots(wire: Wire) -> Slots:
    return wire.slots()


@pytest.fixture
def booking(wire: Wire, slots: Slots) -> Resource:
    return wire.booking(ORDINARY, slots, slots.ordinary()[0])


def refused(wire: Wire, resource: Resource) -> tuple[int, str]:
    response = wire.book(resource)
    return response.status_code, error_code(response)


@pytest.mark.requirement("BOOK-2", "BOOK-3", "BOOK-7")
def test_a_booked_appointment_is_what_was_asked_for(
    wire: Wire, sandbox: Sandbox, booking: Resource
) -> None:
    response = wire.book(booking)
    assert response.status_code == 201
    made = response.json()
    assert response.headers["ETag"] == f'W/"{made["meta"]["versionId"]}"'
    assert response.headers["Location"] == (
        f"{PRACTICES['A20047'][1]}/Appointment/{made['id']}/_history/{made['meta']['versionId']}"
    )
    for element in ("status", "start", "end", "slot", "description", "comment", "participant"):
        assert made[element] == booking[element]
    assert made["contained"] == booking["contained"]
    assert made["serviceCategory"]["text"]
    assert made["serviceType"][0]["text"]
    urls = [extension["url"] for extension in made["extension"]]
    assert BOOKING_ORGANISATION in urls
    assert DELIVERY_CHANNEL in urls
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert kept["id"] == made["id"]
    assert kept["booked_by"] == "A1001"
    assert kept["slots"] == [booking["slot"][0]["reference"].removeprefix("Slot/")]


@pytest.mark.requirement("RES-1")
def test_every_practice_takes_bookings_under_its_own_kind_of_ids(wire: Wire) -> None:
    ids = {}
    for practice in PRACTICES:
        there = wire.at(practice)
        slots = there.slots()
        made = there.book(there.booking(PATIENTS[practice], slots, slots.ordinary()[0]))
        assert made.status_code == 201, made.text
        ids[practice] = made.json()["id"]
    assert ids["A20047"].isdigit()
    assert len(ids["E83021"]) == 36
    assert {"-", "."} < set(ids["F84047"])


@pytest.mark.requirement("BOOK-8")
def test_a_slot_that_has_gone_is_a_duplicate(wire: Wire, booking: Resource) -> None:
    assert wire.book(booking).status_code == 201
    assert refused(wire, booking) == (409, "DUPLICATE_REJECTED")


@pytest.mark.requirement("BOOK-8")
def test_two_bookings_of_one_slot_at_once_make_one_appointment(
    wire: Wire, sandbox: Sandbox, booking: Resource
) -> None:
    wires = [Wire(sandbox.ssp, sandbox.certificates) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(lambda one: one.book(booking).status_code, wires))
    for one in wires:
        one.session.close()
    assert statuses == [201, 409, 409, 409]
    assert len(sandbox.appointments("A20047", ORDINARY)) == 1


@pytest.mark.requirement("BOOK-6")
def test_adjacent_slots_are_booked_together(wire: Wire, slots: Slots) -> None:
    pair = slots.neighbours()
    response = wire.book(wire.booking(ORDINARY, slots, *pair))
    assert response.status_code == 201
    assert (response.json()["start"], response.json()["end"]) == (pair[0]["start"], pair[1]["end"])
    taken = {slot["id"] for slot in pair}
    assert taken.isdisjoint(slot["id"] for slot in wire.slots().free)


@pytest.mark.requirement("BOOK-6")
def test_slots_that_are_not_adjacent_are_refused(wire: Wire, slots: Slots) -> None:
    pair = slots.apart()
    assert refused(wire, wire.booking(ORDINARY, slots, *pair)) == (422, "INVALID_RESOURCE")


@pytest.mark.requirement("BOOK-6")
def test_adjacent_slots_of_different_schedules_are_refused(wire: Wire, slots: Slots) -> None:
    pair = slots.pair(
        lambda one, other: one["end"] == other["start"] and one["schedule"] != other["schedule"]
    )
    assert refused(wire, wire.booking(ORDINARY, slots, *pair)) == (422, "INVALID_RESOURCE")


def without(*path: str | int) -> Callable[[Resource], None]:
    def change(resource: Any) -> None:
        *parents, last = path
        for step in parents:
            resource = resource[step]
        del resource[last]

    return change


def setting(value: object, *path: str | int) -> Callable[[Resource], None]:
    def change(resource: Any) -> None:
        *parents, last = path
        for step in parents:
            resource = resource[step]
        resource[last] = value

    return change


def adding(value: object, *path: str | int) -> Callable[[Resource], None]:
    def change(resource: Any) -> None:
        for step in path:
            resource = resource[step]
        resource.append(value)

    return change


ORGANISATION = ("contained", 0)
UNSOUND = {
    "another resource": setting("Slot", "resourceType"),
    "an id": setting("7", "id"),
    "no profile": without("meta"),
    "another profile": setting([PROFILES + "GPConnect-Slot-1"], "meta", "profile"),
    "status proposed": setting("proposed", "status"),
    "no status": without("status"),
    "no start": without("start"),
    "no end": without("end"),
    "start without offset": setting("2026-11-23T09:00:00", "start"),
    "another start": setting("2026-11-23T03:03:00+00:00", "start"),
    "no created": without("created"),
    "created that is no date": setting("2026-13-01T09:00:00+00:00", "created"),
    "no slot": without("slot"),
    "an empty list of slots": setting([], "slot"),
    "an absolute slot reference": setting(
        "https://provider.sandbox.test/A20047/STU3/1/gpconnect/Slot/1", "slot", 0, "reference"
    ),
    "the same slot twice": lambda one: one["slot"].append(one["slot"][0]),
    "no participants": without("participant"),
    "no patient": without("participant", 0),
    "no location": without("participant", 1),
    "an absolute patient reference": setting(
        "https://example.org/Patient/2", "participant", 0, "actor", "reference"
    ),
    "no actor": without("participant", 0, "actor"),
    "no participant status": without("participant", 0, "status"),
    "a tentative participant": setting("tentative", "participant", 0, "status"),
    "two patients": lambda one: one["participant"].append(one["participant"][0]),
    "another location": lambda one: _change_actor(one, 1, "Location/17", "Location/18"),
    "another practitioner": lambda one: _change_actor(one, 2, "Practitioner/2", "Practitioner/9"),
    "no description": without("description"),
    "an empty description": setting(" ", "description"),
    "a long description": setting("x" * 101, "description"),
    "a long comment": setting("x" * 501, "comment"),
    "a reason": setting([{"text": "cough"}], "reason"),
    "a specialty": setting([{"text": "GP"}], "specialty"),
    "an appointment type": setting({"text": "routine"}, "appointmentType"),
    "an indication": setting([{"reference": "Condition/1"}], "indication"),
    "supporting information": setting([{"reference": "Condition/1"}], "supportingInformation"),
    "a referral": setting([{"reference": "ReferralRequest/1"}], "incomingReferral"),
    "an unknown element": setting("x", "sauce"),
    "no contained organisation": without("contained"),
    "no booking organisation": without("extension", 0),
    "a dangling organisation reference": setting(
        "#2", "extension", 0, "valueReference", "reference"
    ),
    "an organisation without profile": without(*ORGANISATION, "meta"),
    "an organisation without code": without(*ORGANISATION, "identifier"),
    "the code of another organisation": setting("A1002", *ORGANISATION, "identifier", 0, "value"),
    "an organisation without name": without(*ORGANISATION, "name"),
    "an organisation without telephone": without(*ORGANISATION, "telecom"),
    "an organisation with only an e-mail address": setting(
        "email", *ORGANISATION, "telecom", 0, "system"
    ),
    "another organisation type": setting(
        "gp-practice", *ORGANISATION, "type", 0, "coding", 0, "code"
    ),
    "another delivery channel": lambda one: _change_channel(one),
    "an unknown extension": adding({"url": "https://example.org/x", "valueCode": "x"}, "extension"),
    "a cancellation reason": adding({"url": CANCELLATION_REASON, "valueString": "x"}, "extension"),
    "an identifier without system": setting([{"value": "x"}], "identifier"),
}


def _change_actor(resource: Resource, place: int, *known: str) -> None:
    """Another of the practice's own, whichever the slot had."""
    actor = resource["participant"][place]["actor"]
    actor["reference"] = next(one for one in known if one != actor["reference"])


def _change_channel(resource: Resource) -> None:
    for extension in resource["extension"]:
        if extension["url"] == DELIVERY_CHANNEL:
            extension["valueCode"] = "Video" if extension["valueCode"] != "Video" else "Telephone"


@pytest.mark.requirement("BOOK-2", "BOOK-3", "BOOK-4", "BOOK-5", "RES-1")
@pytest.mark.parametrize("what", UNSOUND)
def test_an_unsound_booking_is_refused(wire: Wire, booking: Resource, what: str) -> None:
    unsound = copy.deepcopy(booking)
    UNSOUND[what](unsound)
    assert refused(wire, unsound) == (422, "INVALID_RESOURCE")
    assert wire.book(booking).status_code == 201, "without the change it is booked"


def test_a_body_that_is_not_json_is_a_bad_request(wire: Wire) -> None:
    response = wire.ask("book", "/Appointment", "{")
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    "path",
    [
        ("slot", 0, "reference"),
        ("participant", 0, "actor", "reference"),
        ("participant", 1, "actor", "reference"),
        ("participant", 2, "actor", "reference"),
    ],
)
def test_a_reference_to_nothing_is_not_found(
    wire: Wire, booking: Resource, path: tuple[str | int, ...]
) -> None:
    target: Any = booking
    for step in path:
        target = target[step]
    setting(f"{target.partition('/')[0]}/999999", *path)(booking)
    assert refused(wire, booking) == (422, "REFERENCE_NOT_FOUND")


@pytest.mark.parametrize("left_out", ["type", "comment", "practitioner", "channel"])
def test_what_may_be_left_out_may_be_left_out(wire: Wire, booking: Resource, left_out: str) -> None:
    if left_out == "type":
        del booking["contained"][0]["type"]
    elif left_out == "comment":
        del booking["comment"]
    elif left_out == "practitioner":
        del booking["participant"][2]
    else:
        booking["extension"] = booking["extension"][:1]
    response = wire.book(booking)
    assert response.status_code == 201
    assert len(response.json()["participant"]) == 3, "the appointment mirrors the schedule"


@pytest.mark.requirement("BOOK-4")
def test_texts_of_full_length_are_kept_whole(wire: Wire, booking: Resource) -> None:
    booking |= {"description": "d" * 100, "comment": "c" * 500}
    made = wire.book(booking).json()
    assert (made["description"], made["comment"]) == ("d" * 100, "c" * 500)


@pytest.mark.requirement("BOOK-4")
def test_one_practice_joins_the_texts(wire: Wire) -> None:
    there = wire.at("H86030")
    slots = there.slots()
    booking = there.booking(PATIENTS["H86030"], slots, slots.ordinary()[0])
    made = there.book(booking).json()
    assert made["description"] == "Cough for two weeks | Needs the ground floor"
    assert "comment" not in made


def test_one_practice_gives_back_the_consumers_identifier(wire: Wire) -> None:
    identifier = [{"system": "https://booking-portal.example.nhs.uk/Id/command", "value": "c-1"}]
    for practice, kept in (("E83021", True), ("A20047", False)):
        there = wire.at(practice)
        slots = there.slots()
        booking = there.booking(PATIENTS[practice], slots, slots.ordinary()[0])
        made = there.book({**booking, "identifier": identifier}).json()
        assert (made.get("identifier") == identifier) == kept


@pytest.mark.requirement("BOOK-1")
def test_a_slot_in_the_past_is_refused(wire: Wire, booking: Resource) -> None:
    yesterday = f"{today() - timedelta(days=1)}"
    past = wire.slots(start=f"ge{yesterday}", end=f"le{yesterday}")
    slot = past.free[0]
    assert refused(wire, wire.booking(ORDINARY, past, slot)) == (422, "INVALID_RESOURCE")


def of_kind(practice: str, session: str) -> tuple[Schedule, Slot]:
    """A slot that no search shows, from the practice's own book, three to nine days ahead."""
    known = practices.load().practice(practice)
    assert known is not None
    for ahead in range(3, 10):
        for schedule, slots in calendar.sessions_on(known, today() + timedelta(days=ahead), 1):
            if schedule.name == session and slots:
                return schedule, slots[0]
    raise AssertionError(f"no {session} at {practice}")


@pytest.mark.parametrize(
    ("practice", "session"), [("A20047", "Duty Doctor"), ("C81007", "On The Day Access")]
)
def test_a_slot_that_is_not_shared_or_not_open_yet_is_refused(
    wire: Wire, practice: str, session: str
) -> None:
    schedule, slot = of_kind(practice, session)
    there = wire.at(practice)
    shown = there.slots()
    assert slot.id not in [one["id"] for one in shown.free]
    booking = there.booking(PATIENTS[practice], shown, shown.ordinary()[0])
    booking |= {
        "slot": [{"reference": f"Slot/{slot.id}"}],
        "start": slot.written_start,
        "end": slot.written_end,
        "extension": booking["extension"][:1],
        "participant": [
            booking["participant"][0],
            {"actor": {"reference": f"Location/{schedule.place}"}, "status": "accepted"},
        ],
    }
    response = there.book(booking)
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")
    diagnostics = response.json()["issue"][0]["diagnostics"]
    assert "not available" in diagnostics or "window" in diagnostics


def test_a_slot_reserved_for_others_is_refused(wire: Wire) -> None:
    slots = wire.slots()
    reserved = slots.of_type("Hub Appointment")
    night = wire.at("A20047", "A1002")
    assert refused(night, night.booking(ORDINARY, slots, reserved)) == (422, "INVALID_RESOURCE")
    assert wire.book(wire.booking(ORDINARY, slots, reserved)).status_code == 201


def test_an_organisation_may_hold_only_so_many_slots_a_day(wire: Wire) -> None:
    there = wire.at("G85119", "A1002")
    patient = PATIENTS["G85119"]
    slots = there.slots()
    day = next(
        day
        for day in sorted({slot["start"][:10] for slot in slots.ordinary()})
        if sum(slot["start"].startswith(day) for slot in slots.ordinary()) >= 4
    )
    of_the_day = [slot for slot in slots.ordinary() if slot["start"].startswith(day)]
    for slot in of_the_day[:2]:
        assert there.book(there.booking(patient, slots, slot)).status_code == 201
    third = there.booking(patient, slots, of_the_day[2])
    assert refused(there, third) == (400, "INVALID_RESOURCE"), "the status is that supplier's own"
    hub = wire.at("G85119")
    assert hub.book(hub.booking(patient, slots, of_the_day[2])).status_code == 201

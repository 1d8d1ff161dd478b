"""Suppliers differ: each practice's system has habits of its own, which data says."""

import copy
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from sandbox import practices
from tests.sandbox.conftest import PATIENTS
from tests.sandbox.exchange import (
    DELIVERY_CHANNEL_1,
    LONDON,
    PRACTICES,
    PRACTITIONER_ROLE,
    RawAnswer,
    today,
)
from tests.sandbox.slots import slot_query
from tests.sandbox.test_patients import register, registration
from tests.sandbox.wire import Wire, cancelled, error_code
from tests.sandbox_control import Sandbox

Resource = dict[str, Any]

SUPPLIERS_OWN = "https://supplier.sandbox.test/"


def raw_search(wire: Wire, *, gzip: bool) -> RawAnswer:
    exchange = wire.exchange("search_slots", f"/Slot?{slot_query()}")
    exchange.headers["Accept-Encoding"] = "gzip" if gzip else "identity"
    return wire.send_raw(exchange)


@pytest.mark.parametrize(
    ("practice", "gzipped", "chunked"),
    [
        ("A20047", True, False),
        ("D82104", True, True),
        ("B82617", False, True),
        ("F84047", False, False),
    ],
)
def test_an_answer_is_compressed_or_not_and_whole_or_in_chunks(
    wire: Wire, practice: str, gzipped: bool, chunked: bool
) -> None:
    answer = raw_search(wire.at(practice), gzip=True)
    assert (answer.headers.get("Content-Encoding") == "gzip") == gzipped
    assert ("Content-Length" not in answer.headers) == chunked
    assert (answer.headers.get("Transfer-Encoding", "").lower() == "chunked") == chunked
    assert answer.json()["entry"]
    plain = raw_search(wire.at(practice), gzip=False)
    assert "Content-Encoding" not in plain.headers
    assert json.loads(plain.content) == answer.json()


@pytest.mark.requirement("RES-4")
@pytest.mark.parametrize("practice", ["C81007", "H86030"])
def test_the_delivery_channel_is_a_concept_in_the_older_extension(
    wire: Wire, practice: str
) -> None:
    there = wire.at(practice)
    slots = there.slots()
    slot = slots.ordinary()[0]
    (channel,) = slot["extension"]
    assert channel["url"] == DELIVERY_CHANNEL_1
    coding = channel["valueCodeableConcept"]["coding"][0]
    assert coding["code"] in {"In-person", "Telephone", "Video"}
    made = there.book(there.booking(PATIENTS[practice], slots, slot))
    assert made.status_code == 201
    assert channel in made.json()["extension"]
    assert there.put("amend", made.json() | {"description": "Other"}).status_code == 200


@pytest.mark.requirement("RES-4")
def test_a_practitioner_can_have_several_roles(wire: Wire) -> None:
    there = wire.at("D82104")
    slots = there.slots()
    several = [slot for slot in slots.ordinary() if len(roles(slots.schedule(slot))) > 1]
    made = there.book(there.booking(PATIENTS["D82104"], slots, several[0]))
    assert made.status_code == 201
    assert roles(made.json()) == roles(slots.schedule(several[0]))
    # A consumer that knows of one role only may send that one, but not another.
    for kept in (0, 1):
        booking = there.booking(PATIENTS["D82104"], slots, several[1 + kept])
        one = [role for role in booking["extension"] if role["url"] == PRACTITIONER_ROLE][kept]
        others = [other for other in booking["extension"] if other["url"] != PRACTITIONER_ROLE]
        assert there.book(booking | {"extension": [*others, one]}).status_code == 201
    foreign = there.booking(PATIENTS["D82104"], slots, several[3])
    role = next(one for one in foreign["extension"] if one["url"] == PRACTITIONER_ROLE)
    role["valueCodeableConcept"]["coding"][0]["code"] = "R9999"
    assert error_code(there.book(foreign)) == "INVALID_RESOURCE"


def roles(resource: Resource) -> list[str]:
    return [
        one["valueCodeableConcept"]["coding"][0]["code"]
        for one in resource.get("extension", [])
        if one["url"] == PRACTITIONER_ROLE
    ]


@pytest.mark.requirement("SFS-1")
@pytest.mark.parametrize(("practice", "whole"), [("A20047", True), ("F84047", False)])
def test_a_date_alone_as_the_end_is_a_whole_day_or_its_midnight(
    wire: Wire, practice: str, whole: bool
) -> None:
    def days_from(start: str, end: str) -> set[str]:
        found = wire.at(practice).slots(start=f"ge{start}", end=f"le{end}").free
        return {slot["start"][:10] for slot in found}

    tomorrow, week = (today() + timedelta(days=ahead) for ahead in (1, 8))
    last = max(days_from(midnight(tomorrow), midnight(week)))
    assert (last in days_from(tomorrow.isoformat(), last)) == whole
    assert days_from(last, last) == ({last} if whole else set())
    after = date.fromisoformat(last) + timedelta(days=1)
    assert days_from(midnight(date.fromisoformat(last)), midnight(after)) == {last}


def midnight(day: date) -> str:
    """The day's midnight in London, as it is written."""
    return datetime.combine(day, datetime.min.time(), LONDON).isoformat()


@pytest.mark.requirement("SFS-5")
def test_a_session_can_be_nobodys(wire: Wire) -> None:
    there = wire.at("C81007")
    slots = there.slots()
    nobodys = [slot for slot in slots.ordinary() if len(slots.schedule(slot)["actor"]) == 1]
    made = there.book(there.booking(PATIENTS["C81007"], slots, nobodys[0])).json()
    kinds = [one["actor"]["reference"].partition("/")[0] for one in made["participant"]]
    assert kinds == ["Patient", "Location"]


@pytest.mark.parametrize(("practice", "kind"), [("A20047", list), ("D82104", dict)])
def test_a_locations_telephone_is_a_list_or_an_object(
    wire: Wire, practice: str, kind: type
) -> None:
    there = wire.at(practice)
    place = there.slots().of("Location")[0]
    assert isinstance(place["telecom"], kind)
    read = there.ask("read_location", f"/Location/{place['id']}").json()
    assert isinstance(read["telecom"], kind)


@pytest.mark.requirement("RES-2")
def test_one_suppliers_resources_all_have_something_of_their_own(wire: Wire) -> None:
    there = wire.at("E83021")
    slots = there.slots()
    patient = there.find(PATIENTS["E83021"]).json()["entry"][0]["resource"]
    kinds = ("Slot", "Schedule", "Location", "Practitioner", "Organization")
    for resource in (*(slots.of(kind)[0] for kind in kinds), patient):
        assert "supplierRecord" in resource, resource["resourceType"]
        assert any(one["url"].startswith(SUPPLIERS_OWN) for one in resource["extension"])
    assert "_start" in slots.free[0]


LOST: dict[str, Callable[[Resource], object]] = {
    "an element": lambda one: one.pop("supplierRecord"),
    "a part of an element": lambda one: one["supplierRecord"].pop("tags"),
    "what stands beside an element": lambda one: one.pop("_start"),
    "an element that FHIR has": lambda one: one.pop("language"),
    "an extension": lambda one: one["extension"].pop(0),
    "an extension in an extension": lambda one: one["extension"][-1]["extension"].pop(),
    "the order of extensions": lambda one: one["extension"].reverse(),
    "the id of a participant": lambda one: one["participant"][0].pop("id"),
    "the display of an actor": lambda one: one["participant"][0]["actor"].pop("display"),
    "a number that is no integer": lambda one: one["extension"][-1]["extension"][0][
        "valueQuantity"
    ].update(value=1),
}


@pytest.mark.requirement("RES-2", "AMEND-1", "CANCEL-1")
@pytest.mark.parametrize("what", LOST)
def test_what_the_supplier_has_of_its_own_must_come_back(wire: Wire, what: str) -> None:
    there = wire.at("E83021")
    booked = there.booked(PATIENTS["E83021"])
    changed = copy.deepcopy(booked) | {"description": "Something else"}
    LOST[what](changed)
    refused = there.put("amend", changed)
    assert (refused.status_code, error_code(refused)) == (422, "INVALID_RESOURCE")
    lost = copy.deepcopy(booked)
    LOST[what](lost)
    refused = there.put("cancel", cancelled(lost))
    assert (refused.status_code, error_code(refused)) == (422, "INVALID_RESOURCE")
    amended = there.put("amend", booked | {"description": "Something else"})
    assert amended.status_code == 200
    assert amended.json()["supplierRecord"] == booked["supplierRecord"]
    assert there.put("cancel", cancelled(amended.json())).status_code == 200


@pytest.mark.requirement("BOOK-4")
@pytest.mark.parametrize("practice", ["A20047", "H86030"])
def test_texts_are_never_cut(wire: Wire, practice: str) -> None:
    there = wire.at(practice)
    slots = there.slots()
    booking = there.booking(PATIENTS[practice], slots, slots.ordinary()[0])
    booking |= {"description": "d" * 100, "comment": "c" * 500}
    made = there.book(booking).json()
    joined = practice == "H86030"
    assert made["description"] == ("d" * 100 + " | " + "c" * 500 if joined else "d" * 100)
    assert ("comment" in made) != joined


@pytest.mark.parametrize("practice", PRACTICES)
def test_an_identifier_is_given_back_or_not(wire: Wire, practice: str) -> None:
    there = wire.at(practice)
    slots = there.slots()
    own = [{"system": "https://booking-portal.example.nhs.uk/Id/command", "value": "7f0e"}]
    booking = there.booking(PATIENTS[practice], slots, slots.ordinary()[0]) | {"identifier": own}
    made = there.book(booking).json()
    assert made.get("identifier") == (own if practice == "E83021" else None)


@pytest.mark.requirement("RES-4")
@pytest.mark.parametrize(
    ("practice", "kind"),
    [("A20047", "ValueSet"), ("E83021", "CodeSystem"), ("H86030", "CodeSystem")],
)
def test_error_codes_come_under_either_system(wire: Wire, practice: str, kind: str) -> None:
    outcome = wire.at(practice).ask("read", "/Appointment/999999").json()
    system = outcome["issue"][0]["details"]["coding"][0]["system"]
    assert system == f"https://fhir.nhs.uk/STU3/{kind}/Spine-ErrorOrWarningCode-1"


@pytest.mark.requirement("ERR-2")
def test_one_supplier_has_other_statuses_for_the_same_codes(wire: Wire, sandbox: Sandbox) -> None:
    there = wire.at("G85119")
    patient = PATIENTS["G85119"]
    slots = there.slots()
    booking = there.booking(patient, slots, slots.ordinary()[0])
    booked = there.book(booking).json()
    nowhere = {**booking, "slot": [{"reference": "Slot/999999999"}]}
    later = f"/Patient/{there.patient_id(patient)}/Appointment?start=ge{today()}"
    met = [
        there.book(booking),
        there.book(nowhere),
        there.book({"resourceType": "Appointment"}),
        there.put("amend", booked, 'W/"9"'),
        there.ask("retrieve", later),
        there.ask("read", "/Appointment/999999"),
        there.ask("read_patient", "/Patient/999999"),
        register(there, registration(sandbox, patient)),
    ]
    assert [(answer.status_code, error_code(answer)) for answer in met] == [
        (422, "DUPLICATE_REJECTED"),
        (404, "REFERENCE_NOT_FOUND"),
        (400, "INVALID_RESOURCE"),
        (412, "FHIR_CONSTRAINT_VIOLATION"),
        (400, "INVALID_PARAMETER"),
        (410, "NO_RECORD_FOUND"),
        (400, "PATIENT_NOT_FOUND"),
        (422, "DUPLICATE_REJECTED"),
    ]


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("practice", "code"),
    [
        ("E83021", "ACCESS_DENIED"),
        ("F84047", "ACCESS DENIED"),
        ("G85119", "NO_ORGANISATIONAL_CONSENT"),
    ],
)
def test_a_use_case_that_is_switched_off_for_an_organisation_is_denied(
    wire: Wire, sandbox: Sandbox, practice: str, code: str
) -> None:
    body = registration(sandbox, "9990000182")
    denied = register(wire.at(practice, "A20047"), body)
    assert (denied.status_code, error_code(denied)) == (403, code)
    assert register(wire.at(practice, "A1001"), body).status_code == 200


def test_the_control_address_tells_each_practices_flavour(sandbox: Sandbox) -> None:
    told = {one["ods"]: one["flavour"] for one in sandbox.practices()}
    assert told["H86030"]["joins_text"] is True
    assert told["A20047"]["sensitive"] == "not-found"
    assert {flavour["ids"] for flavour in told.values()} == {"numeric", "guid", "odd"}


def test_between_them_the_practices_have_every_habit() -> None:
    """So a consumer that works with all of them has met every one."""
    flavours = [practice.flavour for practice in practices.load().practices]
    plain = type(flavours[0])()
    for habit in type(plain).__dataclass_fields__:
        values = [getattr(flavour, habit) for flavour in flavours]
        usual = getattr(plain, habit)
        assert usual in values, habit
        assert any(value != usual for value in values), habit


def test_every_practice_can_be_booked_amended_and_cancelled(wire: Wire) -> None:
    for practice, patient in PATIENTS.items():
        there = wire.at(practice)
        booked = there.booked(patient)
        amended = there.put("amend", booked | {"description": "Cough and fever"})
        assert amended.status_code == 200, (practice, amended.text)
        current = there.ask("read", f"/Appointment/{booked['id']}")
        gone = there.put("cancel", cancelled(current.json()))
        assert gone.status_code == 200, (practice, gone.text)
        assert gone.json()["status"] == "cancelled"

"""Reading, retrieving, amending and cancelling appointments."""

import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import ORDINARY, PATIENTS
from tests.sandbox.exchange import BOOKING_ORGANISATION, CANCELLATION_REASON, today
from tests.sandbox.slots import Slots, slot_query
from tests.sandbox.wire import Wire, cancelled, error_code
from tests.sandbox_control import Sandbox

Resource = dict[str, Any]


@pytest.fixture
def booked(wire: Wire) -> Resource:
    return wire.booked(ORDINARY)


@pytest.mark.requirement("READ-1")
def test_an_appointment_is_read_with_its_version(wire: Wire, booked: Resource) -> None:
    response = wire.ask("read", f"/Appointment/{booked['id']}")
    assert response.status_code == 200
    assert response.headers["ETag"] == f'W/"{booked["meta"]["versionId"]}"'
    assert response.json() == booked


@pytest.mark.requirement("READ-1")
@pytest.mark.parametrize("logical_id", ["999999", "%2E%2E", "a_b", "x" * 65])
def test_an_unknown_appointment_is_not_found(wire: Wire, logical_id: str) -> None:
    answer = wire.send_raw(wire.exchange("read", f"/Appointment/{logical_id}"))
    assert (answer.status_code, error_code(answer)) == (404, "NO_RECORD_FOUND")


@pytest.mark.requirement("RET-1")
def test_all_appointments_of_the_patient_come_cancelled_ones_too(wire: Wire) -> None:
    found = wire.retrieve("9658218903")
    assert sorted(one["status"] for one in found) == ["booked", "cancelled"]
    made = wire.booked("9658218903")
    assert made in wire.retrieve("9658218903")


@pytest.mark.requirement("RET-1")
def test_whatever_is_in_the_book_from_today_on_comes_and_nothing_else(
    wire: Wire, sandbox: Sandbox
) -> None:
    """Also what was earlier today, if the practice was open by now."""
    number = "9658218997"
    wire.booked(number)
    book = sandbox.appointments("A20047", number)
    from_today = [one["id"] for one in book if one["start"] >= str(today())]
    found = wire.retrieve(number)
    assert [one["id"] for one in found] == from_today
    assert {one["resourceType"] for one in found} == {"Appointment"}
    # Only in the first hours of a day does the book have nothing that has passed.
    earlier = [one for one in book if one["description"] == "Dressing"]
    assert {one["id"] for one in earlier} <= {one["id"] for one in found}


def test_the_practices_own_bookings_come_as_well(wire: Wire) -> None:
    (own,) = wire.retrieve("9658218881")
    assert own["contained"][0]["identifier"][0]["value"] == "A20047"
    (unattended,) = wire.at("C81007").retrieve("9990000026")
    kinds = [one["actor"]["reference"].partition("/")[0] for one in unattended["participant"]]
    assert kinds == ["Patient", "Location"]


@pytest.mark.requirement("RET-1")
@pytest.mark.parametrize(
    "query",
    [
        "",
        "start=ge{today}",
        "start=ge{today}&start=ge{later}",
        "start=ge{today}&start=le{later}&start=le{later}",
        "start={today}&start={later}",
        "start=gt{today}&start=lt{later}",
        "start=ge{today}T00%3A00%3A00%2B00%3A00&start=le{later}",
        "start=ge{today}&start=le{month}",
        "start=ge{yesterday}&start=le{later}",
        "start=ge{yesterday}&start=le{yesterday}",
        "start=ge{later}&start=le{today}",
    ],
)
def test_another_range_is_invalid(wire: Wire, query: str) -> None:
    query = query.format(
        today=today(),
        later=today() + timedelta(days=7),
        yesterday=today() - timedelta(days=1),
        month=str(today() + timedelta(days=31))[:7],
    )
    path = f"/Patient/{wire.patient_id(ORDINARY)}/Appointment?{query}"
    response = wire.ask("retrieve", path)
    assert (response.status_code, error_code(response)) == (422, "INVALID_PARAMETER")


def test_appointments_of_an_unknown_patient_are_not_found(wire: Wire) -> None:
    path = f"/Patient/999999/Appointment?start=ge{today()}&start=le{today()}"
    response = wire.ask("retrieve", path)
    assert (response.status_code, error_code(response)) == (404, "PATIENT_NOT_FOUND")


@pytest.mark.requirement("AMEND-1", "AMEND-2")
def test_the_texts_are_amended_and_the_version_moves_on(
    wire: Wire, sandbox: Sandbox, booked: Resource
) -> None:
    changed = booked | {"description": "Cough and fever", "comment": "Bring the inhaler"}
    response = wire.put("amend", changed)
    assert response.status_code == 200
    amended = response.json()
    assert amended["meta"]["versionId"] != booked["meta"]["versionId"]
    assert response.headers["ETag"] == f'W/"{amended["meta"]["versionId"]}"'
    assert {**amended, "meta": None} == {**changed, "meta": None}
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert kept["description"] == "Cough and fever"


@pytest.mark.requirement("AMEND-1")
def test_a_comment_may_be_taken_away(wire: Wire, booked: Resource) -> None:
    del booked["comment"]
    assert "comment" not in wire.put("amend", booked).json()


@pytest.mark.requirement("AMEND-2", "ERR-4")
@pytest.mark.parametrize("use_case", ["amend", "cancel"])
@pytest.mark.parametrize("etag", ['W/"7"', '"1"', "1", '"invalidEtag"'])
def test_a_version_that_is_not_the_current_one_conflicts(
    wire: Wire, booked: Resource, use_case: str, etag: str
) -> None:
    sent = booked if use_case == "amend" else cancelled(booked)
    response = wire.put(use_case, sent, etag)
    assert response.status_code == 409
    assert error_code(response) == "FHIR_CONSTRAINT_VIOLATION"


@pytest.mark.requirement("AMEND-2")
@pytest.mark.parametrize("use_case", ["amend", "cancel"])
def test_without_if_match_it_is_a_bad_request(wire: Wire, booked: Resource, use_case: str) -> None:
    response = wire.ask(use_case, f"/Appointment/{booked['id']}", cancelled(booked))
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


OTHER_CHANGES: dict[str, Callable[[Resource], object]] = {
    "start": lambda one: one.update(start=one["end"]),
    "slot": lambda one: one.update(slot=[{"reference": "Slot/1"}]),
    "participant": lambda one: one["participant"].pop(),
    "an absolute reference": lambda one: one["participant"][0]["actor"].update(
        reference="https://example.org/" + one["participant"][0]["actor"]["reference"]
    ),
    "created": lambda one: one.update(created="2026-01-02T09:00:00+00:00"),
    "contained": lambda one: one["contained"][0].update(name="Another hub"),
    "an element left out": lambda one: one.pop("minutesDuration"),
    "an element added": lambda one: one.update(priority=1),
    "an extension left out": lambda one: one["extension"].pop(0),
    "no profile": lambda one: one.pop("meta"),
    "another id": lambda one: one.update(id="12345"),
}


@pytest.mark.requirement("AMEND-1", "CANCEL-1")
@pytest.mark.parametrize("use_case", ["amend", "cancel"])
@pytest.mark.parametrize("what", OTHER_CHANGES)
def test_any_other_change_is_refused(
    wire: Wire, booked: Resource, use_case: str, what: str
) -> None:
    etag = f'W/"{booked["meta"]["versionId"]}"'
    sent = copy.deepcopy(booked) if use_case == "amend" else cancelled(booked)
    OTHER_CHANGES[what](sent)
    response = wire.ask(use_case, f"/Appointment/{booked['id']}", sent, headers={"If-Match": etag})
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")
    assert wire.retrieve(ORDINARY) == [booked], "nothing has changed"


@pytest.mark.requirement("AMEND-1", "BOOK-4")
@pytest.mark.parametrize(
    "texts", [{"description": ""}, {"description": "x" * 101}, {"comment": "x" * 501}]
)
def test_texts_beyond_their_limits_are_refused(
    wire: Wire, booked: Resource, texts: dict[str, str]
) -> None:
    response = wire.put("amend", booked | texts)
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")


def test_amending_does_not_cancel(wire: Wire, booked: Resource) -> None:
    response = wire.put("amend", cancelled(booked))
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")


@pytest.mark.requirement("CANCEL-1")
def test_a_cancelled_appointment_says_why_and_its_slot_is_free_again(
    wire: Wire, sandbox: Sandbox, booked: Resource
) -> None:
    slot = booked["slot"][0]["reference"].removeprefix("Slot/")
    assert slot not in [one["id"] for one in wire.slots().free]
    response = wire.put("cancel", cancelled(booked))
    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert {"url": CANCELLATION_REASON, "valueString": "Feels better"} in response.json()[
        "extension"
    ]
    assert response.json()["meta"]["versionId"] != booked["meta"]["versionId"]
    assert slot in [one["id"] for one in wire.slots().free]
    (kept,) = sandbox.appointments("A20047", ORDINARY)
    assert (kept["status"], kept["cancellation_reason"]) == ("cancelled", "Feels better")


@pytest.mark.requirement("CANCEL-1")
@pytest.mark.parametrize("reason", ["", " ", None, 7])
def test_without_a_reason_it_is_not_cancelled(wire: Wire, booked: Resource, reason: object) -> None:
    response = wire.put("cancel", cancelled(booked, reason))
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")


@pytest.mark.requirement("CANCEL-1")
def test_cancelling_does_not_amend(wire: Wire, booked: Resource) -> None:
    response = wire.put("cancel", cancelled(booked) | {"description": "Something else"})
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")


@pytest.mark.parametrize("use_case", ["amend", "cancel"])
def test_what_is_cancelled_stays_as_it_is(wire: Wire, booked: Resource, use_case: str) -> None:
    gone = wire.put("cancel", cancelled(booked)).json()
    response = wire.put(use_case, gone)
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")


@pytest.mark.requirement("CANCEL-1")
def test_one_practice_shortens_the_reason(wire: Wire) -> None:
    there = wire.at("B82617")
    booked = there.booked(PATIENTS["B82617"])
    reason = "The patient has moved to the other end of the country and cannot come after all"
    response = there.put("cancel", cancelled(booked, reason))
    (kept,) = (
        extension["valueString"]
        for extension in response.json()["extension"]
        if extension["url"] == CANCELLATION_REASON
    )
    assert kept == reason[:60]


@pytest.mark.requirement("CANCEL-2")
def test_an_appointment_that_another_organisation_booked_may_be_cancelled(
    wire: Wire, booked: Resource
) -> None:
    assert wire.at("A20047", "A1002").put("cancel", cancelled(booked)).status_code == 200


def test_joined_texts_may_come_back_joined(wire: Wire) -> None:
    there = wire.at("H86030")
    booked = there.booked(PATIENTS["H86030"])
    longer = booked["description"] + " and he is very tired in the mornings" * 3
    response = there.put("amend", booked | {"description": longer})
    assert response.status_code == 200
    assert response.json()["description"] == longer


def test_older_consumers_may_leave_the_service_type_out(wire: Wire, booked: Resource) -> None:
    sent = {key: value for key, value in booked.items() if not key.startswith("service")}
    response = wire.put("amend", sent | {"comment": "x"})
    assert response.status_code == 200
    assert response.json()["serviceType"] == booked["serviceType"]


@pytest.mark.requirement("READ-1")
@pytest.mark.parametrize("use_case", ["read", "amend", "cancel"])
def test_once_it_has_begun_nothing_can_be_done(wire: Wire, sandbox: Sandbox, use_case: str) -> None:
    yesterday = today() - timedelta(days=1)
    slots = Slots(wire.search(slot_query(start=f"ge{yesterday}", end=f"le{yesterday}")).json())
    sandbox.take_slot("A20047", slots.free[0]["id"])
    (past,) = (
        one for one in sandbox.appointments("A20047", "") if one["slots"] == [slots.free[0]["id"]]
    )
    resource = {
        "resourceType": "Appointment",
        "id": past["id"],
        "meta": {
            "versionId": past["version"],
            "profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-Appointment-1"],
        },
        "extension": [{"url": BOOKING_ORGANISATION, "valueReference": {"reference": "#1"}}],
        "description": "Late",
    }
    body = None if use_case == "read" else cancelled(resource)
    path = f"/Appointment/{past['id']}"
    response = wire.ask(use_case, path, body, headers={"If-Match": f'W/"{past["version"]}"'})
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")
    assert "past" in response.json()["issue"][0]["diagnostics"]

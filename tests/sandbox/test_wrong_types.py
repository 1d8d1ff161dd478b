"""Whatever a consumer sends, the practice says what is wrong with it, and never fails itself."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import ORDINARY
from tests.sandbox.exchange import PROFILES, encode, today
from tests.sandbox.test_patients import registration
from tests.sandbox.wire import Wire, cancelled, error_code
from tests.sandbox_control import Sandbox

Path = tuple[str | int, ...]

WRONG: tuple[Any, ...] = (None, 5, "x", [], {}, [None], [[]], [{}], ["x"], {"x": "y"})


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place in a JSON document but the whole."""
    if path:
        yield path
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        yield from places(value[key], (*path, key))


def spoilt(document: Any, path: Path, wrong: Any) -> Any:
    """The document with something else in one place."""
    changed = copy.deepcopy(document)
    *parents, last = path
    part = changed
    for step in parents:
        part = part[step]
    part[last] = wrong
    return changed


def is_refusal(response: requests.Response, what: object) -> None:
    """The practice says no; it has not failed, as it would with a 500."""
    assert 400 <= response.status_code < 500, what
    assert error_code(response) != "INTERNAL_SERVER_ERROR", what


@pytest.mark.requirement("REG-2")
def test_a_registration_with_a_part_of_another_type_is_refused_or_harmless(
    wire: Wire, sandbox: Sandbox
) -> None:
    language = {
        "url": PROFILES + "Extension-CareConnect-GPC-NHSCommunication-1",
        "extension": [
            {"url": "language", "valueCodeableConcept": {"coding": [{"code": "fr"}]}},
            {"url": "interpreterRequired", "valueBoolean": True},
        ],
    }
    home = {"use": "home", "line": ["1 High Street"], "city": "Town", "postalCode": "XA1 1AA"}
    body = registration(sandbox, "9324926233", extension=[language], address=[home])
    for path in places(body):
        for wrong in WRONG:
            sent = spoilt(body, path, wrong)
            response = wire.ask("register", "/Patient/$gpc.registerpatient", sent)
            if response.status_code == 200:
                # Of no importance to the practice, which can work with its record.
                assert wire.booked("9324926233"), (path, wrong)
                sandbox.reset()
            else:
                is_refusal(response, (path, wrong))


@pytest.mark.requirement("BOOK-2", "BOOK-3")
def test_a_booking_with_a_part_of_another_type_is_refused_or_harmless(
    wire: Wire, sandbox: Sandbox
) -> None:
    slots = wire.slots()
    body = wire.booking(ORDINARY, slots, slots.ordinary()[0])
    body["identifier"] = [{"system": "https://example.org/id", "value": "7"}]
    for path in places(body):
        for wrong in WRONG:
            response = wire.book(spoilt(body, path, wrong))
            if response.status_code == 201:
                assert wire.retrieve(ORDINARY) == [response.json()], (path, wrong)
                sandbox.reset()
            else:
                is_refusal(response, (path, wrong))


@pytest.mark.requirement("AMEND-1", "CANCEL-1")
@pytest.mark.parametrize("use_case", ["amend", "cancel"])
def test_a_change_with_a_part_of_another_type_is_refused_or_harmless(
    wire: Wire, sandbox: Sandbox, use_case: str
) -> None:
    booked = wire.booked(ORDINARY)
    version = booked["meta"]["versionId"]
    body = booked if use_case == "amend" else cancelled(booked)
    # A practice knows its own version, and the consumer's wording of a reason is free.
    free = {("meta", "versionId"), ("extension", len(body["extension"]) - 1, "valueString")}
    for path in set(places(body)) - free:
        for wrong in WRONG:
            response = wire.ask(
                use_case,
                f"/Appointment/{booked['id']}",
                spoilt(body, path, wrong),
                headers={"If-Match": f'W/"{version}"'},
            )
            if response.status_code == 200:
                texts = {("amend", "description"), ("amend", "comment")}
                assert (use_case, path[0]) in texts, (path, wrong)
                version = response.json()["meta"]["versionId"]
            else:
                is_refusal(response, (path, wrong))


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{", '{"description": "\\ud800"}', "[" * 100_000, '"x"']
)
@pytest.mark.parametrize(
    ("use_case", "path"), [("book", "/Appointment"), ("register", "/Patient/$gpc.registerpatient")]
)
def test_a_body_that_is_no_resource_is_a_bad_request(
    wire: Wire, body: str, use_case: str, path: str
) -> None:
    response = wire.ask(use_case, path, body)
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


@pytest.mark.requirement("SFS-1")
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("clock", ["", "T00:00:00+00:00"])
def test_a_date_at_the_end_of_time_is_invalid(wire: Wire, day: str, clock: str) -> None:
    start, end = encode(f"ge{day}{clock}"), encode(f"le{day}{clock}")
    query = f"start={start}&end={end}&status=free&_include=Slot%3Aschedule"
    response = wire.search(query)
    assert (response.status_code, error_code(response)) == (422, "INVALID_PARAMETER")
    path = f"/Patient/{wire.patient_id(ORDINARY)}/Appointment?start=ge{today()}&start=le9999-12-31"
    response = wire.ask("retrieve", path)
    assert (response.status_code, error_code(response)) == (422, "INVALID_PARAMETER")


def test_an_appointment_created_at_the_beginning_of_time_is_refused(wire: Wire) -> None:
    slots = wire.slots()
    booking = wire.booking(ORDINARY, slots, slots.ordinary()[0])
    response = wire.book(booking | {"created": "0001-01-01T00:00:00+14:00"})
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")

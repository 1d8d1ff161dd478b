"""Which bytes are the resource that was promised, and which error all others are."""

import json
from typing import Final

import pytest

from gpconnect import answers
from gpconnect.errors import GPConnectError, Origin
from gpconnect.interactions import (
    BOOK_APPOINTMENT,
    READ_APPOINTMENT,
    REGISTER_PATIENT,
    SEARCH_FREE_SLOTS,
    Interaction,
)
from gpconnect.wire import WireAnswer

FHIR: Final = "application/fhir+json;charset=utf-8"
APPOINTMENT: Final = b'{"resourceType": "Appointment", "id": "a1"}'
OUTCOME: Final = b'{"resourceType": "OperationOutcome"}'
SLOTS: Final = b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Slot"}}]}'
BROKEN_SLOTS: Final = SLOTS[:-2]


def answered(
    status: int,
    body: bytes,
    content_type: str = FHIR,
    *,
    interaction: Interaction = BOOK_APPOINTMENT,
    kind: str = "Appointment",
    identity: str = "",
) -> str:
    """The resource's type, or the error's code."""
    answer = WireAnswer(status, {"Content-Type": content_type}, body)
    try:
        return str(answers.resource(answer, "trace", interaction, kind, identity)["resourceType"])
    except GPConnectError as error:
        caught = error
    assert (caught.trace_id, caught.status) == ("trace", status)
    assert caught.origin is Origin.PRACTICE
    return caught.code


@pytest.mark.requirement("ERR-1", "BOOK-7")
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (199, "UNEXPECTED_STATUS"),
        (200, "Appointment"),
        (201, "Appointment"),
        (202, "UNEXPECTED_STATUS"),
        (204, "UNEXPECTED_STATUS"),
        (302, "UNEXPECTED_STATUS"),
        (399, "UNEXPECTED_STATUS"),
        (400, "HTTP_400"),
        (599, "HTTP_599"),
        (600, "UNEXPECTED_STATUS"),
    ],
)
def test_only_two_statuses_are_a_success(status: int, said: str) -> None:
    assert answered(status, APPOINTMENT) == said
    assert answered(status, b"") == ("EMPTY_ANSWER" if said == "Appointment" else said)


@pytest.mark.requirement("ERR-1", "RES-4")
@pytest.mark.parametrize(
    ("content_type", "read"),
    [
        ("application/fhir+json", True),
        ("application/json", True),
        ("application/json+fhir", True),
        (" Application/FHIR+JSON ; charset=utf-8", True),
        ("text/html", False),
        ("application/fhir+xml", False),
        ("", False),
    ],
)
def test_only_json_is_read(content_type: str, read: bool) -> None:
    said = answered(200, APPOINTMENT, content_type)
    assert said == ("Appointment" if read else "WRONG_CONTENT_TYPE")
    assert answered(200, b" \n", content_type) == "EMPTY_ANSWER"


@pytest.mark.requirement("ERR-1", "BOOK-7")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (OUTCOME, "WRONG_RESOURCE"),
        (b'{"resourceType": "Patient", "id": "a1"}', "WRONG_RESOURCE"),
        (b'{"id": "a1"}', "WRONG_RESOURCE"),
        (b"[1]", "WRONG_RESOURCE"),
        (b"null", "WRONG_RESOURCE"),
        (b"<html>", "INVALID_JSON"),
        (APPOINTMENT[:-1], "INVALID_JSON"),
        pytest.param(b"[" * 100_000, "INVALID_JSON", id="deep"),
    ],
)
def test_anything_else_than_what_was_promised_is_no_success(body: bytes, said: str) -> None:
    assert answered(200, body) == said


@pytest.mark.requirement("ERR-1")
def test_who_was_asked_for_by_id_has_that_id() -> None:
    for identity, said in (("a1", "Appointment"), ("a2", "WRONG_RESOURCE"), ("", "Appointment")):
        assert answered(200, APPOINTMENT, interaction=READ_APPOINTMENT, identity=identity) == said


@pytest.mark.requirement("ERR-5")
@pytest.mark.parametrize(
    ("interaction", "status", "body", "said"),
    [
        (SEARCH_FREE_SLOTS, 200, SLOTS, "Bundle"),
        (SEARCH_FREE_SLOTS, 200, BROKEN_SLOTS, "Bundle"),
        (SEARCH_FREE_SLOTS, 200, b"<html>", "INVALID_JSON"),
        (SEARCH_FREE_SLOTS, 201, BROKEN_SLOTS, "INVALID_JSON"),
        (SEARCH_FREE_SLOTS, 400, BROKEN_SLOTS, "HTTP_400"),
        (REGISTER_PATIENT, 200, BROKEN_SLOTS, "INVALID_JSON"),
    ],
)
def test_of_a_broken_answer_only_slots_are_kept(
    interaction: Interaction, status: int, body: bytes, said: str
) -> None:
    assert answered(status, body, interaction=interaction, kind="Bundle") == said


def test_what_is_salvaged_is_whole() -> None:
    answer = WireAnswer(200, {"Content-Type": FHIR}, BROKEN_SLOTS)
    document = answers.resource(answer, "trace", SEARCH_FREE_SLOTS, "Bundle")
    assert json.loads(json.dumps(document["entry"])) == [
        {"resource": {"resourceType": "Slot"}},
        None,
    ]


def test_a_resource_that_is_not_what_it_should_be_is_said_so() -> None:
    answer = WireAnswer(200, {"Content-Type": FHIR}, APPOINTMENT)
    error = answers.wrong_resource(BOOK_APPOINTMENT, answer, "trace")
    assert (error.code, error.status, error.trace_id) == ("WRONG_RESOURCE", 200, "trace")
    assert not error.outcome_known

"""J84021 has the habits that were measured on the official Demonstrator."""

from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.conftest import PATIENTS
from tests.sandbox.exchange import ORGANISATION_TYPE, today
from tests.sandbox.slots import Slots, slot_query
from tests.sandbox.wire import Wire, cancelled, error_code
from tests.sandbox_control import Sandbox

HERE = "J84021"
Resource = dict[str, Any]


@pytest.fixture
def there(wire: Wire) -> Wire:
    return wire.at(HERE)


def booking(there: Wire, slots: Slots, number: int = 0, **texts: str) -> Resource:
    return there.booking(PATIENTS[HERE], slots, slots.ordinary()[number]) | texts


def test_what_it_did_not_expect_is_a_bad_request_under_500_before_it_has_saved(
    there: Wire, sandbox: Sandbox
) -> None:
    before = sandbox.appointments(HERE, PATIENTS[HERE])
    answer = there.book(booking(there, there.slots(), description="Sore knee 🦵"))
    assert (answer.status_code, error_code(answer)) == (500, "BAD_REQUEST")
    assert sandbox.appointments(HERE, PATIENTS[HERE]) == before


def test_what_it_did_not_expect_is_a_bad_request_under_500_after_it_has_saved(
    there: Wire, sandbox: Sandbox
) -> None:
    before = len(sandbox.appointments(HERE, PATIENTS[HERE]))
    answer = there.book(booking(there, there.slots(), comment="Hard of hearing 🦻"))
    assert (answer.status_code, error_code(answer)) == (500, "BAD_REQUEST")
    assert len(sandbox.appointments(HERE, PATIENTS[HERE])) == before + 1


def test_an_ill_formed_request_is_a_500_too(there: Wire) -> None:
    answer = there.search(slot_query().replace("status=free", "state=free"))
    assert (answer.status_code, error_code(answer)) == (500, "BAD_REQUEST")


def test_an_unknown_appointment_is_a_404_with_another_code(there: Wire) -> None:
    answer = there.ask("read", "/Appointment/424242")
    assert (answer.status_code, error_code(answer)) == (404, "REFERENCE_NOT_FOUND")


def test_a_slot_that_has_gone_is_a_409_with_another_code(there: Wire) -> None:
    wish = booking(there, there.slots())
    assert there.book(wish).status_code == 201
    answer = there.book(wish)
    assert (answer.status_code, error_code(answer)) == (409, "FHIR_CONSTRAINT_VIOLATION")


@pytest.mark.parametrize("change", ["amend", "cancel"])
def test_a_change_of_an_unknown_id_is_a_200_with_an_outcome(there: Wire, change: str) -> None:
    made = there.book(booking(there, there.slots())).json()
    wish = made | {"id": "424242"}
    answer = there.put(change, cancelled(wish) if change == "cancel" else wish)
    assert answer.status_code == 200
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_the_answer_to_a_change_has_milliseconds_that_the_next_read_has_not(there: Wire) -> None:
    made = there.book(booking(there, there.slots())).json()
    changed = there.put("amend", made | {"description": "Another word"})
    told = changed.headers["ETag"]
    assert f'W/"{changed.json()["meta"]["versionId"]}"' == told
    read = there.ask("read", f"/Appointment/{made['id']}")
    assert read.headers["ETag"] == f'W/"{read.json()["meta"]["versionId"]}"'
    assert read.headers["ETag"] != told
    assert read.headers["ETag"][:13] == told[:13]
    # Only what was read will do for the next change.
    assert there.put("amend", changed.json() | {"description": "Third"}).status_code == 409
    assert there.put("amend", read.json() | {"description": "Third"}).status_code == 200


def test_a_date_without_a_time_ends_at_its_midnight(there: Wire) -> None:
    day = today() + timedelta(days=1)
    assert "entry" not in there.search(_range(day.isoformat(), day.isoformat())).json()
    after = day + timedelta(days=1)
    found = there.search(_range(day.isoformat(), after.isoformat())).json()
    starts = {
        one["resource"]["start"][:10]
        for one in found["entry"]
        if one["resource"]["resourceType"] == "Slot"
    }
    assert starts == {day.isoformat()}


def _range(start: str, end: str) -> str:
    return f"start=ge{start}&end=le{end}&status=free&_include=Slot%3Aschedule"


def test_letters_that_its_database_has_not_are_question_marks(there: Wire) -> None:
    made = there.book(
        booking(there, there.slots(), description="Łukasz’ ear – café", comment="naïve")
    ).json()
    assert (made["description"], made["comment"]) == ("?ukasz? ear ? café", "naïve")


def test_identifier_and_type_of_the_organisation_are_dropped(there: Wire) -> None:
    wish = booking(there, there.slots())
    wish["identifier"] = [{"system": "https://portal.example/id", "value": "one"}]
    assert ORGANISATION_TYPE in str(wish["contained"])
    made = there.book(wish).json()
    assert "identifier" not in made
    assert "type" not in made["contained"][0]


def test_after_its_nightly_reset_the_ids_come_round_again(there: Wire, sandbox: Sandbox) -> None:
    first = there.book(booking(there, there.slots())).json()
    sandbox.start_again(HERE)
    assert sandbox.appointments(HERE, PATIENTS[HERE]) == []
    assert there.ask("read", f"/Appointment/{first['id']}").status_code == 404
    again = there.book(booking(there, there.slots())).json()
    assert again["id"] == "3"
    sandbox.start_again(HERE)
    other = there.book(booking(there, there.slots(), number=3)).json()
    assert other["id"] == again["id"]
    assert other["slot"] != again["slot"]

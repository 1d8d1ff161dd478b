"""Every refusal that the specification names becomes its own error, in words for the user."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gpconnect import error_table, errors, london
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError, Origin
from gpconnect.models import Appointment, PracticeTime
from tests.gpconnect.conftest import Scripted, a_booking
from tests.gpconnect.scripted_server import always, http, operation_outcome

Start = Callable[..., Scripted]

PARTYKEY = "PARTYKEY_INTERACTION_CHECK_FAILED"
SPINE = [
    (400, "BAD_REQUEST", errors.RequestRejected),
    (400, "INVALID_IDENTIFIER_SYSTEM", errors.RequestRejected),
    (400, "INVALID_IDENTIFIER_VALUE", errors.RequestRejected),
    (400, "INVALID_NHS_NUMBER", errors.DemographicsRejected),
    (400, "INVALID_PATIENT_DEMOGRAPHICS", errors.DemographicsRejected),
    (403, "NO_PATIENT_CONSENT", errors.NotPermittedByPractice),
    (403, "NO_ORGANISATION_CONSENT", errors.NotPermittedByPractice),
    (403, "ACCESS_DENIED", errors.NotPermittedByPractice),
    (404, "ORGANISATION_NOT_FOUND", errors.NotFound),
    (404, "PATIENT_NOT_FOUND", errors.PatientNotAtPractice),
    (404, "PRACTITIONER_NOT_FOUND", errors.NotFound),
    (404, "NO_RECORD_FOUND", errors.NotFound),
    (409, "DUPLICATE_REJECTED", errors.SlotGone),
    (422, "INVALID_RESOURCE", errors.RequestRejected),
    (422, "INVALID_PARAMETER", errors.RequestRejected),
    (422, "REFERENCE_NOT_FOUND", errors.RequestRejected),
    (422, "FHIR_CONSTRAINT_VIOLATION", errors.RequestRejected),
    (501, "NOT_IMPLEMENTED", errors.NotPermittedByPractice),
]


def refused_booking(scripted: Start, answer: bytes) -> GPConnectError:
    server = scripted(always(answer))
    with pytest.raises(GPConnectError) as caught:
        server.client.book_appointment(a_booking())
    error = caught.value
    assert error.sentence
    assert error.next_step
    assert error.trace_id
    assert error.trace_id in str(error)
    assert error.trace_id == server.server.received[0].header("Ssp-TraceID")
    return error


@pytest.mark.requirement("ERR-1", "ERR-2")
@pytest.mark.parametrize(("status", "code", "kind"), SPINE)
def test_each_spine_code_is_an_error_of_its_kind_and_the_outcome_known(
    scripted: Start, status: int, code: str, kind: type[GPConnectError]
) -> None:
    error = refused_booking(scripted, http(operation_outcome(code, "their words"), status))
    assert type(error) is kind
    assert (error.code, error.status, error.origin) == (code, status, Origin.PRACTICE)
    assert error.outcome_known
    assert "their words" in error.diagnostics
    assert "their words" not in str(error)


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize("status", [200 + 222, 404, 500])
def test_the_code_decides_and_not_the_status(scripted: Start, status: int) -> None:
    error = refused_booking(scripted, http(operation_outcome("DUPLICATE_REJECTED"), status))
    assert isinstance(error, errors.SlotGone)
    assert error.outcome_known


@pytest.mark.requirement("ERR-2", "RES-4")
@pytest.mark.parametrize(
    ("spelt", "code"),
    [
        ("ACCESS DENIED", "ACCESS_DENIED"),
        ("NO_ORGANISATIONAL_CONSENT", "NO_ORGANISATION_CONSENT"),
        ("duplicate_rejected", "DUPLICATE_REJECTED"),
    ],
)
@pytest.mark.parametrize(
    "system",
    [
        "https://fhir.nhs.uk/STU3/ValueSet/Spine-ErrorOrWarningCode-1",
        "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1",
    ],
)
def test_both_spellings_and_both_systems_are_understood(
    scripted: Start, spelt: str, code: str, system: str
) -> None:
    answer = http(operation_outcome(spelt, system=system), 403)
    assert refused_booking(scripted, answer).code == code


@pytest.mark.requirement("ERR-1", "ERR-5")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(operation_outcome("INTERNAL_SERVER_ERROR"), 500), "INTERNAL_SERVER_ERROR"),
        (http(operation_outcome("THEIR_OWN_CODE"), 422), "UNRECOGNISED_CODE"),
        (http({"resourceType": "OperationOutcome"}, 500), "UNRECOGNISED_CODE"),
        (http("", 400, ""), "HTTP_400"),
        (http("<html>", 401, "text/html"), "HTTP_401"),
        (http("", 403), "HTTP_403"),
        (http({"resourceType": "Patient"}, 404), "HTTP_404"),
        (http("", 405), "HTTP_405"),
        (http("", 409), "HTTP_409"),
        (http("", 410), "HTTP_410"),
        (http("", 412), "HTTP_412"),
        (http("", 429), "HTTP_429"),
        (http("<html>Bad gateway</html>", 502, "text/html"), "HTTP_502"),
        (http("Service Unavailable", 503, "text/plain"), "HTTP_503"),
    ],
)
def test_a_refusal_that_decides_nothing_leaves_the_outcome_of_a_booking_unknown(
    scripted: Start, answer: bytes, code: str
) -> None:
    error = refused_booking(scripted, answer)
    assert (error.code, error.outcome_known) == (code, False)


@pytest.mark.requirement("ERR-3")
@pytest.mark.parametrize(
    ("status", "reason", "code", "known"),
    [
        (400, "ENDPOINT_a_VARIES_FROM_TARGETURL_b", "ENDPOINT_VARIES_FROM_TARGETURL", True),
        (403, "ASID_CHECK_FAILED_MESSAGESENDER_1", "ASID_CHECK_FAILED", True),
        (403, f"{PARTYKEY}_MESSAGERECEIVER_2", PARTYKEY, True),
        (403, "FOT_CHECK_FAILED_MESSAGESENDER_1_MESSAGERECEIVER_2", "FOT_CHECK_FAILED", True),
        (403, "SOMETHING_NEW", "SSP_REFUSED", True),
        (405, "405: Method Not Allowed", "SSP_METHOD_NOT_ALLOWED", True),
        (415, "Unsupported_Media_Type", "SSP_UNSUPPORTED_MEDIA_TYPE", True),
        (502, "ERROR_COMMUNICATING_TO_ENDPOINT_URL_a", "SSP_PRACTICE_NOT_REACHED", False),
    ],
)
@pytest.mark.parametrize("where", ["display", "diagnostics"])
def test_the_spines_numeric_codes_are_the_proxys_and_said_by_their_reason(
    scripted: Start, status: int, reason: str, code: str, known: bool, where: str
) -> None:
    issue: dict[str, Any] = {"severity": "fatal", "code": "forbidden"}
    coding = {"system": "http://fhir.nhs.net/ValueSet/gpconnect-schedule-response-code-1-0"}
    coding["code"] = str(status)
    if where == "display":
        coding["display"] = reason
    else:
        issue["diagnostics"] = reason
    issue["details"] = {"coding": [coding]}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    error = refused_booking(scripted, http(outcome, status))
    assert (error.code, error.origin, error.outcome_known) == (code, Origin.SSP, known)


def an_appointment() -> Appointment:
    start = london.written_with_offset(london.now_utc() + timedelta(days=1))
    raw = {"resourceType": "Appointment", "id": "a1", "status": "booked", "start": start}
    time = PracticeTime.read(start)
    return Appointment("a1", "3", "booked", time, time, "Words", raw=raw)


@pytest.mark.requirement("ERR-4", "AMEND-2")
@pytest.mark.parametrize(
    "answer",
    [
        http(operation_outcome("DUPLICATE_REJECTED"), 409),
        http(operation_outcome("FHIR_CONSTRAINT_VIOLATION"), 409),
        http("", 409),
        http("", 412),
    ],
)
@pytest.mark.parametrize(
    "change",
    [
        lambda client: client.amend_appointment(an_appointment(), "Other words", None),
        lambda client: client.cancel_appointment(an_appointment(), "No longer needed"),
    ],
    ids=["amend", "cancel"],
)
def test_on_amend_and_cancel_a_409_is_a_version_conflict(
    scripted: Start, answer: bytes, change: Callable[[GPConnectClient], Appointment]
) -> None:
    client = scripted(always(answer)).client
    with pytest.raises(errors.VersionConflict) as caught:
        change(client)
    assert caught.value.outcome_known


@pytest.mark.requirement("READ-1")
def test_a_change_that_comes_too_late_is_explained(scripted: Start) -> None:
    client = scripted(always(http(operation_outcome("INVALID_RESOURCE"), 422))).client
    with pytest.raises(errors.RequestRejected, match="may have begun"):
        client.amend_appointment(an_appointment(), "Other words", None)


@pytest.mark.requirement("ERR-1")
def test_every_row_of_the_table_has_words_for_the_user() -> None:
    rows = [*error_table.TABLE.values(), *error_table.BY_INTERACTION.values()]
    for row in rows:
        assert issubclass(row.kind, GPConnectError)
        assert row.sentence.endswith(".")
        assert row.next_step.endswith(".")
    assert {code for _, code in error_table.BY_INTERACTION} <= set(error_table.TABLE)
    assert set(error_table.TABLE) >= error_table.SPINE_CODES

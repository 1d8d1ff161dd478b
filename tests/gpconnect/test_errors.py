"""Every refusal that the specification names becomes its own error, in words for the user."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gpconnect import error_table, errors, london
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError, Origin
from gpconnect.models import Appointment, PracticeTime
from tests.gpconnect.conftest import Start, a_booking
from tests.gpconnect.scripted_server import always, http, operation_outcome

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
    (403, "ASID_CHECK_FAILED", errors.NoAgreement),
    (404, "ORGANISATION_NOT_FOUND", errors.NotFound),
    (404, "PATIENT_NOT_FOUND", errors.PatientNotAtPractice),
    (404, "PATIENT_SENSITIVE", errors.PatientNotAtPractice),
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
@pytest.mark.parametrize(
    ("status", "known"), [(422, True), (404, True), (500, False), (502, False)]
)
def test_the_code_names_the_error_and_a_no_needs_a_status_that_agrees(
    scripted: Start, status: int, known: bool
) -> None:
    error = refused_booking(scripted, http(operation_outcome("DUPLICATE_REJECTED"), status))
    assert isinstance(error, errors.SlotGone)
    assert error.outcome_known is known


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
        (400, "SOMETHING_NEW", "SSP_REFUSED", True),
        (404, "SOMETHING_NEW", "SSP_UNCLEAR", False),
        (408, "SOMETHING_NEW", "SSP_UNCLEAR", False),
        (504, "SOMETHING_NEW", "SSP_PRACTICE_NOT_REACHED", False),
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


@pytest.mark.requirement("ERR-2", "ERR-3")
@pytest.mark.parametrize("numeric", ["400", "403", "405", "415"])
def test_a_no_of_the_spine_under_a_status_of_failure_is_none(scripted: Start, numeric: str) -> None:
    answer = http(operation_outcome(numeric, "FOT_CHECK_FAILED"), 502)
    error = refused_booking(scripted, answer)
    assert (error.origin, error.outcome_known) == (Origin.SSP, False)


def an_appointment() -> Appointment:
    start = london.written_with_offset(london.now_utc() + timedelta(days=1))
    raw = {"resourceType": "Appointment", "id": "a1", "status": "booked", "start": start}
    time = PracticeTime.read(start)
    return Appointment("a1", "3", "booked", time, time, "Words", raw=raw)


@pytest.mark.requirement("ERR-4", "AMEND-2")
@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (http(operation_outcome("DUPLICATE_REJECTED"), 409), True),
        (http(operation_outcome("FHIR_CONSTRAINT_VIOLATION"), 409), True),
        (http(operation_outcome("FHIR_CONSTRAINT_VIOLATION"), 412), True),
        (http("", 409), False),  # without an OperationOutcome it proves nothing
        (http("", 412), False),
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
    scripted: Start, answer: bytes, known: bool, change: Callable[[GPConnectClient], Appointment]
) -> None:
    client = scripted(always(answer)).client
    with pytest.raises(errors.VersionConflict) as caught:
        change(client)
    assert caught.value.outcome_known is known


@pytest.mark.requirement("ERR-4", "BOOK-8")
def test_on_book_a_constraint_under_409_is_a_slot_that_has_gone(scripted: Start) -> None:
    answer = http(operation_outcome("FHIR_CONSTRAINT_VIOLATION", "their words"), 409)
    client = scripted(always(answer)).client
    with pytest.raises(errors.SlotGone) as caught:
        client.book_appointment(a_booking())
    assert caught.value.outcome_known
    assert "their words" in caught.value.diagnostics


@pytest.mark.requirement("READ-1")
def test_a_change_that_comes_too_late_is_explained(scripted: Start) -> None:
    client = scripted(always(http(operation_outcome("INVALID_RESOURCE"), 422))).client
    with pytest.raises(errors.RequestRejected, match="may have begun"):
        client.amend_appointment(an_appointment(), "Other words", None)


@pytest.mark.requirement("READ-1", "ERR-2")
@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (http(operation_outcome("REFERENCE_NOT_FOUND", "their words"), 404), False),
        (http(operation_outcome("NO_RECORD_FOUND", "their words"), 404), False),
        (http(operation_outcome("PATIENT_NOT_FOUND", "their words"), 404), False),
        (http(operation_outcome("OF_THEIR_OWN", "their words"), 404), False),
        # Not a word of the practice's about it: nobody could look.
        (http("", 404), None),
        (http("<html>", 404, "text/html"), None),
        (http({"resourceType": "Appointment"}, 404), None),
        (http(operation_outcome("404", "their words"), 404), None),
        (http(operation_outcome("NO_RECORD_FOUND", "their words"), 410), None),
        (http(operation_outcome("NO_RECORD_FOUND", "their words"), 500), None),
    ],
)
def test_a_practice_says_itself_that_it_does_not_show_an_appointment(
    scripted: Start, answer: bytes, shown: bool | None
) -> None:
    client = scripted(always(answer)).client
    with pytest.raises(GPConnectError) as caught:
        client.read_appointment("a1")
    said_so = isinstance(caught.value, errors.AppointmentNotShown)
    assert said_so is (shown is False)
    assert said_so is (caught.value.code == "APPOINTMENT_NOT_SHOWN")
    if said_so:
        assert "their words" in caught.value.diagnostics
    with pytest.raises(GPConnectError) as other:
        client.read_location("l1")
    assert not isinstance(other.value, errors.AppointmentNotShown)


@pytest.mark.requirement("ERR-1")
def test_every_row_of_the_table_has_words_for_the_user() -> None:
    rows = [*error_table.TABLE.values(), *error_table.BY_INTERACTION.values()]
    for row in rows:
        assert issubclass(row.kind, GPConnectError)
        assert row.sentence.endswith(".")
        assert row.next_step.endswith(".")
    for _, code in error_table.BY_INTERACTION:
        assert error_table.row(code)
    assert set(error_table.TABLE) >= error_table.SPINE_CODES

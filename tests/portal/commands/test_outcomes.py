"""What an answer to a write may mean, from the requirement's words and not from our table.

ERR-2 with what overrides it: a "no" needs a refusing code and a status below 500; 501 with
NOT_IMPLEMENTED is a no; the Spine's 400, 403, 405 and 415 with numeric codes are one, its 502 is
not; a success without the resource, or a 4xx without an OperationOutcome, is unconfirmed.
"""

import ast
import json
import re
from itertools import product
from pathlib import Path

import pytest

from booking_portal.commands.outcomes import INTERACTION, outcome_of
from booking_portal.commands.states import Kind, State
from booking_portal.error_codes import CODES
from booking_portal.integration.circuit_breaker import Sign, sign_of
from gpconnect import answers
from gpconnect.error_table import TABLE
from gpconnect.errors import GPConnectError
from gpconnect.observer import Answered
from gpconnect.wire import WireAnswer
from tests import errors_page

REFUSING = frozenset(
    {
        "BAD_REQUEST", "INVALID_IDENTIFIER_SYSTEM", "INVALID_IDENTIFIER_VALUE",
        "INVALID_NHS_NUMBER", "INVALID_PATIENT_DEMOGRAPHICS", "NO_PATIENT_CONSENT",
        "NO_ORGANISATION_CONSENT", "NO_ORGANISATIONAL_CONSENT", "ACCESS_DENIED", "ACCESS DENIED",
        "ORGANISATION_NOT_FOUND", "PATIENT_NOT_FOUND", "PRACTITIONER_NOT_FOUND",
        "NO_RECORD_FOUND", "DUPLICATE_REJECTED", "INVALID_RESOURCE", "INVALID_PARAMETER",
        "REFERENCE_NOT_FOUND", "FHIR_CONSTRAINT_VIOLATION", "NOT_IMPLEMENTED",
    }
)  # fmt: skip
# What says no more than a status of 409 or 412 does.
VAGUE = frozenset({"BAD_REQUEST", "FHIR_CONSTRAINT_VIOLATION", "INVALID_RESOURCE"})
FAILING = frozenset({"INTERNAL_SERVER_ERROR", "OF_THEIR_OWN"})
NUMERIC = ("400", "403", "404", "405", "408", "415", "429", "500", "502", "504")
SPINE_NO = frozenset({"400", "403", "405", "415"})
STATUSES = (200, 201, 202, 204, 302, 400, 401, 403, 404, 405, 408, 409, 410, 412, 415, 422, 429,
            500, 501, 502, 503, 504)  # fmt: skip
TYPE = {"Content-Type": "application/fhir+json;charset=utf-8"}
ROOMS = ("gpconnect", "booking_portal")
ROOT = Path(__file__).resolve().parents[3]


def outcome(code: str) -> bytes:
    coding = {"code": code, "display": "Words of theirs"}
    issue = {"severity": "error", "code": "invalid", "details": {"coding": [coding]}}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


BODIES = {code: outcome(code) for code in (*REFUSING, *FAILING, *NUMERIC)} | {
    "": b"",
    "<html>": b"<html>",
    "Patient": b'{"resourceType": "Patient"}',
}


def answered(kind: Kind, status: int, body: bytes) -> GPConnectError:
    """What the client makes of a practice's answer to a write of this kind."""
    promised = "Bundle" if kind is Kind.REGISTER else "Appointment"
    with pytest.raises(GPConnectError) as caught:
        answers.resource(WireAnswer(status, TYPE, body), "trace", INTERACTION[kind], promised)
    return caught.value


def is_no(code: str, status: int) -> bool:
    """The requirement's words, for an answer with an OperationOutcome of this code."""
    if code in SPINE_NO:
        return 400 <= status < 500
    if (code, status) == ("NOT_IMPLEMENTED", 501):
        return True
    return code in REFUSING and 400 <= status < 500


def may_be_ours(kind: Kind, code: str, status: int) -> bool:
    """Whether the "no" may be about our own earlier success. [BOOK-8, AMEND-2, REG-3, ERR-4]"""
    return code == "DUPLICATE_REJECTED" or (status in conflicts(kind) and code in VAGUE)


def conflicts(kind: Kind) -> frozenset[int]:
    """The statuses that mean a conflict, whatever the practice calls it. [ERR-4]"""
    return frozenset({409, 412}) if kind in {Kind.AMEND, Kind.CANCEL} else frozenset({409})


@pytest.mark.requirement("ERR-2", "ERR-3", "ERR-4")
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("status", STATUSES)
def test_only_evidence_that_agrees_is_a_no(kind: Kind, status: int) -> None:
    for (code, body), attempt in product(BODIES.items(), (1, 2, 3)):
        error = answered(kind, status, body)
        found = outcome_of(kind, error, attempt)
        said = f"{code or 'nothing'} under {status}, send {attempt}: {found.why}"
        if attempt > 1 or not is_no(code, status):
            assert found.state is State.UNCONFIRMED, said
        elif not may_be_ours(kind, code, status):
            assert found.state is State.REFUSED, said
        if found.state is State.REFUSED:
            assert is_no(code, status), said
            assert error.outcome_known, said
        if is_no(code, status) and may_be_ours(kind, code, status):
            assert (found.state, found.look_first) == (State.UNCONFIRMED, True), said
        if found.look_first:
            assert status < 500, said
        assert error.outcome_known is is_no(code, status) or (
            # A 409 with any word of the practice's is a conflict.
            code == "OF_THEIR_OWN" and status in conflicts(kind)
        ), said


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize("codes", [("BAD_REQUEST", "INTERNAL_SERVER_ERROR"), ("403", "502")])
def test_of_several_codes_the_least_certain_counts(codes: tuple[str, str]) -> None:
    for some in (codes, codes[::-1]):
        issues = [json.loads(outcome(code))["issue"][0] for code in some]
        body = json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()
        found = outcome_of(Kind.BOOK, answered(Kind.BOOK, 400, body), 1)
        assert found.state is State.UNCONFIRMED


@pytest.mark.requirement("ERR-2")
def test_what_is_contradictory_says_nothing_of_whether_the_practice_answers() -> None:
    """A breaker counts failures in a row: a contradictory answer is neither one nor its end."""
    for code, status in product((*REFUSING, *SPINE_NO), (500, 502, 503)):
        error = answered(Kind.BOOK, status, outcome(code))
        assert sign_of(Answered("t", status, error.code, False, 5)) is Sign.NONE
    for code, status in product(("INTERNAL_SERVER_ERROR", "502"), (400, 404, 422)):
        error = answered(Kind.BOOK, status, outcome(code))
        assert sign_of(Answered("t", status, error.code, False, 5)) is Sign.NONE
    for body, status, sign in (
        (outcome("NOT_IMPLEMENTED"), 501, Sign.ANSWERS),
        (outcome("BAD_REQUEST"), 400, Sign.ANSWERS),
        (b"", 404, Sign.ANSWERS),
        (outcome("INTERNAL_SERVER_ERROR"), 500, Sign.SILENT),
        (outcome("OF_THEIR_OWN"), 500, Sign.SILENT),
        (b"", 503, Sign.SILENT),
        (b"", 429, Sign.SILENT),
        (outcome("502"), 502, Sign.SILENT),
        (outcome("403"), 403, Sign.NONE),
        (outcome("404"), 404, Sign.NONE),
    ):
        error = answered(Kind.BOOK, status, body)
        assert sign_of(Answered("t", status, error.code, False, 5)) is sign, error


# Capitals in the sources that are no errors' codes: settings, and the words of others.
NO_ERRORS = frozenset(
    {
        "DJANGO_SETTINGS_MODULE", "GPCONNECT_CA_BUNDLE", "GPCONNECT_CLIENT_CERT",
        "GPCONNECT_CLIENT_KEY", "GPCONNECT_DIRECTORY_URL", "GPCONNECT_ISSUER",
        "GPCONNECT_REVOCATIONS", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "HANDSHAKE_FAILURE",
        "INVALIDATED_RESOURCE", "INVALID_SEARCH_DATA",
        "INVALID_VALUE", "MISSING_VALUE",
        "INVALID_RESOURCE_ID", "MAX_ANSWER", "MAX_ENTRIES", "NO_ORGANISATIONAL_CONSENT",
        "PDS_PRIVATE_KEY", "PDS_TOKEN_URL", "PDS_URL", "REMOTE_ADDR", "REQUESTS_PER_SECOND",
        "RESOURCE_NOT_FOUND", "TOO_MANY_MATCHES", "UNKNOWN_CA", "VARIES_FROM_TARGETURL",
        "NOT_LDAP", "CERTIFICATE", "QUERY_STRING", "PATH_INFO", "REQUEST_METHOD",
        "DISABLE_SERVER_SIDE_CURSORS",
        "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP",
        "GPCONNECT_SSP_URL", "NHS_API_CA_BUNDLE", "PDS_KEY_ID_FILE", "READ_DEADLINE_SECONDS",
        "WRITE_DEADLINE_SECONDS", "SEND_AGAIN_WINDOW_SECONDS", "SECOND_STEP_WINDOW_SECONDS",
    }
)  # fmt: skip
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{9,}")


def in_the_sources() -> dict[str, str]:
    """Everything that looks like a code, with a file that has it; not the settings' own."""
    found: dict[str, str] = {}
    for file in (file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))):
        if not {"migrations", "settings"} & set(file.parts):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
                    found.setdefault(str(node.value), str(file.relative_to(ROOT)))
    return found


@pytest.mark.requirement("ERR-1")
def test_every_code_in_the_sources_is_in_a_table_and_on_the_page_of_errors() -> None:
    found = in_the_sources()
    assert {
        "INTERRUPTED",
        "RESTRICTED",
        "PRACTICE_NOT_ANSWERING",
        "PAGE_OUT_OF_TIME",
        "STOPPED_BEFORE_SENDING",
    } <= set(found)
    page = errors_page.page()
    nowhere = {
        code: file
        for code, file in found.items()
        if code not in NO_ERRORS and f"`{code}`" not in page
    }
    assert nowhere == {}
    assert set(found) >= NO_ERRORS, "what the sources do not have needs no exception"
    assert not set(CODES) & set(TABLE)
    assert set(CODES) <= set(found)

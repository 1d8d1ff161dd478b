"""Double entry for the table of errors: what each code is evidence of, as the requirement has it.

Held apart from the table on purpose, and by meaning: a row that is lost, that says something else,
or that raises another class, would tell a person something else about what was done.
"""

from itertools import product
from typing import Final

import pytest

from gpconnect import errors
from gpconnect.error_evidence import failure, meaning, meaning_of
from gpconnect.error_table import BY_INTERACTION, TABLE, Says, row
from gpconnect.errors import GPConnectError, Origin
from gpconnect.interactions import (
    AMEND_APPOINTMENT,
    BOOK_APPOINTMENT,
    CANCEL_APPOINTMENT,
    READ_APPOINTMENT,
    READ_PATIENT,
    REGISTER_PATIENT,
    Interaction,
)

CODES: Final[dict[Says, dict[type[GPConnectError], str]]] = {
    Says.NOT_SENT: {
        errors.InvalidRequest: "INVALID_REQUEST",
        errors.InvalidNHSNumber: "NHS_NUMBER_INVALID",
        errors.NotSent: "STOPPED_BEFORE_SENDING PRACTICE_NOT_ANSWERING OTHERS_WAITING"
        " PAGE_OUT_OF_TIME",
        errors.TLSFailure: "TLS_FAILED",
        errors.PracticeNotEnabled: "PRACTICE_NOT_ENABLED",
        errors.AmbiguousRecord: "DIRECTORY_AMBIGUOUS",
        errors.MalformedRecord: "DIRECTORY_MALFORMED",
        errors.DirectoryUnreachable: "DIRECTORY_UNREACHABLE DIRECTORY_REFUSED",
    },
    Says.NO_CONNECTION: {
        errors.Unreachable: "UNREACHABLE NAME_NOT_RESOLVED CONNECT_DEADLINE_EXCEEDED",
    },
    Says.NO_ANSWER: {
        errors.ConnectionLost: "CONNECTION_LOST",
        errors.DeadlineExceeded: "DEADLINE_EXCEEDED",
    },
    Says.STOPPED_LISTENING: {errors.ConnectionLost: "INTERRUPTED"},
    Says.UNREADABLE: {
        errors.NotFHIR: "EMPTY_ANSWER WRONG_CONTENT_TYPE INVALID_JSON BAD_COMPRESSION",
        errors.AnswerTooLarge: "ANSWER_TOO_LARGE",
        errors.Redirected: "REDIRECTED",
        errors.WrongResource: "UNEXPECTED_STATUS WRONG_RESOURCE",
        errors.UnclearFromSpine: "SSP_UNCLEAR",
    },
    Says.DONE_OTHERWISE: {
        errors.DifferentFromAsked: "DIFFERENT_FROM_ASKED",
        errors.ChangeNotConfirmed: "CHANGE_NOT_CONFIRMED",
    },
    Says.PRACTICE_REFUSES: {
        errors.RequestRejected: "BAD_REQUEST INVALID_IDENTIFIER_SYSTEM INVALID_IDENTIFIER_VALUE"
        " INVALID_RESOURCE INVALID_PARAMETER REFERENCE_NOT_FOUND FHIR_CONSTRAINT_VIOLATION",
        errors.DemographicsRejected: "INVALID_NHS_NUMBER INVALID_PATIENT_DEMOGRAPHICS",
        errors.NotPermittedByPractice: "NO_PATIENT_CONSENT NO_ORGANISATION_CONSENT ACCESS_DENIED"
        " NOT_IMPLEMENTED",
        errors.PatientNotAtPractice: "PATIENT_NOT_FOUND PATIENT_SENSITIVE",
        errors.NotFound: "ORGANISATION_NOT_FOUND PRACTITIONER_NOT_FOUND NO_RECORD_FOUND",
        errors.AppointmentNotShown: "APPOINTMENT_NOT_SHOWN",
        errors.SlotGone: "DUPLICATE_REJECTED",
        errors.VersionConflict: "VERSION_CONFLICT",
    },
    Says.SPINE_REFUSES: {
        errors.RefusedBySpine: "ENDPOINT_VARIES_FROM_TARGETURL SSP_REFUSED SSP_METHOD_NOT_ALLOWED"
        " SSP_UNSUPPORTED_MEDIA_TYPE",
        errors.NoAgreement: "ASID_CHECK_FAILED PARTYKEY_INTERACTION_CHECK_FAILED FOT_CHECK_FAILED",
    },
    Says.FAILED: {
        errors.PracticeFailed: "INTERNAL_SERVER_ERROR HTTP_5XX HTTP_429",
        errors.PracticeNotReachedBySpine: "SSP_PRACTICE_NOT_REACHED",
    },
    Says.UNCLEAR: {
        errors.NotFound: "APPOINTMENT_BEGUN HTTP_404 HTTP_410",
        errors.RequestRejected: "UNRECOGNISED_CODE HTTP_401 HTTP_4XX",
        errors.NotPermittedByPractice: "HTTP_403",
    },
    Says.ELSEWHERE: {
        errors.PatientUnknown: "PDS_UNKNOWN",
        errors.PatientInvalidated: "PDS_INVALIDATED",
        errors.PatientNotUnique: "PDS_NO_MATCH PDS_SEVERAL_MATCHES PDS_CANNOT_SEARCH",
        errors.DemographicsUnavailable: "PDS_BUSY PDS_UNAVAILABLE",
        errors.SignInNeeded: "PDS_SIGN_IN_NEEDED",
        errors.DemographicsNotPermitted: "PDS_REFUSED",
    },
}
# Who says such a thing, under which status, and whether it is then known what became of a write.
SAID: Final[dict[Says, tuple[Origin, int | None, bool]]] = {
    Says.NOT_SENT: (Origin.PORTAL, None, True),
    Says.NO_CONNECTION: (Origin.NETWORK, None, True),
    Says.NO_ANSWER: (Origin.NETWORK, None, False),
    Says.STOPPED_LISTENING: (Origin.PORTAL, None, False),
    Says.UNREADABLE: (Origin.PRACTICE, 200, False),
    Says.DONE_OTHERWISE: (Origin.PRACTICE, 200, False),
    Says.PRACTICE_REFUSES: (Origin.PRACTICE, 422, True),
    Says.SPINE_REFUSES: (Origin.SSP, 403, True),
    Says.FAILED: (Origin.PRACTICE, 500, False),
    Says.UNCLEAR: (Origin.PRACTICE, 404, False),
    Says.ELSEWHERE: (Origin.PDS, None, True),
}
ROWS: Final = {
    code: (says, kind)
    for says, kinds in CODES.items()
    for kind, codes in kinds.items()
    for code in codes.split()
}


@pytest.mark.requirement("ERR-1", "ERR-2", "ERR-3")
@pytest.mark.parametrize("code", ROWS)
def test_each_code_is_evidence_of_one_thing_and_raises_one_class(code: str) -> None:
    says, kind = ROWS[code]
    origin, status, known = SAID[says]
    error = failure(code, origin=origin, status=status, interaction=BOOK_APPOINTMENT)
    assert meaning_of(error) is says
    assert error.outcome_known is known
    assert failure(code, origin=origin, status=status, interaction=READ_PATIENT).outcome_known
    assert type(failure(code, origin=origin, status=status)) is kind


def test_the_table_has_no_other_codes() -> None:
    assert set(TABLE) == set(ROWS)


@pytest.mark.requirement("ERR-4", "READ-1", "AMEND-2")
def test_where_a_code_says_something_else_in_one_use_case() -> None:
    changes = (AMEND_APPOINTMENT, CANCEL_APPOINTMENT)
    special: dict[tuple[Interaction, str], type[GPConnectError]] = {
        (REGISTER_PATIENT, "DUPLICATE_REJECTED"): errors.AlreadyRegistered,
        (REGISTER_PATIENT, "INTERNAL_SERVER_ERROR"): errors.PracticeFailed,
        (BOOK_APPOINTMENT, "INTERNAL_SERVER_ERROR"): errors.PracticeFailed,
        **{
            (READ_APPOINTMENT, code): errors.NotFound
            for code in ("NO_RECORD_FOUND", "REFERENCE_NOT_FOUND", "HTTP_404", "HTTP_410")
        },
        **{(change, "DIFFERENT_FROM_ASKED"): errors.DifferentFromAsked for change in changes},
        **dict.fromkeys(
            product(changes, ("INVALID_RESOURCE", "INVALID_PARAMETER")), errors.RequestRejected
        ),
        **dict.fromkeys(product(changes, ("HTTP_409", "HTTP_412")), errors.VersionConflict),
    }
    assert {case: type(failure(case[1], interaction=case[0])) for case in BY_INTERACTION} == special
    for interaction, code in special:
        assert row(code, interaction).sentence != row(code).sentence or code.startswith("INTERNAL")
        assert row(code, interaction).says is row(code).says


@pytest.mark.requirement("ERR-2", "ERR-3")
@pytest.mark.parametrize(
    ("code", "origin", "status", "says"),
    [
        # A practice's "no": of a practice, or of the Spine in its words, and under a 4xx.
        ("ACCESS_DENIED", Origin.PRACTICE, 400, Says.PRACTICE_REFUSES),
        ("ACCESS_DENIED", Origin.PRACTICE, 499, Says.PRACTICE_REFUSES),
        ("ACCESS_DENIED", None, 403, Says.PRACTICE_REFUSES),
        ("ACCESS_DENIED", Origin.PRACTICE, 399, Says.CONTRADICTORY),
        ("ACCESS_DENIED", Origin.PRACTICE, 500, Says.CONTRADICTORY),
        ("ACCESS_DENIED", Origin.PRACTICE, 501, Says.CONTRADICTORY),
        ("ACCESS_DENIED", Origin.PRACTICE, None, Says.CONTRADICTORY),
        ("ACCESS_DENIED", Origin.SSP, 403, Says.CONTRADICTORY),
        ("ACCESS_DENIED", Origin.PORTAL, 403, Says.CONTRADICTORY),
        ("ACCESS_DENIED", Origin.NETWORK, 403, Says.CONTRADICTORY),
        ("NOT_IMPLEMENTED", Origin.PRACTICE, 501, Says.PRACTICE_REFUSES),
        ("NOT_IMPLEMENTED", Origin.PRACTICE, 502, Says.CONTRADICTORY),
        ("VERSION_CONFLICT", Origin.PRACTICE, 409, Says.PRACTICE_REFUSES),
        # The Spine's: nobody else's, but for the one that practices may say too.
        ("FOT_CHECK_FAILED", Origin.SSP, 403, Says.SPINE_REFUSES),
        ("FOT_CHECK_FAILED", None, 403, Says.SPINE_REFUSES),
        ("FOT_CHECK_FAILED", Origin.SSP, 502, Says.CONTRADICTORY),
        ("FOT_CHECK_FAILED", Origin.PRACTICE, 403, Says.CONTRADICTORY),
        ("ASID_CHECK_FAILED", Origin.SSP, 403, Says.SPINE_REFUSES),
        ("ASID_CHECK_FAILED", Origin.PRACTICE, 403, Says.SPINE_REFUSES),
        # What stopped here: only we, the way or the directory know.
        ("TLS_FAILED", None, None, Says.NOT_SENT),
        ("TLS_FAILED", Origin.PORTAL, None, Says.NOT_SENT),
        ("TLS_FAILED", Origin.NETWORK, None, Says.NOT_SENT),
        ("TLS_FAILED", Origin.SDS, None, Says.NOT_SENT),
        ("TLS_FAILED", Origin.PRACTICE, None, Says.CONTRADICTORY),
        ("TLS_FAILED", Origin.SSP, None, Says.CONTRADICTORY),
        ("TLS_FAILED", Origin.PDS, None, Says.CONTRADICTORY),
        ("UNREACHABLE", Origin.PRACTICE, 400, Says.CONTRADICTORY),
        # A failure: under a status of failure, or by the status alone.
        ("INTERNAL_SERVER_ERROR", Origin.PRACTICE, 500, Says.FAILED),
        ("INTERNAL_SERVER_ERROR", Origin.PRACTICE, 499, Says.CONTRADICTORY),
        ("INTERNAL_SERVER_ERROR", Origin.PRACTICE, None, Says.CONTRADICTORY),
        ("SSP_PRACTICE_NOT_REACHED", Origin.SSP, 502, Says.FAILED),
        ("SSP_PRACTICE_NOT_REACHED", Origin.SSP, 404, Says.CONTRADICTORY),
        ("HTTP_503", None, None, Says.FAILED),
        ("HTTP_429", Origin.PRACTICE, 429, Says.FAILED),
        ("HTTP_599", Origin.PRACTICE, 599, Says.FAILED),
        # What is unclear, or cannot be read, under a status of failure is a failure.
        ("UNRECOGNISED_CODE", Origin.PRACTICE, 499, Says.UNCLEAR),
        ("UNRECOGNISED_CODE", Origin.PRACTICE, 500, Says.FAILED),
        ("UNRECOGNISED_CODE", Origin.PRACTICE, None, Says.UNCLEAR),
        ("BAD_COMPRESSION", Origin.PRACTICE, 200, Says.UNREADABLE),
        ("BAD_COMPRESSION", Origin.PRACTICE, 503, Says.FAILED),
        ("HTTP_418", Origin.PRACTICE, 418, Says.UNCLEAR),
        # Nothing else changes with the status.
        ("CONNECTION_LOST", Origin.NETWORK, 502, Says.NO_ANSWER),
        ("DIFFERENT_FROM_ASKED", Origin.PRACTICE, 500, Says.DONE_OTHERWISE),
        ("PDS_UNAVAILABLE", Origin.PDS, 503, Says.ELSEWHERE),
    ],
)
def test_evidence_is_held_together(
    code: str, origin: Origin | None, status: int | None, says: Says
) -> None:
    assert meaning(code, origin=origin, status=status) is says


@pytest.mark.parametrize("code", ["OF_NO_TABLE", "HTTP", "http_404", ""])
def test_a_code_of_no_table_is_an_error_of_ours(code: str) -> None:
    with pytest.raises(KeyError):
        row(code)
    with pytest.raises(KeyError):
        row(code, BOOK_APPOINTMENT)
    assert failure("INVALID_REQUEST").origin is Origin.PORTAL
    assert meaning_of(GPConnectError(code, origin=Origin.PRACTICE, status=500)) is Says.UNCLEAR

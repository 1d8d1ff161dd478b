"""The one table of error codes: what each means, in words for the user. [ERR-1..5]

The code decides, not the HTTP status: suppliers differ in the latter. A row's `decided` says
whether the practice, having answered so, has for certain not done what was asked.
"""

from dataclasses import dataclass
from typing import Final

from gpconnect import errors
from gpconnect.errors import GPConnectError, Origin
from gpconnect.interactions import (
    AMEND_APPOINTMENT,
    BOOK_APPOINTMENT,
    CANCEL_APPOINTMENT,
    READ_APPOINTMENT,
    REGISTER_PATIENT,
    Interaction,
)


@dataclass(frozen=True, slots=True)
class Row:
    """What one code means: the class raised, the user's sentence, and what to do next."""

    kind: type[GPConnectError]
    sentence: str
    next_step: str
    decided: bool = True


_SUPPORT: Final = "Tell your support team the reference below; telephone the practice meanwhile."
_AGAIN: Final = "Wait a moment and try again; if it goes on, telephone the practice."
_LOOK: Final = "Look at the patient's appointments there before trying again."
_CHECK_PATIENT: Final = "Check the patient's details, or telephone the practice."
_DIRECTORY: Final = "Telephone the practice, and ask your support team to check its record in SDS."

TABLE: Final[dict[str, Row]] = {
    # Our own checks: nothing has been sent.
    "INVALID_REQUEST": Row(
        errors.InvalidRequest, "This cannot be sent as it is.", "Correct it and try again."
    ),
    "NHS_NUMBER_INVALID": Row(
        errors.InvalidNHSNumber, "This is not a valid NHS number.", "Check the number."
    ),
    # The way there and back.
    "STOPPED_BEFORE_SENDING": Row(
        errors.NotSent, "It was stopped before anything was sent.", "Try again."
    ),
    "UNREACHABLE": Row(
        errors.Unreachable, "No connection could be made. Nothing was sent.", _AGAIN
    ),
    "NAME_NOT_RESOLVED": Row(
        errors.Unreachable, "The address could not be found. Nothing was sent.", _AGAIN
    ),
    "CONNECT_DEADLINE_EXCEEDED": Row(
        errors.Unreachable, "No connection could be made in time. Nothing was sent.", _AGAIN
    ),
    "TLS_FAILED": Row(
        errors.TLSFailure, "No trusted connection could be made. Nothing was sent.", _SUPPORT
    ),
    "CONNECTION_LOST": Row(
        errors.ConnectionLost, "The connection broke before the answer came.", _AGAIN, decided=False
    ),
    "DEADLINE_EXCEEDED": Row(
        errors.DeadlineExceeded, "The answer did not come in time.", _AGAIN, decided=False
    ),
    "EMPTY_ANSWER": Row(errors.NotFHIR, "The answer was empty.", _AGAIN, decided=False),
    "WRONG_CONTENT_TYPE": Row(
        errors.NotFHIR, "The answer was not in the agreed format.", _SUPPORT, decided=False
    ),
    "INVALID_JSON": Row(errors.NotFHIR, "The answer could not be read.", _SUPPORT, decided=False),
    "BAD_COMPRESSION": Row(
        errors.NotFHIR, "The answer could not be read.", _SUPPORT, decided=False
    ),
    "ANSWER_TOO_LARGE": Row(
        errors.AnswerTooLarge,
        "The answer was too large to be read.",
        "Ask for less, for example a shorter range of dates.",
        decided=False,
    ),
    "REDIRECTED": Row(
        errors.Redirected, "The answer pointed to another address.", _SUPPORT, decided=False
    ),
    "UNEXPECTED_STATUS": Row(
        errors.WrongResource, "The answer was not the expected one.", _SUPPORT, decided=False
    ),
    "WRONG_RESOURCE": Row(
        errors.WrongResource, "The answer was not the expected one.", _SUPPORT, decided=False
    ),
    "DIFFERENT_FROM_ASKED": Row(
        errors.DifferentFromAsked,
        "The practice has made an appointment that differs from the one asked for.",
        "Do not tell the patient that it is booked; telephone the practice now.",
        decided=False,
    ),
    # Practices.
    "BAD_REQUEST": Row(
        errors.RequestRejected, "The practice's system did not accept the request.", _SUPPORT
    ),
    "INVALID_IDENTIFIER_SYSTEM": Row(
        errors.RequestRejected, "The practice does not know this kind of identifier.", _SUPPORT
    ),
    "INVALID_IDENTIFIER_VALUE": Row(
        errors.RequestRejected, "The practice did not accept the identifier.", "Check it."
    ),
    "INVALID_NHS_NUMBER": Row(
        errors.DemographicsRejected,
        "The practice did not accept the NHS number: it may have been replaced or withdrawn.",
        "Trace the patient again and use the current number.",
    ),
    "INVALID_PATIENT_DEMOGRAPHICS": Row(
        errors.DemographicsRejected,
        "The practice could not match the patient with the national record.",
        _CHECK_PATIENT,
    ),
    "NO_PATIENT_CONSENT": Row(
        errors.NotPermittedByPractice,
        "The patient has not agreed to this kind of sharing.",
        "Telephone the practice.",
    ),
    "NO_ORGANISATION_CONSENT": Row(
        errors.NotPermittedByPractice,
        "The practice does not share this with your organisation.",
        "Telephone the practice.",
    ),
    "ACCESS_DENIED": Row(
        errors.NotPermittedByPractice,
        "The practice does not allow this, or has it switched off.",
        "Telephone the practice.",
    ),
    "PATIENT_NOT_FOUND": Row(
        errors.PatientNotAtPractice,
        "The practice has no record of the patient that it can share.",
        "Register the patient there, if that is right for them, or telephone the practice.",
    ),
    "PATIENT_SENSITIVE": Row(
        errors.PatientNotAtPractice,
        "The practice has no record of the patient that it can share.",
        "Telephone the practice.",
    ),
    "ORGANISATION_NOT_FOUND": Row(
        errors.NotFound, "The practice does not know this organisation.", "Telephone the practice."
    ),
    "PRACTITIONER_NOT_FOUND": Row(
        errors.NotFound, "The practice does not know this practitioner.", "Telephone the practice."
    ),
    "NO_RECORD_FOUND": Row(errors.NotFound, "The practice does not hold this.", "Search again."),
    "DUPLICATE_REJECTED": Row(
        errors.SlotGone, "This slot has been taken.", "Choose another of the slots free now."
    ),
    "INVALID_RESOURCE": Row(
        errors.RequestRejected, "The practice did not accept what was sent.", _SUPPORT
    ),
    "INVALID_PARAMETER": Row(
        errors.RequestRejected,
        "The practice did not accept the search.",
        "Check the dates; dates in the past are not allowed.",
    ),
    "REFERENCE_NOT_FOUND": Row(
        errors.RequestRejected,
        "Something in the request no longer exists at the practice.",
        "Search again and choose anew.",
    ),
    "FHIR_CONSTRAINT_VIOLATION": Row(
        errors.RequestRejected, "The practice did not accept what was sent.", _SUPPORT
    ),
    "NOT_IMPLEMENTED": Row(
        errors.NotPermittedByPractice,
        "The practice's system does not offer this.",
        "Telephone the practice.",
    ),
    "INTERNAL_SERVER_ERROR": Row(
        errors.PracticeFailed, "The practice's system has failed.", _AGAIN, decided=False
    ),
    "VERSION_CONFLICT": Row(
        errors.VersionConflict,
        "The appointment has changed since it was shown here.",
        "Look at it as it is now, and decide again.",
    ),
    "UNRECOGNISED_CODE": Row(
        errors.RequestRejected,
        "The practice refused, for a reason that is not in the specification.",
        _SUPPORT,
        decided=False,
    ),
    # Refusals without an OperationOutcome; HTTP_4XX and HTTP_5XX stand for all others.
    "HTTP_401": Row(
        errors.RequestRejected, "The other side did not accept who we are.", _SUPPORT, decided=False
    ),
    "HTTP_403": Row(errors.NotPermittedByPractice, "This is not allowed.", _SUPPORT, decided=False),
    "HTTP_404": Row(
        errors.NotFound, "The practice does not hold this.", "Search again.", decided=False
    ),
    "HTTP_410": Row(
        errors.NotFound, "The practice no longer holds this.", "Search again.", decided=False
    ),
    "HTTP_429": Row(
        errors.PracticeFailed, "The other side is too busy just now.", _AGAIN, decided=False
    ),
    "HTTP_4XX": Row(
        errors.RequestRejected, "The request was refused without a reason.", _SUPPORT, decided=False
    ),
    "HTTP_5XX": Row(
        errors.PracticeFailed, "The practice's system has failed.", _AGAIN, decided=False
    ),
    # The Spine Secure Proxy.
    "ENDPOINT_VARIES_FROM_TARGETURL": Row(
        errors.RefusedBySpine,
        "The practice's address in the directory has changed.",
        "Start again with the patient, so that the directory is asked anew.",
    ),
    "ASID_CHECK_FAILED": Row(
        errors.NoAgreement, "Your organisation is not enabled for this on the Spine.", _SUPPORT
    ),
    "PARTYKEY_INTERACTION_CHECK_FAILED": Row(
        errors.NoAgreement, "The practice is not enabled for this on the Spine.", _SUPPORT
    ),
    "FOT_CHECK_FAILED": Row(
        errors.NoAgreement,
        "There is no data-sharing agreement between your organisation and the practice.",
        "Telephone the practice, and ask your manager about the agreement.",
    ),
    "SSP_REFUSED": Row(errors.RefusedBySpine, "The Spine refused the request.", _SUPPORT),
    "SSP_METHOD_NOT_ALLOWED": Row(
        errors.RefusedBySpine, "The Spine refused the request.", _SUPPORT
    ),
    "SSP_UNSUPPORTED_MEDIA_TYPE": Row(
        errors.RefusedBySpine, "The Spine refused the request.", _SUPPORT
    ),
    "SSP_PRACTICE_NOT_REACHED": Row(
        errors.PracticeNotReachedBySpine,
        "The Spine could not get an answer from the practice's system.",
        _AGAIN,
        decided=False,
    ),
    # The directory (SDS). [SDS-4]
    "PRACTICE_NOT_ENABLED": Row(
        errors.PracticeNotEnabled, "The practice is not enabled for GP Connect.", _DIRECTORY
    ),
    "DIRECTORY_AMBIGUOUS": Row(
        errors.AmbiguousRecord,
        "The directory has more than one record of the practice.",
        _DIRECTORY,
    ),
    "DIRECTORY_MALFORMED": Row(
        errors.MalformedRecord, "The directory's record of the practice is not usable.", _DIRECTORY
    ),
    "DIRECTORY_UNREACHABLE": Row(
        errors.DirectoryUnreachable, "The directory of practices does not answer.", _AGAIN
    ),
    "DIRECTORY_REFUSED": Row(
        errors.DirectoryUnreachable, "The directory of practices refused to answer.", _SUPPORT
    ),
    # Demographics (PDS). [PDS-4, PDS-5, PDS-7]
    "PDS_UNKNOWN": Row(
        errors.PatientUnknown,
        "The national record does not know this NHS number. Nothing was sent to any practice.",
        "Check the number with the patient, or search by name and birth date.",
    ),
    "PDS_INVALIDATED": Row(
        errors.PatientInvalidated,
        "This NHS number has been withdrawn. Nothing was sent to any practice.",
        "Search by name and birth date for the current number.",
    ),
    "PDS_NO_MATCH": Row(
        errors.PatientNotUnique, "No patient matches these details.", "Check them and try again."
    ),
    "PDS_SEVERAL_MATCHES": Row(
        errors.PatientNotUnique,
        "More than one patient matches these details.",
        "Give more of them, for example the postcode.",
    ),
    "PDS_CANNOT_SEARCH": Row(
        errors.PatientNotUnique,
        "The national record cannot search for these details as they are typed.",
        "Check the name and the postcode, and leave out what is neither letter nor number.",
    ),
    "PDS_BUSY": Row(
        errors.DemographicsUnavailable, "The national record is busy.", "Try again in a moment."
    ),
    "PDS_UNAVAILABLE": Row(
        errors.DemographicsUnavailable, "The national record does not answer.", _AGAIN
    ),
    "PDS_SIGN_IN_NEEDED": Row(
        errors.SignInNeeded,
        "The national record asks for your own sign-in, or no longer accepts it.",
        "Sign in again with your smartcard.",
    ),
    "PDS_REFUSED": Row(
        errors.DemographicsNotPermitted, "The national record refused to answer.", _SUPPORT
    ),
}

# What a practice may say in an OperationOutcome; the rest of the table is ours to say.
SPINE_CODES: Final = frozenset(
    {
        "BAD_REQUEST", "INVALID_IDENTIFIER_SYSTEM", "INVALID_IDENTIFIER_VALUE",
        "INVALID_NHS_NUMBER", "INVALID_PATIENT_DEMOGRAPHICS", "NO_PATIENT_CONSENT",
        "NO_ORGANISATION_CONSENT", "ACCESS_DENIED", "PATIENT_NOT_FOUND", "PATIENT_SENSITIVE",
        "ORGANISATION_NOT_FOUND", "PRACTITIONER_NOT_FOUND", "NO_RECORD_FOUND",
        "DUPLICATE_REJECTED", "INVALID_RESOURCE", "INVALID_PARAMETER", "REFERENCE_NOT_FOUND",
        "FHIR_CONSTRAINT_VIOLATION", "NOT_IMPLEMENTED", "INTERNAL_SERVER_ERROR",
        "ASID_CHECK_FAILED",
    }
)  # fmt: skip

_CHANGES: Final = frozenset({AMEND_APPOINTMENT, CANCEL_APPOINTMENT})

# Where a code says something else in one use case than in the others. [ERR-4, READ-1]
BY_INTERACTION: Final[dict[tuple[Interaction, str], Row]] = {
    (REGISTER_PATIENT, "DUPLICATE_REJECTED"): Row(
        errors.AlreadyRegistered,
        "The practice has the patient on its list already.",
        "Find the patient at the practice once more; if that stays empty, telephone the practice.",
    ),
    (REGISTER_PATIENT, "INTERNAL_SERVER_ERROR"): Row(
        errors.PracticeFailed,
        "The practice's system has failed, or could not ask the national record.",
        "Find the patient at the practice again before trying once more.",
        decided=False,
    ),
    (BOOK_APPOINTMENT, "INTERNAL_SERVER_ERROR"): Row(
        errors.PracticeFailed, "The practice's system has failed.", _LOOK, decided=False
    ),
    (READ_APPOINTMENT, "NO_RECORD_FOUND"): Row(
        errors.NotFound,
        "The practice does not show this appointment: it may have begun, or never existed.",
        "Look at the patient's appointments there, or telephone the practice.",
    ),
    **{
        (change, "DIFFERENT_FROM_ASKED"): Row(
            errors.DifferentFromAsked,
            "The practice has changed the appointment otherwise than was asked.",
            "Telephone the practice before telling the patient anything.",
            decided=False,
        )
        for change in _CHANGES
    },
    **{
        (change, code): Row(
            errors.RequestRejected,
            "The practice refused the change: the appointment may have begun or be cancelled.",
            _LOOK,
        )
        for change in _CHANGES
        for code in ("INVALID_RESOURCE", "INVALID_PARAMETER")
    },
}


def row(code: str, interaction: Interaction | None = None) -> Row:
    """The meaning of a code, in a use case where that matters. KeyError when not in the table."""
    if interaction is not None and (interaction, code) in BY_INTERACTION:
        return BY_INTERACTION[interaction, code]
    if code.startswith("HTTP_") and code not in TABLE:
        code = f"{code[:6]}XX"
    return TABLE[code]


def is_spine_code(code: str) -> bool:
    """Whether it is one of the codes that practices may send."""
    return code in SPINE_CODES


def failure(
    code: str,
    *,
    origin: Origin = Origin.PORTAL,
    interaction: Interaction | None = None,
    status: int | None = None,
    trace_id: str | None = None,
    diagnostics: str = "",
) -> GPConnectError:
    """The error for a code, with its words and with what is known of the outcome.

    The outcome of a read is always known: nothing was changed. That of a write is known only
    where the code decides it.
    """
    meaning = row(code, interaction)
    writes = interaction is not None and interaction.writes
    return meaning.kind(
        code,
        meaning.sentence,
        meaning.next_step,
        origin=origin,
        status=status,
        trace_id=trace_id,
        outcome_known=meaning.decided or not writes,
        diagnostics=diagnostics,
    )

"""The one table of error codes: what each means, as evidence and in words for the user. [ERR-1..5]

What a code means for a write, and for whether the practice answers at all, is its row's `says`;
nothing else decides it. A code alone is not enough for a "no": `error_evidence` holds it against
who said it and under which HTTP status, and what does not agree is contradictory. [ERR-2]
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from gpconnect import errors
from gpconnect.errors import GPConnectError
from gpconnect.interactions import (
    AMEND_APPOINTMENT,
    BOOK_APPOINTMENT,
    CANCEL_APPOINTMENT,
    READ_APPOINTMENT,
    REGISTER_PATIENT,
    Interaction,
)


class Says(Enum):
    """What an error is evidence of."""

    NOT_SENT = "it stopped on our side: nothing has left for the practice"
    NO_CONNECTION = "there was no way to the practice: nothing was sent"
    SPINE_REFUSES = "the Spine said no, and has not passed it on"
    PRACTICE_REFUSES = "the practice said no, and has done nothing"
    DONE_OTHERWISE = "the practice has done something else than was asked"
    NO_ANSWER = "it was sent, and no whole answer came"
    FAILED = "a system failed, perhaps after having done it"
    UNREADABLE = "something answered, and it cannot be understood"
    UNCLEAR = "it was refused, and not in a way that says whether it was done"
    STOPPED_LISTENING = "we stopped while it was under way"
    CONTRADICTORY = "what was said, who said it and the status do not agree"  # never in a row
    ELSEWHERE = "it is not about a practice"


REFUSALS: Final = frozenset({Says.SPINE_REFUSES, Says.PRACTICE_REFUSES})
NEVER_LEFT: Final = frozenset({Says.NOT_SENT, Says.NO_CONNECTION})
DECIDED: Final = REFUSALS | NEVER_LEFT | {Says.ELSEWHERE}


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """What one code means: as evidence, the class raised, the sentence, and what to do next."""

    says: Says
    kind: type[GPConnectError]
    sentence: str
    next_step: str

    @property
    def decided(self) -> bool:
        """Whether it can say for certain that nothing was done: if all of it agrees. [ERR-2]"""
        return self.says in DECIDED


_SUPPORT: Final = "Tell your support team the reference below; telephone the practice meanwhile."
_AGAIN: Final = "Wait a moment and try again; if it goes on, telephone the practice."
_LOOK: Final = "Look at the patient's appointments there before trying again."
_CHECK_PATIENT: Final = "Check the patient's details, or telephone the practice."
_DIRECTORY: Final = "Telephone the practice, and ask your support team to check its record in SDS."

TABLE: Final[dict[str, ErrorRow]] = {
    # Our own checks: nothing has been sent.
    "INVALID_REQUEST": ErrorRow(
        Says.NOT_SENT,
        errors.InvalidRequest,
        "This cannot be sent as it is.",
        "Correct it and try again.",
    ),
    "NHS_NUMBER_INVALID": ErrorRow(
        Says.NOT_SENT,
        errors.InvalidNHSNumber,
        "This is not a valid NHS number.",
        "Check the number.",
    ),
    # The way there and back.
    "STOPPED_BEFORE_SENDING": ErrorRow(
        Says.NOT_SENT, errors.NotSent, "It was stopped before anything was sent.", "Try again."
    ),
    "PRACTICE_NOT_ANSWERING": ErrorRow(
        Says.NOT_SENT,
        errors.NotSent,
        "This practice is not answering. Nothing was sent.",
        "Telephone the practice or choose another one; or try again in a minute.",
    ),
    "OTHERS_WAITING": ErrorRow(
        Says.NOT_SENT,
        errors.NotSent,
        "Others here are waiting for this practice's answer, so it was not asked once more."
        " Nothing was sent.",
        "Telephone the practice or choose another one; or try again in a minute.",
    ),
    "PAGE_OUT_OF_TIME": ErrorRow(
        Says.NOT_SENT,
        errors.NotSent,
        "The answers before this one took so long that the practice was not asked any more.",
        "Try again; if it goes on, telephone the practice.",
    ),
    "UNREACHABLE": ErrorRow(
        Says.NO_CONNECTION,
        errors.Unreachable,
        "No connection could be made. Nothing was sent.",
        _AGAIN,
    ),
    "NAME_NOT_RESOLVED": ErrorRow(
        Says.NO_CONNECTION,
        errors.Unreachable,
        "The address could not be found. Nothing was sent.",
        _AGAIN,
    ),
    "CONNECT_DEADLINE_EXCEEDED": ErrorRow(
        Says.NO_CONNECTION,
        errors.Unreachable,
        "No connection could be made in time. Nothing was sent.",
        _AGAIN,
    ),
    "TLS_FAILED": ErrorRow(
        Says.NOT_SENT,
        errors.TLSFailure,
        "No trusted connection could be made. Nothing was sent.",
        _SUPPORT,
    ),
    "CONNECTION_LOST": ErrorRow(
        Says.NO_ANSWER,
        errors.ConnectionLost,
        "The connection broke before the answer came.",
        _AGAIN,
    ),
    "DEADLINE_EXCEEDED": ErrorRow(
        Says.NO_ANSWER, errors.DeadlineExceeded, "The answer did not come in time.", _AGAIN
    ),
    "INTERRUPTED": ErrorRow(
        Says.STOPPED_LISTENING,
        errors.ConnectionLost,
        "It was broken off here, at the portal, before the answer came.",
        _LOOK,
    ),
    "EMPTY_ANSWER": ErrorRow(Says.UNREADABLE, errors.NotFHIR, "The answer was empty.", _AGAIN),
    "WRONG_CONTENT_TYPE": ErrorRow(
        Says.UNREADABLE, errors.NotFHIR, "The answer was not in the agreed format.", _SUPPORT
    ),
    "INVALID_JSON": ErrorRow(
        Says.UNREADABLE, errors.NotFHIR, "The answer could not be read.", _SUPPORT
    ),
    "BAD_COMPRESSION": ErrorRow(
        Says.UNREADABLE, errors.NotFHIR, "The answer could not be read.", _SUPPORT
    ),
    "ANSWER_TOO_LARGE": ErrorRow(
        Says.UNREADABLE,
        errors.AnswerTooLarge,
        "The answer was too large to be read.",
        "Ask for less, for example a shorter range of dates.",
    ),
    "REDIRECTED": ErrorRow(
        Says.UNREADABLE, errors.Redirected, "The answer pointed to another address.", _SUPPORT
    ),
    "UNEXPECTED_STATUS": ErrorRow(
        Says.UNREADABLE, errors.WrongResource, "The answer was not the expected one.", _SUPPORT
    ),
    "WRONG_RESOURCE": ErrorRow(
        Says.UNREADABLE, errors.WrongResource, "The answer was not the expected one.", _SUPPORT
    ),
    "DIFFERENT_FROM_ASKED": ErrorRow(
        Says.DONE_OTHERWISE,
        errors.DifferentFromAsked,
        "The practice has made an appointment that differs from the one asked for.",
        "Do not tell the patient that it is booked; telephone the practice now.",
    ),
    "CHANGE_NOT_CONFIRMED": ErrorRow(
        Says.DONE_OTHERWISE,
        errors.ChangeNotConfirmed,
        "The appointment stands, but the practice's answer does not have the new text.",
        "Compare both texts; telephone the practice where it matters.",
    ),
    # Practices.
    "BAD_REQUEST": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "The practice's system did not accept the request.",
        _SUPPORT,
    ),
    "INVALID_IDENTIFIER_SYSTEM": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "The practice does not know this kind of identifier.",
        _SUPPORT,
    ),
    "INVALID_IDENTIFIER_VALUE": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "The practice did not accept the identifier.",
        "Check it.",
    ),
    "INVALID_NHS_NUMBER": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.DemographicsRejected,
        "The practice did not accept the NHS number: it may have been replaced or withdrawn.",
        "Trace the patient again and use the current number.",
    ),
    "INVALID_PATIENT_DEMOGRAPHICS": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.DemographicsRejected,
        "The practice could not match the patient with the national record.",
        _CHECK_PATIENT,
    ),
    "NO_PATIENT_CONSENT": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.NotPermittedByPractice,
        "The patient has not agreed to this kind of sharing.",
        "Telephone the practice.",
    ),
    "NO_ORGANISATION_CONSENT": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.NotPermittedByPractice,
        "The practice does not share this with your organisation.",
        "Telephone the practice.",
    ),
    "ACCESS_DENIED": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.NotPermittedByPractice,
        "The practice does not allow this, or has it switched off.",
        "Telephone the practice.",
    ),
    "PATIENT_NOT_FOUND": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.PatientNotAtPractice,
        "The practice has no record of the patient that it can share.",
        "Register the patient there, if that is right for them, or telephone the practice.",
    ),
    "PATIENT_SENSITIVE": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.PatientNotAtPractice,
        "The practice has no record of the patient that it can share.",
        "Telephone the practice.",
    ),
    "ORGANISATION_NOT_FOUND": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.NotFound,
        "The practice does not know this organisation.",
        "Telephone the practice.",
    ),
    "PRACTITIONER_NOT_FOUND": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.NotFound,
        "The practice does not know this practitioner.",
        "Telephone the practice.",
    ),
    "NO_RECORD_FOUND": ErrorRow(
        Says.PRACTICE_REFUSES, errors.NotFound, "The practice does not hold this.", "Search again."
    ),
    "APPOINTMENT_NOT_SHOWN": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.AppointmentNotShown,
        "The practice does not show this appointment: it may have begun.",
        "Ring the practice.",
    ),
    "APPOINTMENT_BEGUN": ErrorRow(
        Says.UNCLEAR,
        errors.NotFound,
        "The appointment has begun, and practices need not show it then: it could not be read.",
        "If something about it has to be known, ring the practice.",
    ),
    "DUPLICATE_REJECTED": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.SlotGone,
        "This slot has been taken.",
        "Choose another of the slots free now.",
    ),
    "INVALID_RESOURCE": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "The practice did not accept what was sent.",
        _SUPPORT,
    ),
    "INVALID_PARAMETER": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "The practice did not accept the search.",
        "Check the dates; dates in the past are not allowed.",
    ),
    "REFERENCE_NOT_FOUND": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "Something in the request no longer exists at the practice.",
        "Search again and choose anew.",
    ),
    "FHIR_CONSTRAINT_VIOLATION": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.RequestRejected,
        "The practice did not accept what was sent.",
        _SUPPORT,
    ),
    "NOT_IMPLEMENTED": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.NotPermittedByPractice,
        "The practice's system does not offer this.",
        "Telephone the practice.",
    ),
    "INTERNAL_SERVER_ERROR": ErrorRow(
        Says.FAILED, errors.PracticeFailed, "The practice's system has failed.", _AGAIN
    ),
    "VERSION_CONFLICT": ErrorRow(
        Says.PRACTICE_REFUSES,
        errors.VersionConflict,
        "The appointment has changed since it was shown here.",
        "Look at it as it is now, and decide again.",
    ),
    "UNRECOGNISED_CODE": ErrorRow(
        Says.UNCLEAR,
        errors.RequestRejected,
        "The practice refused, for a reason that is not in the specification.",
        _SUPPORT,
    ),
    # Refusals without an OperationOutcome; HTTP_4XX and HTTP_5XX stand for all others.
    "HTTP_401": ErrorRow(
        Says.UNCLEAR, errors.RequestRejected, "The other side did not accept who we are.", _SUPPORT
    ),
    "HTTP_403": ErrorRow(
        Says.UNCLEAR, errors.NotPermittedByPractice, "This is not allowed.", _SUPPORT
    ),
    "HTTP_404": ErrorRow(
        Says.UNCLEAR,
        errors.NotFound,
        "Nothing was there at the address that was asked, and no reason was given.",
        _AGAIN,
    ),
    "HTTP_410": ErrorRow(
        Says.UNCLEAR,
        errors.NotFound,
        "Nothing was there at the address that was asked, and no reason was given.",
        _AGAIN,
    ),
    "HTTP_429": ErrorRow(
        Says.FAILED, errors.PracticeFailed, "The other side is too busy just now.", _AGAIN
    ),
    "HTTP_4XX": ErrorRow(
        Says.UNCLEAR, errors.RequestRejected, "The request was refused without a reason.", _SUPPORT
    ),
    "HTTP_5XX": ErrorRow(
        Says.FAILED, errors.PracticeFailed, "The practice's system has failed.", _AGAIN
    ),
    # The Spine Secure Proxy.
    "ENDPOINT_VARIES_FROM_TARGETURL": ErrorRow(
        Says.SPINE_REFUSES,
        errors.RefusedBySpine,
        "The practice's address in the directory has changed.",
        "Start again with the patient, so that the directory is asked anew.",
    ),
    "ASID_CHECK_FAILED": ErrorRow(
        Says.SPINE_REFUSES,
        errors.NoAgreement,
        "Your organisation is not enabled for this on the Spine.",
        _SUPPORT,
    ),
    "PARTYKEY_INTERACTION_CHECK_FAILED": ErrorRow(
        Says.SPINE_REFUSES,
        errors.NoAgreement,
        "The practice is not enabled for this on the Spine.",
        _SUPPORT,
    ),
    "FOT_CHECK_FAILED": ErrorRow(
        Says.SPINE_REFUSES,
        errors.NoAgreement,
        "There is no data-sharing agreement between your organisation and the practice.",
        "Telephone the practice, and ask your manager about the agreement.",
    ),
    "SSP_REFUSED": ErrorRow(
        Says.SPINE_REFUSES, errors.RefusedBySpine, "The Spine refused the request.", _SUPPORT
    ),
    "SSP_METHOD_NOT_ALLOWED": ErrorRow(
        Says.SPINE_REFUSES, errors.RefusedBySpine, "The Spine refused the request.", _SUPPORT
    ),
    "SSP_UNSUPPORTED_MEDIA_TYPE": ErrorRow(
        Says.SPINE_REFUSES, errors.RefusedBySpine, "The Spine refused the request.", _SUPPORT
    ),
    "SSP_PRACTICE_NOT_REACHED": ErrorRow(
        Says.FAILED,
        errors.PracticeNotReachedBySpine,
        "The Spine could not get an answer from the practice's system.",
        _AGAIN,
    ),
    "SSP_UNCLEAR": ErrorRow(
        Says.UNREADABLE,
        errors.UnclearFromSpine,
        "The Spine did not let the request pass, and does not say whether the practice had it.",
        _AGAIN,
    ),
    # The directory (SDS). [SDS-4]
    "PRACTICE_NOT_ENABLED": ErrorRow(
        Says.NOT_SENT,
        errors.PracticeNotEnabled,
        "The practice is not enabled for GP Connect.",
        _DIRECTORY,
    ),
    "DIRECTORY_AMBIGUOUS": ErrorRow(
        Says.NOT_SENT,
        errors.AmbiguousRecord,
        "The directory has more than one record of the practice.",
        _DIRECTORY,
    ),
    "DIRECTORY_MALFORMED": ErrorRow(
        Says.NOT_SENT,
        errors.MalformedRecord,
        "The directory's record of the practice is not usable.",
        _DIRECTORY,
    ),
    "DIRECTORY_UNREACHABLE": ErrorRow(
        Says.NOT_SENT,
        errors.DirectoryUnreachable,
        "The directory of practices does not answer.",
        _AGAIN,
    ),
    "DIRECTORY_REFUSED": ErrorRow(
        Says.NOT_SENT,
        errors.DirectoryUnreachable,
        "The directory of practices refused to answer.",
        _SUPPORT,
    ),
    # Demographics (PDS). [PDS-4, PDS-5, PDS-7]
    "PDS_UNKNOWN": ErrorRow(
        Says.ELSEWHERE,
        errors.PatientUnknown,
        "The national record does not know this NHS number. Nothing was sent to any practice.",
        "Check the number with the patient, or search by name and birth date.",
    ),
    "PDS_INVALIDATED": ErrorRow(
        Says.ELSEWHERE,
        errors.PatientInvalidated,
        "This NHS number has been withdrawn. Nothing was sent to any practice.",
        "Search by name and birth date for the current number.",
    ),
    "PDS_NO_MATCH": ErrorRow(
        Says.ELSEWHERE,
        errors.PatientNotUnique,
        "No patient matches these details.",
        "Check them and try again.",
    ),
    "PDS_SEVERAL_MATCHES": ErrorRow(
        Says.ELSEWHERE,
        errors.PatientNotUnique,
        "More than one patient matches these details.",
        "Give more of them, for example the postcode.",
    ),
    "PDS_CANNOT_SEARCH": ErrorRow(
        Says.ELSEWHERE,
        errors.PatientNotUnique,
        "The national record cannot search for these details as they are typed.",
        "Check the name and the postcode, and leave out what is neither letter nor number.",
    ),
    "PDS_BUSY": ErrorRow(
        Says.ELSEWHERE,
        errors.DemographicsUnavailable,
        "The national record is busy.",
        "Try again in a moment.",
    ),
    "PDS_UNAVAILABLE": ErrorRow(
        Says.ELSEWHERE,
        errors.DemographicsUnavailable,
        "The national record does not answer.",
        _AGAIN,
    ),
    "PDS_SIGN_IN_NEEDED": ErrorRow(
        Says.ELSEWHERE,
        errors.SignInNeeded,
        "The national record asks for your own sign-in, or no longer accepts it.",
        "Sign in again with your smartcard.",
    ),
    "PDS_REFUSED": ErrorRow(
        Says.ELSEWHERE,
        errors.DemographicsNotPermitted,
        "The national record refused to answer.",
        _SUPPORT,
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


def _words(code: str, kind: type[GPConnectError], sentence: str, next_step: str) -> ErrorRow:
    """Other words, and another class, for a code that is evidence of the same."""
    return ErrorRow(row(code).says, kind, sentence, next_step)


def row(code: str, interaction: Interaction | None = None) -> ErrorRow:
    """The meaning of a code, in a use case where that matters. KeyError when not in the table."""
    if interaction is not None and (interaction, code) in BY_INTERACTION:
        return BY_INTERACTION[interaction, code]
    if code.startswith("HTTP_") and code not in TABLE:
        code = f"{code[:6]}XX"
    return TABLE[code]


# Where a code says something else in one use case than in the others. [ERR-4, READ-1]
BY_INTERACTION: Final[dict[tuple[Interaction, str], ErrorRow]] = {
    (REGISTER_PATIENT, "DUPLICATE_REJECTED"): _words(
        "DUPLICATE_REJECTED",
        errors.AlreadyRegistered,
        "The practice has the patient on its list already.",
        "Find the patient at the practice once more; if that stays empty, telephone the practice.",
    ),
    (REGISTER_PATIENT, "INTERNAL_SERVER_ERROR"): _words(
        "INTERNAL_SERVER_ERROR",
        errors.PracticeFailed,
        "The practice's system has failed, or could not ask the national record.",
        "Find the patient at the practice again before trying once more.",
    ),
    (BOOK_APPOINTMENT, "INTERNAL_SERVER_ERROR"): _words(
        "INTERNAL_SERVER_ERROR", errors.PracticeFailed, "The practice's system has failed.", _LOOK
    ),
    **{
        (READ_APPOINTMENT, code): _words(
            code,
            errors.NotFound,
            "The appointment could not be read, and the answer does not say whether it is there.",
            _AGAIN,
        )
        for code in ("NO_RECORD_FOUND", "REFERENCE_NOT_FOUND", "HTTP_404", "HTTP_410")
    },
    **{
        (change, "DIFFERENT_FROM_ASKED"): _words(
            "DIFFERENT_FROM_ASKED",
            errors.DifferentFromAsked,
            "The practice has changed the appointment otherwise than was asked.",
            "Telephone the practice before telling the patient anything.",
        )
        for change in _CHANGES
    },
    **{
        (change, code): _words(
            code,
            errors.RequestRejected,
            "The practice refused the change: the appointment may have begun or be cancelled.",
            _LOOK,
        )
        for change in _CHANGES
        for code in ("INVALID_RESOURCE", "INVALID_PARAMETER")
    },
    # Without an OperationOutcome these prove nothing; where the appointment has another version
    # by now, that and they together do. [AMEND-2, ERR-4]
    **{
        (change, code): _words(
            code,
            errors.VersionConflict,
            TABLE["VERSION_CONFLICT"].sentence,
            TABLE["VERSION_CONFLICT"].next_step,
        )
        for change in _CHANGES
        for code in ("HTTP_409", "HTTP_412")
    },
}


def is_spine_code(code: str) -> bool:
    """Whether it is one of the codes that practices may send."""
    return code in SPINE_CODES

"""Everything that can go wrong, one class for each thing that the user would do differently.

Which code means which class, and in which words, stands in `gpconnect.error_table`. No text of
an exception ever holds a URL, an NHS number or words of the practice; the practice's words are
in `diagnostics`, untrusted, to be shown escaped or not at all. [ERR-1]
"""

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gpconnect.models import Appointment


class Origin(StrEnum):
    """Who said no, or where it broke."""

    PORTAL = "portal"
    NETWORK = "network"
    SSP = "ssp"
    PRACTICE = "practice"
    SDS = "sds"
    PDS = "pds"


class GPConnectError(Exception):
    """The base of all errors of this library.

    `code` names the error for machines and support staff, `sentence` and `next_step` are for
    the user, `status` is the HTTP status if there was one, `trace_id` the exchange's. With
    `outcome_known` False the practice may have done what was asked, and somebody has to look.
    """

    def __init__(
        self,
        code: str,
        sentence: str = "",
        next_step: str = "",
        *,
        origin: Origin = Origin.PORTAL,
        status: int | None = None,
        trace_id: str | None = None,
        outcome_known: bool = True,
        diagnostics: str = "",
    ) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.next_step = next_step
        self.origin = origin
        self.status = status
        self.trace_id = trace_id
        self.outcome_known = outcome_known
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        trace = f" (trace {self.trace_id})" if self.trace_id else ""
        return f"{self.code}: {self.sentence}{trace}"


class InvalidRequest(GPConnectError):
    """Our own check refused to send it; `diagnostics` says which part. [RES-1, BOOK-4..6]"""


class InvalidNHSNumber(InvalidRequest):
    """Not ten digits with a right check digit. [FIND-1]"""


class NotSent(GPConnectError):
    """Nothing reached the other side, for certain."""


class Unreachable(NotSent):
    """No connection: refused, name not resolved, no route, or not within the deadline."""


class TLSFailure(NotSent):
    """No trust: certificate, name, expiry or cipher, on either side."""


class NoAnswer(GPConnectError):
    """It was sent, and no whole answer came back."""


class ConnectionLost(NoAnswer):
    """The connection broke before the answer was complete."""


class DeadlineExceeded(NoAnswer):
    """The answer was not complete within the total deadline."""


class UnreadableAnswer(GPConnectError):
    """An answer came, and cannot be understood."""


class NotFHIR(UnreadableAnswer):
    """Not FHIR JSON: empty, HTML, another content type, or broken."""


class Redirected(UnreadableAnswer):
    """The answer pointed elsewhere; redirects are never followed."""


class AnswerTooLarge(UnreadableAnswer):
    """The answer went over the size limit, compressed or unpacked."""


class WrongResource(UnreadableAnswer):
    """FHIR, but not the resource that the specification promises here."""


class Refused(GPConnectError):
    """The practice said no."""


class RequestRejected(Refused):
    """The practice calls the request wrong: something for support staff."""


class NotFound(Refused):
    """The practice does not hold what was asked for."""


class AppointmentNotShown(NotFound):
    """The practice itself says, to a read, that it does not show this appointment. [READ-1, ERR-2]

    Not that it was cancelled, nor that it never was: whoever knows that its start is still to
    come knows that somebody has to ring. Its code stands for whatever the practice called it,
    which begins `diagnostics`.
    """


class PatientNotAtPractice(NotFound):
    """No record of the patient at this practice, or one it does not share. [FIND-2]"""


class NotPermittedByPractice(Refused):
    """The practice does not let this organisation do it, or has it switched off."""


class SlotGone(Refused):
    """Somebody else has the slot (or we have, by an earlier try). [BOOK-8]"""


class AlreadyRegistered(Refused):
    """The practice holds an active record of the patient already: find again once. [REG-3]"""


class DemographicsRejected(Refused):
    """The practice's own look at PDS says no to this patient. [REG-3]"""


class VersionConflict(Refused):
    """The appointment changed since it was last read. [AMEND-2, ERR-4]"""


class PracticeFailed(Refused):
    """The practice's system failed; whether it acted is not known."""


class RefusedBySpine(GPConnectError):
    """The Spine Secure Proxy said no; nothing reached the practice. [ERR-3]"""


class NoAgreement(RefusedBySpine):
    """The Spine knows of no agreement or enablement between organisation and practice."""


class UnclearFromSpine(GPConnectError):
    """The Spine did not let it pass, in no way that the specification names. [ERR-3]"""


class PracticeNotReachedBySpine(GPConnectError):
    """The Spine had trouble talking to the practice; whether it acted is not known. [ERR-3]"""


class AnswerIsDifferent(GPConnectError):
    """The practice answered with success, but not with what was asked for.

    `appointment` is what the practice returned, `differences` the names of the fields.
    """

    appointment: "Appointment | None" = None
    differences: tuple[str, ...] = ()


class DifferentFromAsked(AnswerIsDifferent):
    """The practice's appointment is not the one asked for: an alarm, not a success. [BOOK-7]"""


class ChangeNotConfirmed(AnswerIsDifferent):
    """The appointment stands, and came back with other texts than asked for. [AMEND-1, BOOK-7]"""


class DirectoryError(GPConnectError):
    """The directory gave no usable record of the practice. [SDS-4]

    `ods_code` names the practice, `check` what support staff should look at.
    """

    ods_code: str = ""
    check: str = ""


class PracticeNotEnabled(DirectoryError):
    """The directory has no record of the practice for this interaction."""


class AmbiguousRecord(DirectoryError):
    """The directory has more than one record."""


class MalformedRecord(DirectoryError):
    """The directory's record lacks an address or ASID, or has a bad one."""


class DirectoryUnreachable(DirectoryError):
    """The directory did not answer, or not usably."""


class DemographicsError(GPConnectError):
    """PDS gave no usable patient. [PDS-4, PDS-7]"""


class PatientUnknown(DemographicsError):
    """PDS does not know the NHS number."""


class PatientInvalidated(DemographicsError):
    """PDS has withdrawn the NHS number."""


class PatientNotUnique(DemographicsError):
    """A PDS search found nobody, or more than one."""


class DemographicsUnavailable(DemographicsError):
    """PDS did not answer, or not usably. `retry_after` is in seconds, where PDS said it."""

    retry_after: float | None = None


class SignInNeeded(DemographicsError):
    """PDS wants the user's own sign-in, or no longer accepts it. [PDS-5]"""


class DemographicsNotPermitted(DemographicsError):
    """PDS does not accept this application: something for support staff."""

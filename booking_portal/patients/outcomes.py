"""Why a patient was not found, in words for the user and beside the field they can put right."""

from dataclasses import dataclass

from booking_portal.patients.tracing import BirthDateDiffers
from booking_portal.views import Failure, failure_of
from gpconnect.errors import GPConnectError, PatientInvalidated, PatientUnknown

# One text for every way of being restricted: it gives no details away. [PDS-3]
RESTRICTED = Failure(
    "This patient cannot be booked through the portal",
    "Nothing about the patient is shown here, and nothing is sent to any practice.",
    "Follow your organisation's procedure for patients who cannot be found electronically. "
    "Do not ask the patient why. If you are unsure, ask your manager.",
)


@dataclass(frozen=True, slots=True)
class NotFound:
    """One outcome: `field` names the box to put right; without one it is a block of its own."""

    field: str
    failure: Failure


def not_found(error: BirthDateDiffers | GPConnectError) -> NotFound:
    """What the user sees and does next. [PDS-4, PDS-7, PDS-8]"""
    match error:
        case BirthDateDiffers():
            return _beside(
                "birth_date",
                "This does not match the national record. Check the NHS number and the date of "
                "birth with the patient. Nothing about the patient is shown until both match",
            )
        case PatientUnknown():
            return _beside(
                "nhs_number",
                "The national record has no patient with this NHS number. Check it with the "
                "patient, or find them by name",
            )
        case PatientInvalidated():
            return _beside(
                "nhs_number",
                "This NHS number has been withdrawn and must not be used. Find the patient by name "
                "instead, or ask their practice for the right number",
            )
        case GPConnectError():
            return NotFound("", failure_of(error))


def _beside(field: str, sentence: str) -> NotFound:
    return NotFound(field, Failure("The patient was not found", sentence, ""))

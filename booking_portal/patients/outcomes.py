"""Why a patient was not found, in words for the user and beside the field they can put right."""

from dataclasses import dataclass

from booking_portal.error_pages import Failure, failure_of
from booking_portal.patients.confirmation import (
    BirthDateDiffers,
    DetailsDiffer,
    MoreToAsk,
    NotConfirmed,
    TooManyTries,
)
from gpconnect.errors import GPConnectError, PatientInvalidated, PatientUnknown

# One text for every way of being restricted: it gives no details away. [PDS-3]
RESTRICTED = Failure(
    "This patient cannot be booked through the portal",
    "Nothing about the patient is shown here, and nothing is sent to any practice.",
    "Follow your organisation's procedure for patients who cannot be found electronically. "
    "Do not ask the patient why. If you are unsure, ask your manager.",
)

NO_FULL_BIRTH_DATE = "The national record has no full date of birth for this patient."


@dataclass(frozen=True, slots=True)
class NotFound:
    """One outcome: `field` names the box to put right; without one it is a block of its own."""

    field: str
    failure: Failure


def not_found(error: NotConfirmed | GPConnectError) -> NotFound:
    """What the user sees and does next. [PDS-4, PDS-7, PDS-8]"""
    match error:
        case BirthDateDiffers():
            return _beside(
                "birth_date",
                "This does not match the national record. Check the NHS number and the date of "
                "birth with the patient. Nothing about the patient is shown until both match",
            )
        case MoreToAsk():
            needed = "family name, first name and postcode" if error.postcode else "full name"
            return NotFound(
                "",
                Failure(
                    "More is needed to be sure",
                    NO_FULL_BIRTH_DATE,
                    f"Ask the patient for their {needed}, and enter them below as well. Leave a "
                    "box empty only if they have no such name. Nothing about the patient is "
                    "shown until all of it matches.",
                ),
            )
        case DetailsDiffer():
            return _beside(
                "family",
                "These details do not match the national record, which has no full date of birth "
                "for this patient. Check each with the patient. Nothing about the patient is "
                "shown until all of them match",
            )
        case TooManyTries():
            return NotFound(
                "",
                Failure(
                    "Too many tries",
                    "There were too many wrong tries in a short time. This one was not sent, and "
                    "nothing about the patient is shown.",
                    f"Wait up to {error.minutes} minutes. Then read the NHS number and the date "
                    "of birth back to the patient before you try again. If they cannot wait, ring "
                    "their practice to book.",
                ),
            )
        case NotConfirmed():  # NothingToGoBy
            return NotFound(
                "",
                Failure(
                    "The patient cannot be confirmed",
                    f"{NO_FULL_BIRTH_DATE} It has too little besides to be sure who they are.",
                    "Nothing about the patient is shown here. Ring the practice to book. The "
                    "patient's own practice can complete the national record.",
                ),
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

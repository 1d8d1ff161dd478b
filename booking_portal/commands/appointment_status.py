"""The statuses of appointments in words; a practice may send any of FHIR's, or another."""

from typing import Final

BOOKED: Final = "booked"
CANCELLED: Final = "cancelled"
_WORDS: Final = {
    BOOKED: "Booked",
    CANCELLED: "Cancelled",
    "arrived": "Arrived",
    "fulfilled": "Attended",
    "noshow": "Did not attend",
    "pending": "Not yet accepted",
    "proposed": "Proposed",
    "entered-in-error": "Entered in error",
}


def status_in_words(status: str) -> str:
    """As people say it; an unknown one as the practice wrote it, empty where it gave none."""
    return _WORDS.get(status, status[:1].upper() + status[1:])

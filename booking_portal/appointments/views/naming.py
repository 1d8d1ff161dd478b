"""Who and where a practice has named instead of what was asked for. [BOOK-7]"""

from booking_portal.accounts.requests import ActingRequest
from booking_portal.commands.models import Command
from booking_portal.commands.otherwise import is_another_person, is_another_place
from booking_portal.commands.reading import around_otherwise
from booking_portal.patients.decorators import STOPPED
from booking_portal.patients.finding import find
from booking_portal.patients.models import Encounter
from gpconnect.models import Location, Practitioner


def named_instead(
    request: ActingRequest, booking: Command, encounter: Encounter
) -> tuple[Location | None, Practitioner | None]:
    """What is another than the chosen slots said, looked up where the practice tells it."""
    if not (is_another_person(booking) or is_another_place(booking)):
        return None, None
    try:
        at = find(encounter, booking.practice, actor=request.actor)
        known = around_otherwise(booking, at, actor=request.actor)
    except STOPPED:
        return None, None
    return (
        known.locations.get(booking.result.get("location_id", "")),
        known.practitioners.get(booking.result.get("practitioner_id", "")),
    )

"""Who, where and what a practice has named instead of what was asked for. [BOOK-7]"""

from dataclasses import dataclass

from booking_portal.accounts.requests import ActingRequest
from booking_portal.commands.deviations import (
    is_another_person,
    is_another_place,
    is_another_service,
)
from booking_portal.commands.models import Command
from booking_portal.commands.requests.appointment_reads import named_deviations
from booking_portal.patients.decorators import STOPPED
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import find_at_practice
from gpconnect.models import HealthcareService, Location, Practitioner


@dataclass(frozen=True, slots=True)
class Named:
    """What the practice has named instead; None: as asked for, or it could not be read."""

    place: Location | None = None
    person: Practitioner | None = None
    service: HealthcareService | None = None


def named_instead(request: ActingRequest, booking: Command, encounter: Encounter) -> Named:
    """What is another than the chosen slots said, looked up where the practice tells it."""
    if not (is_another_person(booking) or is_another_place(booking) or is_another_service(booking)):
        return Named()
    try:
        at = find_at_practice(encounter, booking.practice, actor=request.actor)
        known = named_deviations(booking, at, actor=request.actor)
    except STOPPED:
        return Named()
    told = booking.result
    return Named(
        known.locations.get(told.get("location_id", "")),
        known.practitioners.get(told.get("practitioner_id", "")),
        known.services.get(told.get("service_id", "")),
    )

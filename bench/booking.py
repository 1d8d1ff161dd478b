"""Building and checking a booking, beside json.dumps of the same resource."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.figures import Figure
from bench.measuring import in_turns
from gpconnect.fhir import checks, resource_builders
from gpconnect.models import Booking, BookingOrganisation, SlotChoice

NOW = datetime(2031, 3, 20, 9, tzinfo=UTC)
BOOKING = Booking(
    patient_id="patient-1",
    slots=(
        SlotChoice(
            "slot-1",
            "2031-03-28T09:00:00+00:00",
            "2031-03-28T09:15:00+00:00",
            "schedule-1",
            "In-person",
            "Routine",
        ),
        SlotChoice(
            "slot-2",
            "2031-03-28T09:15:00+00:00",
            "2031-03-28T09:30:00+00:00",
            "schedule-1",
            "In-person",
            "Routine",
        ),
    ),
    location_id="location-1",
    practitioner_id="practitioner-1",
    description="Review of inhaler",
    comment="Prefers mornings",
    delivery_channel="In-person",
    practitioner_role="General Medical Practitioner",
    practitioner_role_code="R0260",
    created=NOW,
    organisation=BookingOrganisation(
        "A1001", "Riverside Extended Access Hub", "01632 960201", "urgent-care"
    ),
    identifier="0b8b0a4e-2b9b-4b6e-9a55-1d7f6a1f7c11",
)


def figures() -> Iterator[Figure]:
    """Microseconds for one booking; no goal is set."""
    resource = _build()

    def dump() -> str:
        return json.dumps(resource)

    times = in_turns({"dumps": dump, "build": _build}, rounds=15, repeats=50)
    yield Figure("json.dumps of a booking", times["dumps"].processor_seconds * 1e6, "µs")
    yield Figure("building and checking it", times["build"].processor_seconds * 1e6, "µs")
    ratio = times["build"].of_processor(times["dumps"])
    yield Figure("building and checking it / json.dumps", ratio, "times")


def _build() -> dict[str, object]:
    """As the client does before it sends."""
    checks.booking(BOOKING, NOW)
    return resource_builders.appointment_to_book(
        BOOKING, "https://booking-portal.example.nhs.uk/Id/command"
    )

"""What a command asks of its practice, as it goes on the wire and into the audit trail."""

from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import Any

from booking_portal.commands.models import Command
from gpconnect.fhir import appointments
from gpconnect.models import (
    Address,
    Appointment,
    Booking,
    BookingOrganisation,
    ContactPoint,
    Registration,
    SlotChoice,
    one_channel,
)


def booking_of(command: Command) -> Booking:
    """The booking as it goes on the wire. [BOOK-2, BOOK-3]"""
    offers, payload = command.offers, command.payload
    first = offers[0]
    return Booking(
        patient_id=command.patient_id,
        slots=tuple(
            SlotChoice(
                id=offer.slot_id,
                start=offer.starts,
                end=offer.ends,
                schedule_id=offer.schedule_id,
                delivery_channel=offer.delivery_channel or None,
                service_type=offer.slot_type or None,
            )
            for offer in offers
        ),
        location_id=first.location_id,
        practitioner_id=first.practitioner_id or None,
        description=payload["description"],
        comment=payload["comment"] or None,
        delivery_channel=one_channel(first.delivery_channel),
        practitioner_role=first.practitioner_role or None,
        practitioner_role_code=first.practitioner_role_code or None,
        created=datetime.now(UTC),
        organisation=BookingOrganisation(**payload["organisation"]),
        identifier=str(command.pk),
    )


def last_read(command: Command) -> Appointment:
    """The appointment that a change was asked for, in the version that the user saw. [AMEND-2]

    A practice may have said the version in the ETag only, which its JSON does not hold.
    """
    read = appointments.appointment(command.payload["raw"])
    return replace(read, version=command.payload["version"])


def registration_payload(registration: Registration) -> dict[str, Any]:
    """The registration as a command keeps it; `registration_of` reads it. [REG-2]"""
    return asdict(registration) | {"birth_date": registration.birth_date.isoformat()}


def registration_of(command: Command) -> Registration:
    """The registration as it goes on the wire. [REG-2]"""
    kept = command.payload
    return Registration(
        nhs_number=kept["nhs_number"],
        family=kept["family"],
        given=tuple(kept["given"]),
        birth_date=date.fromisoformat(kept["birth_date"]),
        gender=kept["gender"],
        home_address=_address(kept["home_address"]),
        temporary_address=_address(kept["temporary_address"]),
        telecoms=tuple(ContactPoint(**point) for point in kept["telecoms"]),
        language=kept["language"],
        interpreter_required=kept["interpreter_required"],
    )


def _address(kept: dict[str, Any] | None) -> Address | None:
    return Address(**kept | {"lines": tuple(kept["lines"])}) if kept else None

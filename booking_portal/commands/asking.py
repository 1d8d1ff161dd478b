"""What a command asks of its practice, as it goes on the wire and into the audit trail."""

from dataclasses import replace
from datetime import UTC, datetime

from booking_portal.commands.models import Command
from booking_portal.practices.observer import Subject
from gpconnect.fhir import appointments
from gpconnect.models import Appointment, Booking, BookingOrganisation, SlotChoice


def subject_of(command: Command) -> Subject:
    """What the audit trail says that the command's exchanges are about."""
    return Subject(
        nhs_number=command.nhs_number,
        practice_ods=command.practice.ods_code,
        encounter_id=command.encounter_id,
        command_id=command.pk,
        appointment_id=command.appointment_id,
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
        delivery_channel=first.delivery_channel or None,
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

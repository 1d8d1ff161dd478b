"""Send a stored command, once, under its lease; what comes back decides its state."""

import logging
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.settling import look
from booking_portal.commands.states import Kind, State, verdict
from booking_portal.commands.storing import database_now
from booking_portal.commands.transitions import StateChanged, as_json, confirm, fail
from booking_portal.practices import connection
from booking_portal.practices.observer import Subject
from gpconnect.client import GPConnectClient
from gpconnect.errors import DifferentFromAsked, GPConnectError, SlotGone
from gpconnect.fhir.appointments import appointment as read_appointment
from gpconnect.models import Appointment, Booking, BookingOrganisation, SlotChoice

log = logging.getLogger(__name__)


class LeaseOver(Exception):
    """This process was too slow: another may have taken over. Nothing has been sent."""


def send(command: Command, *, actor: Actor) -> Command:
    """Send the command and record what came back; returns it in its new state.

    Never raises for what a practice or the network does: that is the command's state.
    """
    client = connection.client(actor, command.endpoint, subject_of(command))
    attempt = Attempt.objects.create(command=command, purpose=Attempt.Purpose.SEND)
    try:
        appointment = _perform(command, client)
    except LeaseOver:
        _close(attempt, "LEASE_OVER")
        command.refresh_from_db()
        return command
    except GPConnectError as error:
        _close(attempt, error.code, trace_id=error.trace_id or "", status=error.status)
        return _failed(command, error, actor)
    _close(attempt, "DONE")
    try:
        return confirm(command, appointment, reason="the practice confirmed")
    except StateChanged:
        command.refresh_from_db()
        return command


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


def _perform(command: Command, client: GPConnectClient) -> Appointment:
    deadline = connection.write_deadlines()

    def gate() -> None:
        held = Command.objects.filter(
            pk=command.pk, state=State.SENDING, send_deadline__gt=database_now()
        )
        if not held.exists():
            raise LeaseOver

    payload = command.payload
    match Kind(command.kind):
        case Kind.BOOK:
            return client.book_appointment(booking_of(command), gate=gate, deadline=deadline)
        case Kind.AMEND:
            return client.amend_appointment(
                read_appointment(payload["raw"]),
                payload["description"],
                payload["comment"] or None,
                gate=gate,
                deadline=deadline,
            )
        case Kind.CANCEL:
            return client.cancel_appointment(
                read_appointment(payload["raw"]), payload["reason"], gate=gate, deadline=deadline
            )


def _failed(command: Command, error: GPConnectError, actor: Actor) -> Command:
    state = verdict(Kind(command.kind), error)
    fields: dict[str, Any] = {}
    if state is State.UNCONFIRMED:
        fields["next_look_at"] = database_now()
    if isinstance(error, DifferentFromAsked):
        log.error("command %s: the practice's answer differs from what was asked", command.pk)
        fields["next_look_at"] = None
        if error.appointment is not None:
            fields["appointment_id"] = error.appointment.id
            fields["result"] = as_json(error.appointment)
    try:
        fail(command, state, error, **fields)
    except StateChanged:
        command.refresh_from_db()
        return command
    if isinstance(error, SlotGone):
        return look(command, actor=actor, refused=error)
    return command


def _close(attempt: Attempt, outcome: str, **fields: Any) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=outcome[:80], ended_at=timezone.now(), **fields
    )

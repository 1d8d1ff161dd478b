"""Amend and cancel: the appointment is read, compared with what the user saw, and changed."""

import uuid
from datetime import datetime
from typing import Any

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands.booking import require_text
from booking_portal.commands.models import Command
from booking_portal.commands.reading import read
from booking_portal.commands.sending import send
from booking_portal.commands.states import Kind
from booking_portal.commands.storing import store
from booking_portal.patients.models import PatientAtPractice
from gpconnect import london
from gpconnect.models import Appointment


class NotChangeable(Exception):
    """The appointment cannot be changed any more; the text says why, in words for the user."""


class ChangedMeanwhile(Exception):
    """Somebody changed the appointment since the user saw it. [AMEND-2]"""

    def __init__(self, current: Appointment) -> None:
        super().__init__("changed meanwhile")
        self.current = current


def require_changeable(appointment: Appointment) -> datetime:
    """Go on only with a future appointment that is not cancelled; returns its start in UTC.

    [AMEND-1, CANCEL-2, READ-1]

    Raises: NotChangeable.
    """
    if appointment.cancelled:
        raise NotChangeable("This appointment is cancelled already.")
    if appointment.start.instant is None:
        raise NotChangeable("The practice gave a start that cannot be relied on.")
    if appointment.start.instant <= london.now_utc():
        raise NotChangeable("This appointment has already started.")
    return appointment.start.instant


def amend(
    at: PatientAtPractice,
    appointment_id: str,
    version: str,
    description: str,
    comment: str,
    *,
    form_token: uuid.UUID,
    actor: Actor,
) -> Command:
    """Change an appointment's description and comment, and nothing else. [AMEND-1, AMEND-2]

    `version` is the one that the user saw.

    Raises: NotPermitted, NotChangeable, ChangedMeanwhile, AlreadyAsked, TraceTooOld,
    PatientMismatch, NotBookable (the texts), GPConnectError (reading it).
    """
    actor.require(Permission.AMEND_APPOINTMENT)
    require_text(description, comment)
    payload = {"description": description, "comment": comment}
    return _change(Kind.AMEND, at, appointment_id, version, payload, form_token, actor)


def cancel(
    at: PatientAtPractice,
    appointment_id: str,
    version: str,
    reason: str,
    *,
    form_token: uuid.UUID,
    actor: Actor,
) -> Command:
    """Cancel an appointment, with the reason that the user gives. [CANCEL-1, CANCEL-2]

    Raises: as `amend`.
    """
    actor.require(Permission.CANCEL_APPOINTMENT)
    if not reason.strip():
        raise NotChangeable("Say why the appointment is cancelled.")
    return _change(Kind.CANCEL, at, appointment_id, version, {"reason": reason}, form_token, actor)


def _change(
    kind: Kind,
    at: PatientAtPractice,
    appointment_id: str,
    version: str,
    payload: dict[str, Any],
    form_token: uuid.UUID,
    actor: Actor,
) -> Command:
    asked_before = Command.objects.filter(form_token=form_token).first()
    if asked_before is not None:
        return asked_before
    current = read(at, appointment_id, actor=actor)
    starts_at = require_changeable(current)
    if current.version != version:
        raise ChangedMeanwhile(current)
    command = Command(
        id=uuid.uuid4(),
        kind=kind,
        form_token=form_token,
        appointment_id=current.id,
        starts=current.start.written,
        starts_at=starts_at,
        payload=payload | {"version": version, "raw": dict(current.raw)},
    )
    return send(store(command, at, actor=actor), actor=actor)

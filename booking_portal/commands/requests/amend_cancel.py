"""Amend and cancel: the appointment is read, compared with what the user saw, and changed."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands import saga_status
from booking_portal.commands.appointment_status import BOOKED, status_in_words
from booking_portal.commands.delivery.outbox import (
    AlreadyAsked,
    CheckedCommand,
    made_by_form,
    store_checked,
)
from booking_portal.commands.delivery.sender import send
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.requests.amended_texts import texts_as_held
from booking_portal.commands.requests.appointment_reads import read_appointment
from booking_portal.commands.requests.booking import (
    CANNOT_BE_SENT,
    COMMENT_LIMIT,
    DESCRIPTION_LIMIT,
    can_be_sent,
    require_purpose,
    require_sendable,
)
from booking_portal.commands.states import Kind
from booking_portal.patients.models import PatientAtPractice
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import rows_if_any
from gpconnect import london
from gpconnect.models import Appointment

REASON_LIMIT = 300


class NotChangeable(Exception):
    """The appointment cannot be changed any more; the text says why, in words for the user."""


class ChangedMeanwhile(Exception):
    """Somebody changed the appointment since the user saw it. [AMEND-2]"""

    def __init__(self, current: Appointment) -> None:
        super().__init__("changed meanwhile")
        self.current = current


class AppointmentBusy(AlreadyAsked):
    """Another change of it is not settled yet, or it is being moved; `command` is that one."""


def require_changeable(appointment: Appointment) -> datetime:
    """Go on only with a booked appointment in the future, and that was read exactly.

    Returns its start in UTC. [AMEND-1, CANCEL-2, READ-1]

    Raises: NotChangeable.
    """
    if appointment.cancelled:
        raise NotChangeable("This appointment is cancelled already.")
    if appointment.status != BOOKED:
        words = status_in_words(appointment.status)
        raise NotChangeable(f"The practice has this appointment as “{words}”, not as booked.")
    if appointment.start.instant is None:
        raise NotChangeable("The practice gave a start that cannot be relied on.")
    if not appointment.intact:  # a change sends back what was read, whole [AMEND-1]
        raise NotChangeable(
            "The practice's record of this appointment has characters that cannot be read here, "
            "and a change could spoil it. Ring the practice to change or cancel it."
        )
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

    `version` is the one that the user saw. A text that is left as the practice has it is sent
    back character by character, however long.

    Raises: NotPermitted, NotChangeable, ChangedMeanwhile, AlreadyAsked (also AppointmentBusy),
    TraceTooOld, PatientMismatch, PracticeMoved, NotBookable (the texts), GPConnectError (reading
    it).
    """
    actor.require(Permission.AMEND_APPOINTMENT)
    require_purpose(description)
    asked_before = made_by_form(form_token)
    if asked_before is not None:
        return asked_before

    def payload(current: Appointment) -> dict[str, Any]:
        return {
            "description": _text(description, current.description, DESCRIPTION_LIMIT),
            "comment": _text(comment, current.comment, COMMENT_LIMIT),
        }

    ready = _ready(Kind.AMEND, at, appointment_id, version, payload, form_token, actor)
    return send(store_checked(ready, actor=actor), actor=actor)


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
    asked_before = made_by_form(form_token)
    if asked_before is not None:
        return asked_before
    ready = ready_to_cancel(at, appointment_id, version, reason, form_token=form_token, actor=actor)
    return send(store_checked(ready, actor=actor), actor=actor)


def ready_to_cancel(
    at: PatientAtPractice,
    appointment_id: str,
    version: str,
    reason: str,
    *,
    form_token: uuid.UUID,
    actor: Actor,
    saga: Saga | None = None,
    known_at: str = "",
) -> CheckedCommand:
    """Everything that is checked before a cancellation is stored; `saga` is whose step it is, and
    `known_at` the system that the id is from.

    Raises: as `amend`.
    """
    actor.require(Permission.CANCEL_APPOINTMENT)
    require_reason(reason)

    def payload(_: Appointment) -> dict[str, Any]:
        return {"reason": reason}

    return _ready(
        Kind.CANCEL, at, appointment_id, version, payload, form_token, actor, saga, known_at
    )


def require_reason(reason: str) -> None:
    """Go on only with a reason that a practice can take. [CANCEL-1]

    Raises: NotChangeable.
    """
    if not reason.strip():
        raise NotChangeable("Say why the appointment is cancelled.")
    if len(reason) > REASON_LIMIT:
        raise NotChangeable(f"The reason must be {REASON_LIMIT} characters or fewer.")
    if not can_be_sent(reason):
        raise NotChangeable(f"{CANNOT_BE_SENT}.")


def require_idle(
    practice: Practice, appointment_id: str, *, actor: Actor, saga: Saga | None = None
) -> None:
    """Go on only if no other change of it is unsettled, and no other saga has it. [MOVE-1]

    Raises: AppointmentBusy.
    """
    changes = (
        Command.objects.for_organisation(actor.organisation)
        .unsettled()
        .filter(
            kind__in=(Kind.AMEND, Kind.CANCEL), practice=practice, appointment_id=appointment_id
        )
    )
    for change in rows_if_any(changes):
        if saga is None or change.saga_id != saga.pk:
            raise AppointmentBusy(change)
    holder = saga_status.open_saga_of_appointment(
        practice, appointment_id, actor.organisation, but_for=saga
    )
    if holder is not None:
        raise AppointmentBusy(saga_status.latest_step(holder))


def _text(typed: str, there: str | None, limit: int) -> str:
    """The text to send. Raises: NotBookable."""
    text = texts_as_held(typed, there)
    if text != there:
        require_sendable(text, limit)
    return text


def _ready(
    kind: Kind,
    at: PatientAtPractice,
    appointment_id: str,
    version: str,
    payload: Callable[[Appointment], dict[str, Any]],
    form_token: uuid.UUID,
    actor: Actor,
    saga: Saga | None = None,
    known_at: str = "",
) -> CheckedCommand:
    def still_free() -> None:
        require_idle(at.practice, appointment_id, actor=actor, saga=saga)

    still_free()
    current = read_appointment(at, appointment_id, actor=actor, known_at=known_at)
    starts_at = require_changeable(current)
    if (current.version or "") != version:
        raise ChangedMeanwhile(current)
    command = Command(
        id=uuid.uuid4(),
        kind=kind,
        form_token=form_token,
        appointment_id=current.id,
        starts=current.start.written,
        starts_at=starts_at,
        payload=payload(current) | {"version": version, "raw": dict(current.raw)},
    )
    return CheckedCommand(command, at, still_free)

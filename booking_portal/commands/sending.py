"""Send a stored command, once, under its lease; what comes back decides its state."""

import logging
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.commands.asking import booking_of, last_read, registration_of, subject_of
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.recognition import learn
from booking_portal.commands.settling import CLAIM, look
from booking_portal.commands.states import MAY_FOLLOW, Kind, State, verdict
from booking_portal.commands.storing import database_now
from booking_portal.commands.transitions import StateChanged, alarm, confirm, fail
from booking_portal.practices import connection
from gpconnect.client import GPConnectClient
from gpconnect.errors import (
    AlreadyRegistered,
    DifferentFromAsked,
    GPConnectError,
    SlotGone,
    VersionConflict,
)
from gpconnect.models import Appointment, Patient

log = logging.getLogger(__name__)

# A "no" that may be about our own success, if something on the way sent the request twice.
PERHAPS_OURS = (SlotGone, VersionConflict, AlreadyRegistered)


class LeaseOver(Exception):
    """This process was too slow: another may have taken over. Nothing has been sent."""


def send(command: Command, *, actor: Actor) -> Command:
    """Send the command and record what came back; returns it in its new state.

    Never raises for what a practice or the network does: that is the command's state.
    """
    client = connection.client(actor, command.endpoint, subject_of(command))
    attempt = Attempt.objects.create(command=command, purpose=Attempt.Purpose.SEND)
    try:
        made = _perform(command, client)
    except LeaseOver:
        _close(attempt, "LEASE_OVER")
        command.refresh_from_db()
        return command
    except GPConnectError as error:
        _close(attempt, error.code, trace_id=error.trace_id or "", status=error.status)
        return _failed(command, error, actor)
    _close(attempt, "DONE")
    _recorded(
        command,
        State.DONE,
        lambda: confirm(command, made, reason="the practice confirmed"),
    )
    learn(command, made, actor=actor)
    return command


def _perform(command: Command, client: GPConnectClient) -> Appointment | Patient:
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
                last_read(command),
                payload["description"],
                payload["comment"] or None,
                gate=gate,
                deadline=deadline,
            )
        case Kind.CANCEL:
            return client.cancel_appointment(
                last_read(command), payload["reason"], gate=gate, deadline=deadline
            )
        case Kind.REGISTER:
            return client.register_patient(registration_of(command), gate=gate, deadline=deadline)


def _failed(command: Command, error: GPConnectError, actor: Actor) -> Command:
    state = verdict(Kind(command.kind), error)
    if isinstance(error, DifferentFromAsked):
        log.error("command %s: the practice's answer differs from what was asked", command.pk)
        return _recorded(command, state, lambda: alarm(command, error, error.appointment))
    fields: dict[str, Any] = {}
    if state is State.UNCONFIRMED:
        fields["next_look_at"] = database_now()
    if isinstance(error, PERHAPS_OURS):  # this process looks; if it dies, another does later
        fields["next_look_at"] = database_now() + CLAIM
    _recorded(command, state, lambda: fail(command, state, error, **fields))
    if not isinstance(error, PERHAPS_OURS) or command.state != State.UNCONFIRMED:
        return command
    try:
        return look(command, actor=actor, refused=error)
    except StateChanged:
        command.refresh_from_db()
        return command


def _recorded(command: Command, to: State, record: Callable[[], Command]) -> Command:
    """Record what the practice said, also when the sweep has moved the command meanwhile.

    The practice's own word is better evidence than the sweep's not knowing.
    """
    for _ in range(2):
        try:
            return record()
        except StateChanged:
            command.refresh_from_db()
            if to not in MAY_FOLLOW[State(command.state)]:
                break
    return command


def _close(attempt: Attempt, outcome: str, **fields: Any) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=outcome[:80], ended_at=timezone.now(), **fields
    )

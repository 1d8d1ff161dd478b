"""Send a stored command under its lease; what comes back decides its state."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models.functions import Now

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.client_values import booking_of, last_read, registration_of
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.matching import keep_registered_patient
from booking_portal.commands.delivery.outbox import lease_from
from booking_portal.commands.delivery.outcome_check import (
    FIRST_WAIT,
    answer_fields,
    close_attempt,
    look,
    look_later,
)
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.outcomes import outcome_of
from booking_portal.commands.states import MAY_FOLLOW, Kind, State
from booking_portal.commands.transitions import (
    StateChanged,
    alarm,
    answer_of,
    confirm_done,
    fail,
    transition,
    who_of,
)
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import TrailObserver
from booking_portal.query_helpers import AWAY
from gpconnect.client import GPConnectClient
from gpconnect.errors import AnswerIsDifferent, GPConnectError
from gpconnect.models import Appointment, Patient
from gpconnect.transport import Answered

log = logging.getLogger(__name__)

# A "no" that may be about our own success: this process looks; if it dies, another does then.
LOOKS_ITSELF_FOR = timedelta(seconds=60)
# The database may only be starting again: seconds between the tries to record an answer.
PATIENCE = (0.2, 0.8, 2.0)
# What a practice says only of a request that has reached it, and that has had an effect.
ARRIVED = frozenset({State.DONE, State.NEEDS_ATTENTION})


class LeaseOver(Exception):
    """This process was too slow, or the command was withdrawn. Nothing has been sent."""


class RecordBehind(Exception):
    """The practice has answered, and the database is away: the record catches up by settling.

    `confirmed`: the practice said that it is done.
    """

    def __init__(self, command: Command, *, confirmed: bool) -> None:
        super().__init__(str(command.pk))
        self.command = command
        self.confirmed = confirmed


def send(command: Command, *, actor: Actor) -> Command:
    """Send the command and record what came back; returns it in its new state.

    Never raises for what a practice or the network does: that is the command's state.

    Raises: RecordBehind, when the database has gone since it was sent.
    """
    observer = TrailObserver(actor.who, audit_subject_of(command))
    client = clients.observed_client(actor, command.endpoint, observer)
    attempt = Attempt.objects.create(command=command, purpose=Attempt.Purpose.SEND)
    send_number = command.sends
    try:
        made = _perform(command, client)
    except LeaseOver:
        return _not_sent(command, attempt)
    except GPConnectError as error:
        answer = error
        _keep(command, lambda: _failed(command, attempt, answer), confirmed=False)
        if not outcome_of(Kind(command.kind), error, send_number).look_first:
            return command
        if not Command.objects.filter(pk=command.pk, sends=send_number).exists():
            return command  # sent again meanwhile: this "no" says nothing of that one
        return _look_whose_it_is(command, error, actor)
    ended = observer.last_answer
    _keep(command, lambda: _made(command, attempt, made, ended), confirmed=True)
    keep_registered_patient(command, made, actor=actor)
    return command


def send_again(command: Command, *, dead_by: datetime, actor: Actor) -> Command:
    """Renew the lease of an unconfirmed command and send it once more.

    Whether that is safe is the caller's to know. The lease before is void from now on, so that
    a sender that has only been slow never sends beside this one. By `dead_by`, which users have
    been told, the request can no longer arrive.

    Raises: StateChanged when it was withdrawn, settled or sent again in the meantime, or when
    `dead_by` cannot be kept any more; RecordBehind.
    """
    with transaction.atomic():
        lease = lease_from(database_now())
        if lease["request_dead_at"] > dead_by:  # directory and PDS were asked since, and were slow
            raise StateChanged
        renewed = Command.objects.filter(
            pk=command.pk, state=State.UNCONFIRMED, sends=command.sends, withdrawn_at=None
        ).update(sends=command.sends + 1, **lease)
        if not renewed:
            raise StateChanged
        command.sends += 1
        for name, value in lease.items():
            setattr(command, name, value)
        trail.record(
            EventKind.COMMAND_SENT_AGAIN,
            who_of(command, actor.by_system),
            outcome=command.kind,
            command_id=command.pk,
            encounter_id=command.encounter_id,
            nhs_number=command.nhs_number,
            practice_ods=command.practice.ods_code,
            appointment_id=command.appointment_id,
            detail={"send": command.sends},
        )
    return send(command, actor=actor)


def _perform(command: Command, client: GPConnectClient) -> Appointment | Patient:
    deadline = clients.write_deadlines()

    def gate() -> None:
        held = Command.objects.filter(
            pk=command.pk,
            state=State.SENDING if command.sends == 1 else State.UNCONFIRMED,
            sends=command.sends,
            send_deadline__gt=Now(),
            withdrawn_at=None,
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


def _not_sent(command: Command, attempt: Attempt) -> Command:
    """The lease was over. Withdrawn before its only sender sent it: that is certain at once."""
    close_attempt(attempt, "LEASE_OVER")
    command.refresh_from_db()
    if command.state == State.SENDING and command.withdrawn_at is not None:
        try:
            transition(
                command,
                State.WITHDRAWN,
                reason="withdrawn before it was sent",
                resolution=Command.Resolution.NOT_SENT,
            )
        except StateChanged:
            command.refresh_from_db()
    return command


def _made(
    command: Command, attempt: Attempt, made: Appointment | Patient, ended: Answered | None
) -> None:
    close_attempt(attempt, "DONE", **answer_fields(ended))
    _record(
        command, State.DONE, lambda: confirm_done(command, made, reason="the practice confirmed")
    )


def _failed(command: Command, attempt: Attempt, error: GPConnectError) -> None:
    close_attempt(attempt, error.code, trace_id=error.trace_id or "", status=error.status)
    means = outcome_of(Kind(command.kind), error, command.sends)
    if isinstance(error, AnswerIsDifferent):
        facts = {"trace_id": error.trace_id or ""}
        words = "command %s: the practice's answer differs: %s"
        log.error(words, command.pk, error.code, extra={"facts": facts})
        _record(command, means.state, lambda: alarm(command, error, error.appointment))
        return
    fields: dict[str, Any] = {}
    if means.state is State.UNCONFIRMED:
        fields["next_look_at"] = _next_look(command, looks_itself=means.look_first)
    if means.state == command.state:  # a later send of an unconfirmed command
        fields |= answer_of(command, error)
        this_send = Command.objects.filter(pk=command.pk, state=command.state, sends=command.sends)
        this_send.update(**fields)
        for name, value in fields.items():
            setattr(command, name, value)
        return
    _record(command, means.state, lambda: fail(command, means.state, error, **fields))


def _next_look(command: Command, *, looks_itself: bool) -> datetime:
    now = database_now()
    if looks_itself:
        return now + LOOKS_ITSELF_FOR
    return now if command.sends == 1 else now + timedelta(seconds=FIRST_WAIT)


def _look_whose_it_is(command: Command, refused: GPConnectError, actor: Actor) -> Command:
    """The "no" may be about our own earlier success. [BOOK-8, AMEND-2, REG-3]"""
    try:
        if command.state == State.UNCONFIRMED and look(command, actor=actor, refused=refused):
            look_later(command)
    except StateChanged:
        command.refresh_from_db()
    return command


def _record(command: Command, to: State, record: Callable[[], Command]) -> None:
    """Record what the practice said, also when the sweep has moved the command meanwhile.

    The practice's own word is better evidence than the sweep's not knowing. But if the command was
    sent again meanwhile, a "no" to this send says nothing of the one that is on its way.
    """
    send_number = command.sends
    for _ in range(2):
        try:
            record()
        except StateChanged:
            command.refresh_from_db()
            overtaken = command.sends != send_number and to not in ARRIVED
            if overtaken or to not in MAY_FOLLOW[State(command.state)]:
                break
        else:
            break


def _keep(command: Command, record: Callable[[], None], *, confirmed: bool) -> None:
    """Record an answer, with some patience for a database that has just gone.

    Raises: RecordBehind.
    """
    for pause in (*PATIENCE, None):
        try:
            record()
        except AWAY as gone:
            if database.in_atomic_block:  # a caller's transaction cannot go on
                raise
            database.close()
            if pause is None:
                raise RecordBehind(command, confirmed=confirmed) from gone
            time.sleep(pause)
        else:
            return

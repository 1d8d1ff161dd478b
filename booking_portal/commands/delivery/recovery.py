"""Settle what is not confirmed: look, send again where that is safe, conclude, or call a person.

Whose turn it is says `turns`.
"""

from datetime import datetime, timedelta

from django.conf import settings

from booking_portal.accounts.actor import Actor, NotPermitted, actor_for
from booking_portal.accounts.roles import Permission
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.outbox import dead_after
from booking_portal.commands.delivery.outcome_check import (
    BY_SYSTEM,
    Seen,
    look,
    look_later,
    look_no_more,
    may_have_been_made,
    not_confirmed,
    outcome_by_directory,
    to_a_person,
)
from booking_portal.commands.delivery.sender import send_again
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.outcomes import outcome_of, refusal_of, said_no
from booking_portal.commands.send_hold import on_hold
from booking_portal.commands.states import LATE, PERMISSION, Kind, State
from booking_portal.commands.transitions import StateChanged, transition
from booking_portal.integration.exchange_audit import TrailObserver
from booking_portal.patients import pds_trace
from booking_portal.patients.models import Encounter
from booking_portal.patients.pds_trace import RestrictedPatient
from gpconnect.errors import GPConnectError

BROKEN_LOOKS = 5
# A second one does no harm while the first can still arrive: the version that both name is gone.
SAFE_AT_ONCE = frozenset({Kind.AMEND, Kind.CANCEL})


def settle(command: Command) -> Command:
    """One look for a claimed command, by the system on the stored actor's behalf."""
    try:
        if command.state == State.SENDING:
            transition(command, State.UNCONFIRMED, reason="its sender is gone", by_system=BY_SYSTEM)
        if command.state in LATE:
            _look_late(command)
        else:
            _look_for(command)
    except StateChanged:
        command.refresh_from_db()
    return command


def _look_for(command: Command) -> None:
    """Look with the authority that the user still has, or leave it to a person. [IG-1]"""
    if _broken_looks(command) >= BROKEN_LOOKS:
        to_a_person(command, "looking at the practice broke again and again")
        return
    actor = actor_for(command.user, command.organisation)
    if actor is None:
        to_a_person(command, "the user may no longer act for the organisation")
        return
    actor = actor.on_behalf(BY_SYSTEM)
    try:
        actor.require(Permission.VIEW_APPOINTMENTS)
        asked_at = database_now()
        seen = look(command, actor=actor, refused=_refusal_to_check(command))
    except NotPermitted:
        to_a_person(command, "the user may no longer see patients' appointments")
        return
    if seen is not None:
        _conclude(command, seen, actor, asked_at)


def _conclude(command: Command, seen: Seen, actor: Actor, asked_at: datetime) -> None:
    """Nothing is there: send again, or say so where that is certain, or look again later.

    What was not there at `asked_at` (the database's clock, before the look) may have arrived
    while this process was slow: only a look that began when the request was dead proves it.
    """
    now = database_now()
    if (
        may_send_again(command, seen, asked_at)
        and now < _sent_until(command)
        and not on_hold(command.organisation)
        and actor.may(PERMISSION[Kind(command.kind)])
        and _is_as_it_was(command, actor)
    ):
        send_again(command, dead_by=certain_by(command), actor=actor)
    elif seen.conclusive and asked_at > command.request_dead_at:
        late_look = now + timedelta(seconds=settings.LATE_LOOK_SECONDS)
        transition(
            command,
            State.WITHDRAWN if command.withdrawn_at else State.NOT_MADE,
            reason="not found, and the request can no longer arrive",
            by_system=BY_SYSTEM,
            next_look_at=late_look,
            resolution=Command.Resolution.NOT_FOUND,
        )
    elif asked_at > command.request_dead_at and seen.instead is not None:
        not_confirmed(command, seen.instead)
    elif asked_at > command.request_dead_at:
        to_a_person(
            command,
            "the practice has changed its system since it was sent"
            if seen.moved
            else "what the practice shows does not tell whose it is",
        )
    else:
        look_later(command)


def may_send_again(command: Command, seen: Seen, now: datetime) -> bool:
    """Whether what was seen, the clock and the command's history allow to send it once more.

    Never after evidence that it was made, never when it was withdrawn, never after a plain "no";
    a booking or registration only when the request before can no longer arrive; and only within
    the window, counted from the user's click (`now`: when the look began, by the database's clock).
    """
    return (
        seen.effect is None
        and seen.conclusive
        and command.state == State.UNCONFIRMED
        and _is_sendable(command)
        and (command.kind in SAFE_AT_ONCE or now > command.request_dead_at)
        and now < _sent_until(command)
    )


def certain_by(command: Command) -> datetime:
    """When an unconfirmed command is certain at the latest, if the practice can be looked at then.

    Once the last request that may still be made can no longer arrive: one whose lease begins in
    the very last moment is sent up to SEND_WINDOW later. By the database's clock.
    """
    if not _is_sendable(command):
        return command.request_dead_at
    return max(command.request_dead_at, dead_after(_sent_until(command)))


def _is_sendable(command: Command) -> bool:
    """Whether its history allows another send: not withdrawn, not refused, not sent too often."""
    return (
        command.withdrawn_at is None
        and command.sends < settings.SENDS_AT_MOST
        and not said_no(command.error_code)
    )


def _sent_until(command: Command) -> datetime:
    """When the command's time to be sent by itself is over; a second step's own is shorter."""
    window = timedelta(seconds=settings.SEND_AGAIN_WINDOW_SECONDS)
    until = min(command.created_at + window, command.starts_at)
    saga = command.saga if command.step == Command.Step.SECOND else None
    if saga is None or command.created_at >= saga.automatic_until:  # later, a person has sent it
        return until
    return min(until, saga.automatic_until)


def _is_as_it_was(command: Command, actor: Actor) -> bool:
    """Whether practice and patient are still those that the user saw, by the directory and PDS."""
    encounter = command.encounter
    before = _known_of(encounter)
    observer = TrailObserver(actor.who, audit_subject_of(command))
    try:
        if outcome_by_directory(command, observer) != command.endpoint:
            return False
        pds_trace.trace_again(encounter, actor=actor)
    except (GPConnectError, RestrictedPatient):
        return False
    return (
        _known_of(encounter) == before
        and encounter.nhs_number == command.nhs_number
        and not encounter.deceased
    )


def _known_of(encounter: Encounter) -> tuple[object, ...]:
    return encounter.nhs_number, encounter.name, encounter.born, encounter.gender


def _refusal_to_check(command: Command) -> GPConnectError | None:
    """The last send's "no" that counts once the practice shows nothing of ours. [BOOK-8]"""
    kind, code = Kind(command.kind), command.error_code
    status = command.error_status
    if status is None:  # the version before has kept it in the history only
        sent = command.attempts.filter(purpose=Attempt.Purpose.SEND, outcome=code).last()
        status = sent.status if sent is not None else None
    refusal = refusal_of(kind, code, status)
    if refusal is None or not outcome_of(kind, refusal, command.sends).look_first:
        return None
    return refusal


def _look_late(command: Command) -> None:
    """Once more, long after it was held to be not made: it may have arrived after all."""
    actor = actor_for(command.user, command.organisation)
    if actor is None or _broken_looks(command) >= BROKEN_LOOKS or not may_have_been_made(command):
        look_no_more(command)
        return
    actor = actor.on_behalf(BY_SYSTEM)
    if not actor.may(Permission.VIEW_APPOINTMENTS) or look(command, actor=actor) is not None:
        look_no_more(command)


def _broken_looks(command: Command) -> int:
    """How many looks did not come to their end: a fault of ours, or a process that died."""
    return command.attempts.filter(purpose=Attempt.Purpose.LOOK, ended_at=None).count()

"""Look at the practice for a command's effect, and settle the command if that decides it."""

import contextlib
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.client_values import booking_of, last_read
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.matching import (
    booked_by,
    changed_by,
    keep_registered_patient,
    registered_by,
)
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.outcomes import never_left
from booking_portal.commands.states import LATE, Kind, State
from booking_portal.commands.transitions import (
    StateChanged,
    alarm,
    claimed_by_another,
    confirm_done,
    fail,
    transition,
)
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import TrailObserver
from booking_portal.patients import pds_trace
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.pds_trace import RestrictedPatient
from booking_portal.query_helpers import rows_if_any
from gpconnect import london
from gpconnect.comparison import differences_from_amendment, differences_from_booking
from gpconnect.error_evidence import failure, meaning_of
from gpconnect.error_table import Says
from gpconnect.errors import GPConnectError, NotFound, Origin
from gpconnect.interactions import AMEND_APPOINTMENT, BOOK_APPOINTMENT
from gpconnect.models import Appointment, Endpoint, Patient
from gpconnect.transport import Answered

BY_SYSTEM = "settling"
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
# What becomes of a booking, by the practice's or the patient's doing.
SINCE_BOOKED = frozenset({"cancelled", "arrived", "fulfilled", "noshow"})
SETTLES_AT_ONCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look saw: the effect, if it was there, and whether "not there" can be believed.

    A practice that says 404 has shown nothing that could be believed. `instead` is the appointment
    as it was read, where its text is neither that of before nor the one asked for. [AMEND-1]
    `moved`: the practice has another system than the one that was asked to write, and nothing that
    it does not show proves anything. [SDS-3]
    """

    effect: Appointment | Patient | None
    conclusive: bool
    version: str | None = None  # of the appointment that was read, for a change
    instead: Appointment | None = None
    moved: bool = False


def look(command: Command, *, actor: Actor, refused: GPConnectError | None = None) -> Seen | None:
    """Look for the command's effect, and settle the command where that decides it.

    `refused` is the practice's own "no" that may be about our own earlier success: with no
    effect to be found it is final. Returns what was seen where it decides nothing; None when
    there is nothing more to do now.

    Raises: StateChanged.
    """
    attempt = Attempt.objects.create(command=command, purpose=Attempt.Purpose.LOOK)
    observer = TrailObserver(actor.who, audit_subject_of(command))
    try:
        if not command.encounter.trace_is_fresh:
            pds_trace.trace_again(command.encounter, actor=actor)
        seen = _see(command, actor, observer)
    except RestrictedPatient:
        close_attempt(attempt, "RESTRICTED")
        _unless_late(command, "the patient's record has become restricted")
        return None
    except GPConnectError as error:
        close_attempt(attempt, error.code, trace_id=error.trace_id or "", status=error.status)
        if _shows_nothing(error) and command.state not in LATE:
            return Seen(None, conclusive=False)
        look_later(command)
        return None
    came = answer_fields(observer.last_answer)
    unseen = "PRACTICE_MOVED" if seen.moved else "NOT_FOUND"
    close_attempt(attempt, "FOUND" if seen.effect else unseen, **came)
    if seen.effect is not None:
        _accept(command, seen.effect, actor)
        return None
    if refused is not None and seen.instead is not None and command.sends > 1:
        # Changed since it was read, perhaps by our own request before this one.
        not_confirmed(command, seen.instead, by_system=actor.by_system)
        return None
    if refused is not None and _makes_final(command, seen, refused):
        fail(command, State.REFUSED, refused, by_system=actor.by_system)
        return None
    return seen


def _shows_nothing(error: GPConnectError) -> bool:
    """Whether the practice itself answered that there is nothing: that decides nothing. [ERR-2]

    Unlike a practice that could not be asked, it will say the same again: when the request can no
    longer arrive, a person rings.
    """
    not_there = isinstance(error, NotFound) or error.status == 404
    return not_there and meaning_of(error) is Says.PRACTICE_REFUSES


def _makes_final(command: Command, seen: Seen, refused: GPConnectError) -> bool:
    """Whether the look, which has found no effect, makes the practice's "no" a refusal.

    For a change it is what the practice has instead of our version: its own clear word, or
    another version than the one that our request was for, which it can no longer accept.
    """
    if command.kind not in {Kind.AMEND, Kind.CANCEL}:
        return seen.conclusive and refused.outcome_known
    if seen.version is None:
        return False
    return refused.outcome_known or seen.version != command.payload["version"]


def look_later(command: Command) -> None:
    """Look again after a while; at the end of the appointment's day a person takes over."""
    if london.today() > command.day:
        _unless_late(command, "it could not be settled by the end of the day")
        return
    if command.state in LATE:
        wait = timedelta(seconds=settings.LATE_LOOK_SECONDS)
    else:
        seconds = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(command.looks, 10))
        wait = timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
    now = database_now()
    next_look_at = now + wait
    if now < command.request_dead_at:  # "not there" is final then: not a second later than need be
        next_look_at = min(next_look_at, command.request_dead_at + SETTLES_AT_ONCE)
    _schedule(command, next_look_at, looks=command.looks + 1)


def look_no_more(command: Command) -> None:
    """The late look has found nothing: the command stays as it is."""
    _schedule(command, None)


def not_confirmed(command: Command, instead: Appointment, *, by_system: str = BY_SYSTEM) -> None:
    """The appointment stands, with another text than was asked for: a person compares them.

    Raises: StateChanged.
    """
    error = failure("CHANGE_NOT_CONFIRMED", origin=Origin.PRACTICE, interaction=AMEND_APPOINTMENT)
    alarm(command, error, instead, by_system=by_system)


def to_a_person(command: Command, reason: str) -> Command:
    """Nobody but a person at the telephone can find out.

    Raises: StateChanged.
    """
    return transition(
        command, State.NEEDS_ATTENTION, reason=reason, by_system=BY_SYSTEM, next_look_at=None
    )


def match_late_bookings(
    at: PatientAtPractice, appointments: Iterable[Appointment], *, actor: Actor
) -> None:
    """Later evidence: a user's own look shows a booking that was held to be not made."""
    held_to_be_not_made = (
        Command.objects.for_organisation(actor.organisation)
        .filter(
            kind=Kind.BOOK,
            state__in=LATE,
            nhs_number__in=at.encounter.nhs_numbers,
            practice=at.practice,
            asid=at.asid,
            service_root=at.service_root,
            starts_at__gt=timezone.now() - timedelta(days=1),
        )
        .select_related("organisation")
    )
    there = list(appointments)
    for command in rows_if_any(held_to_be_not_made):
        if may_have_been_made(command):
            made, _ = booked_by(command, there)
            if made is not None and not claimed_by_another(command, made.id):
                with contextlib.suppress(StateChanged):  # settled in this very moment
                    _accept(command, made, actor, reason="found at the practice later")


def may_have_been_made(command: Command) -> bool:
    """Whether an appointment that shows up late may be this booking's.

    Not when nothing was ever sent; nor when the same was asked for once more since, as then nobody
    could tell whose it is.
    """
    if command.sends == 1 and never_left(command.error_code):
        return False
    since = Command.objects.filter(
        Q(appointment_id=command.appointment_id) | Q(kind__in=(Kind.BOOK, Kind.REGISTER)),
        kind=command.kind,
        practice=command.practice_id,
        nhs_number=command.nhs_number,
        slot_key=command.slot_key,
        created_at__gt=command.created_at,
    )
    return not since.exists()


def close_attempt(attempt: Attempt, outcome: str, **fields: Any) -> None:
    """Note how the exchange ended."""
    Attempt.objects.filter(pk=attempt.pk).update(
        outcome=outcome[:80], ended_at=timezone.now(), **fields
    )


def answer_fields(answer: Answered | None) -> dict[str, Any]:
    """The trace id and HTTP status that an attempt keeps; nothing where nothing was asked."""
    return {"trace_id": answer.trace_id, "status": answer.status} if answer else {}


def _accept(
    command: Command,
    effect: Appointment | Patient,
    actor: Actor,
    *,
    reason: str = "found at the practice",
) -> None:
    """`done`; or an alarm, if what the practice made is not what was asked for. [BOOK-7]"""
    if isinstance(effect, Appointment) and _differs(command, effect):
        error = failure(
            "DIFFERENT_FROM_ASKED",
            origin=Origin.PRACTICE,
            interaction=BOOK_APPOINTMENT if command.kind == Kind.BOOK else AMEND_APPOINTMENT,
        )
        alarm(command, error, effect, by_system=actor.by_system)
        return
    confirm_done(command, effect, reason=reason, by_system=actor.by_system, found=True)
    keep_registered_patient(command, effect, actor=actor)


def _differs(command: Command, effect: Appointment) -> bool:
    """Whether it is another appointment than asked for: by identity, time or place."""
    match Kind(command.kind):
        case Kind.BOOK:
            unlike = set(differences_from_booking(booking_of(command), effect))
            if effect.status in SINCE_BOOKED:  # it was made all the same
                unlike.discard("status")
        case Kind.AMEND:
            unlike = set(differences_from_amendment(last_read(command), effect)) - {"status"}
        case _:
            return False
    return bool(unlike)


def outcome_by_directory(command: Command, observer: TrailObserver) -> Endpoint:
    """Where the command's practice is reached by now. [SDS-1..4]

    Raises: GPConnectError (a DirectoryError).
    """
    return clients.directory().look_up(
        command.practice.ods_code, observer=observer, deadlines=clients.page_deadlines()
    )


def _see(command: Command, actor: Actor, observer: TrailObserver) -> Seen:
    """Where it was sent, while the request can still arrive there; then, as "not there" becomes
    final, where the practice is by now. [SDS-3]"""
    can_arrive = command.state not in LATE and database_now() < command.request_dead_at
    endpoint = command.endpoint if can_arrive else outcome_by_directory(command, observer)
    moved = endpoint != command.endpoint
    if moved and command.kind != Kind.REGISTER:  # patient, slots and appointments have other ids
        return Seen(None, conclusive=False, moved=True)
    client = clients.observed_client(actor, endpoint, observer)
    match Kind(command.kind):
        case Kind.BOOK:
            today = london.today()
            there = client.patient_appointments(command.patient_id, today, max(today, command.day))
            made, certain = booked_by(command, there.appointments)
            # Practices show nothing before today: of a day that is over, silence proves nothing.
            return Seen(made, certain and there.complete and today <= command.day)
        case Kind.REGISTER:
            records = client.find_patient(command.nhs_number)
            made_here, certain = registered_by(command, records)
            return Seen(made_here, certain and not moved, moved=moved)
        case Kind.AMEND | Kind.CANCEL:
            appointment = client.read_appointment(command.appointment_id)
            changed, certain = changed_by(command, appointment)
            unclear = command.kind == Kind.AMEND and changed is None and not certain
            instead = appointment if unclear else None
            return Seen(changed, certain, appointment.version or "", instead)


def _unless_late(command: Command, reason: str) -> None:
    if command.state in LATE:
        look_no_more(command)
    else:
        to_a_person(command, reason)


def _schedule(command: Command, next_look_at: datetime | None, **fields: int) -> None:
    Command.objects.filter(pk=command.pk, state=command.state).update(
        next_look_at=next_look_at, **fields
    )
    command.next_look_at = next_look_at
    for name, value in fields.items():
        setattr(command, name, value)

"""Settle what is not confirmed: look at the practice for the command's effect.

The database's `next_look_at` is the only schedule. A look is claimed by moving it into the
future, so that no lock is held over HTTP and a look that dies is taken up again.
"""

import random
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from booking_portal.accounts.actor import Actor, NotPermitted, actor_for
from booking_portal.accounts.roles import Permission
from booking_portal.commands.asking import booking_of, subject_of
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.recognition import amended_by, booked_by, learn, registered_by
from booking_portal.commands.states import Kind, State
from booking_portal.commands.storing import database_now
from booking_portal.commands.transitions import StateChanged, alarm, confirm, fail, move
from booking_portal.patients import tracing
from booking_portal.patients.tracing import RestrictedPatient
from booking_portal.practices import connection
from booking_portal.practices.observer import TrailObserver
from gpconnect import london
from gpconnect.comparison import differences_from_booking
from gpconnect.error_table import failure
from gpconnect.errors import GPConnectError, Origin, PatientNotAtPractice
from gpconnect.interactions import BOOK_APPOINTMENT
from gpconnect.models import Appointment, Patient

BY_SYSTEM = "settling"
CLAIM = timedelta(seconds=60)
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
BROKEN_LOOKS = 5


def claim_due(most: int = 20) -> list[Command]:
    """Commands whose look is due, claimed for this process.

    A command still `sending` after its lease and its answer's deadline has lost its sender.
    """
    with transaction.atomic():
        due = list(
            Command.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("practice", "encounter", "organisation__type", "user")
            .filter(state__in=[State.SENDING, State.UNCONFIRMED], next_look_at__lte=database_now())
            .order_by("next_look_at")[:most]
        )
        Command.objects.filter(pk__in=[command.pk for command in due]).update(
            next_look_at=database_now() + CLAIM
        )
    return due


def settle(command: Command) -> Command:
    """One look for a claimed command, by the system on the stored actor's behalf."""
    try:
        if command.state == State.SENDING:
            move(command, State.UNCONFIRMED, reason="its sender is gone", by_system=BY_SYSTEM)
        return _look_for(command)
    except StateChanged:
        command.refresh_from_db()
        return command


def _look_for(command: Command) -> Command:
    """Look with the authority that the user still has, or leave it to a person. [IG-1]"""
    if _broken_looks(command) >= BROKEN_LOOKS:
        return _to_a_person(command, "looking at the practice broke again and again")
    actor = actor_for(command.user, command.organisation)
    if actor is None:
        return _to_a_person(command, "the user may no longer act for the organisation")
    actor = actor.on_behalf(BY_SYSTEM)
    try:
        actor.require(Permission.VIEW_APPOINTMENTS)
        return look(command, actor=actor)
    except NotPermitted:
        return _to_a_person(command, "the user may no longer see patients' appointments")


def _broken_looks(command: Command) -> int:
    """How many looks did not come to their end: a fault of ours, or a process that died."""
    return command.attempts.filter(purpose=Attempt.Purpose.LOOK, ended_at=None).count()


def look(command: Command, *, actor: Actor, refused: GPConnectError | None = None) -> Command:
    """Look for the command's effect and settle it if that is certain.

    `refused` is the practice's own "no" that may be about our own earlier success: with no
    effect to be found it is final.

    Raises: StateChanged.
    """
    attempt = Attempt.objects.create(command=command, purpose=Attempt.Purpose.LOOK)
    try:
        _trace_again(command, actor)
        found, conclusive = _effect(command, actor)
    except RestrictedPatient:
        _close(attempt, "RESTRICTED")
        return _to_a_person(command, "the patient's record has become restricted")
    except GPConnectError as error:
        _close(attempt, error.code)
        return _look_later(command)
    _close(attempt, "FOUND" if found else "NOT_FOUND")
    if found is not None:
        return _found(command, found, actor)
    if refused is not None and (conclusive or command.kind != Kind.BOOK):
        return fail(command, State.REFUSED, refused, by_system=actor.by_system)
    if conclusive and database_now() > command.request_dead_at:
        return move(
            command,
            State.NOT_MADE,
            reason="not found, and the request can no longer arrive",
            by_system=actor.by_system,
        )
    return _look_later(command)


def _found(command: Command, found: Appointment | Patient, actor: Actor) -> Command:
    """`done`; or an alarm, if what the practice made is not what was asked for. [BOOK-7]"""
    if isinstance(found, Appointment) and command.kind == Kind.BOOK:
        unlike = set(differences_from_booking(booking_of(command), found))
        if found.cancelled:  # since: it was made all the same
            unlike.discard("status")
        if unlike:
            error = failure(
                "DIFFERENT_FROM_ASKED", origin=Origin.PRACTICE, interaction=BOOK_APPOINTMENT
            )
            return alarm(command, error, found, by_system=actor.by_system)
    confirm(command, found, reason="found at the practice", by_system=actor.by_system)
    learn(command, found, actor=actor)
    return command


def _trace_again(command: Command, actor: Actor) -> None:
    if not command.encounter.trace_is_fresh:
        tracing.trace_again(command.encounter, actor=actor)


def _effect(command: Command, actor: Actor) -> tuple[Appointment | Patient | None, bool]:
    """What the command did, if it did, and whether "nothing found" can be believed."""
    subject = subject_of(command)
    endpoint = connection.directory().look_up(
        command.practice.ods_code,
        observer=TrailObserver(actor.who, subject),
        deadlines=connection.page_deadlines(),
    )
    client = connection.client(actor, endpoint, subject)
    if command.kind == Kind.BOOK:
        today = london.today()
        there = client.patient_appointments(command.patient_id, today, max(today, command.day))
        # Practices show nothing before today: of a day that is over, silence proves nothing.
        return booked_by(command, there.appointments), there.complete and today <= command.day
    if command.kind == Kind.REGISTER:
        try:
            return registered_by(command, client.find_patient(command.nhs_number))
        except PatientNotAtPractice:  # some say so instead of answering with nothing [FIND-2]
            return None, True
    appointment = client.read_appointment(command.appointment_id)
    if command.kind == Kind.CANCEL:
        return (appointment if appointment.cancelled else None), True
    if amended_by(command, appointment):
        return appointment, True
    # Changed, but not by us: our text may have been there in between, and nobody can tell.
    return None, appointment.version == command.payload["version"]


def _look_later(command: Command) -> Command:
    if london.today() > command.day:
        return _to_a_person(command, "it could not be settled by the end of the day")
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(command.looks, 10))
    command.looks += 1
    command.next_look_at = _after(wait * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
    Command.objects.filter(pk=command.pk, state=State.UNCONFIRMED).update(
        looks=command.looks, next_look_at=command.next_look_at
    )
    return command


def _after(seconds: float) -> datetime:
    return database_now() + timedelta(seconds=seconds)


def _to_a_person(command: Command, reason: str) -> Command:
    return move(
        command, State.NEEDS_ATTENTION, reason=reason, by_system=BY_SYSTEM, next_look_at=None
    )


def _close(attempt: Attempt, outcome: str) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(outcome=outcome[:80], ended_at=timezone.now())

"""After a restore: compare what the portal knows of a patient with what the practice has.

Reads only, by the system on behalf of a user who may still look. Unsettled commands are settled
by looking, bookings are refreshed, and appointments that we have booked and do not know are kept
for a person to see.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from booking_portal.accounts.actor import Actor, actor_for
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery import outcome_check
from booking_portal.commands.delivery.matching import booked_by
from booking_portal.commands.delivery.recovery import settle
from booking_portal.commands.delivery.turns import CLAIM
from booking_portal.commands.models import Command
from booking_portal.commands.requests.appointment_reads import (
    BEGUN,
    appointments_there,
    is_another,
    keep_not_shown,
    keep_seen,
    read_appointment,
)
from booking_portal.commands.restore_models import OK, Reconciliation, Stray
from booking_portal.commands.states import Kind, State
from booking_portal.commands.task_loop import process_claimed
from booking_portal.commands.transitions import as_json
from booking_portal.patients import pds_trace
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.pds_trace import RestrictedPatient
from booking_portal.patients.practice_record import (
    NoActiveRecord,
    PatientMismatch,
    PracticeMoved,
    find_at_practice,
)
from booking_portal.practices.models import Practice
from gpconnect import london
from gpconnect.errors import AppointmentNotShown, GPConnectError, NotFound
from gpconnect.models import Appointment

BY_SYSTEM = "reconciling"
LOOKS_AT_MOST = 8
FIRST_WAIT, LONGEST_WAIT = 30.0, 600.0
ENCOUNTERS_AT_MOST = 20
MANY = 3
"""So many missing at one practice are told as one fault of the practice."""

NOBODY_MAY_LOOK = "NOBODY_MAY_LOOK"
RESTRICTED = "RESTRICTED"
MISMATCH = "PATIENT_MISMATCH"
MOVED = "PRACTICE_MOVED"
NO_PATIENT = "PATIENT_NOT_AT_PRACTICE"


def reconcile_due(most: int = 3) -> int:
    """Reconcile what is due, a few at a time so that practices are spared; returns how many.

    Raises: as `task_loop.process_claimed`.
    """
    with transaction.atomic():
        due = list(
            Reconciliation.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("restoration__organisation", "practice", "encounter")
            .filter(next_look_at__lte=database_now())
            .order_by("next_look_at", "id")[:most]
        )
        Reconciliation.objects.filter(pk__in=[part.pk for part in due]).update(
            next_look_at=database_now() + CLAIM
        )
    return process_claimed(due, reconcile, "parts")


def reconcile(part: Reconciliation) -> Reconciliation:
    """Compare one patient at one practice, and keep what came of it.

    What cannot be reached is tried again later, some times.
    """
    part.looks += 1
    try:
        _compare(part)
        part.outcome, part.next_look_at = OK, None
    except RestrictedPatient:
        part.outcome, part.next_look_at = RESTRICTED, None
    except PatientMismatch:
        part.outcome, part.next_look_at = MISMATCH, None
    except NoActiveRecord:
        part.outcome, part.next_look_at = NO_PATIENT, None
    except PracticeMoved:
        part.outcome, part.next_look_at = MOVED, None
    except NobodyMayLook:
        part.outcome, part.next_look_at = NOBODY_MAY_LOOK, None
    except GPConnectError as error:
        part.outcome = error.code
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (part.looks - 1))
        again = part.looks < LOOKS_AT_MOST
        part.next_look_at = database_now() + timedelta(seconds=wait) if again else None
    part.save()
    return part


def many_missing(parts: Iterable[Reconciliation]) -> list[tuple[Practice, int]]:
    """Practices that do not show so many bookings that it is rather one fault of theirs."""
    numbers = Counter[Practice]()
    for part in parts:
        numbers[part.practice] += len(part.missing)
    return [(practice, number) for practice, number in numbers.items() if number >= MANY]


def close_stray(stray: Stray, *, actor: Actor) -> None:
    """Somebody has seen to it; audited. One of another organisation, or seen already, stays.

    Raises: NotPermitted.
    """
    actor.require(Permission.SETTLE_COMMANDS)
    with transaction.atomic():
        mine = Stray.objects.for_organisation(actor.organisation).to_see().filter(pk=stray.pk)
        if mine.update(closed_at=timezone.now(), closed_by=actor.user):
            trail.record(
                EventKind.COMMAND_TAKEN,
                actor.who,
                outcome="appointment not in our record",
                nhs_number=stray.nhs_number,
                practice_ods=stray.practice.ods_code,
                encounter_id=stray.encounter_id,
                appointment_id=stray.appointment_id,
            )


class NobodyMayLook(Exception):
    """None of the users who have met the patient may look at the practice any more. [IG-1]"""


def _compare(part: Reconciliation) -> None:
    encounter, actor = _authority(part)
    if not encounter.trace_is_fresh:
        pds_trace.trace_again(encounter, actor=actor)
    part.settled = _settle(part)
    at, there = _there(part, encounter, actor)
    outcome_check.match_late_bookings(at, there, actor=actor)
    not_looked = _refresh(part, at, there, actor)
    part.strays = _keep_strays(part, at, there)
    if not_looked is not None:
        raise not_looked


def _there(
    part: Reconciliation, encounter: Encounter, actor: Actor
) -> tuple[PatientAtPractice, tuple[Appointment, ...]]:
    """The patient and their appointments there; found anew where the practice has lost the id.

    That a practice shows no patient says nothing of the appointments. [ERR-2]
    """
    at = find_at_practice(encounter, part.practice, actor=actor)
    try:
        return at, appointments_there(at, actor=actor).appointments
    except NotFound:
        PatientAtPractice.objects.filter(pk=at.pk).update(patient_id="")
        encounter.places.pop(part.practice_id, None)
    at = find_at_practice(encounter, part.practice, actor=actor)
    return at, appointments_there(at, actor=actor).appointments


def _authority(part: Reconciliation) -> tuple[Encounter, Actor]:
    """The latest encounter with the patient whose user may still look, and that authority."""
    organisation = part.restoration.organisation
    met = Encounter.objects.filter(organisation=organisation, nhs_number=part.nhs_number)
    for encounter in met.select_related("user").order_by("-opened_at")[:ENCOUNTERS_AT_MOST]:
        actor = actor_for(encounter.user, organisation)
        if actor is not None and actor.may(Permission.VIEW_APPOINTMENTS):
            return encounter, actor.on_behalf(BY_SYSTEM)
    raise NobodyMayLook


def _settle(part: Reconciliation) -> int:
    """Look for the effect of what is not certain; how many have become certain."""
    lost_its_sender = Q(state=State.SENDING, next_look_at__lte=database_now())
    waiting = _commands(part).filter(Q(state=State.UNCONFIRMED) | lost_its_sender)
    settled = 0
    for command in waiting.select_related("practice", "encounter", "organisation", "user"):
        Command.objects.filter(pk=command.pk).update(next_look_at=database_now() + CLAIM)
        settled += settle(command).settled
    return settled


def _bookings(part: Reconciliation) -> QuerySet[Command]:
    """The organisation's bookings of today on that the practice should have."""
    today = datetime.combine(london.today(), time(), london.LONDON)
    booked = _commands(part).filter(kind=Kind.BOOK, state=State.DONE, starts_at__gte=today)
    return booked.exclude(appointment_id="")


def _refresh(
    part: Reconciliation, at: PatientAtPractice, there: Iterable[Appointment], actor: Actor
) -> GPConnectError | PracticeMoved | None:
    """Keep how our bookings stand at the practice, and count them; why one could not be read.

    Only the practice's own word that it does not show a booking to come makes it missing; one
    that could not be read does not hide the others.
    """
    shown = {appointment.id: appointment for appointment in there}
    not_looked: GPConnectError | PracticeMoved | None = None
    part.changed, part.missing, part.begun = 0, [], 0
    for booking in _bookings(part):
        same = booking.system == at.system
        appointment = shown.get(booking.appointment_id) if same else None
        try:
            appointment = appointment or read_appointment(
                at, booking.appointment_id, actor=actor, known_at=booking.system
            )
        except AppointmentNotShown:
            appointment = None
        except PracticeMoved as moved:  # under which id another system has it, nobody knows
            not_looked = moved
            continue
        except GPConnectError as error:
            if error.code == BEGUN:
                part.begun += 1
            else:
                not_looked = error
            continue
        if appointment is None or is_another(booking, appointment):
            keep_not_shown(booking)
            part.missing.append(str(booking.pk))
            continue
        told = as_json(appointment)
        part.changed += any(
            booking.result.get(name) != told.get(name) for name in ("status", "version")
        )
        keep_seen(booking, appointment)
    return not_looked


def _keep_strays(part: Reconciliation, at: PatientAtPractice, there: Iterable[Appointment]) -> int:
    """Keep the appointments that we have booked and no command knows; how many there are."""
    organisation = part.restoration.organisation
    live = [
        appointment
        for appointment in there
        if not appointment.cancelled
        and appointment.booking_organisation is not None
        and appointment.booking_organisation.ods_code.upper() == organisation.ods_code.upper()
    ]
    strays = _unknown(part, at, live)
    for appointment in strays:
        Stray.objects.update_or_create(
            organisation=organisation,
            practice=part.practice,
            appointment_id=appointment.id,
            defaults={
                "encounter": at.encounter,
                "nhs_number": part.nhs_number,
                "starts_at": appointment.start.instant,
                "result": as_json(appointment),
            },
        )
    open_ones = Stray.objects.for_organisation(organisation).to_see()
    open_ones = open_ones.filter(practice=part.practice, nhs_number=part.nhs_number)
    open_ones.exclude(appointment_id__in=[one.id for one in strays]).update(
        closed_at=timezone.now()  # cancelled since, or known by now
    )
    return len(strays)


def _unknown(
    part: Reconciliation, at: PatientAtPractice, appointments: list[Appointment]
) -> list[Appointment]:
    """Those that no command has made or names."""
    at_practice = Command.objects.filter(
        practice=part.practice, asid=at.asid, service_root=at.service_root
    )
    ids = [appointment.id for appointment in appointments]
    known = set(at_practice.filter(appointment_id__in=ids).values_list("appointment_id", flat=True))
    # What a person has closed by telephone, or has to see to, has no id that the portal knows.
    without_id = _commands(part).filter(
        kind=Kind.BOOK, state__in=[State.DONE, State.NEEDS_ATTENTION], appointment_id=""
    )
    for command in without_id.select_related("practice", "organisation"):
        made, _ = booked_by(command, appointments)
        if made is not None:
            known.add(made.id)
    return [appointment for appointment in appointments if appointment.id not in known]


def _commands(part: Reconciliation) -> QuerySet[Command]:
    return Command.objects.filter(
        organisation=part.restoration.organisation,
        practice=part.practice,
        nhs_number=part.nhs_number,
    )

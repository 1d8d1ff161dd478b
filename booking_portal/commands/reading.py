"""What a practice holds for the patient: their appointments, one of them, one of ours again."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.looking import notice
from booking_portal.commands.models import Command
from booking_portal.commands.otherwise import is_another_person, is_another_place
from booking_portal.commands.transitions import StateChanged, as_json
from booking_portal.patients.finding import (
    PatientMismatch,
    client_at,
    require_same_system,
    subject_of,
)
from booking_portal.patients.models import PatientAtPractice
from booking_portal.practices import lookups
from gpconnect import london
from gpconnect.models import Appointment, Appointments, Location, Practitioner

LOOK_AHEAD = timedelta(weeks=26)


def appointments_there(
    at: PatientAtPractice, *, actor: Actor, start: date | None = None, end: date | None = None
) -> Appointments:
    """The patient's appointments at the practice, from today (London's) on. [RET-1, PDS-6]

    Earlier ones of today and cancelled ones are among them. Other dates may be asked for, none
    of them past.

    Raises: NotPermitted, TraceTooOld, PatientMismatch (one is another patient's),
    GPConnectError.
    """
    actor.require(Permission.VIEW_APPOINTMENTS)
    at.encounter.require_fresh_trace()
    start = start or london.today()
    there = client_at(at, actor=actor).patient_appointments(
        at.patient_id, start, end or start + LOOK_AHEAD
    )
    for appointment in there.appointments:
        if appointment.patient_id is not None:  # not saying whose is a fault, and shown as one
            _require_same_patient(at, appointment, actor)
    with contextlib.suppress(StateChanged):  # settled in this very moment
        notice(at, there.appointments, actor=actor)
    return there


def read(
    at: PatientAtPractice, appointment_id: str, *, actor: Actor, known_at: str = ""
) -> Appointment:
    """The appointment as the practice holds it now. [READ-1, PDS-6]

    `known_at` is the system that the id is from; empty where nobody has kept it. [SDS-3]

    Raises: NotPermitted, TraceTooOld, PatientMismatch (it is another patient's), PracticeMoved,
    GPConnectError.
    """
    actor.require(Permission.VIEW_APPOINTMENTS)
    at.encounter.require_fresh_trace()
    require_same_system(at, known_at, actor=actor)
    appointment = client_at(at, actor=actor).read_appointment(appointment_id)
    _require_same_patient(at, appointment, actor)
    return appointment


def read_again(command: Command, at: PatientAtPractice, *, actor: Actor) -> Command:
    """See how a booking of ours stands at the practice now, and keep what was seen.

    Raises: as `read`.
    """
    appointment = read(at, command.appointment_id, actor=actor, known_at=command.system)
    command.result = as_json(appointment) | {"seen_at": timezone.now().isoformat()}
    command.save(update_fields=["result"])
    return command


@dataclass(frozen=True, slots=True)
class Around:
    """Locations and practitioners of some appointments by id; what was not told is missing."""

    locations: Mapping[str, Location]
    practitioners: Mapping[str, Practitioner]


def around(at: PatientAtPractice, appointments: Iterable[Appointment], *, actor: Actor) -> Around:
    """Where and with whom the appointments are, from the cache or the practice. [RET-2]

    Raises: NotPermitted, TraceTooOld.
    """
    appointments = list(appointments)
    places = {each.location_id for each in appointments if each.location_id}
    people = {each.practitioner_id for each in appointments if each.practitioner_id}
    return _named(at, places, people, actor)


def around_otherwise(command: Command, at: PatientAtPractice, *, actor: Actor) -> Around:
    """Where and with whom a booking is, where that is not as its slots said. [BOOK-7]

    Raises: as `around`; PracticeMoved: its ids mean nothing any more.
    """
    require_same_system(at, command.system, actor=actor)
    places = {command.result["location_id"]} if is_another_place(command) else set()
    people = {command.result["practitioner_id"]} if is_another_person(command) else set()
    return _named(at, places, people, actor)


def _named(at: PatientAtPractice, places: set[str], people: set[str], actor: Actor) -> Around:
    actor.require(Permission.VIEW_APPOINTMENTS)
    at.encounter.require_fresh_trace()
    client, endpoint = client_at(at, actor=actor), at.endpoint
    locations = {each: lookups.location(client, endpoint, each) for each in places}
    practitioners = {each: lookups.practitioner(client, endpoint, each) for each in people}
    return Around(
        {key: found for key, found in locations.items() if found is not None},
        {key: found for key, found in practitioners.items() if found is not None},
    )


def _require_same_patient(at: PatientAtPractice, appointment: Appointment, actor: Actor) -> None:
    if appointment.patient_id == at.patient_id:
        return
    trail.record(
        EventKind.BLOCKED,
        actor.who,
        outcome="another patient's appointment",
        **subject_of(at.encounter, at.practice).facts() | {"appointment_id": appointment.id},
    )
    raise PatientMismatch

"""What a practice holds for the patient: their appointments, one of them, one of ours again."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.delivery.outcome_check import match_late_bookings
from booking_portal.commands.deviations import (
    is_another_person,
    is_another_place,
    is_another_service,
)
from booking_portal.commands.models import Command
from booking_portal.commands.transitions import StateChanged, as_json
from booking_portal.integration import lookup_cache
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.practice_record import (
    PatientMismatch,
    audit_subject_at,
    client_at,
    require_same_system,
)
from booking_portal.query_helpers import rows_if_any
from gpconnect import london
from gpconnect.error_evidence import failure
from gpconnect.errors import AppointmentNotShown, GPConnectError
from gpconnect.models import (
    Appointment,
    Appointments,
    HealthcareService,
    Location,
    Practitioner,
)

BEGUN = "APPOINTMENT_BEGUN"
NOT_SHOWN = "The practice does not show this appointment any more."
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
        match_late_bookings(at, there.appointments, actor=actor)
    _shown_again(at, there.appointments, actor)
    return there


def read_appointment(
    at: PatientAtPractice, appointment_id: str, *, actor: Actor, known_at: str = ""
) -> Appointment:
    """The appointment as the practice holds it now. [READ-1, PDS-6]

    `known_at` is the system that the id is from; empty where nobody has kept it. [SDS-3]

    Raises: NotPermitted, TraceTooOld, PatientMismatch (it is another patient's), PracticeMoved,
    GPConnectError; among these AppointmentNotShown, if the practice says itself that it does not
    show it, unless it is known to have begun.
    """
    actor.require(Permission.VIEW_APPOINTMENTS)
    at.encounter.require_fresh_trace()
    require_same_system(at, known_at, actor=actor)
    try:
        appointment = client_at(at, actor=actor).read_appointment(appointment_id)
    except AppointmentNotShown as error:
        raise _as_far_as_known(error, _start_of(at, appointment_id, actor)) from None
    _require_same_patient(at, appointment, actor)
    return appointment


def read_again(command: Command, at: PatientAtPractice, *, actor: Actor) -> Command:
    """See how a booking of ours stands at the practice now, and keep what was seen.

    Also that the practice does not show it any more, which is not that nobody could look.

    Raises: as `read`, but for AppointmentNotShown.
    """
    try:
        there = read_appointment(at, command.appointment_id, actor=actor, known_at=command.system)
    except AppointmentNotShown:
        keep_not_shown(command)
        return command
    if is_another(command, there):
        keep_not_shown(command)
    else:
        keep_seen(command, there)
    return command


def is_another(command: Command, appointment: Appointment) -> bool:
    """Whether what a booking's id leads to now is another appointment: ids come round again.

    Another time and none of the booked slots; one of the two alone is the practice's to change.
    """
    booked = {offer.slot_id for offer in command.offers}
    elsewhen = appointment.start.instant != command.starts_at
    return elsewhen and booked.isdisjoint(appointment.slot_ids)


def keep_seen(command: Command, appointment: Appointment) -> None:
    """Keep how a booking of ours stands at the practice."""
    command.result = as_json(appointment) | {"seen_at": timezone.now().isoformat()}
    command.not_shown_at = None
    command.save(update_fields=["result", "not_shown_at"])


def keep_not_shown(command: Command) -> None:
    """Keep that the practice, asked for a booking to come, did not show it. [ERR-2]"""
    command.not_shown_at = timezone.now()
    command.save(update_fields=["not_shown_at"])


@dataclass(frozen=True, slots=True)
class NamedResources:
    """Locations, practitioners and services of some appointments by id; what was not told is
    missing."""

    locations: Mapping[str, Location]
    practitioners: Mapping[str, Practitioner]
    services: Mapping[str, HealthcareService]


def named_resources(
    at: PatientAtPractice, appointments: Iterable[Appointment], *, actor: Actor
) -> NamedResources:
    """Where, with whom and of which service they are, from the cache or the practice. [RET-2]

    Raises: NotPermitted, TraceTooOld.
    """
    appointments = list(appointments)
    places = {each.location_id for each in appointments if each.location_id}
    people = {each.practitioner_id for each in appointments if each.practitioner_id}
    services = {each.service_id for each in appointments if each.service_id}
    return _named(at, places, people, services, actor)


def named_deviations(command: Command, at: PatientAtPractice, *, actor: Actor) -> NamedResources:
    """Where, with whom and of which service a booking is, where its slots said otherwise. [BOOK-7]

    Raises: as `around`; PracticeMoved: its ids mean nothing any more.
    """
    require_same_system(at, command.system, actor=actor)
    places = {command.result["location_id"]} if is_another_place(command) else set()
    people = {command.result["practitioner_id"]} if is_another_person(command) else set()
    services = {command.result["service_id"]} if is_another_service(command) else set()
    return _named(at, places, people, services, actor)


def _named(
    at: PatientAtPractice, places: set[str], people: set[str], services: set[str], actor: Actor
) -> NamedResources:
    actor.require(Permission.VIEW_APPOINTMENTS)
    at.encounter.require_fresh_trace()
    client, endpoint = client_at(at, actor=actor), at.endpoint
    locations = {each: lookup_cache.location(client, endpoint, each) for each in places}
    practitioners = {each: lookup_cache.practitioner(client, endpoint, each) for each in people}
    of_services = {each: lookup_cache.service(client, endpoint, each) for each in services}
    return NamedResources(
        {key: found for key, found in locations.items() if found is not None},
        {key: found for key, found in practitioners.items() if found is not None},
        {key: found for key, found in of_services.items() if found is not None},
    )


def _shown_again(at: PatientAtPractice, there: Iterable[Appointment], actor: Actor) -> None:
    """What the practice shows is not missing there any more; another one of its id says nothing."""
    shown = {one.id: one for one in there}
    missed = Command.objects.for_organisation(actor.organisation).filter(
        practice=at.practice,
        asid=at.asid,
        service_root=at.service_root,
        not_shown_at__isnull=False,
        nhs_number__in=at.encounter.nhs_numbers,
        appointment_id__in=shown,
    )
    again = [
        one.pk for one in rows_if_any(missed) if not is_another(one, shown[one.appointment_id])
    ]
    Command.objects.filter(pk__in=again).update(not_shown_at=None)


def _start_of(at: PatientAtPractice, appointment_id: str, actor: Actor) -> datetime | None:
    """When it starts, as far as a command of the organisation's knows."""
    ours = Command.objects.for_organisation(actor.organisation)
    known = ours.filter(practice=at.practice, appointment_id=appointment_id)
    return known.order_by("-created_at").values_list("starts_at", flat=True).first()


def _as_far_as_known(error: AppointmentNotShown, start: datetime | None) -> GPConnectError:
    """The same in the words that its start allows; a passed one is not missed. [READ-1]"""
    if start is not None and start <= timezone.now():
        begun = failure(BEGUN, origin=error.origin, status=error.status)
        begun.trace_id, begun.diagnostics = error.trace_id, error.diagnostics
        return begun
    if start is not None:
        error.sentence = NOT_SHOWN
        error.next_step = (
            "Ring them: ask what they hold for this patient, and tell the patient then."
        )
    return error


def _require_same_patient(at: PatientAtPractice, appointment: Appointment, actor: Actor) -> None:
    if appointment.patient_id == at.patient_id:
        return
    trail.record(
        EventKind.BLOCKED,
        actor.who,
        outcome="another patient's appointment",
        **audit_subject_at(at.encounter, at.practice).facts() | {"appointment_id": appointment.id},
    )
    raise PatientMismatch

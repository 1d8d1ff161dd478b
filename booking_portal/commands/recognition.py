"""Is this the effect of that command? Evidence only, never a guess."""

import contextlib
import uuid
from collections.abc import Iterable

from booking_portal.accounts.actor import Actor
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.patients.finding import keep_found
from booking_portal.patients.models import PatientAtPractice
from gpconnect.comparison import says
from gpconnect.models import Appointment, Patient


def booked_by(command: Command, appointments: Iterable[Appointment]) -> Appointment | None:
    """The one appointment that the booking made, cancelled since or not; None if there is none.

    Ours is: one that carries the command's own identifier; else one that was not there before
    and carries no other command's, for the patient, on exactly the slots asked for, booked by our
    organisation (or by nobody that the practice names). Text is not evidence: practices join and
    trim it.
    """
    candidates = list(appointments)
    for appointment in candidates:
        if str(command.pk) in appointment.identifiers:
            return appointment
    wanted = {offer.slot_id for offer in command.offers}
    not_ours = set(command.payload["before"]) | _of_another_command(command, candidates)
    ours = command.organisation.ods_code
    matches = [
        appointment
        for appointment in candidates
        if appointment.id not in not_ours
        and set(appointment.slot_ids) == wanted
        and appointment.patient_id == command.patient_id
        and (
            appointment.booking_organisation is None
            or appointment.booking_organisation.ods_code == ours
        )
    ]
    live = [appointment for appointment in matches if not appointment.cancelled]
    return next(iter(live or matches), None)


def amended_by(command: Command, appointment: Appointment) -> bool:
    """Whether the appointment now says what the amendment asked for. [BOOK-4]

    A practice may have joined the two texts into one field.
    """
    if appointment.version == command.payload["version"]:
        return False
    return says(appointment, command.payload["description"], command.payload["comment"])


def registered_by(command: Command, records: Iterable[Patient]) -> tuple[Patient | None, bool]:
    """The patient's one active record there, and whether "none" can be believed. [REG-3]

    An active record is all that was asked for, whoever has made it. Of several, or of another's,
    nobody can tell.
    """
    found = list(records)
    if len(found) == 1 and found[0].nhs_number == command.nhs_number:
        return found[0], True
    return None, not found


def learn(command: Command, made: Appointment | Patient, *, actor: Actor) -> None:
    """What a registration gave is what the encounter knows of the patient there. [REG-3, PDS-6]"""
    if not isinstance(made, Patient) or command.state != State.DONE:
        return
    at = PatientAtPractice.objects.filter(
        encounter=command.encounter_id,
        encounter__nhs_number=command.nhs_number,
        practice=command.practice_id,
        patient_id="",
    ).first()
    if at is not None:
        keep_found(at, made, actor=actor)


def _of_another_command(command: Command, appointments: Iterable[Appointment]) -> set[str]:
    """The ids of the appointments that carry another command's identifier."""
    carried: dict[uuid.UUID, str] = {}
    for appointment in appointments:
        for identifier in appointment.identifiers:
            with contextlib.suppress(ValueError):
                carried[uuid.UUID(identifier)] = appointment.id
    others = Command.objects.filter(pk__in=carried).exclude(pk=command.pk)
    return {carried[key] for key in others.values_list("pk", flat=True)}

"""Is this the effect of that command? Evidence only, never a guess. [docs/adr/0007]"""

import contextlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from booking_portal.accounts.actor import Actor
from booking_portal.commands.models import Command
from booking_portal.commands.states import UNSETTLED, Kind, State
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.practice_record import keep_found
from gpconnect.comparison import says
from gpconnect.models import Appointment, Patient


@dataclass(frozen=True, slots=True)
class Known:
    """What the portal knows of a practice's appointments beside what the practice tells.

    `taken`: the ids of those that other commands have made. `rivalled`: another command may have
    made the same one, and the better claim is not this one's.
    """

    taken: frozenset[str] = frozenset()
    rivalled: bool = False


def booked_by(
    command: Command, appointments: Iterable[Appointment]
) -> tuple[Appointment | None, bool]:
    """The appointment that the booking made, cancelled since or not, by what the portal knows.

    The second part says whether "none" can be believed. [BOOK-8]
    """
    told = list(appointments)
    return made_by(command, told, known_of(command, told))


def made_by(
    command: Command, appointments: Iterable[Appointment], known: Known
) -> tuple[Appointment | None, bool]:
    """The one appointment that the evidence gives to the booking, and whether "none" is certain.

    Ours is one that carries the command's own identifier; else the only one that was not there
    before, that no other command has made, for the patient, on exactly the slots asked for,
    booked by our organisation. Texts and times are no evidence. What may be ours and is not
    proved, like one that does not say who booked it, makes "none" uncertain.
    """
    told = list({one.id: one for one in appointments}.values())
    marked = [one for one in told if command.pk in _carried(one)]
    if marked:
        return _the_one(marked), False
    before = command.payload["before"]
    not_ours = known.taken | set(before or ())
    candidates = [one for one in told if one.id not in not_ours and _may_be_ours(command, one)]
    proved = [one for one in candidates if _is_ours(command, one)]
    if len(proved) == 1 and before is not None and not known.rivalled:
        return proved[0], True
    return None, not candidates


def _the_one(marked: list[Appointment]) -> Appointment | None:
    """Of those that carry the command's identifier; None if the practice has made two of it."""
    live = [one for one in marked if not one.cancelled]
    if len(live) > 1:
        return None
    return min(live or marked, key=lambda one: one.id)


def _is_ours(command: Command, appointment: Appointment) -> bool:
    return (
        appointment.patient_id == command.patient_id
        and set(appointment.slot_ids) == _wanted(command)
        and _booker_of(appointment) == command.organisation.ods_code.upper()
    )


def _may_be_ours(command: Command, appointment: Appointment) -> bool:
    """Whether the practice may have made it of our request, with a part missing or changed.

    The portal knows of whatever else the organisation has booked; what it cannot account for may
    be anything.
    """
    if appointment.patient_id not in (None, command.patient_id):
        return False
    booker = _booker_of(appointment)
    if booker:
        return booker == command.organisation.ods_code.upper()
    return (
        not appointment.slot_ids
        or not _wanted(command).isdisjoint(appointment.slot_ids)
        or appointment.start.instant in (None, command.starts_at)
    )


def _wanted(command: Command) -> set[str]:
    return {offer.slot_id for offer in command.offers}


def _booker_of(appointment: Appointment) -> str:
    """The booking organisation's ODS code; empty where the practice does not tell it."""
    booker = appointment.booking_organisation
    return booker.ods_code.strip().upper() if booker else ""


def known_of(command: Command, appointments: Iterable[Appointment]) -> Known:
    """Which of these appointments are other commands', and whether what is left is contested.

    The organisation has one unsettled booking of these slots for the patient at a time: one that
    is settled, or under the patient's superseded NHS number, gives way to it.
    """
    told = list(appointments)
    carried = {each for one in told for each in _carried(one)}
    others = Command.objects.filter(kind=Kind.BOOK).exclude(pk=command.pk)
    marks = set(others.filter(pk__in=carried).values_list("pk", flat=True))
    there = others.filter(
        practice=command.practice_id, asid=command.asid, service_root=command.service_root
    )
    claims = there.filter(
        state__in=[State.DONE, *UNSETTLED], appointment_id__in=[one.id for one in told]
    )
    rivals = there.filter(
        Q(state__in=UNSETTLED) | Q(state=State.DONE, appointment_id=""),
        organisation=command.organisation_id,
        patient_id=command.patient_id,
        slot_key=command.slot_key,
    )
    return Known(
        taken=frozenset(claims.values_list("appointment_id", flat=True))
        | {one.id for one in told if not marks.isdisjoint(_carried(one))},
        rivalled=rivals.exists(),
    )


def _carried(appointment: Appointment) -> set[uuid.UUID]:
    """What may be a command's id among the appointment's identifiers."""
    carried = set()
    for identifier in appointment.identifiers:
        with contextlib.suppress(ValueError):
            carried.add(uuid.UUID(identifier))
    return carried


def changed_by(command: Command, appointment: Appointment) -> tuple[Appointment | None, bool]:
    """The appointment, if it is now as the amendment or the cancellation asked for. [BOOK-4]

    Whoever did it, the wish is fulfilled. The second part says whether "not so" can be believed:
    what is not cancelled has not been; but an appointment that says other words in another
    version may have said ours in between.
    """
    if command.kind == Kind.CANCEL:
        return (appointment if appointment.cancelled else None), True
    if appointment.version is not None and appointment.version == command.payload["version"]:
        return None, True
    if says(appointment, command.payload["description"], command.payload["comment"]):
        return appointment, True
    return None, False


def registered_by(command: Command, records: Iterable[Patient]) -> tuple[Patient | None, bool]:
    """The patient's one active record there, and whether "none" can be believed. [REG-3]

    An active record is all that was asked for, whoever has made it. Of several, or of another's,
    nobody can tell.
    """
    found = list(records)
    if len(found) == 1 and found[0].nhs_number == command.nhs_number:
        return found[0], True
    return None, not found


def keep_registered_patient(command: Command, made: Appointment | Patient, *, actor: Actor) -> None:
    """What a registration gave is what the encounter knows of the patient there. [REG-3, PDS-6]"""
    if not isinstance(made, Patient) or command.state != State.DONE:
        return
    at = PatientAtPractice.objects.filter(
        encounter=command.encounter_id,
        encounter__nhs_number=command.nhs_number,
        practice=command.practice_id,
        asid=command.asid,
        service_root=command.service_root,
        patient_id="",
    ).first()
    if at is not None:
        keep_found(at, made, actor=actor)

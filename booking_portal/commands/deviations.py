"""What a practice has booked otherwise than asked for, and is no alarm. [BOOK-7]

Who sees the patient, and how, is the practice's to arrange; but a patient who expects a call does
not go there, and one may mind who it is. What they may mind is told them before anything else.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from gpconnect.models import HealthcareService, Practitioner


class NotAsShown(Exception):
    """The booking is not, or not any more, what was read to the patient."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One fact that is not as asked for; empty: it is not known.

    `minded`: the patient has to hear of it before the booking is read to them.
    """

    label: str
    asked: str
    told: str
    minded: bool


def deviations_of(
    command: Command,
    person: Practitioner | None = None,
    service: HealthcareService | None = None,
) -> tuple[Deviation, ...]:
    """In what a booking is not as asked for; `person` and `service` are what the practice named,
    where known.

    Of somebody else, a gender or role that nobody knows is not the same. What the practice has
    left out is as its slot said.
    """
    told = command.result
    if command.kind != Kind.BOOK or command.state != State.DONE or not told:
        return ()
    asked = command.offers[0]
    another = bool(asked.practitioner_id) and is_another_person(command)
    gender = (person.gender if person else None) or ""
    roles = [told.get("practitioner_role", "")] if told.get("practitioner_role") else []
    if another and person is not None and not roles:
        roles = list(person.roles)
    channel = told.get("delivery_channel", "")
    parts = []
    if another:
        name = person.display_name if person else acknowledged_name(command)
        parts.append(Deviation("With", asked.practitioner_name, name, minded=False))
        if asked.practitioner_gender and not _alike(asked.practitioner_gender, gender):
            parts.append(Deviation("Gender", asked.practitioner_gender, gender, minded=True))
    same_role = any(_alike(asked.practitioner_role, role) for role in roles)
    if asked.practitioner_role and (roles or another) and not same_role:
        parts.append(Deviation("Role", asked.practitioner_role, ", ".join(roles), minded=True))
    if asked.delivery_channel and channel and not _alike(asked.delivery_channel, channel):
        parts.append(Deviation("How", asked.delivery_channel, channel, minded=True))
    if asked.service_id and is_another_service(command):
        name = (service.name if service else None) or ""
        parts.append(Deviation("Service", asked.service_name, name, minded=False))
    return tuple(parts)


def is_another_person(command: Command) -> bool:
    """Whether the practice named somebody whom the chosen slot had not."""
    told = command.result.get("practitioner_id", "")
    return bool(told) and told != command.offers[0].practitioner_id


def is_another_place(command: Command) -> bool:
    """The same of the place: that is an alarm, and its name has to be looked up."""
    told = command.result.get("location_id", "")
    return bool(told) and told != command.offers[0].location_id


def is_another_service(command: Command) -> bool:
    """Whether the practice named a service that the chosen slot had not."""
    told = command.result.get("service_id", "")
    return bool(told) and told != command.offers[0].service_id


def shown_as(command: Command) -> str:
    """What a page shows of it, as its form sends back with the patient's word."""
    told = command.result
    names = ("practitioner_id", "practitioner_role", "delivery_channel")
    return " | ".join(str(told.get(name, "")) for name in names)


def is_acknowledged(command: Command) -> bool:
    """Whether somebody has told the patient of it as it is now."""
    return (command.acknowledged or {}).get("seen") == shown_as(command)


def acknowledged_name(command: Command) -> str:
    """The name of whom the patient has been told of, as it was then; empty: of nobody."""
    kept: dict[str, Any] = command.acknowledged or {}
    return str(kept.get("practitioner", "")) if is_acknowledged(command) else ""


def acknowledge(
    command: Command, seen: str, *, actor: Actor, person: Practitioner | None = None
) -> None:
    """The patient knows of it, and keeps the booking; `seen` is what the page showed.

    Raises: NotPermitted, NotAsShown.
    """
    actor.require(Permission.BOOK_APPOINTMENT)
    parts = deviations_of(command, person)
    if not command.may_be_seen_by(actor) or not parts or seen != shown_as(command):
        raise NotAsShown
    command.acknowledged = {
        "seen": seen,
        "practitioner": person.display_name if person else "",
        "by": actor.user.full_name,
        "at": database_now().isoformat(),
    }
    with transaction.atomic():
        command.save(update_fields=["acknowledged"])
        trail.record(
            EventKind.OTHERWISE_ACKNOWLEDGED,
            actor.who,
            outcome="the patient knows, and keeps it",
            detail={"otherwise": [part.label for part in parts], "seen": seen},
            **audit_subject_of(command).facts(),
        )


def _alike(asked: str, told: str) -> bool:
    return asked.strip().casefold() == told.strip().casefold()

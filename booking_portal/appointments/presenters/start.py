"""The start page: what is not settled, today's bookings, and the patients seen last."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Role
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter
from booking_portal.patients.presenters import full_name, moment
from gpconnect import london, nhs_number

RECENT = timedelta(hours=12)
RECENT_SHOWN = 8


@dataclass(frozen=True, slots=True)
class BookingRow:
    """One booking, amendment or cancellation of the organisation. `seen` is when we last knew."""

    command_id: str
    time: str
    practice: str
    patient: str
    number: str
    state: str
    colour: str
    seen: str

    @classmethod
    def of(cls, command: Command, now: datetime) -> Self:
        """The command's row at the aware instant `now`."""
        state, colour = _state(command)
        return cls(
            command_id=str(command.pk),
            time=command.start.time_label,
            practice=f"{command.practice.name}, {command.practice.town}",
            patient=full_name(command.encounter.name),
            number=nhs_number.spaced(command.nhs_number),
            state=state,
            colour=colour,
            seen=moment(command.settled_at or command.created_at, now),
        )


@dataclass(frozen=True, slots=True)
class RecentPatient:
    """A patient whom the user had open today."""

    encounter_id: str
    patient: str
    number: str
    opened: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """All that the start page shows besides the patient box."""

    today: str
    unsettled: tuple[BookingRow, ...]
    bookings: tuple[BookingRow, ...]
    recent: tuple[RecentPatient, ...]

    @classmethod
    def of(cls, actor: Actor, now: datetime | None = None) -> Self:
        """The page of this actor at the aware instant `now` (the present one when left out)."""
        now = now or timezone.now()
        day = london.today(now)
        clinician = actor.role is Role.CLINICIAN
        ours = Command.objects.for_organisation(actor.organisation)
        unsettled = ours.unsettled().order_by("starts_at")
        if clinician:
            unsettled = unsettled.filter(user=actor.user)
        return cls(
            today=f"{day:%A} {day.day} {day:%B %Y}",
            unsettled=tuple(BookingRow.of(command, now) for command in unsettled),
            bookings=() if clinician else tuple(_bookings_today(actor, now)),
            recent=tuple(_recent(actor, now)) if clinician else (),
        )


def _bookings_today(actor: Actor, now: datetime) -> list[BookingRow]:
    """Appointments of London's today that the organisation booked, each in its last known state."""
    begins = london.midnight(london.today(now))
    done = (
        Command.objects.for_organisation(actor.organisation)
        .filter(state=State.DONE, starts_at__gte=begins, starts_at__lt=begins + timedelta(days=1))
        .order_by("starts_at", "settled_at")
    )
    latest: dict[tuple[int, str], Command] = {}
    for command in done:
        latest[command.practice_id, command.appointment_id] = command
    return [BookingRow.of(command, now) for command in latest.values()]


def _recent(actor: Actor, now: datetime) -> list[RecentPatient]:
    """The user's own encounters of the last hours, the newest for each patient."""
    rows: dict[str, RecentPatient] = {}
    for encounter in Encounter.objects.for_actor(actor).filter(opened_at__gte=now - RECENT):
        rows.setdefault(
            encounter.nhs_number,
            RecentPatient(
                str(encounter.pk),
                full_name(encounter.name),
                nhs_number.spaced(encounter.nhs_number),
                moment(encounter.opened_at, now),
            ),
        )
    return list(rows.values())[:RECENT_SHOWN]


def _state(command: Command) -> tuple[str, str]:
    """In words, and the tag's colour."""
    match State(command.state), Kind(command.kind):
        case State.DONE, Kind.CANCEL:
            return "Cancelled", "grey"
        case State.DONE, _ if command.result.get("status") == "cancelled":
            return "Cancelled by the practice", "red"
        case State.DONE, Kind.AMEND:
            return "Booked, amended", "green"
        case State.DONE, _:
            return "Booked", "green"
        case State.NEEDS_ATTENTION, _:
            return "Needs attention", "red"
        case _, kind:
            return f"{kind.label}: not confirmed yet", "orange"

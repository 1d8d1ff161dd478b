"""The organisation's bookings: what is not settled first, then a day's. [IG-6]"""

from dataclasses import dataclass
from datetime import date, timedelta

from booking_portal.appointments.presenters import wording
from booking_portal.appointments.presenters.cards import AppointmentCard, card_of_command
from booking_portal.appointments.presenters.following import last_seen
from booking_portal.appointments.presenters.standings import standing_of
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind
from booking_portal.commands.worklist import Day
from booking_portal.patients.presenters import full_name
from gpconnect import london, nhs_number

TAG = {"good": "green", "waiting": "yellow", "bad": "red"}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One command in a list."""

    command_id: str
    patient: str
    nhs_number: str
    what: str
    registration: bool
    card: AppointmentCard
    practice: str
    telephone: str
    standing: str
    tag: str
    seen: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """The bookings page of one day."""

    title: str
    day: date
    is_today: bool
    before: str
    after: str
    unsettled: tuple[WorkRow, ...]
    on_the_day: tuple[WorkRow, ...]
    made_that_day: tuple[WorkRow, ...]

    @classmethod
    def of(cls, day: date, unsettled: list[Command], found: Day) -> "WorklistPage":
        """The page for London's day."""
        return cls(
            title=wording.long_date(day),
            day=day,
            is_today=day == london.today(),
            before=(day - timedelta(days=1)).isoformat(),
            after=(day + timedelta(days=1)).isoformat(),
            unsettled=tuple(row_of(command) for command in unsettled),
            on_the_day=tuple(row_of(command) for command in found.appointments),
            made_that_day=tuple(row_of(command) for command in found.made_for_other_days),
        )


def row_of(command: Command) -> WorkRow:
    """A command as one row."""
    card = card_of_command(command)
    standing = standing_of(command, card)
    return WorkRow(
        command_id=str(command.pk),
        patient=full_name(command.encounter.name),
        nhs_number=nhs_number.spaced(command.nhs_number),
        what=command.get_kind_display(),
        registration=command.kind == Kind.REGISTER,
        card=card,
        practice=f"{command.practice.name}, {command.practice.town}",
        telephone=command.practice.telephone,
        standing=standing.title,
        tag=TAG[standing.tone],
        seen=last_seen(command),
        asked_by=f"{command.user.full_name}, {wording.clock_on_day(command.created_at)}",
    )

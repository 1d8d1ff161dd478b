"""The organisation's bookings: what is not over first, then a day's. [IG-6]"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.presenters import wording
from booking_portal.appointments.presenters.cards import (
    AppointmentCard,
    card_of_command,
    card_of_nothing,
)
from booking_portal.appointments.presenters.following import ended, last_seen
from booking_portal.appointments.presenters.ringing_back import owner_of
from booking_portal.appointments.presenters.saga_standings import About, standing_of_saga
from booking_portal.appointments.presenters.sagas import SagaRow
from booking_portal.appointments.presenters.standings import standing_of, standing_of_restricted
from booking_portal.commands.follow_up import worker
from booking_portal.commands.follow_up.worklist import Day, Work
from booking_portal.commands.models import Command
from booking_portal.commands.ringing_back import dealing_with
from booking_portal.commands.states import Kind, State
from booking_portal.patients.presenters import full_name
from gpconnect import london, nhs_number

TAG = {"good": "green", "waiting": "yellow", "bad": "red"}


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One command in a list. `saga_id`: what it is a step of, where that is to be followed.

    `notes` is what the list adds; of a restricted patient the rest is empty. [PDS-3]
    """

    command_id: str
    saga_id: str
    patient: str
    nhs_number: str
    what: str
    registration: bool
    restricted: bool
    card: AppointmentCard
    practice: str
    telephone: str
    standing: str
    tag: str
    seen: str
    asked_by: str
    urgent: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorkRows:
    """The lists of `commands.worklist.Work`, as rows."""

    sagas: tuple[SagaRow, ...]
    attention: tuple[WorkRow, ...]
    waiting: tuple[WorkRow, ...]
    ring_back: tuple[WorkRow, ...]
    settled: tuple[WorkRow, ...]

    @classmethod
    def of(cls, work: Work, actor: Actor) -> "WorkRows":
        """Each row with what its list is about."""
        return cls(
            sagas=tuple(SagaRow.of(saga, actor) for saga in work.sagas),
            attention=tuple(
                _of_work(
                    command,
                    owner_of(command, actor),
                    _since(command),
                    urgent="Waiting too long" if _escalated(command) else "",
                )
                for command in work.attention
            ),
            waiting=tuple(_of_work(command) for command in work.waiting),
            ring_back=tuple(
                _of_work(
                    command,
                    f"Ring {command.ring_back}" if command.ring_back else "No number is known",
                    owner_of(command, actor),
                    _settled(command),
                )
                for command in work.ring_back
            ),
            settled=tuple(_of_work(command, _settled(command)) for command in work.settled),
        )


@dataclass(frozen=True, slots=True)
class WorklistPage:
    """The bookings page of one day. `worker_silent`: says that nothing is settled by itself."""

    title: str
    day: date
    is_today: bool
    before: str
    after: str
    worker_silent: str
    work: WorkRows
    on_the_day: tuple[WorkRow, ...]
    made_that_day: tuple[WorkRow, ...]
    registered_that_day: tuple[WorkRow, ...]

    @classmethod
    def of(cls, day: date, work: Work, found: Day, actor: Actor) -> "WorklistPage":
        """The page for London's day."""
        return cls(
            title=wording.long_date(day),
            day=day,
            is_today=day == london.today(),
            before=(day - timedelta(days=1)).isoformat(),
            after=(day + timedelta(days=1)).isoformat(),
            worker_silent=worker_silent(),
            work=WorkRows.of(work, actor),
            on_the_day=tuple(row_of(command) for command in found.appointments),
            made_that_day=tuple(row_of(command) for command in found.made_for_other_days),
            registered_that_day=tuple(row_of(command) for command in found.registrations),
        )


def worker_silent() -> str:
    """Since when nothing is settled in the background; empty while all is well."""
    if worker.is_here():
        return ""
    seen = worker.last_seen()
    when = f"last seen {wording.clock_on_day(seen)}" if seen else "not seen for a while"
    return f"The portal is not settling bookings by itself just now ({when}). Tell support."


def _of_work(command: Command, *notes: str, urgent: str = "") -> WorkRow:
    """A row that leads to what is to be done: a step's, to the page of both, in its words."""
    row = row_of(command, *notes, urgent=urgent)
    if command.saga is None or row.restricted:
        return row
    both = standing_of_saga(command.saga, About.of(command.saga))
    saga_id = str(command.saga_id)
    return replace(row, saga_id=saga_id, what="Book", standing=both.title, tag=TAG[both.tone])


def row_of(command: Command, *notes: str, urgent: str = "") -> WorkRow:
    """A command as one row."""
    restricted = command.encounter.restricted
    card = card_of_nothing() if restricted else card_of_command(command)
    standing = standing_of_restricted(command) if restricted else standing_of(command, card)
    practice = command.practice
    return WorkRow(
        command_id=str(command.pk),
        saga_id="",
        patient="Not shown" if restricted else full_name(command.encounter.name),
        nhs_number="" if restricted else nhs_number.spaced(command.nhs_number),
        what=command.get_kind_display(),
        registration=command.kind == Kind.REGISTER,
        restricted=restricted,
        card=card,
        practice="" if restricted else f"{practice.name}, {practice.town}",
        telephone="" if restricted else practice.telephone,
        standing=command.get_state_display() if restricted else standing.title,
        tag=TAG[standing.tone],
        seen="" if restricted else last_seen(command),
        asked_by=wording.who_and_when(command.user, command.created_at),
        urgent=urgent,
        notes=tuple(note for note in notes if note),
    )


def _escalated(command: Command) -> bool:
    return command.escalated_at is not None and not dealing_with(command)


def _since(command: Command) -> str:
    at = command.attention_at if command.state == State.NEEDS_ATTENTION else command.settled_at
    return f"Since {wording.clock_on_day(at)}" if at else ""


def _settled(command: Command) -> str:
    """Since when it is certain; and how it became so, where not by the practice's own answer."""
    if command.settled_at is None:
        return ""
    since, how = f"Certain since {wording.clock_on_day(command.settled_at)}", ended(command)
    return f"{since}: {how}" if how else since

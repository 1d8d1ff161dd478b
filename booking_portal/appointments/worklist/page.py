"""The organisation's bookings: what is not over first, then a day's. [IG-6]"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.messages.command import resolution_in_words
from booking_portal.appointments.messages.message import TAG
from booking_portal.appointments.messages.saga import About, message_for_saga
from booking_portal.appointments.messages.work_rows import SagaRow, WorkRow, row_of, urgent_of
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.owner import who_deals
from booking_portal.commands import monitoring
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.commands.worklist.queries import Day, Work
from gpconnect import london


@dataclass(frozen=True, slots=True)
class WorkRows:
    """The lists of `commands.worklist.queries.Work`, as rows."""

    sagas: tuple[SagaRow, ...]
    attention: tuple[WorkRow, ...]
    waiting: tuple[WorkRow, ...]
    callbacks: tuple[WorkRow, ...]
    settled: tuple[WorkRow, ...]

    @classmethod
    def of(cls, work: Work, actor: Actor) -> "WorkRows":
        """Each row with what its list is about."""
        return cls(
            sagas=tuple(SagaRow.of(saga, actor) for saga in work.sagas),
            attention=tuple(
                _of_work(
                    command,
                    who_deals(command, actor),
                    _since(command),
                    urgent=urgent_of(command),
                )
                for command in work.attention
            ),
            waiting=tuple(_of_work(command) for command in work.waiting),
            callbacks=tuple(
                _of_work(
                    command,
                    f"Ring {command.ring_back}" if command.ring_back else "No number is known",
                    who_deals(command, actor),
                    _settled(command),
                )
                for command in work.callbacks
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
            title=formatting.long_date(day),
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
    if monitoring.worker_is_alive():
        return ""
    seen = monitoring.worker_last_seen()
    when = f"last seen {formatting.clock_on_day(seen)}" if seen else "not seen for a while"
    return f"The portal is not settling bookings by itself just now ({when}). Tell support."


def _of_work(command: Command, *notes: str, urgent: str = "") -> WorkRow:
    """A row that leads to what is to be done: a step's, to the page of both, in its words."""
    row = row_of(command, *notes, urgent=urgent)
    if command.saga is None or row.restricted:
        return row
    both = message_for_saga(command.saga, About.of(command.saga))
    saga_id = str(command.saga_id)
    return replace(row, saga_id=saga_id, what="Book", message=both.title, tag=TAG[both.tone])


def _since(command: Command) -> str:
    at = command.attention_at if command.state == State.NEEDS_ATTENTION else command.settled_at
    return f"Since {formatting.clock_on_day(at)}" if at else ""


def _settled(command: Command) -> str:
    """Since when it is certain; and how it became so, where not by the practice's own answer."""
    if command.settled_at is None:
        return ""
    since, how = (
        f"Certain since {formatting.clock_on_day(command.settled_at)}",
        resolution_in_words(command),
    )
    return f"{since}: {how}" if how else since

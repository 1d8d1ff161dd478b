"""The database's times of commands and sagas moved instead of waited for, and the worker's ticks.

Nothing sleeps: a test moves a time, and runs what the worker runs when that time has come.
"""

from datetime import timedelta
from typing import TypeVar

from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery import recovery, turns
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage, stage_of
from booking_portal.commands.sagas import orchestrator
from booking_portal.commands.tasks import settle_due
from booking_portal.practices.models import Practice

Row = TypeVar("Row", Command, Saga)


def set_clocks(row: Row, **seconds_from_now: int) -> Row:
    """Set these times of it by the database's clock. Returns it, read anew."""
    now = database_now()
    times = {name: now + timedelta(seconds=by) for name, by in seconds_from_now.items()}
    type(row).objects.filter(pk=row.pk).update(**times)
    row.refresh_from_db()
    return row


def settled(command: Command, *, dead: bool = False) -> Command:
    """After the worker's next tick, for which it is due.

    `dead`: so late that it can no longer arrive, and is not sent again.
    """
    _make_due(command, dead=dead)
    assert settle_due() == 1
    command.refresh_from_db()
    return command


def settled_alone(command: Command, *, dead: bool = False) -> Command:
    """The same, when the worker did nothing else: its saga has not gone on."""
    _make_due(command, dead=dead)
    for due in claimed():
        recovery.settle(due)
    command.refresh_from_db()
    return command


def claimed() -> list[Command]:
    """What is due, claimed as for one process: the first at each practice."""
    firsts = map(turns.claim_at, Practice.objects.order_by("pk"))
    return [first for first in firsts if first is not None]


def continued(saga: Saga) -> Stage:
    """The saga's stage after the worker's next tick, for which it is due if it is to go on."""
    Saga.objects.filter(pk=saga.pk, next_try_at__isnull=False).update(
        next_try_at=database_now() - timedelta(seconds=1)
    )
    orchestrator.continue_due()
    return stage_of(Saga.objects.get(pk=saga.pk))


def _make_due(command: Command, *, dead: bool) -> None:
    set_clocks(command, next_look_at=-1)
    if dead:
        set_clocks(command, request_dead_at=-3600, created_at=-3600)

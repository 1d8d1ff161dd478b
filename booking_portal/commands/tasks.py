"""Celery: what the worker does by itself, every few seconds, all of it from the database."""

from typing import Final

from celery import shared_task

from booking_portal.commands.delivery.recovery import settle
from booking_portal.commands.delivery.turns import due_in_turn
from booking_portal.commands.restores.hold import watch_for_restore
from booking_portal.commands.restores.reconciliation import reconcile_due
from booking_portal.commands.sagas import orchestrator
from booking_portal.commands.task_loop import at_most, process_claimed
from booking_portal.commands.worklist import escalation

BUSY_SECONDS: Final = 10.0
"""For how long one tick takes up more; others run beside it, and the next is never far."""

SETTLING, GOING_ON, RECONCILING, ESCALATING = 7, 2, 1, 1
"""So many of a worker's twelve threads each may hold; one is always free for what is quick."""


@shared_task(name="booking_portal.commands.tasks.settle_due")
@at_most(SETTLING)
def settle_due() -> int:
    """Look for the effect of every command that is due; returns how many were looked at.

    Raises: as `task_loop.process_claimed`.
    """
    watch_for_restore()  # a restored database is noticed before anything is sent
    return process_claimed(due_in_turn(BUSY_SECONDS), settle, "commands")


@shared_task(name="booking_portal.commands.tasks.go_on_due")
@at_most(GOING_ON)
def go_on_due() -> int:
    """Go on with the second steps that are due; returns how many."""
    return orchestrator.continue_due()


@shared_task(name="booking_portal.commands.tasks.escalate_due")
@at_most(ESCALATING)
def escalate_due() -> int:
    """Escalate what nobody has taken over in time; returns how many."""
    return escalation.escalate_overdue()


@shared_task(name="booking_portal.commands.tasks.reconcile_after_restore")
@at_most(RECONCILING)
def reconcile_after_restore() -> int:
    """Compare some of what is due after a restore with the practices; returns how many."""
    return reconcile_due()

"""Celery: what the worker does by itself, every few seconds, all of it from the database."""

import time
from collections.abc import Iterator

from celery import shared_task

from booking_portal.commands.delivery.recovery import claim_due, settle
from booking_portal.commands.models import Command
from booking_portal.commands.restores.hold import watch_for_restore
from booking_portal.commands.restores.reconciliation import reconcile_due
from booking_portal.commands.sagas import orchestrator
from booking_portal.commands.task_loop import process_claimed
from booking_portal.commands.worklist import escalation

BUSY_SECONDS = 10.0
"""For how long one tick takes up more; others run beside it, and the next is never far."""


@shared_task(name="booking_portal.commands.tasks.settle_due")
def settle_due() -> int:
    """Look for the effect of every command that is due; returns how many were looked at.

    Raises: as `task_loop.process_claimed`.
    """
    watch_for_restore()  # a restored database is noticed before anything is sent
    return process_claimed(_due_for(BUSY_SECONDS), settle, "commands")


def _due_for(seconds: float) -> Iterator[Command]:
    """Claimed one by one, so that none waits claimed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and (due := claim_due()):
        yield from due


@shared_task(name="booking_portal.commands.tasks.go_on_due")
def go_on_due() -> int:
    """Go on with the second steps that are due; returns how many."""
    return orchestrator.continue_due()


@shared_task(name="booking_portal.commands.tasks.escalate_due")
def escalate_due() -> int:
    """Escalate what nobody has taken over in time; returns how many."""
    return escalation.escalate_overdue()


@shared_task(name="booking_portal.commands.tasks.reconcile_after_restore")
def reconcile_after_restore() -> int:
    """Compare some of what is due after a restore with the practices; returns how many."""
    return reconcile_due()

"""Celery: what the worker does by itself, every few seconds, all of it from the database."""

import time

from celery import shared_task

from booking_portal.commands.follow_up import escalating
from booking_portal.commands.restores.reconciling import reconcile_due
from booking_portal.commands.restores.restoring import watch
from booking_portal.commands.settling import claim_due, settle
from booking_portal.commands.steps import sagas

BUSY_SECONDS = 10.0
"""For how long one tick takes up more; others run beside it, and the next is never far."""


@shared_task(name="booking_portal.commands.tasks.settle_due")
def settle_due() -> int:
    """Look for the effect of every command that is due; returns how many were looked at.

    They are claimed one by one, so that none waits claimed. One command that cannot be looked at
    does not keep the others waiting; its claim runs out and it is tried again.

    Raises: ExceptionGroup of what went wrong, for the worker's log.
    """
    watch()  # a restored database is noticed before anything is sent
    until = time.monotonic() + BUSY_SECONDS
    looked_at = 0
    failures: list[Exception] = []
    while time.monotonic() < until and (due := claim_due()):
        for command in due:
            looked_at += 1
            try:
                settle(command)
            except Exception as failure:  # noqa: BLE001 - gathered, and raised below
                failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {looked_at} commands", failures)
    return looked_at


@shared_task(name="booking_portal.commands.tasks.go_on_due")
def go_on_due() -> int:
    """Go on with the second steps that are due; returns how many."""
    return sagas.go_on_due()


@shared_task(name="booking_portal.commands.tasks.escalate_due")
def escalate_due() -> int:
    """Escalate what nobody has taken over in time; returns how many."""
    return escalating.escalate_due()


@shared_task(name="booking_portal.commands.tasks.reconcile_after_restore")
def reconcile_after_restore() -> int:
    """Compare some of what is due after a restore with the practices; returns how many."""
    return reconcile_due()

"""Celery: the tick that settles what is due, and what follows a restore."""

import time

from celery import shared_task

from booking_portal.commands.escalating import escalate_due
from booking_portal.commands.reconciling import reconcile_due
from booking_portal.commands.restoring import watch
from booking_portal.commands.settling import claim_due, settle

BUSY_SECONDS = 20.0
"""For how long one tick takes up more; others run beside it, and the next is never far."""


@shared_task(name="booking_portal.commands.tasks.settle_due")
def settle_due() -> int:
    """Look for the effect of every command that is due; returns how many were looked at.

    They are claimed one by one, so that none waits claimed. One command that cannot be looked at
    does not keep the others waiting; its claim runs out and it is tried again.

    Raises: ExceptionGroup of what went wrong, for the worker's log.
    """
    escalate_due()
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


@shared_task(name="booking_portal.commands.tasks.reconcile_after_restore")
def reconcile_after_restore() -> int:
    """Compare some of what is due after a restore with the practices; returns how many."""
    return reconcile_due()

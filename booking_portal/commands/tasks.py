"""Celery: the tick that settles what is due."""

from celery import shared_task

from booking_portal.commands.settling import claim_due, settle


@shared_task(name="booking_portal.commands.tasks.settle_due")
def settle_due() -> int:
    """Look for the effect of every command that is due; returns how many were looked at.

    One command that cannot be looked at does not keep the others waiting; its claim runs out
    and it is tried again.

    Raises: ExceptionGroup of what went wrong, for the worker's log.
    """
    due = claim_due()
    failures: list[Exception] = []
    for command in due:
        try:
            settle(command)
        except Exception as failure:  # noqa: BLE001 - gathered, and raised below
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(due)} commands", failures)
    return len(due)

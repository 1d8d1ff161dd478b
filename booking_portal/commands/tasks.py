"""Celery: the tick that settles what is due."""

from celery import shared_task

from booking_portal.commands.settling import claim_due, settle


@shared_task(name="booking_portal.commands.tasks.settle_due")
def settle_due() -> int:
    """Look for the effect of every command that is due; returns how many were looked at."""
    due = claim_due()
    for command in due:
        settle(command)
    return len(due)

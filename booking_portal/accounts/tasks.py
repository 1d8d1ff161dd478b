"""What the worker does for accounts."""

from celery import shared_task

from booking_portal.accounts import kept_forms


@shared_task(name="booking_portal.accounts.tasks.forget_forms")
def forget_forms() -> None:
    """Delete what was typed into forms that nobody has come back to in time."""
    kept_forms.forget_old()

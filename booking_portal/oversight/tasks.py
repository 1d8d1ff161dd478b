"""What the worker does for oversight."""

from celery import shared_task

from booking_portal.oversight import health


@shared_task(name="booking_portal.oversight.tasks.worker_seen")
def worker_seen() -> None:
    """Leave word that a worker is alive and beat is beating."""
    health.worker_is_here()

"""What the worker does for oversight."""

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from booking_portal.commands.monitoring import keep_worker_seen


@shared_task(name="booking_portal.oversight.tasks.worker_seen")
def worker_seen() -> None:
    """Leave word that a worker is alive and beat is beating."""
    keep_worker_seen()


@worker_ready.connect
def worker_ready_now(**_: Any) -> None:
    """Not only at beat's next round."""
    keep_worker_seen()

"""What the worker does for oversight."""

import time
from typing import Any, Final

from celery import shared_task
from celery.signals import heartbeat_sent, task_postrun, task_prerun, worker_ready

from booking_portal import metrics
from booking_portal.commands.monitoring import keep_worker_alive, keep_worker_seen
from booking_portal.logs import REQUEST_ID

ALIVE_EVERY_SECONDS: Final = 10.0
_alive_at: list[float] = []


@shared_task(name="booking_portal.oversight.tasks.worker_seen")
def worker_seen() -> None:
    """Leave word that a worker is alive and beat is beating."""
    keep_worker_seen()


@worker_ready.connect
def worker_ready_now(**_: Any) -> None:
    """Not only at beat's next round."""
    keep_worker_seen()


@heartbeat_sent.connect
def worker_lives(**_: Any) -> None:
    """The worker's main loop turns and Redis hears it: Celery says so every two seconds."""
    now = time.monotonic()
    if not _alive_at or now - _alive_at[-1] >= ALIVE_EVERY_SECONDS:
        _alive_at[:] = [now]
        keep_worker_alive()


@task_prerun.connect
def task_begins(task_id: str = "", **_: Any) -> None:
    """Its lines are told by its id, unless it is done within a request."""
    if not REQUEST_ID.get():
        REQUEST_ID.set(task_id)


@task_postrun.connect
def task_ended(task: Any = None, state: str | None = None, task_id: str = "", **_: Any) -> None:
    """Count it, hand on what this worker has counted, and let go of its id."""
    if REQUEST_ID.get() == task_id:
        REQUEST_ID.set("")
    metrics.TASKS.count(str(getattr(task, "name", "")), (state or "unknown").lower())
    metrics.send()

"""Whether anybody settles commands in the background: the worker leaves word that it is there."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

WORKER_KEY = "worker-seen"
SILENCE = timedelta(seconds=60)
"""Beat leaves word every 20 seconds."""
REMEMBERED_SECONDS = 24 * 60 * 60


def worker_is_here() -> None:
    """A worker says that it is alive; the cache may forget it, and then it says so again."""
    cache.set(WORKER_KEY, timezone.now().isoformat(), REMEMBERED_SECONDS)


def last_seen() -> datetime | None:
    """When a worker was last alive (UTC); None when nobody remembers, or Redis is away."""
    seen = cache.get(WORKER_KEY)
    return datetime.fromisoformat(seen) if seen else None


def is_here() -> bool:
    """Whether a worker has been seen within the last minute."""
    seen = last_seen()
    return seen is not None and timezone.now() - seen <= SILENCE

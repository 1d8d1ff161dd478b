"""Whether anybody settles commands in the background, and how far behind that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Min
from django.utils import timezone

from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import LOOKED_FOR
from booking_portal.integration import trust

WORKER_KEY = "worker-seen"
WORKER_ALIVE_KEY = "worker-alive"
WORKER_REFUSES_KEY = "worker-refuses"
SILENCE = timedelta(seconds=60)
"""Beat leaves word every 20 seconds."""
REMEMBERED_SECONDS = 24 * 60 * 60


def keep_worker_seen() -> None:
    """A worker says that it is alive, and which files on its disk it refuses; the cache may forget
    it, and then it says so again."""
    cache.set(WORKER_KEY, timezone.now().isoformat(), REMEMBERED_SECONDS)
    cache.set(WORKER_REFUSES_KEY, trust.refused(), REMEMBERED_SECONDS)


def worker_last_seen() -> datetime | None:
    """When a worker was last alive (UTC); None when nobody remembers, or Redis is away."""
    seen = cache.get(WORKER_KEY)
    return datetime.fromisoformat(seen) if seen else None


def keep_worker_alive() -> None:
    """A worker says that it runs and hears Redis, whether or not beat gives it anything to do."""
    cache.set(WORKER_ALIVE_KEY, timezone.now().isoformat(), REMEMBERED_SECONDS)


def worker_last_alive() -> datetime | None:
    """When a worker last said so (UTC); None when nobody remembers, or Redis is away."""
    alive = cache.get(WORKER_ALIVE_KEY)
    return datetime.fromisoformat(alive) if alive else None


def worker_refuses() -> list[str]:
    """Whose renewed files the worker that was seen last refuses, and why; one sentence each."""
    return cache.get(WORKER_REFUSES_KEY) or []


def worker_is_alive() -> bool:
    """Whether a worker has been seen within the last minute."""
    seen = worker_last_seen()
    return seen is not None and timezone.now() - seen <= SILENCE


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of all organisations: how many are not certain, and for how long the oldest look is due."""

    unsettled: int
    late: timedelta


def backlog() -> Backlog:
    """As it is now."""
    looked_for = Command.objects.filter(state__in=LOOKED_FOR)
    oldest = looked_for.aggregate(due=Min("next_look_at"))["due"]
    late = database_now() - oldest if oldest else timedelta(0)
    return Backlog(Command.objects.unsettled().count(), max(late, timedelta(0)))

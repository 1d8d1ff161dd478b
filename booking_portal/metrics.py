"""What is counted, as one sum over every web and worker process, in whatever container they run.

The sums are in Redis, and any web process tells them. The files of prometheus_client's own mode
for several processes lie in one directory, which containers on other machines do not share, and
each process that ever was leaves files of its own. When Redis was emptied the sums begin at
nothing, which Prometheus takes for what it is; while Redis is away each process keeps what it
counts until it is back. A batch whose end nobody heard may be counted twice: rare, and no reason to
trouble anybody.

Labels have few values: no person, no address with an id, no text of anybody's.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from django.conf import settings
from redis import Redis

from booking_portal.redis_fallback import RedisOrAlone, redis_client

KEY: Final = "metrics"
"""The hash in Redis that has the sums."""
_REDIS_SECONDS: Final = 0.2
_SECONDS: Final = "seconds"
_OVER: Final = "+Inf"


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that is counted by its labels; with `buckets` (seconds), how long it took too."""

    name: str
    says: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    def count(self, *values: str) -> None:
        """Once more."""
        _sums.add({_field(self.name, values): 1})

    def took(self, seconds: float, *values: str) -> None:
        """Once more, and how long it took."""
        bucket = next((str(limit) for limit in self.buckets if seconds <= limit), _OVER)
        _sums.add(
            {
                _field(self.name, (*values, bucket)): 1,
                _field(self.name, (*values, _SECONDS)): seconds,
            }
        )


_TO_PRACTICES: Final = (0.1, 0.25, 0.5, 1, 2, 4, 8, 12)
_OF_PAGES: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

EXCHANGES: Final = Counter(
    "portal_exchange_seconds",
    "Exchanges with practices, SDS and PDS, and how long they took.",
    ("service", "interaction", "outcome"),
    _TO_PRACTICES,
)
PRACTICES: Final = Counter(
    "portal_practice_exchanges",
    "Exchanges with each practice, by whether it answered.",
    ("practice", "outcome"),
)
PAGES: Final = Counter(
    "portal_page_seconds",
    "Requests by the page's name, and how long they took.",
    ("page", "method", "status"),
    _OF_PAGES,
)
TASKS: Final = Counter(
    "portal_tasks", "What workers have done, by task and how it ended.", ("task", "outcome")
)
POOL: Final = Counter(
    "portal_search_pool_wait_seconds",
    "How long a practice's part of a search waited for a thread.",
    (),
    _OF_PAGES,
)
COUNTERS: Final = (EXCHANGES, PRACTICES, PAGES, TASKS, POOL)


@dataclass(frozen=True, slots=True)
class Sum:
    """All that was counted under one set of labels; `buckets` as Prometheus has them: each holds
    those before it, the last all. `seconds` is what all of them took together."""

    values: tuple[str, ...]
    total: float
    buckets: tuple[tuple[str, float], ...] = ()
    seconds: float = 0.0


def send() -> None:
    """Add to the sums what this process has counted since it last did."""
    _sums.send()


def sums() -> Mapping[str, list[Sum]]:
    """The sums of all processes, by the counter's name.

    Raises: RedisError when Redis is away.
    """
    raw = cast("dict[bytes, bytes]", _redis().hgetall(KEY))
    found: dict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for field, value in raw.items():
        name, *values = json.loads(field)
        found[name][tuple(values)] = float(value)
    return {counter.name: _sums_of(counter, found[counter.name]) for counter in COUNTERS}


def _sums_of(counter: Counter, found: Mapping[tuple[str, ...], float]) -> list[Sum]:
    """What an earlier version counted by other labels is left out."""
    width = len(counter.labels)
    if not counter.buckets:
        return [Sum(values, n) for values, n in sorted(found.items()) if len(values) == width]
    limits = [*map(str, counter.buckets), _OVER]
    result = []
    for values in sorted({one[:-1] for one in found if len(one) == width + 1}):
        total, buckets = 0.0, []
        for limit in limits:
            total += found.get((*values, limit), 0.0)
            buckets.append((limit, total))
        seconds = found.get((*values, _SECONDS), 0.0)
        result.append(Sum(values, total, tuple(buckets), seconds))
    return result


class _Sums:
    """What this process has counted and not yet sent. Thread-safe."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._redis_or_alone = RedisOrAlone("this process keeps what it counts")

    def add(self, counted: Mapping[str, float]) -> None:
        with self._lock:
            for field, number in counted.items():
                self._waiting[field] += number

    def send(self) -> None:
        with self._lock:
            batch = dict(self._waiting)
            self._waiting.clear()
        if batch:
            self._redis_or_alone.ask(lambda: self._send(batch), lambda: self.add(batch))

    @staticmethod
    def _send(batch: Mapping[str, float]) -> None:
        with _redis().pipeline(transaction=True) as together:
            for field, number in batch.items():
                together.hincrbyfloat(KEY, field, number)
            together.execute()


_sums: Final = _Sums()


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return redis_client(settings.REDIS_URL, _REDIS_SECONDS)


def queued() -> int:
    """How many tasks wait for a worker. Raises: RedisError when Redis is away."""
    return _redis().llen("celery")


def redis_connections() -> int:
    """How many clients Redis has. Raises: RedisError when Redis is away."""
    return int(cast("dict[str, int]", _redis().info("clients"))["connected_clients"])


def forget() -> None:
    """Let all sums begin at nothing, in this process and in Redis (for tests)."""
    with _sums._lock:
        _sums._waiting.clear()
    _redis().delete(KEY)


def _field(name: str, values: Iterable[str]) -> str:
    return json.dumps([name, *values])

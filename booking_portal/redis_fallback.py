"""Redis, or this process alone while Redis is away: slower or stricter then, never broken."""

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

AWAY_SECONDS: Final = 5.0
"""For how long Redis is not asked again after it has failed, so that nobody waits each time."""

Result = TypeVar("Result")


def redis_client(redis_url: str, seconds: float) -> Redis:
    """A Redis that is waited for so long: to connect, and for each answer."""
    return Redis.from_url(redis_url, socket_timeout=seconds, socket_connect_timeout=seconds)


class RedisOrAlone:
    """Asks Redis, or, for AWAY_SECONDS after it has failed, this process. Thread-safe.

    `instead` says for the log what this process does then. `on_leaving` is called when Redis goes
    away, and not again before it has answered.
    """

    def __init__(
        self,
        instead: str,
        on_leaving: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._instead = instead
        self._on_leaving = on_leaving
        self._clock = clock
        self._away_until = 0.0
        self._was_away = False

    def ask(self, shared: Callable[[], Result], alone: Callable[[], Result]) -> Result:
        """What `shared` says; what `alone` does where that raises a RedisError, or just has."""
        if self._clock() >= self._away_until:
            try:
                result = shared()
            except RedisError as error:
                self._gone(error)
            else:
                self._was_away = False
                return result
        return alone()

    def _gone(self, error: RedisError) -> None:
        self._away_until = self._clock() + AWAY_SECONDS
        if not self._was_away and self._on_leaving is not None:
            self._on_leaving()
        self._was_away = True
        log.warning("redis is away, %s: %s", self._instead, type(error).__name__)

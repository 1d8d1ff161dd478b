"""Redis as a cache that may be away: slower then, never broken."""

import json
import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

AWAY_SECONDS = 5.0


class JSONSerializer:
    """JSON instead of pickle: what comes out of a cache can never run."""

    def dumps(self, value: Any) -> bytes | int:
        """Text for Redis; whole numbers stay numbers so that they can be counted up."""
        if type(value) is int:
            return value
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: Any) -> Any:
        """The value that was stored; what is none of ours reads as nothing."""
        try:
            return json.loads(data)
        except ValueError:
            log.warning("redis held a value that is not JSON")
            return None


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; a Redis that is away reads as empty and swallows writes.

    After a failure it is not asked again for some seconds, so that a page with many look-ups
    does not wait for each.
    """

    _away_until = 0.0

    def get(self, *args: Any, **kwargs: Any) -> Any:
        default = kwargs.get("default", args[1] if len(args) > 1 else None)
        return self._try(lambda: RedisCache.get(self, *args, **kwargs), default)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(lambda: RedisCache.get_many(self, *args, **kwargs), {})

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._try(lambda: RedisCache.set(self, *args, **kwargs), None)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(lambda: RedisCache.set_many(self, *args, **kwargs), [])

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(lambda: RedisCache.add(self, *args, **kwargs), True)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(lambda: RedisCache.delete(self, *args, **kwargs), False)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(lambda: RedisCache.touch(self, *args, **kwargs), False)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._try(lambda: RedisCache.has_key(self, *args, **kwargs), False)

    def reachable(self) -> bool:
        """Whether Redis answers now (for /healthz)."""
        try:
            client: Redis = self._cache.get_client(None)
            return bool(client.ping())
        except RedisError:
            return False

    def _try(self, action: Callable[[], Any], otherwise: Any) -> Any:
        if time.monotonic() < ForgivingRedisCache._away_until:
            return otherwise
        try:
            return action()
        except RedisError as error:
            ForgivingRedisCache._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("redis is away: %s", type(error).__name__)
            return otherwise

"""Redis as a cache that may be away: slower then, never broken."""

import json
import logging
from functools import partial
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.exceptions import RedisError

from booking_portal.redis_fallback import RedisOrAlone

log = logging.getLogger(__name__)

TRIES = "tries:"
"""What the keys of `booking_portal.patients.wrong_tries` begin with."""
COUNTED_ALONE = ("allauth:", TRIES)
"""What the keys of limits begin with: those of django-allauth guard sign-in."""


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
    does not wait for each. Only tries that are limited are counted all the same, by each process
    for itself and from nothing: with so many processes somebody has so many times the tries.
    """

    # Django makes one cache for each thread: whether Redis is away, they know together.
    _redis_or_alone = RedisOrAlone("this process reads it as empty")

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._alone = LocMemCache("while-redis-is-away", {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    def get(self, *args: Any, **kwargs: Any) -> Any:
        default = kwargs.get("default", args[1] if len(args) > 1 else None)
        return self._try("get", default, args, kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("get_many", {}, args, kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._try("set", None, args, kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("set_many", [], args, kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("add", True, args, kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        """Raises: ValueError where there is nothing to count up."""
        return self._try("incr", 1, args, kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("delete", False, args, kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("touch", False, args, kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("has_key", False, args, kwargs)

    def reachable(self) -> bool:
        """Whether Redis answers now (for /healthz)."""
        try:
            client: Redis = self._cache.get_client(None)
            return bool(client.ping())
        except RedisError:
            return False

    def _try(
        self, method: str, otherwise: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        def alone() -> Any:
            key = args[0] if args else kwargs.get("key")
            if isinstance(key, str) and key.startswith(COUNTED_ALONE):
                return getattr(self._alone, method)(*args, **kwargs)
            return otherwise

        in_redis = partial(getattr(RedisCache, method), self, *args, **kwargs)
        return self._redis_or_alone.ask(in_redis, alone)

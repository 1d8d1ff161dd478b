"""Which practices are silent: kept in Redis for all processes, in each process while it is away.

While Redis is away each process counts for itself, and begins with nothing counted: a practice
that does not answer then costs every process BREAKER_FAILURES exchanges before it is spared.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass
from typing import Final, TypeVar, cast

from redis.exceptions import RedisError

from booking_portal.redis_fallback import RedisOrAlone, redis_client

_REDIS_SECONDS: Final = 0.2
_TRIES: Final = 20  # others may change the same practice's state at the same moment

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class FailureRun:
    """A practice's run of failures: how many, and since when.

    A silence that was not waited for to its end is a part of a failure. `ask_at` is when one read
    may ask again, None while everything may. Times are seconds of the epoch, by Redis's clock.
    """

    failures: float
    since: float
    ask_at: float | None = None


Change = Callable[[FailureRun | None, float], tuple[FailureRun | None, Result]]
"""From a practice's state and the time: its next state, and what the caller wants to know.

May be called more than once.
"""


class TooManyAtOnce(RedisError):
    """The practice's state is too much in demand: as if Redis were away."""


class ProcessFailureRuns:
    """In this process alone; each practice's state is forgotten some time after it was last set."""

    def __init__(self, memory_seconds: float) -> None:
        self._memory = memory_seconds
        self._kept: dict[str, tuple[FailureRun, float]] = {}
        self._lock = threading.Lock()

    def change(self, ods_code: str, change: Change[Result]) -> Result:
        """Change one practice's state."""
        with self._lock:
            now = time.time()
            before = self._get(ods_code, now)
            after, result = change(before, now)
            if after is None:
                self._kept.pop(ods_code, None)
            elif after != before:
                self._kept[ods_code] = after, now + self._memory
            return result

    def all_of(self, ods_codes: Iterable[str]) -> dict[str, FailureRun]:
        """The states of those practices that have one."""
        with self._lock:
            now = time.time()
            found = {ods_code: self._get(ods_code, now) for ods_code in ods_codes}
        return {ods_code: run for ods_code, run in found.items() if run is not None}

    def forget(self) -> None:
        """Begin with nothing counted."""
        with self._lock:
            self._kept.clear()

    def _get(self, ods_code: str, now: float) -> FailureRun | None:
        run, until = self._kept.get(ods_code, (None, 0.0))
        return run if now < until else None


# Sets or deletes the state if it is still the one that the change was made from.
_SWAP: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""


class SharedFailureRuns:
    """In Redis, for all processes. Every method raises RedisError."""

    def __init__(self, redis_url: str, memory_seconds: float) -> None:
        self._redis = redis_client(redis_url, _REDIS_SECONDS)
        self._swap = self._redis.register_script(_SWAP)
        self._memory = round(memory_seconds * 1000)

    def change(self, ods_code: str, change: Change[Result]) -> Result:
        """Change one practice's state; nothing is written where it stays as it was."""
        for _ in range(_TRIES):
            with self._redis.pipeline(transaction=False) as both:
                both.get(key_of(ods_code))
                both.time()
                raw, (seconds, micros) = both.execute()
            before = _read(raw)
            after, result = change(before, seconds + micros / 1_000_000)
            if after == before or self._swap(
                keys=[key_of(ods_code)], args=[raw or b"", encoded(after), self._memory]
            ):
                return result
        raise TooManyAtOnce

    def all_of(self, ods_codes: Iterable[str]) -> dict[str, FailureRun]:
        """The states of those practices that have one."""
        codes = list(ods_codes)
        if not codes:
            return {}
        raw = cast("list[bytes | None]", self._redis.mget([key_of(code) for code in codes]))
        found = {code: _read(text) for code, text in zip(codes, raw, strict=True)}
        return {code: run for code, run in found.items() if run is not None}

    def close(self) -> None:
        """Close the connections to Redis."""
        self._redis.close()


class ForgivingFailureRuns:
    """In Redis, or, for some seconds after Redis has failed, in this process."""

    def __init__(self, redis_url: str, memory_seconds: float) -> None:
        self._shared = SharedFailureRuns(redis_url, memory_seconds)
        self._alone = ProcessFailureRuns(memory_seconds)
        self._redis_or_alone = RedisOrAlone(
            "this process counts silent practices itself", on_leaving=self._alone.forget
        )

    def change(self, ods_code: str, change: Change[Result]) -> Result:
        """As SharedFailureRuns, and never a RedisError."""
        return self._redis_or_alone.ask(
            lambda: self._shared.change(ods_code, change),
            lambda: self._alone.change(ods_code, change),
        )

    def all_of(self, ods_codes: Iterable[str]) -> dict[str, FailureRun]:
        """As SharedFailureRuns, and never a RedisError."""
        codes = list(ods_codes)
        return self._redis_or_alone.ask(
            lambda: self._shared.all_of(codes), lambda: self._alone.all_of(codes)
        )

    def close(self) -> None:
        """Close the connections to Redis."""
        self._shared.close()


def key_of(ods_code: str) -> str:
    """Where Redis keeps a practice's state."""
    return f"breaker:{ods_code}"


def encoded(run: FailureRun | None) -> bytes:
    """A state as Redis keeps it; nothing for none."""
    return b"" if run is None else json.dumps(astuple(run)).encode()


def _read(raw: bytes | None) -> FailureRun | None:
    return None if raw is None else FailureRun(*json.loads(raw))

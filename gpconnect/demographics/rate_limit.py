"""How often PDS is asked: so many times in any one second, people before background work. [PDS-5]

`ProcessRateLimit` keeps the limit for one process. An application of several processes hands in
a `RateLimit` of its own that they share.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from gpconnect.error_evidence import failure
from gpconnect.errors import DemographicsUnavailable, Origin

REQUESTS_PER_SECOND: Final = 5
"""What PDS allows an application unless agreed otherwise."""


class Urgency(StrEnum):
    """Who waits for the trace."""

    LIVE = "live"  # a person
    BACKGROUND = "background"  # nobody: what settles commands


class RateLimit(Protocol):
    """Lets requests to PDS leave one by one. Thread-safe."""

    def turn(self, urgency: Urgency, longest_wait: float) -> None:
        """Return when one request may leave, after `longest_wait` seconds at most.

        Background work is let through only while a good part of the second is left to people.

        Raises: DemographicsUnavailable (`PDS_BUSY`), when it would take longer.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Let nothing leave for a while: PDS has said so."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """In how many seconds a request may leave; not `granted`: ask again then."""

    granted: bool
    seconds: float


def kept_for_people(per_second: int) -> int:
    """How many requests of each second background work leaves alone."""
    return per_second // 2


def await_turn(
    reserve: Callable[[Urgency, float], Turn], urgency: Urgency, longest_wait: float
) -> None:
    """Wait for what `reserve(urgency, longest wait)` grants.

    Raises: DemographicsUnavailable, as `RateLimit.turn`.
    """
    give_up = time.monotonic() + longest_wait
    while True:
        left = max(give_up - time.monotonic(), 0.0)
        turn = reserve(urgency, left)
        if not turn.granted and (urgency is Urgency.LIVE or turn.seconds > left):
            raise busy(turn.seconds)
        time.sleep(turn.seconds)
        if turn.granted:
            return


def busy(seconds: float | None) -> DemographicsUnavailable:
    """The error for a PDS that is too busy; `seconds` until it may be asked again, if known."""
    error = failure("PDS_BUSY", origin=Origin.PDS)
    assert isinstance(error, DemographicsUnavailable)
    error.retry_after = seconds
    return error


class ProcessRateLimit:
    """A RateLimit of one process: at most `per_second` requests in any one second."""

    def __init__(
        self,
        per_second: int = REQUESTS_PER_SECOND,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if per_second < 1:
            raise ValueError("A rate limit lets at least one request a second through")
        self._kept_for_people = kept_for_people(per_second)
        self._turns: deque[float] = deque(maxlen=per_second)
        self._per_second = per_second
        self._paused_until = 0.0
        self._clock = clock
        self._lock = threading.Lock()

    def turn(self, urgency: Urgency, longest_wait: float) -> None:
        """As `RateLimit.turn`."""
        await_turn(self.reserve, urgency, longest_wait)

    def pause(self, seconds: float) -> None:
        """As `RateLimit.pause`."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def reserve(self, urgency: Urgency, longest_wait: float) -> Turn:
        """The next turn: a person's may lie ahead, background work's is now or not yet."""
        with self._lock:
            now = self._clock()
            live = urgency is Urgency.LIVE
            at = self._earliest(now, self._per_second - (0 if live else self._kept_for_people))
            wait = at - now
            if wait > (longest_wait if live else 0.0):
                return Turn(granted=False, seconds=wait)
            self._turns.append(at)
            return Turn(granted=True, seconds=wait)

    def _earliest(self, now: float, of_each_second: int) -> float:
        last = self._turns[-1] if self._turns else now
        at = max(now, last, self._paused_until)
        if len(self._turns) >= of_each_second:
            at = max(at, self._turns[-of_each_second] + 1.0)
        return at

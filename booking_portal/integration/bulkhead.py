"""A practice that keeps everybody waiting holds only some of a process's threads.

Until its breaker opens, whoever asks a practice that hangs waits for it; so many that a process
could serve nobody else. Those that are too many are told at once, and nothing is sent.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from gpconnect.error_table import row
from gpconnect.errors import NotSent, Origin

PATIENCE_SECONDS: Final = 1.0
"""One more waits for a place only as long as the practice may still be quick."""


class OthersWaiting(NotSent):
    """As many as may wait for this practice already do; this was not asked."""

    def __init__(self) -> None:
        meaning = row("OTHERS_WAITING")
        super().__init__(
            "OTHERS_WAITING", meaning.sentence, meaning.next_step, origin=Origin.NETWORK
        )


class Bulkhead:
    """The exchanges of this process with each practice, at most so many at once. Thread-safe."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self._begun: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._freed = threading.Condition()

    def enter(self, ods_code: str, trace_id: str) -> None:
        """Begin an exchange. Where all places are taken, wait for one while none of them has
        been waited for longer than PATIENCE_SECONDS.

        Raises: OthersWaiting.
        """
        with self._freed:
            while len(self._begun[ods_code]) >= self._at_once:
                longest = self._clock() - min(self._begun[ods_code].values())
                if longest >= PATIENCE_SECONDS:
                    raise OthersWaiting
                self._freed.wait(PATIENCE_SECONDS - longest)
            self._begun[ods_code][trace_id] = self._clock()

    def leave(self, ods_code: str, trace_id: str) -> None:
        """The exchange has ended."""
        with self._freed:
            del self._begun[ods_code][trace_id]
            if not self._begun[ods_code]:
                del self._begun[ods_code]
            self._freed.notify_all()

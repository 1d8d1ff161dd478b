"""Answers that could not be put on the audit trail at once, because the database was away.

"No event, no action" holds for questions. An answer is there already: to lose it with its event
would turn what a practice has done into something that nobody knows. So the event waits in this
process for the next request or task, for some minutes, and is dropped after that with a line in
the log. What the answer said is settled by looking at the practice.
"""

import logging
import threading
from collections import deque
from datetime import timedelta
from typing import Final

from django.utils import timezone

from booking_portal.audit.models import Event
from booking_portal.query_helpers import AWAY

log = logging.getLogger(__name__)

LIFETIME: Final = timedelta(minutes=10)
MOST: Final = 1000


class DeferredEvents:
    """Events that wait, oldest first. Thread-safe; nothing here ever raises for the database."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, event: Event) -> None:
        """Let the event wait; beyond MOST the oldest is dropped."""
        self._waiting.append(event)
        _say(logging.WARNING, "an answer waits for the database", event)
        while len(self._waiting) > MOST:
            self._drop(self._waiting.popleft())

    def forget(self) -> None:
        """Let go of what waits: its database has gone for good."""
        self._waiting.clear()

    def store(self, **_: object) -> None:
        """Store what waits, if the database is there; also a receiver of signals."""
        if not self._waiting or not self._lock.acquire(blocking=False):
            return
        try:
            self._store()
        finally:
            self._lock.release()

    def _store(self) -> None:
        while self._waiting:
            event = self._waiting[0]
            if timezone.now() - event.happened_at > LIFETIME:
                self._drop(self._waiting.popleft())
                continue
            try:
                _store_once(event)
            except AWAY:
                return
            self._waiting.popleft()

    @staticmethod
    def _drop(event: Event) -> None:
        _say(logging.ERROR, "an answer is not on the audit trail", event)


def _say(level: int, what: str, event: Event) -> None:
    """By the event's own ids: it may be another request that lets it go."""
    facts = {"trace_id": str(event.trace_id), "staff_id": event.user_local_id}
    log.log(level, "%s: exchange %s", what, event.trace_id, extra={"facts": facts})


def _store_once(event: Event) -> None:
    """The first try may have come through although nobody heard so."""
    same = Event.objects.filter(trace_id=event.trace_id, kind=event.kind)
    if not same.exists():
        event.pk = None
        event.save(force_insert=True)


deferred_events = DeferredEvents()
"""This process's."""

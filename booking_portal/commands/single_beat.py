"""Celery's beat, of which any number may be started: one ticks, the others wait for its end."""

import logging
import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any, Final

from celery.beat import PersistentScheduler
from django.db import close_old_connections, connection

from booking_portal.commands import beat_lease
from booking_portal.query_helpers import AWAY

log = logging.getLogger(__name__)

ASK_EVERY_SECONDS: Final = beat_lease.LEASE.total_seconds() / 4
ALIVE: Final = "-alive"
"""The file of that name beside the schedule was touched when this beat was last alive."""


class SingleBeat(PersistentScheduler):
    """Ticks only under the lease; without it, or without the database, it asks again soon.

    The lease is asked for anew well before it can have run out, counted from before it was asked
    for. A process that is stopped for longer between that and a tick sends one tick too many:
    harmless, as tasks claim what they do by rows.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._asked_at: float | None = None
        self._has_it = False
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """As Celery's; seconds until the next one. Leaves word for the check of its container."""
        Path(f"{self.schedule_filename}{ALIVE}").touch()  # type: ignore[attr-defined]  # the stubs lack it
        if self._asked_at is None or time.monotonic() - self._asked_at >= ASK_EVERY_SECONDS:
            self._ask()
        if not self._has_it:
            return ASK_EVERY_SECONDS
        return float(min(super().tick(*args, **kwargs), ASK_EVERY_SECONDS))

    def close(self) -> None:
        """As Celery's; another beat goes on at once."""
        super().close()
        if self._has_it:
            try:
                beat_lease.give_up(self._name)
            except AWAY:
                log.warning("The lease could not be given up; it runs out by itself")

    def _ask(self) -> None:
        had_it = self._has_it
        self._asked_at = time.monotonic()
        try:
            close_old_connections()
            self._has_it = beat_lease.take(self._name)
        except AWAY:
            connection.close()
            self._has_it = False
        if self._has_it != had_it:
            log.info("This beat %s", "ticks from now on" if self._has_it else "waits from now on")

"""Whose turn it is to be looked for: practices in turn, and at each the soonest appointment first.

The database's `next_look_at` is the only schedule. A command is claimed by moving it into the
future, so that no lock is held over HTTP and a look that dies is taken up again. Each is claimed
when it begins, so that none waits claimed.

A practice that keeps everybody waiting holds few of a worker's threads: those that looked when it
was not known yet, and then one at a time, to find out; all such practices together have
`IN_DOUBT_AT_ONCE`. Whatever answers goes on beside them.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F
from django.db.models.functions import Now

from booking_portal.commands.models import Command
from booking_portal.commands.states import LOOKED_FOR
from booking_portal.integration import clients
from booking_portal.practices.models import Practice

CLAIM: Final = timedelta(seconds=60)
AT_ONE_PRACTICE: Final = 3
"""So many looks of one process are under way at one practice at once."""
IN_DOUBT_AT_ONCE: Final = 2
"""So many of them at practices that did not answer when they were last asked; one at each."""

_SCHEDULED: Final = "state IN ({}) AND next_look_at IS NOT NULL".format(
    ", ".join(f"'{state}'" for state in sorted(map(str, LOOKED_FOR)))
)
# Where something is due. From one practice to the next by the index, however much waits at each.
_WAITED_FOR: Final = f"""
WITH RECURSIVE place(id) AS (
    (SELECT practice_id FROM commands_command WHERE {_SCHEDULED} ORDER BY practice_id LIMIT 1)
    UNION ALL
    SELECT (SELECT practice_id FROM commands_command
            WHERE {_SCHEDULED} AND practice_id > place.id ORDER BY practice_id LIMIT 1)
    FROM place WHERE place.id IS NOT NULL
)
SELECT place.id FROM place CROSS JOIN LATERAL (
    SELECT FROM commands_command
    WHERE {_SCHEDULED} AND practice_id = place.id AND next_look_at <= statement_timestamp()
    ORDER BY practice_id, settled_at NULLS FIRST, starts_at LIMIT 1
) due
"""  # noqa: S608 - our own states


def due_in_turn(seconds: float) -> Iterator[Command]:
    """What is due, claimed one by one for this process; the next when one is done.

    Begins with the practice after the one where this process has looked last. A practice that does
    not answer is left alone until the next tick. Ends when nothing is due, or after `seconds`.
    """
    until = time.monotonic() + seconds
    practices = deque(_in_turn(_waited_for()))
    in_doubt = clients.in_doubt([practice.ods_code for practice in practices])
    while practices and time.monotonic() < until:
        practice = practices.popleft()
        doubted = practice.ods_code in in_doubt
        if not _under_way.begins(practice.pk, in_doubt=doubted):
            continue
        try:
            command = claim_at(practice)
            if command is None:
                continue
            yield command
        finally:
            _under_way.ended(practice.pk, in_doubt=doubted)
        if not clients.in_doubt([practice.ods_code]):
            in_doubt -= {practice.ods_code}
            practices.append(practice)


def claim_at(practice: Practice) -> Command | None:
    """The command of the practice's that is due and whose appointment is the soonest, claimed.

    What is not certain goes before what is looked for once more, late. A command still `sending`
    after its lease and its answer's deadline has lost its sender.
    """
    due = Command.objects.filter(
        practice=practice, state__in=LOOKED_FOR, next_look_at__lte=Now()
    ).order_by(F("settled_at").asc(nulls_first=True), "starts_at")
    with _by_the_index():
        pk = due.select_for_update(skip_locked=True).values_list("pk", flat=True).first()
        if pk is None:
            return None
        Command.objects.filter(pk=pk).update(next_look_at=Now() + CLAIM)
    with_all = ("practice", "encounter", "organisation", "user", "saga")
    return Command.objects.select_related(*with_all).get(pk=pk)


def _waited_for() -> list[Practice]:
    with _by_the_index() as cursor:
        cursor.execute(_WAITED_FOR)
        practices = [practice for (practice,) in cursor.fetchall()]
    return list(Practice.objects.filter(pk__in=practices))


@contextmanager
def _by_the_index() -> Iterator[CursorWrapper]:
    """A transaction in which PostgreSQL takes what is scheduled in the order of its index.

    With the statistics of before a flood it expects next to nothing to sort, and sorts thousands.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off")
        yield cursor


def _in_turn(practices: list[Practice]) -> list[Practice]:
    last = _under_way.last
    return sorted(practices, key=lambda practice: (practice.pk <= last, practice.pk))


class _UnderWay:
    """The looks of this process, all its ticks together. Thread-safe."""

    def __init__(self) -> None:
        self.last = 0
        self._looks: Counter[int] = Counter()
        self._in_doubt = 0
        self._lock = threading.Lock()

    def begins(self, practice: int, *, in_doubt: bool) -> bool:
        """Whether one more look may begin at the practice; then it has."""
        with self._lock:
            most = 1 if in_doubt else AT_ONE_PRACTICE
            if self._looks[practice] >= most or (in_doubt and self._in_doubt >= IN_DOUBT_AT_ONCE):
                return False
            self._looks[practice] += 1
            self._in_doubt += in_doubt
            self.last = practice
            return True

    def ended(self, practice: int, *, in_doubt: bool) -> None:
        """A look that began has ended."""
        with self._lock:
            self._looks[practice] -= 1
            self._in_doubt -= in_doubt


_under_way: Final = _UnderWay()

"""Writing the audit trail. Events join the caller's transaction. [IG-2]"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from booking_portal.audit.models import Event, EventKind


@dataclass(frozen=True, slots=True)
class Who:
    """The person (and the authority) behind an event, as they are at this moment.

    `by_system` names the background process that acts on the person's behalf, if one does.
    """

    username: str = ""
    user_local_id: str = ""
    user_name: str = ""
    role: str = ""
    role_profile_id: str = ""
    organisation_ods: str = ""
    organisation_name: str = ""
    by_system: str = ""
    remote_address: str = ""


NOBODY = Who()

LAST_EVENT_KEY = "last-event"
"""In Redis: the event that was committed last, exchanges left out. A database that has it, and has
come as far as it had, has lost nothing; see `commands.send_hold`."""


def event(kind: EventKind, who: Who = NOBODY, **facts: Any) -> Event:
    """An event that is not stored yet; `facts` are fields of `Event`."""
    return Event(kind=kind, **{"happened_at": timezone.now()} | asdict(who) | facts)


def record(kind: EventKind, who: Who = NOBODY, **facts: Any) -> Event:
    """Store one event in the caller's transaction and return it.

    Raises: DatabaseError when it cannot be stored; then the action must not happen either.
    """
    stored = event(kind, who, **facts)
    stored.save(force_insert=True)
    if kind not in {EventKind.EXCHANGE_ASKED, EventKind.EXCHANGE_ANSWERED}:
        transaction.on_commit(lambda: cache.set(LAST_EVENT_KEY, _mark_of(stored), None))
    return stored


def has_last_event() -> bool:
    """Whether the event that Redis remembers as the last one committed is here.

    Not so either where Redis remembers none.
    """
    remembered = cache.get(LAST_EVENT_KEY)
    if not isinstance(remembered, str):
        return False
    found = Event.objects.filter(pk=int(remembered.partition("/")[0])).first()
    return found is not None and _mark_of(found) == remembered


def _mark_of(stored: Event) -> str:
    """Its number may be given anew where it was lost, and hardly in the same microsecond."""
    return f"{stored.pk}/{stored.happened_at.timestamp():.6f}"


def record_all(events: Iterable[Event]) -> None:
    """Store many events with one statement, in the order given."""
    Event.objects.bulk_create(events)

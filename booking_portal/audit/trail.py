"""Writing the audit trail. Events join the caller's transaction. [IG-2]"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

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


def event(kind: EventKind, who: Who = NOBODY, **facts: Any) -> Event:
    """An event that is not stored yet; `facts` are fields of `Event`."""
    return Event(kind=kind, **{"happened_at": timezone.now()} | asdict(who) | facts)


def record(kind: EventKind, who: Who = NOBODY, **facts: Any) -> Event:
    """Store one event in the caller's transaction and return it.

    Raises: DatabaseError when it cannot be stored; then the action must not happen either.
    """
    stored = event(kind, who, **facts)
    stored.save(force_insert=True)
    return stored


def record_all(events: Iterable[Event]) -> None:
    """Store many events with one statement, in the order given."""
    Event.objects.bulk_create(events)

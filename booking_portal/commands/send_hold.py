"""Whether anything may be sent by itself: not after a restore, until a person releases it."""

from django.core.cache import cache
from django.db import connection

from booking_portal.accounts.models import Organisation
from booking_portal.audit import trail
from booking_portal.commands import outside_mark
from booking_portal.commands.restore_models import DatabaseMark, Restoration

MARK_KEY = "database-mark"
_IDENTITY = """
SELECT (SELECT system_identifier FROM pg_control_system())::text,
       left(pg_walfile_name(pg_current_wal_lsn()), 8),
       (SELECT oid FROM pg_database WHERE datname = current_database())::text,
       'commands_command'::regclass::oid::text
"""
_NEW_HISTORY = "the database has begun a new history: it was restored, or a standby has taken over"
_CHANGED = (
    "the database is on another server",
    _NEW_HISTORY,
    "the database was made anew",
    "the tables were made anew",
)
_SET_BACK = "the database is older than when it was last seen"


def on_hold(organisation: Organisation | None = None) -> bool:
    """Whether nothing may be sent by itself now, for the organisation or, without one, for any.

    So it is while a restoration is not released, and from the first moment on which the database
    is not the one that was last seen, before anybody has noticed.
    """
    holds = Restoration.objects.on_hold()
    if organisation is not None:
        holds = holds.for_organisation(organisation)
    if holds.exists():
        return True
    remembered = highest_count()  # before the database's own, which is never behind it
    mark = DatabaseMark.objects.first() or DatabaseMark()
    return bool(sign_of_a_restore(mark, database_identity(), remembered))


def highest_count() -> int | None:
    """How far the database had come, by whoever remembers most: Redis, or the file outside."""
    counts = [cache.get(MARK_KEY), outside_mark.read()]
    return max((count for count in counts if isinstance(count, int)), default=None)


def database_identity() -> str:
    """Which database this is: server, history, database and table, each by its number.

    A dump loaded anew changes at least one of them, and so does a standby that takes over. A
    disk that was set back changes none; then the mark's count tells.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        return "/".join(cursor.fetchone())


def sign_of_a_restore(mark: DatabaseMark, now_is: str, remembered: int | None) -> str:
    """What shows that the database was restored; empty if nothing does.

    A new history alone does not, where nothing is lost: a standby has taken over that had
    everything. That has to be known: the count is as high as anybody remembers, and the last event
    that was committed is there.
    """
    set_back = remembered is not None and mark.count < remembered
    if mark.identity:
        pairs = zip(mark.identity.split("/"), now_is.split("/"), _CHANGED, strict=True)
        for before, now, meaning in pairs:
            if before == now:
                continue
            known = remembered is not None and not set_back
            if meaning == _NEW_HISTORY and known and trail.has_last_event():
                continue
            return meaning
    return _SET_BACK if set_back else ""

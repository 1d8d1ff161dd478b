"""After a restore from a backup nothing is sent by itself until a person has released it.

A restored database has forgotten what was sent after the backup was made: to send again, or to
send a second step, could double or undo what the practices have.
"""

from django.db import connection

from booking_portal.accounts.models import Organisation
from booking_portal.commands.restoration import DatabaseMark, Restoration

_IDENTITY = """
SELECT (SELECT system_identifier FROM pg_control_system())::text,
       left(pg_walfile_name(pg_current_wal_lsn()), 8),
       (SELECT oid FROM pg_database WHERE datname = current_database())::text,
       'commands_command'::regclass::oid::text
"""


def on_hold(organisation: Organisation | None = None) -> bool:
    """Whether nothing may be sent by itself now, for the organisation or, without one, for any.

    So it is while a restoration is not released, and from the first moment on which the database
    is not the one that was last seen.
    """
    holds = Restoration.objects.on_hold()
    if organisation is not None:
        holds = holds.for_organisation(organisation)
    if holds.exists():
        return True
    mark = DatabaseMark.objects.first()
    return mark is not None and mark.identity != identity()


def identity() -> str:
    """Which database this is: server, history, database and table, each by its number.

    A dump loaded anew changes at least one of them, and so does a standby that takes over.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY)
        return "/".join(cursor.fetchone())

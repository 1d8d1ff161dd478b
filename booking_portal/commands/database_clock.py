"""The database's clock, the only one that leases are measured by."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The database's clock, in UTC: the only one that leases are measured by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]

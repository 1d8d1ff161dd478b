"""Which beat sends the ticks: of however many are started one, by the database's clock."""

from datetime import timedelta
from typing import Final

from django.db import connection, models

LEASE: Final = timedelta(seconds=10)


class BeatLease(models.Model):
    """Who may send ticks, and until when, unless renewed; one row, or none before the first."""

    holder = models.CharField(max_length=200)
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.holder} until {self.until:%Y-%m-%d %H:%M:%S}"


def take(holder: str) -> bool:
    """Take the lease, or renew one's own; returns whether `holder` has it now.

    One statement, so that of two who ask at once one gets it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO commands_beatlease AS lease (id, holder, until)
            VALUES (1, %s, clock_timestamp() + make_interval(secs => %s))
            ON CONFLICT (id) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until
            WHERE lease.holder = EXCLUDED.holder OR lease.until < clock_timestamp()
            """,
            [holder, LEASE.total_seconds()],
        )
        return bool(cursor.rowcount == 1)


def give_up(holder: str) -> None:
    """Let the next one have it at once."""
    BeatLease.objects.filter(pk=1, holder=holder).delete()

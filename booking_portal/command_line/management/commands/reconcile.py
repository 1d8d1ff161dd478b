"""./manage.py reconcile: compare with the practices, after a restore, now."""

import sys
import time
from collections import Counter
from typing import Any

from django.core.management import BaseCommand, CommandError

from booking_portal.commands.restore_models import OK, Reconciliation, Restoration
from booking_portal.commands.restores.reconciliation import many_missing, reconcile

PAUSE_SECONDS = 0.2
"""Between two looks, so that practices are spared."""
COLUMNS = ("looked at", "settled", "changed", "missing", "not in our record", "not reached")


class Command(BaseCommand):
    """Reconciles what has not been yet, of each organisation's latest restore.

    Prints numbers only. Exit status: 0, or 1 when something could not be compared.
    """

    help = "After a restore: compare what the portal knows with what the practices have."

    def handle(self, *args: Any, **options: Any) -> None:
        latest = Restoration.objects.order_by("organisation_id", "-noticed_at").distinct(
            "organisation_id"
        )
        restorations = list(latest.select_related("organisation"))
        if not restorations:
            raise CommandError("No restore is on record. Run manage.py after_restore first.")
        self._row("organisation", *COLUMNS)
        not_reached: Counter[str] = Counter()
        for restoration in restorations:
            not_reached += self._reconcile(restoration)
        for restoration in restorations:
            self._explain(list(restoration.parts.select_related("practice")))
        for code, number in sorted(not_reached.items()):
            self.stdout.write(f"not reached: {number} x {code}")
        if not_reached:
            sys.exit(1)

    def _reconcile(self, restoration: Restoration) -> "Counter[str]":
        parts = restoration.parts.select_related("practice", "encounter")
        for part in parts.exclude(outcome=OK):
            part.restoration = restoration
            reconcile(part)
            time.sleep(PAUSE_SECONDS)
        done: list[Reconciliation] = list(parts.all())
        failed = Counter(part.outcome for part in done if part.outcome != OK)
        self._row(
            restoration.organisation.ods_code,
            len(done) - failed.total(),
            sum(part.settled for part in done),
            sum(part.changed for part in done),
            sum(len(part.missing) for part in done),
            sum(part.strays for part in done),
            failed.total(),
        )
        return failed

    def _explain(self, done: list[Reconciliation]) -> None:
        """What the numbers of missing bookings mean. [ERR-2]"""
        begun = sum(part.begun for part in done)
        if begun:
            self.stdout.write(f"begun, and not shown any more, as need not be: {begun}")
        for practice, number in many_missing(done):
            self.stdout.write(
                f"missing at {practice.ods_code}: {number}, which may be one fault of the "
                f"practice's system: ring {practice.telephone}"
            )

    def _row(self, *cells: object) -> None:
        self.stdout.write("".join(f"{cell!s:<19}" for cell in cells).rstrip())

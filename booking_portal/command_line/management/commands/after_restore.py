"""./manage.py after_restore --reason "restored the backup of 3 May, 02:00" """

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from booking_portal.accounts.models import Organisation
from booking_portal.commands.restores.hold import hold, watch_for_restore
from booking_portal.typed_input import line


class Command(BaseCommand):
    """Puts every organisation with anything to reconcile on hold.

    Nothing is sent by itself for it until a person releases it.

    For a restore that the portal has not noticed by itself. Exit status 0 when all are on hold.
    """

    help = (
        "Say that the database was restored from a backup: nothing is sent by itself until a "
        "person releases it, and what the practices have is reconciled."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reason", required=True, help="what was restored and when, for the screens"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        reason = line(str(options["reason"]))
        if not reason:
            raise CommandError("Say what was restored and when.")
        watch_for_restore()  # so that the same restore is not noticed once more
        held = hold(reason)
        for restoration in held:
            self.stdout.write(
                f"{restoration.organisation.ods_code}: on hold, "
                f"{restoration.parts.count()} to reconcile"
            )
        others = Organisation.objects.filter(is_active=True).count() - len(held)
        if others:
            self.stdout.write(f"{others} with nothing to reconcile: not on hold")
        self.stdout.write("Next: manage.py reconcile, then release on the page Bookings.")

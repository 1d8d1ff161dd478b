"""./manage.py release --as USERNAME --organisation ODS"""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from booking_portal.accounts.actor import NotPermitted
from booking_portal.command_line.answers import Stopped
from booking_portal.command_line.identity import identify
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.restores.hold import release
from booking_portal.typed_input import line


class Command(BaseCommand):
    """Releases an organisation after a restore, as the button on the page Bookings does.

    In production it asks for the user's own password. Exit status 0, or 1 for a problem.
    """

    help = "Let the portal send by itself again for an organisation, after a restore."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--as", dest="username", required=True, help="a manager of the organisation"
        )
        parser.add_argument("--organisation", required=True, help="its ODS code")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            actor = identify(line(options["username"]), line(options["organisation"]))
        except Stopped as stopped:
            raise CommandError(f"{stopped.problem.sentence} {stopped.problem.next_step}") from None
        held = Restoration.objects.for_organisation(actor.organisation).on_hold().first()
        if held is None:
            self.stdout.write("Nothing is on hold.")
            return
        try:
            release(held, actor=actor)
        except NotPermitted as refusal:
            raise CommandError(f"The role does not include: {refusal.permission.label}.") from None
        self.stdout.write(f"{actor.organisation.ods_code}: released")

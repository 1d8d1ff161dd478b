"""./manage.py release --as USERNAME --organisation ODS

Or, where the organisation has nobody who may release it:
./manage.py release --operator "Your name" --reason "why" --organisation ODS
"""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from booking_portal.accounts.actor import NotPermitted
from booking_portal.command_line.answers import Stopped
from booking_portal.command_line.identity import identify
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.restores.hold import (
    SomebodyMayRelease,
    release,
    release_by_operator,
)
from booking_portal.typed_input import line


class Command(BaseCommand):
    """Releases an organisation after a restore, as the button on the page Bookings does.

    With --as, in production, it asks for the user's own password. With --operator it is for whoever
    runs the portal, and only where nobody of the organisation may. Exit status 0, or 1 for a
    problem.
    """

    help = "Let the portal send by itself again for an organisation, after a restore."

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--as", dest="username", help="a manager of the organisation")
        who.add_argument("--operator", help="your name, where the organisation has no manager")
        parser.add_argument("--reason", default="", help="with --operator: for the audit trail")
        parser.add_argument("--organisation", required=True, help="its ODS code")

    def handle(self, *args: Any, **options: Any) -> None:
        ods_code = line(options["organisation"])
        try:
            if options["username"] is None:
                released = self._by_operator(ods_code, options)
            else:
                released = self._by_manager(ods_code, line(options["username"]))
        except Stopped as stopped:
            raise CommandError(f"{stopped.problem.sentence} {stopped.problem.next_step}") from None
        except NotPermitted as refusal:
            raise CommandError(f"The role does not include: {refusal.permission.label}.") from None
        except SomebodyMayRelease as member:
            raise CommandError(
                f"{member} may release it: ask them, or use --as {member}."
            ) from None
        self.stdout.write(f"{ods_code}: released" if released else "Nothing is on hold.")

    def _by_manager(self, ods_code: str, username: str) -> bool:
        actor = identify(username, ods_code)
        held = Restoration.objects.for_organisation(actor.organisation).on_hold().first()
        if held is not None:
            release(held, actor=actor)
        return held is not None

    def _by_operator(self, ods_code: str, options: dict[str, Any]) -> bool:
        name, reason = line(options["operator"])[:100], line(options["reason"])[:300]
        if not name or not reason:
            raise CommandError("Give your name with --operator, and --reason.")
        held = Restoration.objects.on_hold().filter(organisation__ods_code=ods_code)
        restoration = held.select_related("organisation").first()
        if restoration is not None:
            release_by_operator(restoration, name=name, reason=reason)
        return restoration is not None

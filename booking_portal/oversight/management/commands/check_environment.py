"""./manage.py check_environment [--practice ODS]"""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from booking_portal.oversight.environment_check import check_environment
from booking_portal.safe_text import readable
from booking_portal.typed_input import line

STATES = {True: "ok", False: "WRONG", None: "not known"}


class Command(BaseCommand):
    """Tries every part that the portal needs, in order, and says what to do about what is wrong.

    Run it as the user of web and worker: `docker compose exec web python manage.py
    check_environment`. Exit status 0 when nothing is wrong, 1 otherwise.
    """

    help = "Try every part that the portal needs, and say what is wrong and what to do."
    requires_system_checks = ()  # they are its first step

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--practice", default="", help="ODS code; else the first that may be searched"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for step in check_environment(line(options["practice"])):
            wrong += step.ok is False
            self.stdout.write(f"{STATES[step.ok]:<9}  {step.part}: {readable(step.found)}")
            if step.said:
                self.stdout.write(f"           what the other side said: {readable(step.said)}")
            if step.do:
                self.stdout.write(f"           what to do: {step.do}")
        if wrong:
            raise CommandError(f"{wrong} of it is wrong: begin with the first.")
        self.stdout.write("Nothing is wrong.")

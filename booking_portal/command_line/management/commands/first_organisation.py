"""./manage.py first_organisation"""

import sys
from getpass import getpass
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from booking_portal.command_line.first_organisation import (
    QUESTIONS,
    Question,
    Refused,
    make,
    types,
)
from booking_portal.typed_input import line


class Command(BaseCommand):
    """Makes what an empty portal needs before anybody can sign in; asks for what is not given.

    Not on a terminal, every option is needed, and the password is a line of standard input. Called
    again with the same it changes nothing. Exit status 0, or 1 with what is wrong.
    """

    help = "Add the first organisation, practice, federation and administrator."

    def add_arguments(self, parser: CommandParser) -> None:
        for question in QUESTIONS:
            parser.add_argument(f"--{question.name}", help=question.asks)

    def handle(self, *args: Any, **options: Any) -> None:
        said = {
            question.name: line(options[question.name.replace("-", "_")] or "")
            for question in QUESTIONS
        }
        missing = [each for each in QUESTIONS if each.needed and not said[each.name]]
        if missing and not sys.stdin.isatty():
            names = " ".join(f"--{each.name}" for each in missing)
            raise CommandError(f"Also give {names}, or run it on a terminal to be asked.")
        for question in missing:
            said[question.name] = self._ask(question)
        try:
            made = make(said, self._password)
        except Refused as refusal:
            raise CommandError(str(refusal)) from None
        if made.was_there:
            self.stdout.write(f"{made.organisation} is there already. Nothing was changed.")
            return
        self.stdout.write(
            f"Made: {made.organisation}, practice {said['practice-ods-code']} in the federation "
            f"{said['federation']}, and the administrator {said['username']}.\n"
            "Next: manage.py check_environment; then sign in as the administrator and add a "
            "receptionist under Administration, who can book."
        )

    def _ask(self, question: Question) -> str:
        choice = f" ({types()})" if question.name == "type" else ""
        while True:
            answer = line(input(f"{question.asks}{choice}: "))
            if answer:
                return answer

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        while True:
            first = getpass("The administrator's password, at least 12 characters: ")
            if getpass("Once more: ") == first:
                return first
            self.stdout.write("They are not the same.")

"""./manage.py gpconnect USE-CASE --as USERNAME --organisation ODS --practice ODS [...] [--json]"""

import argparse
import sys
from typing import Any, NoReturn

from django.core.management import BaseCommand, CommandError, CommandParser
from django.core.management.base import SystemCheckError

from booking_portal.command_line import output
from booking_portal.command_line.answers import Answer, Problem
from booking_portal.command_line.arguments import FLAGS, STANDARD_INPUT, Options
from booking_portal.command_line.call import Call
from booking_portal.command_line.identity import (
    identify,
    in_production,
    require_any,
    require_may_write,
)
from booking_portal.command_line.problems import EXPECTED, problem_of
from booking_portal.command_line.use_case_table import USE_CASES, UseCase

FAILED, WRONGLY_USED = 1, 2


class Command(BaseCommand):
    """Any GP Connect use case, with the permissions and the audit of the screens. [IG-1, IG-2]

    Exit status: 0 for success and nothing else, 1 for a problem, 2 for wrong use.
    """

    help = (
        "Ask a practice (or PDS, or SDS) on behalf of a user. "
        "USE-CASE --help shows each one's flags and an example."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        # Wrong use is raised, and told like every other problem.
        parser.called_from_command_line = False
        choices = parser.add_subparsers(dest="use_case", required=True, metavar="USE-CASE")
        for use_case in USE_CASES.values():
            _add(use_case, choices)

    def run_from_argv(self, argv: list[str]) -> None:
        """As Django's, but wrong use is a JSON document too where one was asked for."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            text = str(error).removeprefix("Error: ")
            asked = argv[2] if argv[2:] and argv[2] in USE_CASES else ""
            problem = Problem("WRONG_USE", text, _right_use(asked))
            self._end(asked, Answer({}, problem=problem), WRONGLY_USED, as_json="--json" in argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's, but settings that are not fit are a JSON document too."""
        try:
            return super().execute(*args, **options)
        except SystemCheckError:
            if not options["json"]:
                raise
            problem = Problem("NOT_CONFIGURED", "The settings are not fit.", "Run manage.py check.")
            answer = Answer({}, problem=problem)
            self._end(options["use_case"], answer, FAILED, as_json=True)

    def handle(self, *args: Any, **options: Any) -> None:
        use_case, as_json = USE_CASES[options["use_case"]], bool(options["json"])
        given = options.get("nhs_number")
        if in_production() and given not in {None, STANDARD_INPUT}:
            answer = Answer({}, problem=_NUMBER_SEEN)
            self._end(use_case.name, answer, WRONGLY_USED, as_json=as_json)
        try:
            answer = _ask(use_case, Options.of(options))
        except EXPECTED as error:
            answer = Answer({}, problem=problem_of(error, writes=use_case.writes))
        if answer.problem is not None:
            self._end(use_case.name, answer, FAILED, as_json=as_json)
        self._tell(use_case.name, answer, as_json=as_json)

    def _end(self, use_case: str, answer: Answer, status: int, *, as_json: bool) -> NoReturn:
        self._tell(use_case, answer, as_json=as_json)
        sys.exit(status)

    def _tell(self, use_case: str, answer: Answer, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(output.document(use_case, answer))
            return
        if answer.result:
            self.stdout.write(output.for_people(answer))
        if answer.problem is not None:
            self.stderr.write(output.problem_for_people(answer.problem))


def _ask(use_case: UseCase, options: Options) -> Answer:
    actor = identify(options.username, options.organisation)
    require_any(actor, use_case.permissions)
    if use_case.writes:
        require_may_write(actor)
    call = Call(actor, options)
    try:
        return use_case.run(call)
    except EXPECTED as error:
        problem = problem_of(error, writes=use_case.writes, names=call.names)
        return Answer({}, problem=problem)


def _right_use(name: str) -> str:
    """What to type instead; `name` is empty when no use case was named."""
    if name:
        return f"For example: {USE_CASES[name].whole_example} (--help shows every flag)."
    return f"Name one of: {', '.join(USE_CASES)}."


def _add(use_case: UseCase, choices: "argparse._SubParsersAction[Any]") -> None:
    parser = choices.add_parser(
        use_case.name,
        help=use_case.summary,
        description=use_case.summary[:1].upper() + use_case.summary[1:] + ".",
        epilog=f"example:\n  {use_case.whole_example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("as", "organisation"):
        FLAGS[name].add_to(parser, required=True)
    FLAGS["practice"].add_to(parser, required=use_case.asks_practice)
    for name in use_case.needs:
        FLAGS[name].add_to(parser, required=True)
    for name in (*(("nhs-number", "birth-date") if use_case.patient else ()), *use_case.takes):
        FLAGS[name].add_to(parser, required=False)
    parser.add_argument("--json", action="store_true", help="one JSON document, errors too")


_NUMBER_SEEN = Problem(
    "NHS_NUMBER_ON_COMMAND_LINE",
    "In production the NHS number may not be an argument: others on the machine can read it.",
    "Leave --nhs-number out to be asked for it, or give '-' and pipe it in.",
)

"""What must not be on the command line: the password, and in production the NHS number.

On a terminal they are prompted for, on standard error, so that standard output holds nothing but
the answer. Otherwise each is a line of standard input, the password first.
"""

import getpass
import sys

from booking_portal.command_line.answers import Problem, Stopped
from booking_portal.command_line.arguments import STANDARD_INPUT


def password(username: str) -> str:
    """The person's password, never echoed."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {username}: ", stream=sys.stderr)
    return _line()


def nhs_number(given: str | None) -> str:
    """The NHS number: as given, from standard input for '-', prompted for when left out.

    Raises: Stopped when there is none, or nobody to ask.
    """
    if given is not None and given != STANDARD_INPUT:
        return given
    if sys.stdin.isatty():
        sys.stderr.write("NHS number: ")
        sys.stderr.flush()
    elif given is None:
        raise Stopped(_NO_NUMBER)
    typed = _line()
    if not typed:
        raise Stopped(_NO_NUMBER)
    return typed


def _line() -> str:
    return sys.stdin.readline().strip()


_NO_NUMBER = Problem(
    "NHS_NUMBER_NEEDED",
    "This needs the patient's NHS number.",
    "Give --nhs-number - and the number on standard input, or run it on a terminal.",
)

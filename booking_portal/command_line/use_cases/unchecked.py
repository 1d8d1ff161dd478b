"""What the official tests of a practice's refusals need: a number sent as it was typed. [FIND-1]

Only in test environments, and the only place where nobody is traced before: the numbers concerned
cannot be. Audited like every exchange.
"""

from booking_portal.command_line.answers import Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.command_line.identity import in_production
from booking_portal.practices import connection
from booking_portal.practices.observer import Subject
from gpconnect.client import GPConnectClient
from gpconnect.models import Patient

TEST_ENVIRONMENTS_ONLY = Problem(
    "TEST_ENVIRONMENTS_ONLY",
    "Nothing goes unchecked in production.",
    "Leave out --unchecked.",
)


def find(call: Call) -> tuple[Patient, ...]:
    """The practice's records for the number as typed.

    Raises: Stopped in production or for what is not ten digits; GPConnectError.
    """
    return client(call).find_patient(number(call), unchecked=True)


def number(call: Call) -> str:
    """The ten digits as typed. Raises: Stopped."""
    if in_production():
        raise Stopped(TEST_ENVIRONMENTS_ONLY)
    return call.ten_digits


def client(call: Call) -> GPConnectClient:
    """A client for the practice, audited under the number. Raises: Stopped, GPConnectError."""
    subject = Subject(nhs_number=number(call), practice_ods=call.practice.ods_code)
    return connection.client(call.actor, call.look_up(), subject)

"""What the official tests of a practice's refusals need: a number sent as it was typed. [FIND-1]

Only in test environments, and the only place where nobody is traced before: the numbers concerned
cannot be. Audited like every exchange.
"""

from booking_portal.command_line.answers import Problem, Stopped
from booking_portal.command_line.call import Call
from booking_portal.command_line.identity import in_production
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import Subject
from gpconnect.client import GPConnectClient
from gpconnect.models import Patient
from gpconnect.transport import OfficialTest

TEST_ENVIRONMENTS_ONLY = Problem(
    "TEST_ENVIRONMENTS_ONLY",
    "Nothing goes unchecked, or in the form of an official test, in production.",
    "Leave out --unchecked and --official-test.",
)


def find(call: Call) -> tuple[Patient, ...]:
    """The practice's records for the number as typed.

    Raises: Stopped in production or for what is not ten digits; GPConnectError.
    """
    return client(call).find_patient(number(call), unchecked=True)


def find_as_tested(call: Call, test: OfficialTest) -> tuple[Patient, ...]:
    """The practice's records for a patient who is traced, asked for as an official test wants.

    Raises: Stopped in production; as `Call.encounter`; GPConnectError.
    """
    _require_test_environment()
    found = call.encounter.nhs_number
    return _client(call, found).find_patient(found, official_test=test)


def read(call: Call) -> Patient:
    """The practice's record under the id as typed, which may be nobody's (GPC-FOU-RPA-01/2).

    Raises: Stopped in production; GPConnectError.
    """
    _require_test_environment()
    return call.client.read_patient(call.needs_id())


def number(call: Call) -> str:
    """The ten digits as typed. Raises: Stopped."""
    _require_test_environment()
    return call.ten_digits


def client(call: Call) -> GPConnectClient:
    """A client for the practice, audited under the number. Raises: Stopped, GPConnectError."""
    return _client(call, number(call))


def _client(call: Call, nhs_number: str) -> GPConnectClient:
    subject = Subject(nhs_number=nhs_number, practice_ods=call.practice.ods_code)
    return clients.client(call.actor, call.look_up(), subject)


def _require_test_environment() -> None:
    if in_production():
        raise Stopped(TEST_ENVIRONMENTS_ONLY)

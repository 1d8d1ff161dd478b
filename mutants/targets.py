"""The modules that decide what a patient is told, and what is sent."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent

TARGETS: Final[dict[str, str]] = {
    "error table": "gpconnect/error_table.py",
    "error evidence": "gpconnect/error_evidence.py",
    "answers": "gpconnect/answers.py",
    "comparison": "gpconnect/comparison.py",
    "checks before sending": "gpconnect/fhir/checks.py",
    "PDS patient": "gpconnect/demographics/patient.py",
    "PDS access": "gpconnect/demographics/access.py",
    "cross-check": "gpconnect/demographics/cross_check.py",
    "outcomes": "booking_portal/commands/outcomes.py",
    "states": "booking_portal/commands/states.py",
    "transitions": "booking_portal/commands/transitions.py",
    "matching": "booking_portal/commands/delivery/matching.py",
    "saga status": "booking_portal/commands/saga_status.py",
    "manual close": "booking_portal/commands/worklist/manual_close.py",
    "slot checks": "booking_portal/slots/offers.py",
    "practice record": "booking_portal/patients/practice_record.py",
}
"""What a module is called on the command line (`ONLY=`), and where it is."""


def module_of(path: str) -> str:
    """The dotted name of the module in this file."""
    return path.removesuffix(".py").replace("/", ".")

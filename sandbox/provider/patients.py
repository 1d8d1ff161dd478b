"""Find a patient, read a patient. [FIND-1, FIND-2]"""

from sandbox.answers import Answer
from sandbox.outcomes import Refused
from sandbox.people import is_valid_nhs_number
from sandbox.provider import resources
from sandbox.provider.asked import Asked
from sandbox.store import PatientRecord


def find(asked: Asked) -> Answer:
    """Active patients with an NHS number: none, one or more are all success."""
    number = one_identifier(asked, resources.NHS_NUMBER)
    if not (len(number) == 10 and number.isdigit()):
        raise Refused("INVALID_IDENTIFIER_VALUE", "an NHS number has ten digits")
    if not is_valid_nhs_number(number):
        raise Refused("INVALID_NHS_NUMBER", "the check digit is wrong")
    records = asked.store.patients_with(asked.practice.ods, number)
    if any(record.state == "no-consent" for record in records):
        raise Refused("NO_PATIENT_CONSENT")
    if asked.practice.flavour.sensitive == "not-found" and _has_sensitive(records):
        raise Refused("PATIENT_NOT_FOUND")
    found = [resources.patient(asked.practice, one) for one in records if one.state == "active"]
    return Answer(200, resources.bundle(found))


def read(asked: Asked) -> Answer:
    """One active patient by logical id."""
    record = active(asked)
    return Answer(
        200,
        resources.patient(asked.practice, record),
        {"ETag": f'W/"{asked.practice.flavour.version(record.version)}"'},
    )


def active(asked: Asked) -> PatientRecord:
    """The active patient that the path names. Raises Refused PATIENT_NOT_FOUND."""
    record = asked.store.patient(asked.practice.ods, asked.target)
    if record is None or record.state != "active":
        raise Refused("PATIENT_NOT_FOUND")
    return record


def one_identifier(asked: Asked, system: str) -> str:
    """The value of the only `identifier` parameter, which must be of the system.

    Raises Refused BAD_REQUEST, INVALID_IDENTIFIER_SYSTEM or INVALID_IDENTIFIER_VALUE.
    """
    identifiers = asked.values("identifier")
    if len(identifiers) != 1:
        raise Refused("BAD_REQUEST", "exactly one identifier parameter is needed")
    given, bar, value = identifiers[0].partition("|")
    if not bar or given != system:
        raise Refused("INVALID_IDENTIFIER_SYSTEM", f"the system is not {system}")
    if not value:
        raise Refused("INVALID_IDENTIFIER_VALUE", "the identifier has no value")
    return value


def _has_sensitive(records: list[PatientRecord]) -> bool:
    return any(record.state == "sensitive" for record in records)

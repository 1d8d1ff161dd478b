"""Register a patient temporarily, or re-activate an inactive record. [REG-1..3]"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sandbox import london
from sandbox.answers import Answer
from sandbox.ids import logical_id
from sandbox.outcomes import Refused
from sandbox.people import Person, is_valid_nhs_number
from sandbox.practices import DATA
from sandbox.provider import resources
from sandbox.provider.asked import Asked
from sandbox.provider.submitted import (
    check_profile,
    check_system,
    check_types,
    coded,
    items,
    refuse,
)
from sandbox.store import PatientRecord

_ALLOWED = frozenset(
    {
        "resourceType", "meta", "extension", "identifier", "name", "telecom", "gender",
        "birthDate", "address",
    }
)  # fmt: skip
_NAME_ALLOWED = frozenset({"use", "text", "family", "given", "prefix"})
_ADDRESS_ALLOWED = frozenset({"use", "type", "line", "city", "district", "postalCode", "country"})
_PHONE_USES = ("home", "work", "mobile", "temp")
_GENDERS = ("male", "female", "other", "unknown")
_SENSITIVE = ("restricted", "very-restricted", "redacted", "unlabelled")
_TEMPORARY_DAYS = 90
_LANGUAGES = frozenset(json.loads((DATA / "languages.json").read_text("utf-8")))


def register(asked: Asked) -> Answer:
    """Create or re-activate a temporary registration for a patient who matches PDS."""
    sent = _patient(asked.resource())
    number = _nhs_number(sent)
    person = _verified(asked, number, sent)
    with asked.store.transaction():
        records = asked.store.patients_with(asked.practice.ods, number)
        if any(record.state in {"sensitive", "deceased"} for record in records):
            raise Refused("INVALID_PATIENT_DEMOGRAPHICS", "the record cannot be used")
        if any(record.state == "active" for record in records):
            raise Refused("DUPLICATE_REJECTED", "the patient is already registered")
        if records and asked.practice.flavour.inactive == "duplicate":
            raise Refused("DUPLICATE_REJECTED", "the patient has an inactive record")
        record = _register(asked, sent, person, records[0] if records else None)
        asked.store.put_patient(record)
    return Answer(200, resources.bundle([resources.patient(asked.practice, record)]))


def _patient(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The Patient of a well-formed Parameters resource, all its fields checked."""
    parameter = parameters.get("parameter")
    if parameters.get("resourceType") != "Parameters" or not isinstance(parameter, list):
        refuse("the resource is not a Parameters resource with parameters")
    if len(parameter) != 1 or not isinstance(parameter[0], dict):
        refuse("there is not exactly one parameter")
    if parameter[0].get("name") != "registerPatient":
        refuse("the parameter is not registerPatient")
    patient = parameter[0].get("resource")
    if not isinstance(patient, dict) or patient.get("resourceType") != "Patient":
        refuse("registerPatient does not hold a Patient")
    check_profile(patient, resources.PATIENT_PROFILE)
    unknown = sorted(set(patient) - _ALLOWED)
    if unknown:
        refuse(f"{unknown[0]} must not be sent")
    _check_name(items(patient, "name"))
    _birth_date(patient)
    if patient.get("gender", "unknown") not in _GENDERS:
        refuse("gender is not one of the value set")
    _check_addresses(items(patient, "address"))
    _check_contacts(items(patient, "telecom"))
    _check_communication(items(patient, "extension"))
    return patient


def _nhs_number(patient: Mapping[str, Any]) -> str:
    identifiers = items(patient, "identifier")
    if len(identifiers) != 1 or identifiers[0].get("system") != resources.NHS_NUMBER:
        refuse("there is not exactly one identifier, an NHS number")
    statuses = [
        extension
        for extension in items(identifiers[0], "extension")
        if extension.get("url") == resources.VERIFICATION
    ]
    if [coded(status) for status in statuses] != ["01"]:
        refuse("the NHS number's verification status is not 01")
    check_system(statuses[0], resources.VERIFICATION_CODES)
    check_types(identifiers[0], value=str)
    number: str = identifiers[0].get("value", "")
    if not is_valid_nhs_number(number):
        raise Refused("INVALID_NHS_NUMBER", "the NHS number is not valid")
    return number


def _check_name(names: list[dict[str, Any]]) -> None:
    if len(names) != 1 or names[0].get("use") != "official":
        refuse("there is not exactly one name, an official one")
    check_types(names[0], text=str, family=str, given=list, prefix=list)
    if not names[0].get("family") or not names[0].get("given"):
        refuse("the name has no family or given name")
    if set(names[0]) - _NAME_ALLOWED:
        refuse("the name has a part that must not be sent")


def _birth_date(patient: Mapping[str, Any]) -> date:
    try:
        return london.read_date(str(patient.get("birthDate", "")))
    except ValueError:
        refuse("birthDate is missing or not a full date")


def _check_addresses(addresses: list[dict[str, Any]]) -> None:
    for address in addresses:
        check_types(address, use=str, type=str, line=list, city=str, district=str)
        check_types(address, postalCode=str, country=str)
        if set(address) - _ADDRESS_ALLOWED:
            refuse("an address has a part that must not be sent")
    uses = Counter(address.get("use") for address in addresses)
    if set(uses) - {"home", "temp"} or max(uses.values(), default=0) > 1:
        refuse("at most one home and one temp address")


def _check_contacts(telecoms: list[dict[str, Any]]) -> None:
    kinds: Counter[tuple[object, object]] = Counter()
    for telecom in telecoms:
        check_types(telecom, system=str, value=str, use=str)
        system, use = telecom.get("system"), telecom.get("use")
        if not telecom.get("value") or system not in {"phone", "email"}:
            refuse("a telecom is neither a telephone number nor an e-mail address")
        if not use or (system == "phone" and use not in _PHONE_USES):
            refuse("a telephone's use is not home, work, mobile or temp")
        kinds[(system, use if system == "phone" else None)] += 1
    if max(kinds.values(), default=0) > 1:
        refuse("at most one telephone of each use and one e-mail address")


def _check_communication(extensions: list[dict[str, Any]]) -> None:
    if len(extensions) > 1 or any(one.get("url") != resources.COMMUNICATION for one in extensions):
        refuse("at most one extension, the NHS communication one")
    for extension in extensions:
        parts = items(extension, "extension")
        if any(part.get("url") not in ("language", "interpreterRequired") for part in parts):
            refuse("NHS communication holds language and interpreterRequired only")
        for part in parts:
            if part["url"] == "language":
                check_system(part, resources.LANGUAGE_CODES)
                if coded(part) not in _LANGUAGES:
                    refuse("the language is not one of the value set")
            if part["url"] != "language" and not isinstance(part.get("valueBoolean"), bool):
                refuse("interpreterRequired is not a boolean")


def _verified(asked: Asked, number: str, sent: Mapping[str, Any]) -> Person:
    """The person at PDS, if the number may be used and belongs to the one described."""
    person = asked.population.get(number)
    if person is None or person.pds == "unknown":
        raise Refused("INVALID_PATIENT_DEMOGRAPHICS", "not found on PDS")
    if person.pds in {"superseded", "invalidated"}:
        raise Refused("INVALID_NHS_NUMBER", "superseded or invalidated on PDS")
    if not _matches(person, sent["name"][0], _birth_date(sent)):
        raise Refused("INVALID_PATIENT_DEMOGRAPHICS", "the details do not match PDS")
    if person.pds in _SENSITIVE:
        raise Refused("INVALID_PATIENT_DEMOGRAPHICS", "cannot be registered")
    if person.pds.startswith("dea"):
        raise Refused("INVALID_PATIENT_DEMOGRAPHICS", "deceased on PDS")
    return person


def _matches(person: Person, name: Mapping[str, Any], birth_date: date) -> bool:
    """The specification's rule: exact birth date, or two of its three parts and the name."""
    known = person.birth_date
    if birth_date == known:
        return True
    parts = (
        (birth_date.year == known.year)
        + (birth_date.month == known.month)
        + (birth_date.day == known.day)
    )
    family = str(name["family"])[:3].casefold() == person.family[:3].casefold()
    given = str(name["given"][0])[:1].casefold() == person.given[0][:1].casefold()
    return parts == 2 and family and given


def _register(
    asked: Asked, sent: Mapping[str, Any], person: Person, inactive: PatientRecord | None
) -> PatientRecord:
    practice = asked.practice
    start = london.now()
    period = {
        "start": london.written(start),
        "end": london.written(start + timedelta(days=_TEMPORARY_DAYS)),
    }
    registration = resources.registration(
        registrationPeriod={"valuePeriod": period},
        registrationType=resources.registration_type("T", "Temporary"),
    )
    described = {
        element: sent[element]
        for element in ("name", "telecom", "gender", "birthDate", "address")
        if element in sent
    }
    # What the consumer left out comes from PDS.
    content = {
        **resources.patient_content(practice, person),
        **described,
        "extension": [registration, *sent.get("extension", [])],
    }
    if inactive is not None:
        return replace(inactive, version=inactive.version + 1, state="active", resource=content)
    number = asked.store.next_number(practice.ods, "patient")
    return PatientRecord(
        practice=practice.ods,
        id=logical_id(practice.flavour.ids, practice.ods, "patient", number),
        version=1,
        nhs_number=person.nhs_number,
        state="active",
        resource=content,
    )

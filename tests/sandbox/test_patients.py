"""Finding and registering patients, the official synthetic patients among them."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.conftest import ORDINARY
from tests.sandbox.exchange import NHS_NUMBER, PROFILES, VERIFICATION, encode
from tests.sandbox.wire import Wire, error_code
from tests.sandbox_control import Sandbox

Resource = dict[str, Any]


def entries(wire: Wire, number: str) -> int:
    response = wire.find(number)
    assert response.status_code == 200
    assert response.json()["type"] == "searchset"
    return len(response.json().get("entry", []))


@pytest.mark.requirement("FIND-1")
@pytest.mark.parametrize(
    "number",
    [
        "9658218865", "9658218873", "9658218881", "9658218903", "9658218989", "9658218997",
        "9658219004", "9658219012", "9658220223", "9476718943", "9658220169",
    ],
)  # fmt: skip
def test_an_official_patient_is_found(wire: Wire, sandbox: Sandbox, number: str) -> None:
    response = wire.find(number)
    (entry,) = response.json()["entry"]
    patient = entry["resource"]
    assert patient["meta"]["profile"] == [PROFILES + "CareConnect-GPC-Patient-1"]
    assert patient["identifier"][0]["system"] == NHS_NUMBER
    assert patient["identifier"][0]["value"] == number
    (name,) = (name for name in patient["name"] if name["use"] == "official")
    known = next(one for one in sandbox.patients() if one["nhs_number"] == number)
    assert (name["family"], name["given"]) == (known["family"], known["given"])
    assert (patient["birthDate"], patient["gender"]) == (known["birth_date"], known["gender"])
    assert patient["active"] is True
    assert patient["managingOrganization"] == {"reference": "Organization/14"}
    read = wire.ask("read_patient", f"/Patient/{patient['id']}")
    assert read.json() == patient
    assert read.headers["ETag"] == f'W/"{patient["meta"]["versionId"]}"'


@pytest.mark.requirement("FIND-2")
@pytest.mark.parametrize("number", ["9324926233", "9658220290", "9658219748"])
def test_an_official_patient_who_is_not_there_is_an_empty_answer(wire: Wire, number: str) -> None:
    assert entries(wire, number) == 0


@pytest.mark.requirement("FIND-2")
def test_a_sensitive_patient_is_not_found_here_and_an_empty_answer_there(wire: Wire) -> None:
    response = wire.find("9658220150")
    assert (response.status_code, error_code(response)) == (404, "PATIENT_NOT_FOUND")
    assert entries(wire.at("C81007"), "9990000034") == 0


@pytest.mark.requirement("FIND-1")
@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        (f"{NHS_NUMBER}|9999999991", "INVALID_NHS_NUMBER"),
        (f"{NHS_NUMBER}|96582188", "INVALID_IDENTIFIER_VALUE"),
        (f"{NHS_NUMBER}|965 821 8873", "INVALID_IDENTIFIER_VALUE"),
        (f"{NHS_NUMBER}|", "INVALID_IDENTIFIER_VALUE"),
        ("https://fhir.nhs.net/Id/nhs-number|9658218873", "INVALID_IDENTIFIER_SYSTEM"),
        ("|9658218873", "INVALID_IDENTIFIER_SYSTEM"),
        ("9658218873", "INVALID_IDENTIFIER_SYSTEM"),
    ],
)
def test_a_bad_identifier_is_refused(wire: Wire, identifier: str, code: str) -> None:
    response = wire.ask("find_patient", f"/Patient?identifier={encode(identifier)}")
    assert (response.status_code, error_code(response)) == (400, code)


@pytest.mark.parametrize("query", ["", "Identifier=x", "identifier=a&identifier=b"])
def test_there_is_exactly_one_identifier(wire: Wire, query: str) -> None:
    response = wire.ask("find_patient", f"/Patient?{query}")
    assert (response.status_code, error_code(response)) == (400, "BAD_REQUEST")


@pytest.mark.requirement("SFS-9")
def test_a_preferred_branch_surgery_is_a_place_of_the_practice(wire: Wire) -> None:
    (entry,) = wire.find("9658218989").json()["entry"]
    (registration,) = entry["resource"]["extension"]
    (reference,) = (
        part["valueReference"]["reference"]
        for part in registration["extension"]
        if part["url"] == "preferredBranchSurgery"
    )
    place = wire.ask("read_location", f"/{reference}").json()
    assert place["name"] == "Turpin Road Branch Surgery"


def test_an_unknown_or_inactive_patient_cannot_be_read(wire: Wire) -> None:
    response = wire.ask("read_patient", "/Patient/999999")
    assert (response.status_code, error_code(response)) == (404, "PATIENT_NOT_FOUND")


def registration(sandbox: Sandbox, number: str, **changes: Any) -> Resource:
    """The request to register a person as PDS knows them."""
    person = next(one for one in sandbox.patients() if one["nhs_number"] == number)
    coding = {
        "system": "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1",
        "code": "01",
        "display": "Number present and verified",
    }
    patient = {
        "resourceType": "Patient",
        "meta": {"profile": [PROFILES + "CareConnect-GPC-Patient-1"]},
        "identifier": [
            {
                "extension": [{"url": VERIFICATION, "valueCodeableConcept": {"coding": [coding]}}],
                "system": NHS_NUMBER,
                "value": number,
            }
        ],
        "name": [{"use": "official", "family": person["family"], "given": person["given"]}],
        "birthDate": person["birth_date"],
        "gender": person["gender"],
        "telecom": [{"system": "phone", "value": "07700 900123", "use": "mobile"}],
        **changes,
    }
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": "registerPatient", "resource": patient}],
    }


def register(wire: Wire, body: Resource) -> Any:
    return wire.ask("register", "/Patient/$gpc.registerpatient", body)


@pytest.mark.requirement("REG-1", "REG-3")
def test_a_patient_without_a_record_is_registered_temporarily(wire: Wire, sandbox: Sandbox) -> None:
    response = register(wire, registration(sandbox, "9324926233"))
    assert response.status_code == 200
    assert response.json()["type"] == "searchset"
    (entry,) = response.json()["entry"]
    assert entries(wire, "9324926233") == 1
    assert wire.patient_id("9324926233") == entry["resource"]["id"]
    (extension,) = entry["resource"]["extension"]
    types = [part for part in extension["extension"] if part["url"] == "registrationType"]
    assert types[0]["valueCodeableConcept"]["coding"][0]["code"] == "T"
    assert entry["resource"]["address"], "what was left out comes from PDS"
    assert wire.booked("9324926233")["status"] == "booked"
    again = register(wire, registration(sandbox, "9324926233"))
    assert (again.status_code, error_code(again)) == (409, "DUPLICATE_REJECTED")


@pytest.mark.requirement("REG-1")
def test_an_inactive_record_is_reactivated(wire: Wire, sandbox: Sandbox) -> None:
    assert register(wire, registration(sandbox, "9658219748")).status_code == 200
    assert entries(wire, "9658219748") == 1


@pytest.mark.requirement("REG-3")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (ORDINARY, "DUPLICATE_REJECTED"),
        ("9658220150", "INVALID_PATIENT_DEMOGRAPHICS"),
        ("9658220142", "INVALID_PATIENT_DEMOGRAPHICS"),
        ("9658220290", "INVALID_PATIENT_DEMOGRAPHICS"),
        ("9658220223", "INVALID_NHS_NUMBER"),
        ("9476718943", "INVALID_PATIENT_DEMOGRAPHICS"),
        ("9990000115", "INVALID_NHS_NUMBER"),
    ],
)
def test_a_patient_who_cannot_be_registered(
    wire: Wire, sandbox: Sandbox, number: str, code: str
) -> None:
    response = register(wire, registration(sandbox, number))
    assert error_code(response) == code
    assert response.status_code == (409 if code == "DUPLICATE_REJECTED" else 400)


@pytest.mark.requirement("REG-2")
@pytest.mark.parametrize(
    ("birth_date", "name", "accepted"),
    [
        ("1969-09-21", {"family": "Wrong", "given": ["Anyone"]}, True),
        ("1969-09-22", {"family": "Pontevrel", "given": ["Marisol"]}, True),
        ("1969-09-22", {"family": "Ponzi", "given": ["Marisol"]}, True),
        ("1969-09-22", {"family": "Pontevrel", "given": ["Anna"]}, False),
        ("1969-09-22", {"family": "Wrong", "given": ["Marisol"]}, False),
        ("1969-10-22", {"family": "Pontevrel", "given": ["Marisol"]}, False),
    ],
)
def test_the_details_must_match_pds(
    wire: Wire, sandbox: Sandbox, birth_date: str, name: Resource, accepted: bool
) -> None:
    body = registration(
        sandbox, "9324926233", birthDate=birth_date, name=[{"use": "official", **name}]
    )
    response = register(wire, body)
    assert response.status_code == (200 if accepted else 400)
    if not accepted:
        assert error_code(response) == "INVALID_PATIENT_DEMOGRAPHICS"


def phone(use: str) -> Resource:
    return {"system": "phone", "value": "07700 900124", "use": use}


UNSOUND: dict[str, Callable[[Resource], object]] = {
    "active": lambda one: one.update(active=True),
    "marital status": lambda one: one.update(maritalStatus={"text": "single"}),
    "a contact": lambda one: one.update(contact=[{"gender": "female"}]),
    "no profile": lambda one: one.pop("meta"),
    "no identifier": lambda one: one.pop("identifier"),
    "no verification status": lambda one: one["identifier"][0].pop("extension"),
    "no name": lambda one: one.pop("name"),
    "two names": lambda one: one["name"].append(one["name"][0]),
    "a usual name": lambda one: one["name"][0].update(use="usual"),
    "no given name": lambda one: one["name"][0].pop("given"),
    "no birth date": lambda one: one.pop("birthDate"),
    "part of a birth date": lambda one: one.update(birthDate="1969-09"),
    "two mobile telephones": lambda one: one["telecom"].append(phone("mobile")),
    "two temporary telephones": lambda one: one["telecom"].extend([phone("temp"), phone("temp")]),
    "an old telephone": lambda one: one["telecom"].append(phone("old")),
    "a fax": lambda one: one["telecom"].append({"system": "fax", "value": "1", "use": "work"}),
    "two home addresses": lambda one: one.update(address=[{"use": "home"}, {"use": "home"}]),
    "a work address": lambda one: one.update(address=[{"use": "work"}]),
    "another extension": lambda one: one.update(extension=[{"url": "https://example.org"}]),
}


@pytest.mark.requirement("REG-2")
@pytest.mark.parametrize("what", UNSOUND)
def test_a_forbidden_or_repeated_field_is_refused(wire: Wire, sandbox: Sandbox, what: str) -> None:
    body = registration(sandbox, "9324926233")
    unsound = copy.deepcopy(body)
    UNSOUND[what](unsound["parameter"][0]["resource"])
    response = register(wire, unsound)
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")
    assert register(wire, body).status_code == 200


@pytest.mark.parametrize("change", ["another name", "two parameters", "no parameters", "a list"])
def test_other_parameters_are_refused(wire: Wire, sandbox: Sandbox, change: str) -> None:
    body = registration(sandbox, "9324926233")
    if change == "another name":
        body["parameter"][0]["name"] = "patient"
    elif change == "two parameters":
        body["parameter"] *= 2
    elif change == "no parameters":
        body["parameter"] = []
    else:
        body["parameter"] = {"name": "registerPatient"}
    response = register(wire, body)
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")


@pytest.mark.requirement("RES-4", "REG-2")
def test_a_code_of_another_system_than_the_bound_one_is_refused(
    wire: Wire, sandbox: Sandbox
) -> None:
    body = registration(sandbox, "9324926233")
    coding = body["parameter"][0]["resource"]["identifier"][0]["extension"][0]
    coding["valueCodeableConcept"]["coding"][0]["system"] = (
        "https://fhir.nhs.uk/CareConnect-NHSNumberVerificationStatus-1"
    )
    response = register(wire, body)
    assert (response.status_code, error_code(response)) == (422, "INVALID_RESOURCE")

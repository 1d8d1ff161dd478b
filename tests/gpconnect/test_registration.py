"""A registration is what the specification allows and nothing else, and so is its answer."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gpconnect import errors
from gpconnect.models import Address, ContactPoint, Registration
from tests.gpconnect.conftest import Start
from tests.gpconnect.scripted_server import always, bundle, http

STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition"
CARE_CONNECT = "https://fhir.hl7.org.uk/STU3"
LEAST = Registration("932 492 6233", "Pontevrel", ("Marisol", "Ann"), date(1969, 9, 21))
MOST = replace(
    LEAST,
    gender="female",
    home_address=Address(("1 High Street", "", "Flat 2"), "Walford", " ", "AB1 2CD"),
    temporary_address=Address(("Hotel Metropole",)),
    telecoms=(
        ContactPoint("phone", "01632 960001", "home"),
        ContactPoint("phone", "01632 960002", "work"),
        ContactPoint("phone", "07700 900003", "mobile"),
        ContactPoint("phone", "01632 960004", "temp"),
        ContactPoint("email", "m@example.org", "home"),
    ),
    language="fr",
    interpreter_required=True,
)
ANSWER = bundle(
    {
        "resourceType": "Patient",
        "id": "77",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9324926233"}],
    }
)


def sent(scripted: Start, registration: Registration) -> dict[str, Any]:
    """The Patient that the practice received."""
    server = scripted(always(http(ANSWER)))
    assert server.client.register_patient(registration).id == "77"
    [request] = server.server.received
    assert request.target.endswith("/Patient/$gpc.registerpatient")
    body = request.json()
    [parameter] = body.pop("parameter")
    assert body == {"resourceType": "Parameters"}
    patient: dict[str, Any] = parameter.pop("resource")
    assert parameter == {"name": "registerPatient"}
    return patient


IDENTITY: dict[str, Any] = {
    "resourceType": "Patient",
    "meta": {"profile": [f"{CARE_CONNECT}/StructureDefinition/CareConnect-GPC-Patient-1"]},
    "name": [{"use": "official", "family": "Pontevrel", "given": ["Marisol", "Ann"]}],
    "birthDate": "1969-09-21",
}


def without_identifier(patient: dict[str, Any]) -> dict[str, Any]:
    """The rest, once the NHS number is seen to be there, present and verified."""
    [identifier] = patient.pop("identifier")
    [status] = identifier.pop("extension")
    assert identifier == {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9324926233"}
    [coding] = status["valueCodeableConcept"]["coding"]
    assert coding["code"] == "01"
    return patient


@pytest.mark.requirement("REG-2", "RES-1")
def test_the_least_that_can_be_sent_is_the_identity_and_nothing_else(scripted: Start) -> None:
    patient = without_identifier(sent(scripted, LEAST))
    [profile] = patient["meta"]["profile"]
    assert profile.endswith("/CareConnect-GPC-Patient-1")
    assert patient == {**IDENTITY, "meta": {"profile": [profile]}}


@pytest.mark.requirement("REG-2", "RES-3")
def test_the_most_that_can_be_sent_has_every_part_in_its_place_and_no_empty_ones(
    scripted: Start,
) -> None:
    patient = without_identifier(sent(scripted, MOST))
    [communication] = patient.pop("extension")
    assert patient.pop("meta")
    assert patient == {
        **{name: value for name, value in IDENTITY.items() if name != "meta"},
        "gender": "female",
        "telecom": [
            {"system": "phone", "value": "01632 960001", "use": "home"},
            {"system": "phone", "value": "01632 960002", "use": "work"},
            {"system": "phone", "value": "07700 900003", "use": "mobile"},
            {"system": "phone", "value": "01632 960004", "use": "temp"},
            {"system": "email", "value": "m@example.org", "use": "home"},
        ],
        "address": [
            {
                "use": "home",
                "type": "physical",
                "line": ["1 High Street", "Flat 2"],
                "city": "Walford",
                "postalCode": "AB1 2CD",
            },
            {"use": "temp", "type": "physical", "line": ["Hotel Metropole"]},
        ],
    }
    assert communication["url"].endswith("NHSCommunication-1")
    language, interpreter = communication["extension"]
    assert language["valueCodeableConcept"]["coding"][0]["code"] == "fr"
    assert interpreter == {"url": "interpreterRequired", "valueBoolean": True}


@pytest.mark.requirement("REG-3")
@pytest.mark.parametrize(
    "answer",
    [
        bundle(),
        bundle(ANSWER["entry"][0]["resource"], ANSWER["entry"][0]["resource"]),
        bundle({**ANSWER["entry"][0]["resource"], "identifier": []}),
        bundle({**ANSWER["entry"][0]["resource"], "id": None}),
        ANSWER["entry"][0]["resource"],
    ],
)
def test_an_answer_without_that_one_patient_leaves_the_registration_in_doubt(
    scripted: Start, answer: dict[str, Any]
) -> None:
    with pytest.raises(errors.WrongResource) as caught:
        scripted(always(http(answer))).client.register_patient(LEAST)
    assert not caught.value.outcome_known

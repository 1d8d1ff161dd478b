"""Patients, practitioners and locations as practices send them."""

from datetime import date
from typing import Any

import pytest

from gpconnect import errors
from gpconnect.models import Address
from tests.gpconnect.conftest import Start
from tests.gpconnect.scripted_server import always, bundle, http

STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition"

PATIENT = {
    "resourceType": "Patient",
    "id": "2",
    "meta": {"versionId": "9"},
    "extension": [
        {
            "url": f"{STRUCTURE}/Extension-CareConnect-GPC-RegistrationDetails-1",
            "extension": [
                {
                    "url": "preferredBranchSurgery",
                    "valueReference": {"reference": "Location/785b4ff5"},
                }
            ],
        }
    ],
    "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9658218873"}],
    "name": [
        {"use": "usual", "family": "Smith", "given": ["Jo"]},
        {"use": "official", "family": "Smythe", "given": ["Joanna", "Ann"], "prefix": ["Ms"]},
    ],
    "gender": "female",
    "birthDate": "1952-05-31",
    "telecom": [{"system": "phone", "value": "01632 960001", "use": "home"}, {"system": "fax"}],
    "address": [
        {"use": "home", "line": ["1 High Street", ""], "city": "Anytown", "text": "not used"}
    ],
}


@pytest.mark.requirement("FIND-2", "RES-3", "SFS-9")
def test_a_patient_is_read_with_all_that_is_shown(scripted: Start) -> None:
    server = scripted(always(http(bundle(PATIENT))))
    [patient] = server.client.find_patient("965 821 8873")
    assert server.server.received[0].target.endswith(
        "/Patient?identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9658218873"
    )
    assert (patient.id, patient.version, patient.nhs_number) == ("2", "9", "9658218873")
    assert str(patient.name) == "Ms Joanna Ann Smythe"
    assert len(patient.names) == 2
    assert (patient.gender, patient.birth_date) == ("female", date(1952, 5, 31))
    assert patient.addresses == (Address(("1 High Street",), "Anytown", use="home"),)
    assert [point.value for point in patient.telecoms] == ["01632 960001"]
    assert patient.preferred_branch_id == "785b4ff5"


@pytest.mark.requirement("FIND-1", "PDS-6")
def test_none_one_or_several_patients_are_success_and_an_unreadable_one_is_not(
    scripted: Start,
) -> None:
    for resources in ((), (PATIENT,), (PATIENT, {**PATIENT, "id": "3"})):
        client = scripted(always(http(bundle(*resources)))).client
        assert len(client.find_patient("9658218873")) == len(resources)
    nameless = {name: value for name, value in PATIENT.items() if name != "id"}
    with pytest.raises(errors.WrongResource):
        scripted(always(http(bundle(PATIENT, nameless)))).client.find_patient("9658218873")


@pytest.mark.parametrize("birth_date", ["1952", "1952-05", "31/05/1952", "1952-02-31", 1952, None])
def test_a_birth_date_that_is_no_whole_date_is_not_given(scripted: Start, birth_date: Any) -> None:
    client = scripted(always(http(bundle({**PATIENT, "birthDate": birth_date})))).client
    assert client.find_patient("9658218873")[0].birth_date is None


def test_what_is_read_must_be_what_was_asked_for(scripted: Start) -> None:
    client = scripted(always(http(PATIENT))).client
    assert client.read_patient("2").id == "2"
    with pytest.raises(errors.WrongResource):
        client.read_patient("3")
    with pytest.raises(errors.WrongResource):
        client.read_location("2")


@pytest.mark.requirement("AMEND-2")
def test_the_version_comes_from_the_resource_or_else_from_the_etag(scripted: Start) -> None:
    bare = {"resourceType": "Practitioner", "id": "p1"}
    for etag, version in (('W/"23"', "23"), ('"24"', "24"), ("nonsense", None)):
        client = scripted(always(http(bare, ETag=etag))).client
        assert client.read_practitioner("p1").version == version

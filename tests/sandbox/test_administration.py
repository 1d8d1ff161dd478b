"""Practitioners, the organisation, locations and the capability statement."""

import pytest

from tests.sandbox.exchange import ODS_CODE, PRACTICES, PROFILES, encode
from tests.sandbox.wire import Wire, error_code

SDS_USER_ID = "https://fhir.nhs.uk/Id/sds-user-id"
KINDS = {
    "Practitioner": ("read_practitioner", "PRACTITIONER_NOT_FOUND"),
    "Organization": ("read_organisation", "ORGANISATION_NOT_FOUND"),
    "Location": ("read_location", "NO_RECORD_FOUND"),
}


@pytest.mark.parametrize("practice", PRACTICES)
def test_what_a_search_includes_can_be_read(wire: Wire, practice: str) -> None:
    there = wire.at(practice)
    slots = there.slots()
    for kind, (use_case, _) in KINDS.items():
        resource = slots.of(kind)[0]
        assert resource["meta"]["profile"] == [PROFILES + f"CareConnect-GPC-{kind}-1"]
        response = there.ask(use_case, f"/{kind}/{resource['id']}")
        assert response.status_code == 200
        assert response.json() == resource
        assert response.headers["ETag"] == f'W/"{resource["meta"]["versionId"]}"'


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there_is_not_found(wire: Wire, kind: str) -> None:
    use_case, code = KINDS[kind]
    response = wire.ask(use_case, f"/{kind}/999999")
    assert (response.status_code, error_code(response)) == (404, code)


def test_a_practitioner_is_found_by_sds_user_id(wire: Wire) -> None:
    known = wire.slots().of("Practitioner")[0]
    user_id = known["identifier"][0]["value"]
    path = "/Practitioner?identifier="
    response = wire.ask("find_practitioner", path + encode(f"{SDS_USER_ID}|{user_id}"))
    assert [entry["resource"] for entry in response.json()["entry"]] == [known]
    nobody = wire.ask("find_practitioner", path + encode(f"{SDS_USER_ID}|555000000001"))
    assert (nobody.status_code, nobody.json().get("entry")) == (200, None)
    wrong = wire.ask("find_practitioner", path + encode(f"{ODS_CODE}|1"))
    assert (wrong.status_code, error_code(wrong)) == (400, "INVALID_IDENTIFIER_SYSTEM")


def test_the_practice_is_found_by_ods_code(wire: Wire) -> None:
    path = "/Organization?identifier="
    response = wire.ask("find_organisation", path + encode(f"{ODS_CODE}|A20047"))
    (entry,) = response.json()["entry"]
    assert entry["resource"]["name"] == "Dr Legg's Surgery"
    other = wire.ask("find_organisation", path + encode(f"{ODS_CODE}|B82617"))
    assert (other.status_code, other.json().get("entry")) == (200, None)


@pytest.mark.requirement("SSP-7")
def test_the_capability_statement_names_the_version(wire: Wire) -> None:
    statement = wire.ask("capability", "/metadata").json()
    assert statement["resourceType"] == "CapabilityStatement"
    assert (statement["version"], statement["fhirVersion"]) == ("1.2.7", "3.0.1")
    (rest,) = statement["rest"]
    assert {resource["type"] for resource in rest["resource"]} == {
        "Patient", "Organization", "Practitioner", "Location", "Appointment", "Slot",
    }  # fmt: skip

"""Practitioners and organisations are found by their national codes: none, one or several."""

from collections.abc import Callable
from typing import Any

import pytest

from gpconnect import errors
from gpconnect.client import GPConnectClient
from tests.gpconnect.conftest import Start
from tests.gpconnect.scripted_server import always, bundle, http, operation_outcome

Find = Callable[[GPConnectClient, str], tuple[Any, ...]]

ROLE = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-PractitionerRole-1"
PRACTITIONER = {
    "resourceType": "Practitioner",
    "id": "p1",
    "meta": {"versionId": "3"},
    "extension": [
        {"url": ROLE, "valueCodeableConcept": {"coding": [{"code": "R0260", "display": "GP"}]}},
        {"url": ROLE, "valueCodeableConcept": {"text": "Trainer"}},
    ],
    "identifier": [{"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "555000000042"}],
    "name": [{"family": "Legg", "given": ["Harold"], "prefix": ["Dr"]}],
    "gender": "male",
}
ORGANISATION = {
    "resourceType": "Organization",
    "id": "o1",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A20047"}],
    "name": "Dr Legg's Surgery",
    "telecom": [{"system": "phone", "value": "020 7946 0101"}],
    "address": [{"line": ["1 High Street"], "city": "Walford"}],
}
KINDS: tuple[tuple[str, str, str, dict[str, Any], Find], ...] = (
    (
        "Practitioner",
        "https%3A%2F%2Ffhir.nhs.uk%2FId%2Fsds-user-id%7C555000000042",
        "555000000042",
        PRACTITIONER,
        GPConnectClient.find_practitioner,
    ),
    (
        "Organization",
        "https%3A%2F%2Ffhir.nhs.uk%2FId%2Fods-organization-code%7CA20047",
        "A20047",
        ORGANISATION,
        GPConnectClient.find_organisation,
    ),
)
each_kind = pytest.mark.parametrize(
    ("kind", "identifier", "code", "sound", "find"), KINDS, ids=lambda each: str(each)[:12]
)


@pytest.mark.requirement("SSP-2", "SSP-5", "JWT-2")
@each_kind
def test_none_one_and_several_are_success_and_are_asked_for_by_the_code(
    scripted: Start, kind: str, identifier: str, code: str, sound: dict[str, Any], find: Find
) -> None:
    for found in ((), (sound,), (sound, {**sound, "id": "2"})):
        server = scripted(always(http(bundle(*found))))
        assert [each.id for each in find(server.client, code)] == [each["id"] for each in found]
        [request] = server.server.received
        assert request.target.endswith(f"/{kind}?identifier={identifier}")
        interaction = request.header("Ssp-InteractionID") or ""
        assert interaction.endswith(f"rest:search:{kind.lower()}-1")


@pytest.mark.requirement("RES-2", "FIND-1")
@each_kind
def test_one_that_cannot_be_read_is_not_taken_for_none(
    scripted: Start, kind: str, identifier: str, code: str, sound: dict[str, Any], find: Find
) -> None:
    nameless = {name: value for name, value in sound.items() if name != "id"}
    for answer in (bundle(sound, nameless), bundle(nameless), sound, bundle(None)):
        with pytest.raises(errors.WrongResource):
            find(scripted(always(http(answer))).client, code)


@pytest.mark.requirement("ERR-2")
@each_kind
def test_a_code_that_the_practice_does_not_accept_is_said(
    scripted: Start, kind: str, identifier: str, code: str, sound: dict[str, Any], find: Find
) -> None:
    refusal = http(operation_outcome("INVALID_IDENTIFIER_VALUE"), 422)
    with pytest.raises(errors.RequestRejected) as caught:
        find(scripted(always(refusal)).client, code)
    assert caught.value.code == "INVALID_IDENTIFIER_VALUE"
    server = scripted(always(http(bundle())))
    with pytest.raises(errors.InvalidRequest):
        find(server.client, " \x00")
    assert server.server.connections == 0


@pytest.mark.requirement("SFS-5", "RES-4", "RET-2")
def test_a_practitioner_is_read_with_every_role_and_an_organisation_with_its_telephone(
    scripted: Start,
) -> None:
    practitioner = scripted(always(http(PRACTITIONER))).client.read_practitioner("p1")
    assert (practitioner.display_name, practitioner.gender) == ("Dr Harold Legg", "male")
    assert practitioner.roles == ("GP", "Trainer")
    assert (practitioner.sds_user_id, practitioner.version) == ("555000000042", "3")
    organisation = scripted(always(http(ORGANISATION))).client.read_organisation("o1")
    assert (organisation.ods_code, organisation.telephone) == ("A20047", "020 7946 0101")
    assert organisation.address is not None
    assert organisation.address.as_lines() == ("1 High Street", "Walford")

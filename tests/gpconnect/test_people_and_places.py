"""Practitioners and organisations: every element of their profiles is read. [READ-2]"""

from collections.abc import Callable
from typing import Any

import pytest

from gpconnect.client import GPConnectClient
from gpconnect.models import Address, ContactPoint, PartialDate
from tests.gpconnect.conftest import Start, slots_from_tomorrow
from tests.gpconnect.scripted_server import always, http

_STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition"
_SPEAKS = f"{_STRUCTURE}/Extension-CareConnect-GPC-NHSCommunication-1"


def spoken(code: str, **more: Any) -> dict[str, Any]:
    language = {"url": "language", "valueCodeableConcept": {"coding": [{"code": code}]}}
    others = [{"url": url, "valueBoolean": said} for url, said in more.items()]
    return {"url": _SPEAKS, "extension": [language, *others]}


@pytest.mark.requirement("READ-2")
def test_a_practice_that_gives_everything_of_itself_is_read_wholly(
    client_of: Callable[..., GPConnectClient],
) -> None:
    client = client_of("K83015")
    [found] = client.find_organisation("K83015")
    assert found == client.read_organisation(found.id)
    assert (found.active, found.type, found.aliases) == (True, "GP practice", ("The Meadow",))
    assert [(point.system, point.value) for point in found.telecoms] == [
        ("phone", "01632 960 290"),
        ("fax", "01632 960 299"),
        ("email", "reception@k83015.example.nhs.uk"),
        ("url", "https://k83015.example.nhs.uk/"),
    ]
    assert [address.use for address in found.addresses] == ["work", "old"]
    assert found.address == found.addresses[0]
    assert (found.since, found.until) == (PartialDate(1998, 4, 1), None)
    assert found.main_location_id is not None
    assert client.read_location(found.main_location_id).name == "Larkspur Meadow Surgery"
    assert found.part_of_name == "Fenshire Rural Primary Care Network"
    assert found.part_of_id is not None
    assert client.read_organisation(found.part_of_id).name == found.part_of_name
    speaking = [
        slot.practitioner
        for slot in slots_from_tomorrow(client)
        if slot.practitioner and slot.practitioner.communications
    ]
    read = client.read_practitioner(speaking[0].id)
    assert read == speaking[0]
    assert read.active is True
    assert len(read.sds_role_profile_ids) == 1
    assert {one.language for one in read.communications} <= {"en", "cy", "pl"}


@pytest.mark.requirement("READ-2", "RES-2")
def test_what_a_practitioner_should_not_have_is_read_all_the_same(scripted: Start) -> None:
    resource = {
        "resourceType": "Practitioner",
        "id": "p1",
        "extension": [spoken("ur"), spoken("en", preferred=True), {"url": _SPEAKS}],
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "555000301504"},
            {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": "955000301504"},
            {"system": "https://fhir.nhs.uk/Id/sds-role-profile-id", "value": "955000301505"},
        ],
        "active": False,
        "name": [
            {"use": "maiden", "family": "Osborne"},
            {"use": "official", "family": "Pellowe", "given": ["Rhiannon"], "prefix": ["Dr"]},
        ],
        "telecom": {"system": "phone", "value": "01632 960298"},
        "address": {"line": "1 Row", "city": "Fenwick"},
        "birthDate": "1970-02",
        "qualification": [{"code": {"text": "MRCGP"}}, {"code": {}}, "none"],
    }
    read = scripted(always(http(resource))).client.read_practitioner("p1")
    assert read.display_name == "Dr Rhiannon Pellowe"
    assert [name.family for name in read.names] == ["Osborne", "Pellowe"]
    assert read.sds_role_profile_ids == ("955000301504", "955000301505")
    assert read.active is False
    assert [one.language for one in read.communications] == ["en", "ur", None]
    assert read.telecoms == (ContactPoint("phone", "01632 960298"),)
    assert read.addresses == (Address(("1 Row",), "Fenwick"),)
    assert (read.born, read.qualifications) == (PartialDate(1970, 2), ("MRCGP",))


BARE = {"resourceType": "Organization", "id": "o1"}


@pytest.mark.requirement("READ-2", "RES-2")
@pytest.mark.parametrize(
    "odd",
    [
        {"active": "yes", "alias": {"a": 1}, "telecom": "01632 960 290", "address": "1 Row"},
        {"partOf": "Organization/2", "contact": {"purpose": "?"}, "extension": {"url": 5}},
        {"extension": [{"url": f"{_STRUCTURE}/Extension-CareConnect-GPC-MainLocation-1"}]},
        {"address": [{}, {"line": []}], "type": "GP", "alias": [None, " "]},
    ],
)
def test_what_is_no_such_element_is_not_given(scripted: Start, odd: dict[str, Any]) -> None:
    read = scripted(always(http(BARE | odd))).client.read_organisation("o1")
    given = (read.active, read.aliases, read.telecoms, read.address, read.type, read.contacts)
    assert given == (None, (), (), None, None, ())
    assert (read.main_location_id, read.part_of_id, read.since) == (None, None, None)


@pytest.mark.requirement("READ-2")
def test_an_organisations_contacts_say_what_they_are_for(scripted: Start) -> None:
    contact = {
        "purpose": {"text": "Complaints"},
        "name": {"text": "Practice manager"},
        "telecom": [{"system": "phone", "value": "01632 960297"}],
    }
    old = {"use": "old", "line": ["2 Former Row"]}
    new = {"line": ["1 Row"]}
    resource = BARE | {"contact": [contact], "address": [old, new]}
    read = scripted(always(http(resource))).client.read_organisation("o1")
    [one] = read.contacts
    assert (one.relation, str(one.name)) == ("Complaints", "Practice manager")
    assert one.telecoms[0].value == "01632 960297"
    assert read.address == Address(("1 Row",))

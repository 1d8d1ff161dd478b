"""One object for a list of one, and the reverse, read alike: everywhere, and one at a time. [RES-2]

So do other wrong types that practices send: each hides what it is about, and nothing else.
"""

import copy
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.models import SlotSearch
from tests.gpconnect.conftest import Start
from tests.gpconnect.scripted_server import Received, bundle, http
from tests.gpconnect.test_appointments import appointment
from tests.gpconnect.test_people import PATIENT
from tests.gpconnect.test_slots import LOCATION, PRACTITIONER, SCHEDULE, slot

Answer = dict[str, Any]
DAY = SlotSearch(date(2026, 12, 1), date(2026, 12, 2))
ORGANISATION = {
    "resourceType": "Organization",
    "id": "o1",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A20047"}],
    "type": [{"coding": [{"code": "gp-practice"}]}],
    "name": "Dr Legg's Surgery",
    "telecom": [{"system": "phone", "value": "020 7946 0101"}],
    "address": [{"line": ["1 High Street"], "city": "Walford"}],
}
CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "3.0.1",
    "version": "1.2.7",
    "rest": [
        {
            "resource": [{"type": "Slot", "interaction": [{"code": "search-type"}]}],
            "operation": [{"name": "gpc.registerpatient"}],
        }
    ],
}

SLOTS = bundle(slot(), SCHEDULE, LOCATION, PRACTITIONER)
APPOINTMENTS = bundle(appointment())

READ: dict[str, tuple[Answer, Callable[[GPConnectClient], Any]]] = {
    "slots": (SLOTS, lambda client: client.search_free_slots(DAY)),
    "patients": (bundle(PATIENT), lambda client: client.find_patient("9658218873")),
    "appointments": (
        APPOINTMENTS,
        lambda client: client.patient_appointments("2", london.today(), london.today()),
    ),
    "practitioner": (PRACTITIONER, lambda client: client.read_practitioner("p1")),
    "organisation": (ORGANISATION, lambda client: client.read_organisation("o1")),
    "location": (LOCATION, lambda client: client.read_location("l1")),
    "capabilities": (CAPABILITIES, lambda client: client.capability_statement()),
}


class Practice:
    """Answers with whatever a test puts in `answer`."""

    def __init__(self, scripted: Start) -> None:
        self.answer: Answer = {}
        self.client = scripted(self._script).client

    def _script(self, connection: Any, request: Received) -> None:
        connection.sendall(http(self.answer))


@pytest.fixture
def practice(scripted: Start) -> Practice:
    return Practice(scripted)


def flipped(whole: Answer) -> Iterator[tuple[str, Answer]]:
    """The answer with one object made a list of one, or one list of one its only item."""
    for path, value in list(_walk(whole, ())):
        if isinstance(value, dict):
            yield _named(path), _replaced(whole, path, [value])
        elif isinstance(value, list) and len(value) == 1:
            yield _named(path), _replaced(whole, path, value[0])


def _walk(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        here = (*path, key)
        if isinstance(key, str) and not key.startswith("_"):  # an object in a list stays one
            yield here, item
        yield from _walk(item, here)


def _named(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))


def _replaced(whole: Answer, path: tuple[Any, ...], value: Any) -> Answer:
    changed = copy.deepcopy(whole)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@pytest.mark.requirement("RES-2", "RES-4")
@pytest.mark.parametrize("kind", READ)
def test_an_object_for_a_list_and_a_list_for_an_object_read_alike(
    practice: Practice, kind: str
) -> None:
    sound, read = READ[kind]
    practice.answer = sound
    expected = read(practice.client)
    flips = list(flipped(sound))
    assert len(flips) >= 3
    for where, answer in flips:
        practice.answer = answer
        assert read(practice.client) == expected, where


# With another word there it is a resource of a kind, or a slot in a state, that nobody asked for.
ELSEWHERE = (("resourceType",), ("status",))
WRONG: tuple[Any, ...] = (None, 7, True, "words", {}, [], [None], [[]], {"a": "b"})


@pytest.mark.requirement("RES-2", "SFS-10", "ERR-5")
def test_whatever_stands_where_a_slots_part_should_be_no_other_slot_is_hidden(
    practice: Practice,
) -> None:
    answer = bundle(slot("other"), slot(), SCHEDULE, LOCATION, PRACTITIONER)
    entry = answer["entry"][1]["resource"]
    for path, _ in list(_walk(entry, ())):
        for wrong in WRONG:
            practice.answer = _replaced(answer, ("entry", 1, "resource", *path), wrong)
            found = practice.client.search_free_slots(DAY)
            assert "other" in {one.id for one in found.slots}, (path, wrong)
            assert len(found.slots) == 2 or not found.complete or path in ELSEWHERE


@pytest.mark.requirement("RES-2", "SFS-10")
def test_whatever_stands_where_an_appointments_part_should_be_no_other_is_hidden(
    practice: Practice,
) -> None:
    answer = bundle(appointment(id="other"), appointment())
    for path, _ in list(_walk(answer["entry"][1]["resource"], ())):
        for wrong in WRONG:
            practice.answer = _replaced(answer, ("entry", 1, "resource", *path), wrong)
            found = practice.client.patient_appointments("2", london.today(), london.today())
            assert "other" in {one.id for one in found.appointments}, (path, wrong)
            assert len(found.appointments) == 2 or not found.complete or path in ELSEWHERE


@pytest.mark.requirement("SFS-5", "RET-2")
def test_an_absent_practitioner_is_not_given_and_nothing_is_missed(practice: Practice) -> None:
    schedule = {**SCHEDULE, "actor": [{"reference": "Location/l1"}]}
    practice.answer = bundle(slot(), schedule, LOCATION)
    found = practice.client.search_free_slots(DAY)
    assert found.complete
    assert found.slots[0].practitioner is None
    assert found.slots[0].location is not None
    for nobody in ({"status": "accepted"}, {"actor": {"display": "Dr Who"}}, {"actor": None}):
        participants = [*appointment()["participant"], nobody]
        practice.answer = appointment(participant=participants)
        read = practice.client.read_appointment("148")
        assert (read.practitioner_id, read.patient_id, read.location_id) == (None, "2", "l1")


CHANNEL = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-DeliveryChannel"


@pytest.mark.requirement("RES-4", "RET-2")
@pytest.mark.parametrize(
    ("extension", "channel"),
    [
        ({"url": f"{CHANNEL}-1", "valueCodeableConcept": {"text": "Video"}}, "Video"),
        ({"url": f"{CHANNEL}-1", "valueCode": "Telephone"}, "Telephone"),
        ({"url": f"{CHANNEL}-2", "valueCode": "In-person"}, "In-person"),
        ({"url": f"{CHANNEL}-2", "valueCode": "Carrier pigeon"}, "Carrier pigeon"),
        ({"url": f"{CHANNEL}-3", "valueCode": "Video"}, None),
    ],
)
def test_an_appointments_channel_is_read_from_both_extensions_and_kept_if_unknown(
    practice: Practice, extension: Answer, channel: str | None
) -> None:
    practice.answer = appointment(extension=[extension])
    assert practice.client.read_appointment("148").delivery_channel == channel


@pytest.mark.requirement("SFS-6", "RET-2")
@pytest.mark.parametrize("start", ["2026-12-01T09:00:00", "2026-12-01", "soon", "", None, 5])
def test_an_appointment_whose_time_cannot_be_relied_on_is_shown_and_doubted(
    practice: Practice, start: Any
) -> None:
    practice.answer = bundle(appointment(start=start))
    found = practice.client.patient_appointments("2", london.today(), london.today())
    [one] = found.appointments
    assert one.start.doubtful
    assert one.minutes is None


@pytest.mark.requirement("RES-4", "SFS-5")
def test_of_several_practitioner_roles_the_first_that_says_something_is_shown(
    practice: Practice,
) -> None:
    schedule: Answer = copy.deepcopy(SCHEDULE)
    [role] = schedule["extension"]
    other = {"url": role["url"], "valueCodeableConcept": {"text": "Nurse"}}
    schedule["extension"] = [{"url": role["url"]}, role, other]
    practice.answer = bundle(slot(), schedule, LOCATION, PRACTITIONER)
    [one] = practice.client.search_free_slots(DAY).slots
    assert one.practitioner_role == "General Medical Practitioner"

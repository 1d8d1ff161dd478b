"""What is only nearly an answer, down to its bytes: one bad thing hides nothing else. [ERR-5]

Case 8 (one byte of Latin-1 in a name) and its family.
"""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from gpconnect import errors, london
from gpconnect.client import GPConnectClient
from gpconnect.models import FreeSlots, SlotSearch
from tests.gpconnect.conftest import Start
from tests.gpconnect.scripted_server import Received, bundle, http
from tests.gpconnect.test_appointments import appointment
from tests.gpconnect.test_people import PATIENT
from tests.gpconnect.test_slots import LOCATION, PRACTITIONER, SCHEDULE, slot

DAY = SlotSearch(date(2026, 12, 1), date(2026, 12, 2))
OTHER = {"resourceType": "Schedule", "id": "c2", "actor": [{"reference": "Location/l1"}]}
REPLACED = "\N{REPLACEMENT CHARACTER}"


class Practice:
    """Answers with whatever bytes a test puts in `answer`."""

    def __init__(self, scripted: Start) -> None:
        self.answer = b""
        self.client: GPConnectClient = scripted(self._script).client

    def _script(self, connection: Any, request: Received) -> None:
        connection.sendall(http(self.answer))

    def slots(self, answer: bytes) -> FreeSlots:
        self.answer = answer
        return self.client.search_free_slots(DAY)


@pytest.fixture
def practice(scripted: Start) -> Practice:
    return Practice(scripted)


def written(*resources: Any) -> bytes:
    """The bundle as a practice would write it, letters as they are."""
    return json.dumps(bundle(*resources), ensure_ascii=False).encode()


def with_name(name: str) -> dict[str, Any]:
    return {**PRACTITIONER, "name": [{"family": name, "prefix": ["Dr"]}]}


@pytest.mark.requirement("ERR-5", "SFS-10")
def test_a_byte_of_latin_1_in_a_name_is_a_replacement_character_and_hides_nothing(
    practice: Practice,
) -> None:
    """Case 8."""
    answer = written(slot(), slot("s2"), SCHEDULE, LOCATION, with_name("Citroën"))
    found = practice.slots(answer.replace("ë".encode(), b"\xeb"))
    assert [one.id for one in found.slots] == ["s1", "s2"]
    assert found.complete
    assert found.slots[0].practitioner is not None
    assert found.slots[0].practitioner.display_name == f"Dr Citro{REPLACED}n"


NEARLY: dict[str, Callable[[bytes], bytes]] = {
    "byte-order mark": lambda answer: b"\xef\xbb\xbf" + answer,
    "two byte-order marks": lambda answer: b"\xef\xbb\xbf" * 2 + answer,
    "UTF-16": lambda answer: answer.decode().encode("utf-16"),
    "not a number": lambda answer: answer.replace(b'"Black"', b'"Black", "weight": NaN'),
    "infinity": lambda answer: answer.replace(b'"Black"', b'"Black", "weight": -Infinity'),
    "too large": lambda answer: answer.replace(b'"Black"', b'"Black", "weight": 1e999'),
    "endless": lambda answer: answer.replace(b'"Black"', b'"Black", "weight": ' + b"9" * 5000),
    "a tab in a text": lambda answer: answer.replace(b"High", b"Hi\tgh"),
    "a line's end in a text": lambda answer: answer.replace(b"High", b"Hi\r\ngh"),
    "NUL in a text": lambda answer: answer.replace(b"High", b"Hi\x00gh"),
    "escaped NUL": lambda answer: answer.replace(b"High", rb"Hi\u0000gh"),
    "half a surrogate pair": lambda answer: answer.replace(b"High", rb"Hi\ud800gh"),
    "a name twice": lambda answer: answer.replace(b'"gender":', b'"gender": 5, "gender":'),
}


@pytest.mark.requirement("ERR-5", "SFS-10", "RES-2")
@pytest.mark.parametrize("change", NEARLY.values(), ids=NEARLY)
def test_what_is_nearly_json_is_read(practice: Practice, change: Callable[[bytes], bytes]) -> None:
    sound = written(slot(), SCHEDULE, LOCATION, PRACTITIONER)
    changed = change(sound)
    assert changed != sound
    found = practice.slots(changed)
    assert found.complete
    [one] = found.slots
    assert one.practitioner is not None
    assert (one.practitioner.display_name, one.practitioner.gender) == ("Dr Sarah Black", "female")
    assert one.location is not None
    assert "\x00" not in str(one.location)


# A quote or bracket too many, a letter that is none, the end of a text that never comes.
BYTES = (b"\xff", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b"\n", b"x", b"")


@pytest.mark.requirement("ERR-5", "SFS-10")
@pytest.mark.parametrize("byte", BYTES)
def test_whatever_byte_stands_in_a_slots_or_practitioners_part_no_other_slot_is_hidden(
    practice: Practice, byte: bytes
) -> None:
    other = slot("other", schedule={"reference": "Schedule/c2"})
    entries = [json.dumps({"resource": each}).encode() for each in (slot(), PRACTITIONER)]
    for part in entries:
        before, after = written(SCHEDULE, "HERE", other, OTHER, LOCATION).split(b'"HERE"')
        begin = len(b'{"resource": ')
        for place in range(begin, len(part) - 1, 3):
            broken = part[:place] + byte + part[place + 1 :]
            found = practice.slots(before + broken[begin:-1] + after)
            assert "other" in {one.id for one in found.slots}, broken
            if broken != part and b"Slot" in part and not _sound(broken):
                assert not found.complete


def _sound(part: bytes) -> bool:
    try:
        json.loads(part.decode("utf-8", "replace"), strict=False)
    except ValueError:
        return False
    return True


@pytest.mark.requirement("SFS-10")
def test_a_part_that_is_nested_without_end_hides_only_itself(practice: Practice) -> None:
    deep = written(slot("deep"), slot(), SCHEDULE, LOCATION, PRACTITIONER).replace(
        b'"deep"', b'"deep", "extension": ' + b"[" * 50_000 + b"]" * 50_000
    )
    found = practice.slots(deep)
    assert [one.id for one in found.slots] == ["s1"]
    assert not found.complete


@pytest.mark.requirement("FIND-1", "PDS-6")
def test_a_broken_answer_about_a_patient_is_never_read_in_part(practice: Practice) -> None:
    """One record of two would be taken for the only one."""
    practice.answer = written(PATIENT, {**PATIENT, "id": "99"}).replace(b'"99"', b'"99', 1)
    with pytest.raises(errors.UnreadableAnswer) as caught:
        practice.client.find_patient("9658218873")
    assert caught.value.code == "INVALID_JSON"
    practice.answer = written(appointment(), appointment(id="99")).replace(b'"99"', b'"99', 1)
    with pytest.raises(errors.UnreadableAnswer):
        practice.client.patient_appointments("2", london.today(), london.today())


@pytest.mark.requirement("AMEND-1", "RES-2")
@pytest.mark.parametrize("text", [b"Kn\xebe", rb"Kn\u0000e", rb"Kn\ud83de", b"Kn\te"])
def test_an_appointment_that_was_not_read_exactly_is_shown_and_never_sent_back(
    practice: Practice, text: bytes
) -> None:
    sound = json.dumps(appointment(comment="KNEE")).encode()
    practice.answer = sound
    assert practice.client.read_appointment("148").intact
    practice.answer = sound.replace(b"KNEE", rb"\ud83d\ude00")  # a whole pair is a letter
    assert practice.client.read_appointment("148").intact
    practice.answer = sound.replace(b"KNEE", text)
    read = practice.client.read_appointment("148")
    assert read.comment is not None
    with pytest.raises(errors.InvalidRequest):
        practice.client.amend_appointment(read, "Other", None)
    with pytest.raises(errors.InvalidRequest):
        practice.client.cancel_appointment(read, "Better")

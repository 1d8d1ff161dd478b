"""Reading a search's answer, beside json.loads of the same bytes."""

import json
from collections.abc import Iterator

from fhirclient.models.bundle import Bundle

from bench import diary
from bench.figures import Figure
from bench.measuring import in_turns
from gpconnect import answers, practice_time
from gpconnect.fhir.slots import free_slots
from gpconnect.interactions import SEARCH_FREE_SLOTS
from gpconnect.models import FreeSlots
from gpconnect.wire import WireAnswer

GOAL = 3.0


def figures() -> Iterator[Figure]:
    """The size read, and what the readers take in times of json.loads."""
    body = diary.searchset()
    yield Figure("size of the answer with 2,000 slots", len(body) / 1e6, "MB")
    _check(_read(body))
    turns = {"json": lambda: json.loads(body), "ours": lambda: _read(body)}
    # Times of day read before are remembered: forgotten here, each reading is the first.
    forget = practice_time._read.cache_clear
    on = in_turns(turns, rounds=25, before=forget)
    off = in_turns(turns, rounds=9, before=forget, collector=False)
    yield Figure("json.loads of it", on["json"].processor_seconds * 1e3, "ms")
    yield Figure("reading it", on["ours"].processor_seconds * 1e3, "ms")
    yield Figure("reading it / json.loads", on["ours"].of_processor(on["json"]), "times", GOAL)
    ratio = off["ours"].of_processor(off["json"])
    yield Figure("the same, garbage collector off for both", ratio, "times")
    turns["fhirclient"] = lambda: Bundle(json.loads(body), strict=True)  # type: ignore[no-untyped-call]
    theirs = in_turns(turns, rounds=3, before=forget)
    ratio = theirs["fhirclient"].of_processor(theirs["json"])
    yield Figure("fhirclient 3.2.0 reading it / json.loads", ratio, "times")


def _read(body: bytes) -> FreeSlots:
    """From the wire's bytes to what the search returns, as the client does it."""
    answer = WireAnswer(200, {"Content-Type": "application/fhir+json"}, body)
    return free_slots(answers.resource(answer, "trace", SEARCH_FREE_SLOTS, "Bundle"))


def _check(read: FreeSlots) -> None:
    """A reader that leaves out what is shown would be quick for nothing. [SFS-5]"""
    assert read.complete, read.faults
    assert len(read.slots) == diary.SLOTS
    for slot in read.slots:
        assert slot.delivery_channel, slot
        assert slot.slot_type, slot
        assert slot.schedule_type, slot
        assert slot.practitioner_role, slot
        assert not slot.start.doubtful, slot
        assert not slot.end.doubtful, slot
        assert slot.minutes == 15, slot
        assert slot.location, slot
        assert slot.location.name, slot
        assert slot.location.address, slot
        assert slot.practitioner, slot
        assert slot.practitioner.name, slot
        assert slot.practitioner.gender, slot

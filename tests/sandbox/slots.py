"""Searching for slots, and reading what is found by type and id."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

from tests.sandbox.exchange import (
    CONSUMERS,
    DELIVERY_CHANNEL,
    DELIVERY_CHANNEL_1,
    ODS_CODE,
    ORGANISATION_TYPE,
    encode,
    today,
)

Slot = dict[str, Any]

# Slot types that are only for some, only at times, or written with a wrong offset.
NOT_ORDINARY = {
    "Hub Appointment",
    "Urgent Hub Appointment",
    "NHS 111 Direct",
    "PCN Shared Appointment",
    "On The Day Telephone",
    "Advance Booking",
    "Telephone Advice",
}
_CHANNELS = (DELIVERY_CHANNEL, DELIVERY_CHANNEL_1)


def channel(slot: dict[str, Any]) -> str:
    """The delivery channel, from whichever version of the extension the practice writes."""
    (found,) = (one for one in slot["extension"] if one["url"] in _CHANNELS)
    if found["url"] == DELIVERY_CHANNEL:
        return str(found["valueCode"])
    return str(found["valueCodeableConcept"]["coding"][0]["code"])


class Slots:
    """A searchset of slots, read by type and id."""

    def __init__(self, bundle: dict[str, Any]) -> None:
        self.resources = [entry["resource"] for entry in bundle.get("entry", [])]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [resource for resource in self.resources if resource["resourceType"] == kind]

    @property
    def free(self) -> list[dict[str, Any]]:
        return self.of("Slot")

    def schedule(self, slot: dict[str, Any]) -> dict[str, Any]:
        kind, _, logical_id = slot["schedule"]["reference"].partition("/")
        return next(one for one in self.of(kind) if one["id"] == logical_id)

    def ordinary(self) -> list[dict[str, Any]]:
        """Free slots from tomorrow on that anybody may book now.

        Whose they are, where and by which channel follows the day: a test that needs more
        of its slot than that must ask for it.
        """
        return [slot for slot in self._from_tomorrow() if _type(slot) not in NOT_ORDINARY]

    def of_type(self, slot_type: str) -> Slot:
        """A free slot of this type from tomorrow on."""
        return next(slot for slot in self._from_tomorrow() if _type(slot) == slot_type)

    def _from_tomorrow(self) -> list[Slot]:
        tomorrow = (today() + timedelta(days=1)).isoformat()
        return [slot for slot in self.free if slot["start"] >= tomorrow]

    def pair(self, fits: Callable[[Slot, Slot], bool]) -> tuple[Slot, Slot]:
        """Two ordinary slots, wherever they are in the diary, that fit together as asked."""
        for first, second in permutations(self.ordinary(), 2):
            if fits(first, second):
                return first, second
        raise AssertionError("no two such slots")

    def neighbours(self) -> tuple[Slot, Slot]:
        """Two adjacent slots of one schedule, channel and type."""
        return self.pair(lambda one, other: one["end"] == other["start"] and _alike(one, other))

    def apart(self) -> tuple[Slot, Slot]:
        """Two slots of one schedule, channel and type with time between them."""
        return self.pair(lambda one, other: one["end"] < other["start"] and _alike(one, other))


def _type(slot: Slot) -> str:
    return str(slot["serviceType"][0]["text"])


def _alike(one: Slot, other: Slot) -> bool:
    return all(one[part] == other[part] for part in ("schedule", "extension", "serviceType"))


def slot_query(
    *,
    start: str | None = None,
    end: str | None = None,
    organisation: str | None = "A1001",
    kind: str | None = "",
    include: tuple[str, ...] = (
        "Schedule:actor:Practitioner",
        "Schedule:actor:Location",
        "Location:managingOrganization",
    ),
) -> str:
    """The query of a search; `kind` "" is the organisation's own type, None sends none."""
    start = start or f"ge{today()}"
    end = end or f"le{today() + timedelta(days=14)}"
    parts = [f"start={encode(start)}", f"end={encode(end)}", "status=free"]
    parts.append("_include=" + encode("Slot:schedule"))
    parts += ["_include:recurse=" + encode(one) for one in include]
    if kind == "" and organisation:
        kind = CONSUMERS[organisation][2]
    if organisation:
        parts.append("searchFilter=" + encode(f"{ODS_CODE}|{organisation}"))
    if kind:
        parts.append("searchFilter=" + encode(f"{ORGANISATION_TYPE}|{kind}"))
    return "&".join(parts)

"""Free slots, joined with schedule, location and practitioner. [SFS-5, SFS-6, SFS-10]"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gpconnect.fhir import elements, names, people_and_places
from gpconnect.fhir.bundles import Resources, resources
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.models import FreeSlot, FreeSlots, Location, PracticeTime, Practitioner

_LAST: Final = datetime.max.replace(tzinfo=UTC)
_CHANNELS: Final = (names.DELIVERY_CHANNEL, names.DELIVERY_CHANNEL_BEFORE)


@dataclass(frozen=True, slots=True)
class _Schedule:
    """What a slot has from its schedule."""

    id: str
    type: str | None
    location: Location | None
    practitioner: Practitioner | None
    role: str | None
    role_code: str | None


_UNKNOWN_SCHEDULE: Final = _Schedule("", None, None, None, None, None)


def free_slots(bundle: Json) -> FreeSlots:
    """The free slots of one answer, in the order of their instants, with what was unreadable."""
    found = resources(bundle)
    schedules = _schedules(found)
    slots: list[FreeSlot] = []
    for resource in found.of("Slot"):
        try:
            slot = _slot(resource, schedules)
        except Unreadable as fault:
            found.fault(f"a slot {fault}")
            continue
        if slot is None:
            continue
        if slot.schedule_id is None or slot.schedule_id not in schedules:
            found.fault("a slot whose schedule is missing")
        slots.append(slot)
    return joined([FreeSlots(tuple(slots), found.fault_sentences())])


def joined(parts: Iterable[FreeSlots]) -> FreeSlots:
    """Several answers as one: each slot once, by its id, in the order of the instants. [SFS-4]"""
    by_id: dict[str, FreeSlot] = {}
    faults: dict[str, None] = {}
    for part in parts:
        by_id.update((slot.id, slot) for slot in part.slots)
        faults.update(dict.fromkeys(part.faults))
    ordered = sorted(by_id.values(), key=lambda slot: slot.start.instant or _LAST)
    return FreeSlots(tuple(ordered), tuple(faults))


def delivery_channel(resource: Json) -> str | None:
    """The channel, from either version of the extension; an unknown one as its text. [RES-4]"""
    for extension in elements.objects(resource.get("extension")):
        if extension.get("url") not in _CHANNELS:
            continue
        said = elements.text(extension.get("valueCode"))
        if said is None:
            code, words = elements.concept(extension.get("valueCodeableConcept"))
            said = code or words
        if said:
            return said
    return None


def practitioner_role(resource: Json) -> tuple[str | None, str | None]:
    """Code and SDS job role name; of several roles the first."""
    for extension in elements.extensions(resource, names.PRACTITIONER_ROLE):
        code, words = elements.concept(extension.get("valueCodeableConcept"))
        if code or words:
            return code, words or code
    return None, None


def service_type(resource: Json) -> str | None:
    """The text of the first service type, which is the slot type that the practice defined."""
    for service in elements.objects(resource.get("serviceType")):
        words = elements.text(service.get("text")) or elements.concept(service)[1]
        if words:
            return words
    return None


def service_category(resource: Json) -> str | None:
    """The schedule type that the practice defined."""
    category = elements.mapping(resource.get("serviceCategory"))
    return elements.text(category.get("text")) or elements.concept(category)[1]


def _slot(resource: Json, schedules: dict[str, _Schedule]) -> FreeSlot | None:
    """The slot, or None when it is not free after all. Raises: Unreadable."""
    if resource.get("status") != "free":
        elements.required(resource, "status")
        return None
    start = PracticeTime.read(elements.required(resource, "start"))
    end = PracticeTime.read(elements.required(resource, "end"))
    if start.instant and end.instant and end.instant <= start.instant:
        raise Unreadable("that ends before it starts")
    schedule_id = elements.reference(resource.get("schedule"), "Schedule")
    schedule = schedules.get(schedule_id or "", _UNKNOWN_SCHEDULE)
    # By position, which for thousands of slots is noticeably quicker than by name.
    return FreeSlot(
        elements.required(resource, "id"),
        start,
        end,
        delivery_channel(resource),
        service_type(resource),
        schedule_id,
        schedule.type,
        schedule.location,
        schedule.practitioner,
        schedule.role,
        schedule.role_code,
    )


def _schedules(found: Resources) -> dict[str, _Schedule]:
    locations = {
        location.id: location for location in found.read("Location", people_and_places.location)
    }
    practitioners = {
        practitioner.id: practitioner
        for practitioner in found.read("Practitioner", people_and_places.practitioner)
    }

    def read(resource: Json) -> _Schedule:
        actors = list(elements.objects(resource.get("actor")))
        location_id = elements.first_reference(actors, "Location")
        practitioner_id = elements.first_reference(actors, "Practitioner")
        role_code, role = practitioner_role(resource)
        return _Schedule(
            id=elements.required(resource, "id"),
            type=service_category(resource),
            location=locations.get(location_id, Location(location_id)) if location_id else None,
            practitioner=practitioners.get(practitioner_id, Practitioner(practitioner_id))
            if practitioner_id
            else None,
            role=role,
            role_code=role_code,
        )

    return {schedule.id: schedule for schedule in found.read("Schedule", read)}

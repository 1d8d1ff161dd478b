"""Free slots, joined with schedule, location and practitioner. [SFS-5, SFS-6, SFS-10]"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gpconnect.fhir import elements, names, people_and_places
from gpconnect.fhir.bundles import Resources, resources
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.models import (
    OR,
    DeliveryChannel,
    FreeSlot,
    FreeSlots,
    HealthcareService,
    Location,
    PracticeTime,
    Practitioner,
)

_LAST: Final = datetime.max.replace(tzinfo=UTC)
_CHANNELS: Final = (names.DELIVERY_CHANNEL, names.DELIVERY_CHANNEL_BEFORE)
_CHANNELS_AS_SPELT: Final = frozenset(map(str, DeliveryChannel))
_CHANNEL_CODES: Final = elements.spellings(*_CHANNELS_AS_SPELT)
_STATUSES: Final = elements.spellings(
    "free", "busy", "busy-unavailable", "busy-tentative", "entered-in-error"
)


@dataclass(frozen=True, slots=True)
class _Schedule:
    """What a slot has from its schedule."""

    id: str
    type: str | None
    location: Location | None
    practitioner: Practitioner | None
    role: str | None
    role_code: str | None
    service: HealthcareService | None


_UNKNOWN_SCHEDULE: Final = _Schedule("", None, None, None, None, None, None)


def free_slots(bundle: Json) -> FreeSlots:
    """The free slots of one answer, in the order of their instants, with what was unreadable."""
    found = resources(bundle)
    schedules = _schedules(found)
    slots: list[FreeSlot] = []
    linked: dict[str, str | None] = {}
    for resource in found.of("Slot"):
        try:
            slot = _slot(resource, schedules, linked)
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
    """Several answers as one: each slot once, by its id, in the order of the instants. [SFS-4]

    Two different ones with one id are both there, and that is a fault.
    """
    by_id: dict[str, FreeSlot] = {}
    others: dict[FreeSlot, None] = {}
    faults: dict[str, None] = {}
    for part in parts:
        for slot in part.slots:
            known = by_id.setdefault(slot.id, slot)
            if known is not slot and known != slot:
                others[slot] = None
        faults.update(dict.fromkeys(part.faults))
    if others:
        faults["The practice sent something unreadable: different slots with one id."] = None
    ordered = sorted([*by_id.values(), *others], key=lambda slot: slot.start.instant or _LAST)
    return FreeSlots(tuple(ordered), tuple(faults))


def delivery_channel(resource: Json) -> str | None:
    """The channel, from either version of the extension; an unknown one as its text. [RES-4]

    Of several all: which of them it is the practice has not decided yet, or does not say.
    """
    found: list[str] = []
    for extension in elements.objects(resource.get("extension")):
        if extension.get("url") not in _CHANNELS:
            continue
        said = extension.get("valueCode")
        if not isinstance(said, str) or said not in _CHANNELS_AS_SPELT:
            code, words = elements.concept(extension.get("valueCodeableConcept"))
            said = elements.spelt(elements.text(said) or code or words, _CHANNEL_CODES)
        if said:
            found.append(said)
    return found[0] if len(found) == 1 else OR.join(dict.fromkeys(found)) or None


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


def _slot(
    resource: Json, schedules: dict[str, _Schedule], linked: dict[str, str | None]
) -> FreeSlot | None:
    """The slot, or None when it is not free after all. Raises: Unreadable.

    `linked` remembers the schedule's id in each reference: thousands of slots share a few.
    """
    if resource.get("status") != "free":
        status = elements.spelt(elements.required(resource, "status"), _STATUSES)
        if status not in _STATUSES.values():
            raise Unreadable("in a state that is none")
        if status != "free":
            return None
    start = PracticeTime.read(elements.required(resource, "start"))
    end = PracticeTime.read(elements.required(resource, "end"))
    if start.instant and end.instant and end.instant <= start.instant:
        raise Unreadable("that ends before it starts")
    link = resource.get("schedule")
    written = link.get("reference") if isinstance(link, dict) else None
    if isinstance(written, str) and written in linked:
        schedule_id = linked[written]
    else:
        schedule_id = elements.reference(link, "Schedule")
        if isinstance(written, str):
            linked[written] = schedule_id
    schedule = schedules.get(schedule_id or "", _UNKNOWN_SCHEDULE)
    # By position, which for thousands of slots is noticeably quicker than by name.
    return FreeSlot(
        elements.identity(resource),
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
        schedule.service,
    )


def _schedules(found: Resources) -> dict[str, _Schedule]:
    locations = found.by_id("Location", people_and_places.location)
    practitioners = found.by_id("Practitioner", people_and_places.practitioner)
    services = found.by_id("HealthcareService", people_and_places.healthcare_service)

    def read(resource: Json) -> _Schedule:
        actors = elements.references(resource.get("actor"))
        location_id = elements.first_reference(actors, "Location")
        practitioner_id = elements.first_reference(actors, "Practitioner")
        service_id = elements.first_reference(actors, "HealthcareService")
        role_code, role = practitioner_role(resource)
        return _Schedule(
            id=elements.identity(resource),
            type=service_category(resource),
            location=locations.get(location_id, Location(location_id)) if location_id else None,
            practitioner=practitioners.get(practitioner_id, Practitioner(practitioner_id))
            if practitioner_id
            else None,
            role=role,
            role_code=role_code,
            service=services.get(service_id, HealthcareService(service_id)) if service_id else None,
        )

    return found.by_id("Schedule", read)

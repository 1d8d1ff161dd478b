"""Search for free slots. [SFS-1..4]"""

from datetime import date, datetime
from typing import Any

from sandbox import calendar, clock, london
from sandbox.answers import Answer
from sandbox.outcomes import Refused
from sandbox.provider import resources
from sandbox.provider.asked import Asked
from sandbox.store import Schedule, Slot

_LONGEST_DAYS = 14
_INCLUDE_PRACTITIONER = "Schedule:actor:Practitioner"
_INCLUDE_SERVICE = "Schedule:actor:HealthcareService"
_INCLUDE_LOCATION = "Schedule:actor:Location"


def search(asked: Asked) -> Answer:
    """Free slots wholly in the range that this organisation may book now, with what belongs."""
    start, end = _range(asked)
    if asked.values("status") == []:
        raise Refused("BAD_REQUEST", "status is missing")
    if asked.values("status") != ["free"]:
        raise Refused("INVALID_PARAMETER", "status is not free")
    if "Slot:schedule" not in asked.values("_include"):
        raise Refused("BAD_REQUEST", "_include=Slot:schedule is missing")
    calendar.extend(asked.store, asked.spine.practices)
    organisation_type = _filter(asked, resources.ORGANISATION_TYPE)
    ods = _filter(asked, resources.ODS_CODE)
    now = clock.now()
    slots = [
        slot
        for slot in asked.store.free_slots(
            asked.practice.ods, int(start.timestamp()), int(end.timestamp())
        )
        if slot.shared and slot.is_for(organisation_type, ods) and _window_is_open(slot, now)
    ]
    return Answer(200, resources.bundle(_entries(asked, slots)))


def _window_is_open(slot: Slot, now: float) -> bool:
    # A slot that has begun has no window any more, but may be searched for.
    return slot.opens <= now and (now < slot.closes or now >= slot.start)


def _range(asked: Asked) -> tuple[datetime, datetime]:
    start, end = _bound(asked, "start", "ge"), _bound(asked, "end", "le")
    first = london.start_of(london.read_date(start)) if len(start) == 10 else _moment(start)
    last = _end_of_date(asked, london.read_date(end)) if len(end) == 10 else _moment(end)
    if last < first or (last == first and len(end) != 10):
        raise Refused("INVALID_PARAMETER", "end is before start")
    if (london.read_date(end[:10]) - london.read_date(start[:10])).days > _LONGEST_DAYS:
        raise Refused("INVALID_PARAMETER", "the range is longer than two weeks")
    return first, last


def _end_of_date(asked: Asked, day: date) -> datetime:
    """When a range ends whose last bound is a date alone: suppliers read it in two ways."""
    if asked.practice.flavour.date_only_end == "midnight":
        return london.start_of(day)
    return london.end_of(day)


def _bound(asked: Asked, name: str, prefix: str) -> str:
    values = asked.values(name)
    if not values:
        raise Refused("BAD_REQUEST", f"{name} is missing")
    if len(values) > 1:
        raise Refused("INVALID_PARAMETER", f"{name} was sent more than once")
    if not values[0].startswith(prefix):
        raise Refused("INVALID_PARAMETER", f"{name} does not have the prefix {prefix}")
    bound = values[0][len(prefix) :]
    try:
        london.read_date(bound) if len(bound) == 10 else london.read_date_time(bound)
    except ValueError as error:
        raise Refused("INVALID_PARAMETER", f"{name}: {error}") from None
    return bound


def _moment(text: str) -> datetime:
    return london.read_date_time(text)


def _filter(asked: Asked, system: str) -> str | None:
    """The code of the first searchFilter of a system; filters of other systems are ignored."""
    for value in asked.values("searchFilter"):
        given, _, code = value.partition("|")
        if given == system:
            return code
    return None


def _entries(asked: Asked, slots: list[Slot]) -> list[dict[str, Any]]:
    if not slots:
        return []
    practice = asked.practice
    schedules = asked.store.schedules(practice.ods, [slot.schedule for slot in slots])
    wanted = asked.values("_include:recurse")
    entries = [resources.slot(practice, slot) for slot in slots]
    entries += [resources.schedule(practice, schedule, asked.spine.roles) for schedule in schedules]
    if _INCLUDE_PRACTITIONER in wanted:
        entries += _practitioners(asked, schedules)
    if _INCLUDE_LOCATION in wanted:
        used = {schedule.place for schedule in schedules}
        entries += [
            resources.location(practice, place) for place in practice.places if place.id in used
        ]
    if _INCLUDE_SERVICE in wanted:
        linked = {practice.service_of(schedule.name) for schedule in schedules} - {None}
        entries += [
            resources.service(practice, service)
            for service in practice.services
            if service in linked
        ]
    # The specification: always present, asked for or not.
    return [*entries, resources.organisation(practice)]


def _practitioners(asked: Asked, schedules: list[Schedule]) -> list[dict[str, Any]]:
    used = {schedule.clinician for schedule in schedules}
    return [
        resources.practitioner(asked.practice, clinician)
        for clinician in asked.practice.clinicians
        if clinician.id in used
    ]

"""Book, read and retrieve appointments. [BOOK-1..9, RET-1, READ-1]"""

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from sandbox import clock, london
from sandbox.answers import Answer
from sandbox.ids import logical_id
from sandbox.outcomes import Refused
from sandbox.provider import patients, resources, stored, submitted
from sandbox.provider.asked import Asked
from sandbox.provider.stored import Wished
from sandbox.provider.submitted import Submitted
from sandbox.store import AppointmentRecord, Schedule, Slot

_BASIC_PLANE = 0xFFFF


def book(asked: Asked) -> Answer:
    """Create an appointment if the resource is sound and all its slots are still free."""
    wish = submitted.read(asked.resource(), asked.consumer)
    refuse_what_breaks(asked, wish.resource["description"])
    with asked.store.transaction():
        slots = _slots(asked, wish)
        (schedule,) = asked.store.schedules(asked.practice.ods, [slots[0].schedule])
        _check_patient(asked, wish)
        _check_against_slots(asked, wish, slots, schedule)
        if any(slot.status != "free" for slot in slots):
            raise Refused("DUPLICATE_REJECTED", "a slot is no longer free")
        _check_rules(asked, slots)
        record = _create(asked, wish, slots, schedule)
    refuse_what_breaks(asked, wish.resource.get("comment"))
    return answer(
        asked,
        record,
        status=201,
        location=f"{asked.practice.service_root}/Appointment/{record.id}/_history/"
        f"{asked.practice.flavour.version(record.version)}",
    )


def read(asked: Asked) -> Answer:
    """An appointment that has not begun, by logical id."""
    record = existing(asked)
    refuse_past(record.start)
    return answer(asked, record)


def retrieve(asked: Asked) -> Answer:
    """All of a patient's appointments between two dates, from today on, cancelled ones too."""
    patient = patients.active(asked)
    bounds = asked.values("start")
    if len(bounds) != 2:
        raise Refused("INVALID_PARAMETER", "exactly two start parameters are needed")
    dates = {}
    for bound in bounds:
        try:
            dates[bound[:2]] = london.read_date(bound[2:])
        except ValueError as error:
            raise Refused("INVALID_PARAMETER", f"start: {error}") from None
    if set(dates) != {"ge", "le"}:
        raise Refused("INVALID_PARAMETER", "start needs the prefixes ge and le, each once")
    if min(dates.values()) < london.today():
        raise Refused("INVALID_PARAMETER", "appointments in the past cannot be requested")
    if dates["le"] < dates["ge"]:
        raise Refused("INVALID_PARAMETER", "the range ends before it starts")
    records = asked.store.appointments_of(
        asked.practice.ods,
        patient.id,
        int(london.start_of(dates["ge"]).timestamp()),
        int(london.end_of(dates["le"]).timestamp()),
    )
    return Answer(
        200, resources.bundle([resources.appointment(asked.practice, one) for one in records])
    )


def existing(asked: Asked) -> AppointmentRecord:
    """The appointment that the path names. Raises Refused NO_RECORD_FOUND."""
    record = asked.store.appointment(asked.practice.ods, asked.target)
    if record is None:
        raise Refused("NO_RECORD_FOUND")
    return record


def refuse_past(start: int) -> None:
    """Raise Refused INVALID_RESOURCE if the instant has passed."""
    if start <= clock.now():
        raise Refused("INVALID_RESOURCE", "the appointment's start is in the past")


def answer(
    asked: Asked,
    record: AppointmentRecord,
    *,
    status: int = 200,
    location: str | None = None,
    changed: bool = False,
) -> Answer:
    """The appointment with its version as an ETag; `changed` in the answer to a change of it."""
    version = asked.practice.flavour.version(record.version, just_written=changed)
    headers = {"ETag": f'W/"{version}"'}
    if location:
        headers["Location"] = location
    body = resources.appointment(asked.practice, record, just_written=changed)
    return Answer(status, body, headers)


def refuse_what_breaks(asked: Asked, text: object) -> None:
    """Raise Refused BAD_REQUEST under 500 where the system breaks on a letter of the text."""
    breaks = asked.practice.flavour.breaks
    if breaks and isinstance(text, str) and any(ord(letter) > _BASIC_PLANE for letter in text):
        raise Refused("BAD_REQUEST", "Incorrect string value at row 1", status=500)


def _slots(asked: Asked, wish: Submitted) -> list[Slot]:
    found = []
    for slot_id in wish.slots:
        slot = asked.store.slot(asked.practice.ods, slot_id)
        if slot is None:
            raise Refused("REFERENCE_NOT_FOUND", "no such Slot exists at the server")
        found.append(slot)
    found.sort(key=lambda slot: slot.start)
    for before, after in pairwise(found):
        if before.end != after.start:
            submitted.refuse("the slots are not adjacent")
        if (before.schedule, before.channel, before.slot_type) != (
            after.schedule,
            after.channel,
            after.slot_type,
        ):
            submitted.refuse("the slots differ in schedule, delivery channel or service type")
    return found


def _check_patient(asked: Asked, wish: Submitted) -> None:
    record = asked.store.patient(asked.practice.ods, wish.patient)
    if record is None or record.state != "active":
        raise Refused("REFERENCE_NOT_FOUND", "no such Patient exists at the server")


def _check_against_slots(
    asked: Asked, wish: Submitted, slots: list[Slot], schedule: Schedule
) -> None:
    if asked.practice.place(wish.location) is None:
        raise Refused("REFERENCE_NOT_FOUND", "no such Location exists at the server")
    if wish.location != schedule.place:
        submitted.refuse("the location is not that of the slot's schedule")
    if wish.practitioner is not None:
        if asked.practice.clinician(wish.practitioner) is None:
            raise Refused("REFERENCE_NOT_FOUND", "no such Practitioner exists at the server")
        if wish.practitioner != schedule.clinician:
            submitted.refuse("the practitioner is not that of the slot's schedule")
    if wish.service is not None:
        _check_service(asked, wish.service, schedule)
    if (wish.start, wish.end) != (slots[0].written_start, slots[-1].written_end):
        submitted.refuse("start and end are not those of the slots")
    if wish.channel is not None and wish.channel != slots[0].channel:
        submitted.refuse("the delivery channel is not that of the slot")
    roles = {asked.spine.roles[key][0] for key in schedule.role_keys}
    if not roles.issuperset(wish.roles):
        submitted.refuse("the practitioner role is not that of the schedule")
    refuse_past(slots[0].start)


def _check_service(asked: Asked, wished: str, schedule: Schedule) -> None:
    if asked.practice.flavour.specification == "1.2.7":
        submitted.refuse("a participant is not a Patient, Location or Practitioner")
    linked = asked.practice.service_of(schedule.name)
    if linked is None or linked.id != wished:
        submitted.refuse("the service is not that of the slot's schedule")


def _check_rules(asked: Asked, slots: list[Slot]) -> None:
    """The practice's own rules: sharing, booking window, slots a day for one organisation."""
    now = clock.now()
    for slot in slots:
        if not slot.shared or not slot.is_for(asked.consumer.type, asked.consumer.ods):
            submitted.refuse("the slot is not available to this organisation")
        if not slot.opens <= now < slot.closes:
            submitted.refuse("the slot's booking window is closed")
    limit = (asked.practice.limits or {}).get(asked.consumer.ods)
    day = slots[0].written_start[:10]
    held = asked.store.booked_on(asked.practice.ods, asked.consumer.ods, day)
    if limit is not None and held + len(slots) > limit:
        submitted.refuse(f"this organisation may hold {limit} slots a day at this practice")


def _create(
    asked: Asked, wish: Submitted, slots: list[Slot], schedule: Schedule
) -> AppointmentRecord:
    practice, store = asked.practice, asked.store
    number = store.next_number(practice.ods, "appointment")
    record = AppointmentRecord(
        practice=practice.ods,
        id=logical_id(practice.flavour.ids, practice.ods, "appointment", number),
        version=1,
        patient=wish.patient,
        start=slots[0].start,
        booked_by=asked.consumer.ods,
        day=slots[0].written_start[:10],
        resource=_content(asked, wish, slots, schedule),
    )
    store.put_appointment(record)
    store.set_slots(practice.ods, [slot.id for slot in slots], "busy")
    return record


def _content(
    asked: Asked, wish: Submitted, slots: list[Slot], schedule: Schedule
) -> dict[str, Any]:
    wished = Wished(
        patient=wish.patient,
        organisation=wish.organisation,
        texts=wish.resource,
        created=datetime.fromisoformat(wish.resource["created"]).astimezone(UTC),
        identifier=wish.resource.get("identifier"),
    )
    return stored.appointment(asked.practice, asked.spine, schedule, slots, wished)

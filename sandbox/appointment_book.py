"""Entries that the practice's own side makes in its book, without GP Connect."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox import london
from sandbox.ids import logical_id
from sandbox.practices import Practice, Spine
from sandbox.provider import resources, stored
from sandbox.provider.stored import Wished
from sandbox.store import AppointmentRecord, PatientRecord, Slot, Store


def enter(
    store: Store,
    spine: Spine,
    practice: Practice,
    patient: PatientRecord,
    slot: Slot,
    *,
    booked_by: str,
    texts: dict[str, str],
    created: datetime,
    cancellation_reason: str | None = None,
) -> AppointmentRecord:
    """Write an appointment into the book; a cancelled one leaves its slot free."""
    (schedule,) = store.schedules(practice.ods, [slot.schedule])
    consumer = spine.consumer(booked_by)
    booker = consumer or spine.practice(booked_by)
    assert booker is not None, f"no organisation {booked_by}"
    organisation = resources.booking_organisation(
        booker.ods, booker.name, practice.telephone, consumer.type if consumer else "gp-practice"
    )
    wished = Wished(
        patient=patient.id,
        organisation=organisation,
        texts=texts,
        created=created,
        cancellation_reason=cancellation_reason,
    )
    number = store.next_number(practice.ods, "appointment")
    record = AppointmentRecord(
        practice=practice.ods,
        id=logical_id(practice.flavour.ids, practice.ods, "appointment", number),
        version=2 if cancellation_reason else 1,
        patient=patient.id,
        start=slot.start,
        booked_by=booked_by,
        day=slot.written_start[:10],
        resource=stored.appointment(practice, spine, schedule, [slot], wished),
    )
    store.put_appointment(record)
    if not cancellation_reason:
        store.set_slots(practice.ods, [slot.id], "busy")
    return record


def take(store: Store, spine: Spine, practice: Practice, slot_id: str, *, not_by: str = "") -> bool:
    """Let a patient other than `not_by` (a logical id) take a free slot; False if it has gone."""
    with store.transaction():
        slot = store.slot(practice.ods, slot_id)
        if slot is None or slot.status != "free":
            return False
        patient = store.someone_at(practice.ods, not_by)
        enter(
            store,
            spine,
            practice,
            patient,
            slot,
            booked_by=practice.ods,
            texts={"description": "Booked at the desk"},
            created=london.now(),
        )
    return True


def rewrite(
    store: Store, practice: Practice, appointment_id: str, elements: Mapping[str, Any]
) -> bool:
    """Write elements of an appointment anew, None to take one out; False if it is not there."""
    with store.transaction():
        record = store.appointment(practice.ods, appointment_id)
        if record is None:
            return False
        merged = {**record.resource, **elements}
        content = {name: value for name, value in merged.items() if value is not None}
        store.put_appointment(replace(record, version=record.version + 1, resource=content))
    return True

"""The state that the sandbox starts from, and returns to on reset."""

import datetime
from collections.abc import Mapping
from typing import Any

from sandbox import calendar, london
from sandbox.appointment_book import enter
from sandbox.ids import logical_id
from sandbox.people import Person
from sandbox.practices import Practice, Spine
from sandbox.provider import resources
from sandbox.store import PatientRecord, Slot, Store


def fill(store: Store, spine: Spine, people: tuple[Person, ...], seed: int) -> None:
    """Empty the store and fill it: patients, four weeks of sessions, a few appointments."""
    with store.transaction():
        store.empty()
        store.remember("seed", str(seed))
        for practice in spine.practices:
            _register(store, practice, people)
        calendar.extend(store, spine.practices)
        for person in people:
            for wish in person.appointments:
                _book(store, spine, person, wish)


def start_again(store: Store, practice: Practice, people: tuple[Person, ...]) -> None:
    """A test system's nightly reset: no appointments, its own patients, ids from 3 on again."""
    with store.transaction():
        store.empty_practice(practice.ods, last_appointment=2)
        _register(store, practice, people)


def _register(store: Store, practice: Practice, people: tuple[Person, ...]) -> None:
    known = [person for person in people if practice.ods in person.at]
    known += [person for person in known if practice.ods in person.twice]
    for number, person in enumerate(known, start=1):
        store.put_patient(
            PatientRecord(
                practice=practice.ods,
                id=logical_id(practice.flavour.ids, practice.ods, "patient", number),
                version=1,
                nhs_number=person.nhs_number,
                state=person.at[practice.ods],
                resource=resources.patient_content(practice, person.as_held_by(practice.ods)),
            )
        )


def _book(store: Store, spine: Spine, person: Person, wish: Mapping[str, Any]) -> None:
    """Put one of the cast's appointments into the book, if the book has a slot for it."""
    practice = spine.practice(wish["practice"])
    assert practice is not None, "data/patients.json names a practice that is not there"
    slot = _earlier_today(store, practice) if wish.get("earlier") else _ahead(store, practice, wish)
    if slot is None:
        return
    (record,) = store.patients_with(practice.ods, person.nhs_number)
    enter(
        store,
        spine,
        practice,
        record,
        slot,
        booked_by=wish["booked_by"],
        texts={key: wish[key] for key in ("description", "comment") if key in wish},
        created=london.now() - datetime.timedelta(days=3),
        cancellation_reason=wish.get("reason"),
    )


def _ahead(store: Store, practice: Practice, wish: Mapping[str, Any]) -> Slot | None:
    """The first ordinary free slot a number of days from now, of a kind of session if wished."""
    day = london.today() + datetime.timedelta(days=wish["days"])
    begin = int(london.start_of(day).timestamp())
    slots = store.free_slots(practice.ods, begin, begin + 10 * 86_400)
    names = {line.session.key: line.session.name for line in practice.rota}
    session = names.get(wish.get("session", ""))
    for slot in slots:
        (schedule,) = store.schedules(practice.ods, [slot.schedule])
        doubtful = slot.written_start != london.written(slot.start)
        if slot.shared and slot.is_for(None, None) and not doubtful and (
            session is None or schedule.name == session
        ):  # fmt: skip
            return slot
    return None


def _earlier_today(store: Store, practice: Practice) -> Slot | None:
    begin = int(london.start_of(london.today()).timestamp())
    slots = store.free_slots(practice.ods, begin, int(london.now().timestamp()))
    return slots[0] if slots else None

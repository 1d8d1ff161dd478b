"""The practices' appointment books: sessions and slots for four weeks ahead of today."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from sandbox import london
from sandbox.ids import logical_id
from sandbox.practices import Practice, RotaLine
from sandbox.store import Schedule, Slot, Store

DAYS_AHEAD = 28

_UNTIL = "calendar until"
_EPOCH_DAY = date(2024, 1, 1).toordinal()
_LINES_A_DAY = 50
_SLOTS_A_SESSION = 40
_GENEROUS = 0.3


def extend(store: Store, practices: tuple[Practice, ...]) -> None:
    """Fill the books up to four weeks ahead of London's today; what is there stays as it is.

    New books begin yesterday, so that there are always slots that have passed.
    """
    until = store.fact(_UNTIL)
    last = london.today() + timedelta(days=DAYS_AHEAD)
    if until is not None and until >= last.isoformat():
        return
    seed = store.seed()
    day = london.today() - timedelta(days=1)
    if until is not None:
        day = max(day, date.fromisoformat(until) + timedelta(days=1))
    with store.transaction():
        while day <= last:
            for practice in practices:
                for schedule, slots in sessions_on(practice, day, seed):
                    store.add_calendar([schedule], slots)
            day += timedelta(days=1)
        store.remember(_UNTIL, last.isoformat())


def sessions_on(
    practice: Practice, day: date, seed: int | None
) -> Iterator[tuple[Schedule, list[Slot]]]:
    """A practice's sessions on a day with the slots that GP Connect may know of.

    The same for the same seed. A session that shares nothing keeps all its slots, unshared, so
    that a request for one can be refused; of the others only the shared slots exist here.
    """
    for line in practice.rota:
        if day.weekday() in line.weekdays:
            yield _session(
                practice, line, day, Random(f"{seed} {practice.ods} {day} {line.number}")
            )


def _session(
    practice: Practice, line: RotaLine, day: date, dice: Random
) -> tuple[Schedule, list[Slot]]:
    number = (day.toordinal() - _EPOCH_DAY) * _LINES_A_DAY + line.number
    schedule = Schedule(
        practice=practice.ods,
        id=logical_id(practice.flavour.ids, practice.ods, "schedule", number),
        name=line.session.name,
        clinician=line.clinician.id if line.clinician else None,
        place=line.place.id,
        roles=",".join(line.roles),
        start=int(london.at(day, line.session.begins).timestamp()),
        end=int(london.at(day, line.session.ends).timestamp()),
    )
    length = line.session.minutes * 60
    starts = range(schedule.start, schedule.end - length + 1, length)
    shared = _shared(line.session.share, len(starts), dice)
    slots = [
        _slot(practice, line, schedule, number * _SLOTS_A_SESSION + place, start, bool(shared))
        for place, start in enumerate(starts)
        if shared is None or place in shared
    ]
    return schedule, slots


def _shared(share: float, slots: int, dice: Random) -> set[int] | None:
    """Which slots of a session are shared: in neighbouring pairs, so that adjacent ones exist.

    None for a session that shares nothing. A generous session always shares something.
    """
    if share == 0:
        return None
    pairs = [pair for pair in range(0, slots, 2) if dice.random() < share]
    if not pairs and share >= _GENEROUS:
        pairs = [0]
    return {place for pair in pairs for place in (pair, pair + 1) if place < slots}


def _slot(
    practice: Practice, line: RotaLine, schedule: Schedule, number: int, start: int, shared: bool
) -> Slot:
    session = line.session
    write = london.written_with_wrong_offset if session.offset == "wrong" else london.written
    end = start + session.minutes * 60
    # Runs of two or four slots have the same type, as in a real template.
    slot_type = session.slot_types[number // 4 % len(session.slot_types)]
    return Slot(
        practice=practice.ods,
        id=logical_id(practice.flavour.ids, practice.ods, "slot", number),
        schedule=schedule.id,
        version=1,
        start=start,
        end=end,
        written_start=write(start),
        written_end=write(end),
        channel=session.channel,
        slot_type=slot_type,
        status="free",
        shared=int(shared),
        only_type=session.only_type,
        only_codes=",".join(session.only_codes),
        opens=start - session.opens_days * 86_400 if session.opens_days is not None else 0,
        closes=start - session.closes_minutes * 60 if session.closes_minutes is not None else start,
    )

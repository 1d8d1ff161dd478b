"""What the practices hold, in one SQLite file that survives a restart.

The sandbox runs in one thread: a method that returns has been committed, and two requests can
never interleave inside one. Instants are whole seconds since 1970.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from sandbox import clock

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schedule (
    practice TEXT, id TEXT, name TEXT, clinician TEXT, place TEXT, roles TEXT, start INT, "end" INT,
    PRIMARY KEY (practice, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slot (
    practice TEXT, id TEXT, schedule TEXT, version INT, start INT, "end" INT,
    written_start TEXT, written_end TEXT, channel TEXT, slot_type TEXT, status TEXT, shared INT,
    only_type TEXT, only_codes TEXT, opens INT, closes INT,
    PRIMARY KEY (practice, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS slot_by_start ON slot (practice, start);
CREATE TABLE IF NOT EXISTS patient (
    practice TEXT, id TEXT, version INT, nhs_number TEXT, state TEXT, resource TEXT,
    PRIMARY KEY (practice, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS patient_by_number ON patient (practice, nhs_number);
CREATE TABLE IF NOT EXISTS appointment (
    practice TEXT, id TEXT, version INT, patient TEXT, start INT, booked_by TEXT, day TEXT,
    resource TEXT,
    PRIMARY KEY (practice, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS appointment_by_patient ON appointment (practice, patient, start);
CREATE TABLE IF NOT EXISTS chronicle (
    number INTEGER PRIMARY KEY, at REAL, kind TEXT, practice TEXT, id TEXT, version INT,
    patient TEXT, resource TEXT);
"""
_TABLES = ("fact", "schedule", "slot", "patient", "appointment", "chronicle")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A session on a day. `clinician` may be missing; `roles` are keys, joined by commas."""

    practice: str
    id: str
    name: str
    clinician: str | None
    place: str
    roles: str
    start: int
    end: int

    @property
    def role_keys(self) -> list[str]:
        """The roles of whoever holds the session, as keys of `data/sessions.json`."""
        return self.roles.split(",") if self.roles else []


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot; `opens` and `closes` are the instants between which it may be booked."""

    practice: str
    id: str
    schedule: str
    version: int
    start: int
    end: int
    written_start: str
    written_end: str
    channel: str
    slot_type: str
    status: str
    shared: int
    only_type: str | None
    only_codes: str
    opens: int
    closes: int

    def is_for(self, organisation_type: str | None, ods: str | None) -> bool:
        """Whether an organisation that gives this type and code may see the slot.

        The four-way table of the specification's slot availability management: a restriction
        is met only by a filter that was sent and matches.
        """
        type_met = self.only_type is None or self.only_type == organisation_type
        code_met = not self.only_codes or (ods is not None and ods in self.only_codes.split(","))
        return type_met and code_met


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """A practice's record of a patient: active, inactive, sensitive, deceased or no-consent."""

    practice: str
    id: str
    version: int
    nhs_number: str
    state: str
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AppointmentRecord:
    """A practice's appointment, as the FHIR resource without its version."""

    practice: str
    id: str
    version: int
    patient: str
    start: int
    booked_by: str
    day: str
    resource: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of an appointment or a patient's record, as it was written `at` an instant.

    `kind` is "appointment" or "patient"; `patient` is the patient's logical id.
    """

    number: int
    at: float
    kind: str
    practice: str
    id: str
    version: int
    patient: str
    resource: dict[str, Any]


_SCHEDULE_COLUMNS = attrgetter(*(column.name for column in fields(Schedule)))
_SLOT_COLUMNS = attrgetter(*(column.name for column in fields(Slot)))


class Store:
    """The practices' appointment books and patient records."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        self._kept = sqlite3.connect(":memory:")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        self._kept.close()

    def keep_copy(self) -> None:
        """Keep the present state in memory, to come back to."""
        self._db.backup(self._kept)

    def restore_copy(self) -> None:
        """Be again as when the copy was kept."""
        self._kept.backup(self._db)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested use joins the outer transaction."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def empty(self) -> None:
        """Forget everything."""
        with self.transaction():
            for table in _TABLES:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  names from a constant

    def fact(self, name: str) -> str | None:
        """A remembered fact about the state itself, or None."""
        row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def remember(self, name: str, value: str) -> None:
        """Keep a fact about the state itself."""
        self._db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def seed(self) -> int | None:
        """The seed that the state was made from; None while there is no state."""
        seed = self.fact("seed")
        return int(seed) if seed is not None else None

    def next_number(self, practice: str, kind: str) -> int:
        """The next number for a new resource of a kind at a practice, counting from 1001."""
        name = f"last {kind} at {practice}"
        number = int(self.fact(name) or 1000) + 1
        self.remember(name, str(number))
        return number

    def empty_practice(self, practice: str, *, last_appointment: int) -> None:
        """Forget a practice's appointments and patients; its slots are free again.

        Its next appointment has the number after `last_appointment`, whoever had that before.
        """
        with self.transaction():
            self._db.execute("DELETE FROM appointment WHERE practice = ?", (practice,))
            self._db.execute("DELETE FROM patient WHERE practice = ?", (practice,))
            self._db.execute(
                "UPDATE slot SET status = 'free', version = version + 1 "
                "WHERE practice = ? AND status <> 'free'",
                (practice,),
            )
            self.remember(f"last appointment at {practice}", str(last_appointment))

    def add_calendar(self, schedules: Iterable[Schedule], slots: Iterable[Slot]) -> None:
        """Add sessions and their slots."""
        self._db.executemany(
            "INSERT INTO schedule VALUES (?,?,?,?,?,?,?,?)", map(_SCHEDULE_COLUMNS, schedules)
        )
        self._db.executemany(
            "INSERT INTO slot VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", map(_SLOT_COLUMNS, slots)
        )

    def slot(self, practice: str, slot_id: str) -> Slot | None:
        """One slot, or None."""
        found = self._slots("practice = ? AND id = ?", (practice, slot_id))
        return found[0] if found else None

    def free_slots(self, practice: str, start: int, end: int) -> list[Slot]:
        """The practice's free slots, shared or not, wholly between two instants, in time order."""
        return self._slots(
            "practice = ? AND start >= ? AND start < ? AND \"end\" <= ? AND status = 'free' "
            "ORDER BY start, id",
            (practice, start, end, end),
        )

    def schedules(self, practice: str, ids: Sequence[str]) -> list[Schedule]:
        """The schedules with these ids, in the order of the ids."""
        found = {}
        for schedule_id in ids:
            row = self._db.execute(
                "SELECT * FROM schedule WHERE practice = ? AND id = ?", (practice, schedule_id)
            ).fetchone()
            if row:
                found[schedule_id] = Schedule(*row)
        return list(found.values())

    def set_slots(self, practice: str, ids: Iterable[str], status: str) -> None:
        """Give slots a status and a new version."""
        self._db.executemany(
            "UPDATE slot SET status = ?, version = version + 1 WHERE practice = ? AND id = ?",
            [(status, practice, slot_id) for slot_id in ids],
        )

    def put_patient(self, record: PatientRecord) -> None:
        """Add or replace a patient's record."""
        self._db.execute("INSERT OR REPLACE INTO patient VALUES (?,?,?,?,?,?)", _row(record))
        self._write_down("patient", record, record.id)

    def patient(self, practice: str, patient_id: str) -> PatientRecord | None:
        """A patient's record by logical id, or None."""
        found = self._patients("practice = ? AND id = ?", (practice, patient_id))
        return found[0] if found else None

    def patients_with(self, practice: str, nhs_number: str) -> list[PatientRecord]:
        """The practice's records with this NHS number."""
        return self._patients("practice = ? AND nhs_number = ?", (practice, nhs_number))

    def someone_at(self, practice: str, other_than: str) -> PatientRecord:
        """An active patient of the practice who is not the one with this logical id."""
        return self._patients(
            "practice = ? AND id <> ? AND state = 'active' ORDER BY nhs_number DESC LIMIT 1",
            (practice, other_than),
        )[0]

    def put_appointment(self, record: AppointmentRecord) -> None:
        """Add or replace an appointment."""
        self._db.execute(
            "INSERT OR REPLACE INTO appointment VALUES (?,?,?,?,?,?,?,?)", _row(record)
        )
        self._write_down("appointment", record, record.patient)

    def chronicle(self, after: int = 0) -> list[Entry]:
        """Every version of every appointment and patient's record, in the order of writing."""
        rows = self._db.execute(
            "SELECT * FROM chronicle WHERE number > ? ORDER BY number", (after,)
        )
        return [Entry(*_columns(row)) for row in rows]

    def last_entry(self) -> int:
        """The number of the chronicle's newest entry; 0 when there is none."""
        (number,) = self._db.execute("SELECT coalesce(max(number), 0) FROM chronicle").fetchone()
        return int(number)

    def _write_down(
        self, kind: str, record: "PatientRecord | AppointmentRecord", patient: str
    ) -> None:
        row = (clock.now(), kind, record.practice, record.id, record.version, patient)
        self._db.execute(
            "INSERT INTO chronicle (at, kind, practice, id, version, patient, resource) "
            "VALUES (?,?,?,?,?,?,?)",
            (*row, json.dumps(record.resource)),
        )

    def appointment(self, practice: str, appointment_id: str) -> AppointmentRecord | None:
        """An appointment by logical id, or None."""
        found = self._appointments("practice = ? AND id = ?", (practice, appointment_id))
        return found[0] if found else None

    def appointments_of(
        self, practice: str, patient: str, start: int, end: int
    ) -> list[AppointmentRecord]:
        """A patient's appointments that start in `start <= t < end`, in time order."""
        return self._appointments(
            "practice = ? AND patient = ? AND start >= ? AND start < ? ORDER BY start, id",
            (practice, patient, start, end),
        )

    def appointments_at(self, practice: str) -> list[AppointmentRecord]:
        """All of a practice's appointments, in time order."""
        return self._appointments("practice = ? ORDER BY start, id", (practice,))

    def booked_on(self, practice: str, booked_by: str, day: str) -> int:
        """How many slots an organisation holds at a practice on a London date (ISO text)."""
        held = self._appointments(
            "practice = ? AND booked_by = ? AND day = ?", (practice, booked_by, day)
        )
        return sum(len(one.resource["slot"]) for one in held if one.resource["status"] == "booked")

    def _slots(self, where: str, values: tuple[object, ...]) -> list[Slot]:
        rows = self._db.execute(f"SELECT * FROM slot WHERE {where}", values)  # noqa: S608
        return [Slot(*row) for row in rows]

    def _patients(self, where: str, values: tuple[object, ...]) -> list[PatientRecord]:
        rows = self._db.execute(f"SELECT * FROM patient WHERE {where}", values)  # noqa: S608
        return [PatientRecord(*_columns(row)) for row in rows]

    def _appointments(self, where: str, values: tuple[object, ...]) -> list[AppointmentRecord]:
        rows = self._db.execute(f"SELECT * FROM appointment WHERE {where}", values)  # noqa: S608
        return [AppointmentRecord(*_columns(row)) for row in rows]


def _row(record: PatientRecord | AppointmentRecord) -> tuple[object, ...]:
    """The record's columns; the resource, its last one, as JSON."""
    names = [column.name for column in fields(record)][:-1]
    return (*(getattr(record, name) for name in names), json.dumps(record.resource))


def _columns(row: Sequence[Any]) -> list[Any]:
    """The columns of a row, with the resource read from its JSON."""
    return [*row[:-1], json.loads(row[-1])]

"""What the portal holds of its commands, and what the practices themselves have written down."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import dict_row

from chaos.commands.scale import WISHES, Wish
from tests.sandbox_control import Json

MARKER: Final = re.compile(r"\b[bacmr]k\d{6}\b")
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
# What an attempt says that has certainly not reached a practice, or may not have.
_NOT_SENT: Final = [
    "", "LEASE_OVER", "STOPPED_BEFORE_SENDING", "UNREACHABLE", "CONNECT_DEADLINE_EXCEEDED",
    "TLS_FAILED", "PRACTICE_NOT_ANSWERING", "OTHERS_WAITING", "PAGE_OUT_OF_TIME",
    "INVALID_REQUEST",
]  # fmt: skip

_COMMANDS: Final[LiteralString] = """
    SELECT command.id::text AS id, command.kind, command.state, command.nhs_number,
           command.appointment_id, command.error_code, command.created_at,
           coalesce(command.settled_at, command.attention_at) AS settled_at,
           command.step, command.saga_id::text AS saga, coalesce(saga.kind, '') AS saga_kind,
           practice.ods_code AS practice,
           coalesce(command.payload->>'description', command.payload->>'reason', '') AS text,
           coalesce((SELECT array_agg(DISTINCT event.trace_id) FROM audit_event event
                     WHERE event.command_id = command.id AND event.trace_id > ''), '{}')
               AS trace_ids,
           (SELECT count(*) FROM commands_attempt attempt WHERE attempt.command_id = command.id
               AND attempt.purpose = 'send' AND attempt.outcome <> ALL(%(not_sent)s)) AS sent,
           coalesce((SELECT event.detail->>'reason' FROM audit_event event
                     WHERE event.command_id = command.id AND event.outcome = command.state
                     ORDER BY event.id DESC LIMIT 1), '') AS reason
    FROM commands_command command JOIN practices_practice practice
         ON practice.id = command.practice_id
    LEFT JOIN commands_saga saga ON saga.id = command.saga_id
"""
_SENT: Final[LiteralString] = """
    SELECT coalesce(saga.kind, '') AS saga, command.kind, count(*) AS number
    FROM commands_command command LEFT JOIN commands_saga saga ON saga.id = command.saga_id
    WHERE command.step IN ('', 'first') AND EXISTS (
        SELECT FROM commands_attempt attempt WHERE attempt.command_id = command.id
        AND attempt.purpose = 'send' AND attempt.outcome <> ALL(%(not_sent)s))
    GROUP BY 1, 2
"""
_SAGAS: Final[LiteralString] = """
    SELECT saga.id::text AS id, saga.kind, practice.ods_code AS practice,
           saga.old_appointment_id AS appointment_id, saga.stopped, saga.closed_at
    FROM commands_saga saga LEFT JOIN practices_practice practice
         ON practice.id = saga.old_practice_id
"""
_UNSETTLED: Final[LiteralString] = """
    SELECT (SELECT count(*) FROM commands_command WHERE state IN ('sending', 'unconfirmed'))
         + (SELECT count(*) FROM commands_saga saga WHERE closed_at IS NULL AND stopped = ''
            AND EXISTS (SELECT FROM commands_command first WHERE first.saga_id = saga.id
                        AND first.step = 'first' AND first.state = 'done'
                        AND first.withdrawn_at IS NULL)
            AND NOT EXISTS (SELECT FROM commands_command second WHERE second.saga_id = saga.id
                            AND second.step = 'second')) AS number
"""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as the portal's database has it.

    `trace_ids` are of all its exchanges, by the audit trail: also those whose sender was killed.
    """

    id: str
    kind: str
    state: str
    nhs_number: str
    practice: str
    appointment_id: str
    error_code: str
    created_at: datetime
    settled_at: datetime | None
    step: str
    saga: str | None
    saga_kind: str
    text: str
    trace_ids: list[str]
    sent: int
    reason: str

    @property
    def marker(self) -> str:
        """The word that the click's text alone has; empty for a registration."""
        found = MARKER.search(self.text)
        return found[0] if found else ""

    @property
    def wish(self) -> Wish:
        """What the user wanted."""
        return _wish_of(self.saga_kind, self.kind)


@dataclass(frozen=True, slots=True)
class Saga:
    """Two commands for one wish; `appointment_id` is the one that is moved."""

    id: str
    kind: str
    practice: str | None
    appointment_id: str
    stopped: str
    closed_at: datetime | None


class Portal:
    """The portal's database, read from outside. Every method raises psycopg.Error while away."""

    def __init__(self, url: str) -> None:
        self._url = url

    def commands(self) -> list[Command]:
        """All of them."""
        return [Command(**row) for row in self._rows(_COMMANDS)]

    def sagas(self) -> list[Saga]:
        """All of them."""
        return [Saga(**row) for row in self._rows(_SAGAS)]

    def unsettled(self) -> int:
        """How many commands, or second steps, the portal is still going to settle by itself."""
        return int(self._rows(_UNSETTLED)[0]["number"])

    def sent(self) -> dict[Wish, int]:
        """How many of each wish have reached a practice, or may have."""
        counts: dict[Wish, int] = dict.fromkeys(WISHES, 0)
        for row in self._rows(_SENT):
            counts[_wish_of(row["saga"], row["kind"])] += row["number"]
        return counts

    def _rows(self, query: LiteralString) -> list[dict[str, Any]]:
        with psycopg.connect(self._url, connect_timeout=3, row_factory=dict_row) as connection:
            return connection.execute(query, {"not_sent": _NOT_SENT}).fetchall()


def _wish_of(saga: str, kind: str) -> Wish:
    if saga in {"move", "cancel_first"}:
        return "move"
    if saga == "register_and_book" or kind == "register":
        return "register"
    return "amend" if kind == "amend" else "cancel" if kind == "cancel" else "book"


@dataclass(frozen=True, slots=True)
class Version:
    """An appointment as a practice wrote it down `at` an instant (since 1970).

    `trace_id` is that of the exchange that made it write so; empty: the practice's own doing.
    """

    at: float
    status: str
    text: str
    trace_id: str


Key = tuple[str, str]


@dataclass(slots=True)
class Practices:
    """The practices' own records: versions by (practice, appointment id), and who was registered.

    `registered` holds the instants, with the trace ids, by (practice, NHS number).
    """

    appointments: dict[Key, list[Version]] = field(default_factory=lambda: defaultdict(list))
    registered: dict[Key, list[tuple[float, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    @classmethod
    def of(cls, chronicle: Iterable[Json], exchanges: Iterable[Json]) -> "Practices":
        """From the sandbox's chronicle, and its exchanges in brief."""
        whose = {number: one["trace_id"] for one in exchanges for number in one["wrote"]}
        practices = cls()
        for entry in chronicle:
            resource: Mapping[str, Any] = entry["resource"]
            if entry["kind"] == "patient":
                made = (entry["at"], whose.get(entry["number"], ""))
                practices.registered[entry["practice"], _number(resource)].append(made)
                continue
            practices.appointments[entry["practice"], entry["id"]].append(
                Version(
                    at=entry["at"],
                    status=resource["status"],
                    text=f"{resource.get('description', '')} {resource.get('comment', '')}",
                    trace_id=whose.get(entry["number"], ""),
                )
            )
        return practices

    def booked(self, command: Command) -> list[tuple[Key, float]]:
        """The appointments that the command has made, and when."""
        return [
            (key, versions[0].at)
            for key, versions in self.appointments.items()
            if versions[0].trace_id in command.trace_ids
        ]

    def amended(self, command: Command) -> list[float]:
        """When the command has made the appointment's text what it asks for."""
        marker = command.marker
        return [
            after.at
            for before, after in _pairs(self._of(command))
            if marker in after.text and marker not in before.text
            if after.trace_id in command.trace_ids
        ]

    def cancelled(self, command: Command) -> list[float]:
        """When the command has cancelled its appointment."""
        return [
            after.at
            for after in self.cancellations(command.practice, command.appointment_id)
            if after.trace_id in command.trace_ids
        ]

    def cancellations(self, practice: str, appointment_id: str) -> list[Version]:
        """Each time that somebody has cancelled the appointment."""
        return [
            after
            for before, after in _pairs(self.appointments.get((practice, appointment_id), []))
            if after.status == "cancelled" != before.status
        ]

    def registrations(self, command: Command) -> list[float]:
        """When the command has registered its patient."""
        made = self.registered.get((command.practice, command.nhs_number), [])
        return [at for at, trace_id in made if trace_id in command.trace_ids]

    def _of(self, command: Command) -> list[Version]:
        return self.appointments.get((command.practice, command.appointment_id), [])


def _pairs(versions: list[Version]) -> Iterable[tuple[Version, Version]]:
    return itertools.pairwise(versions)


def _number(patient: Mapping[str, Any]) -> str:
    values = [one["value"] for one in patient["identifier"] if one["system"] == NHS_NUMBER]
    return str(values[0]) if values else ""

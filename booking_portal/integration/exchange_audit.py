"""Exchanges as the audit trail sees them: two linked events each, asked and answered. [IG-2]"""

import logging
import queue
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Token
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from booking_portal import metrics, traces
from booking_portal.audit import trail
from booking_portal.audit.models import Event, EventKind
from booking_portal.integration.deferred_events import deferred_events
from booking_portal.logs import REQUEST_ID, TRACE_ID
from booking_portal.query_helpers import AWAY
from gpconnect.diagnostics import masked
from gpconnect.error_evidence import meaning
from gpconnect.error_table import Says
from gpconnect.transport import Answered, Asked

log = logging.getLogger(__name__)

SAID = "said"
"""Under which an answer's event keeps what the other side said."""


def what_was_said(trace_id: str) -> str:
    """What the other side said in this exchange, as its event has it: masked, and untrusted."""
    answered = Event.objects.filter(trace_id=trace_id, kind=EventKind.EXCHANGE_ANSWERED)
    found = answered.order_by().values_list("detail", flat=True).first()
    return str((found or {}).get(SAID, ""))


@dataclass(frozen=True, slots=True)
class Subject:
    """What an exchange is about, in the portal's terms.

    `names` are the patient's, as far as they are known: they are masked in what practices say.
    """

    nhs_number: str = ""
    practice_ods: str = ""
    encounter_id: uuid.UUID | None = None
    command_id: uuid.UUID | None = None
    appointment_id: str = ""
    names: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The same as fields of an audit event."""
        return {
            "nhs_number": self.nhs_number,
            "practice_ods": self.practice_ods,
            "encounter_id": self.encounter_id,
            "command_id": self.command_id,
            "appointment_id": self.appointment_id,
        }


class TrailObserver:
    """Writes each exchange's two events as they happen. No event, no action.

    Once a practice has answered its answer counts, even if the event has to wait. `last_answer`
    is how the last exchange ended, for the history of a command.
    """

    def __init__(self, who: trail.Who, subject: Subject) -> None:
        self.last_answer: Answered | None = None
        self._who = who
        self._subject = subject
        self._asked: dict[str, tuple[Asked, Token[str]]] = {}

    def asked(self, question: Asked) -> None:
        """Store the question before anything leaves."""
        self._store(self._asked_event(question))
        self._asked[question.trace_id] = question, TRACE_ID.set(question.trace_id)

    def answered(self, answer: Answered) -> None:
        """Store how it ended, now or, if the database is away, when it is back."""
        self.last_answer = answer
        question, outside = self._asked.pop(answer.trace_id)
        try:
            event = self._answered_event(question, answer)
            _count(question, answer, str(event.practice_ods))
            _log(event)
            try:
                self._store(event)
            except AWAY:
                deferred_events.keep(event)
        finally:
            TRACE_ID.reset(outside)

    def _store(self, event: Event) -> None:
        event.save(force_insert=True)

    def _asked_event(self, question: Asked) -> Event:
        return trail.event(
            EventKind.EXCHANGE_ASKED,
            self._who,
            claims=dict(question.claims) if question.claims else None,
            **self._exchange(question),
        )

    def _answered_event(self, question: Asked, answer: Answered) -> Event:
        return trail.event(
            EventKind.EXCHANGE_ANSWERED,
            self._who,
            status=answer.status,
            error_code=answer.error_code or "",
            outcome="failed" if answer.error_code else "succeeded",
            outcome_known=answer.outcome_known,
            milliseconds=answer.milliseconds,
            detail=self._said(answer),
            **self._exchange(question),
        )

    def _said(self, answer: Answered) -> dict[str, str]:
        """What the other side said, fit to be kept. [READ-2]"""
        said = masked(answer.diagnostics, self._subject.names)
        return {SAID: said} if said else {}

    def _exchange(self, question: Asked) -> dict[str, Any]:
        facts = self._subject.facts()
        facts["practice_ods"] = question.practice_ods or facts["practice_ods"]
        return facts | {
            "trace_id": question.trace_id,
            "service": question.service,
            "interaction_id": question.interaction_id or "",
            "spine_from": question.spine_from or "",
            "spine_to": question.spine_to or "",
        }


def _log(event: Event) -> None:
    """How an exchange ended, by its trace id, without anything about whom it was.

    Also as a span. No line on a terminal, outside of every request and task: there, the command's
    own words are all.
    """
    facts = {
        "service": event.service,
        "interaction": event.interaction_id,
        "practice": event.practice_ods,
        "outcome": event.error_code or event.outcome,
        "status": event.status,
        "milliseconds": event.milliseconds,
        "staff_id": event.user_local_id,
        "trace_id": event.trace_id,
    }
    told = {name: value for name, value in facts.items() if value not in ("", None)}
    took = event.milliseconds or 0
    traces.exchange_span(
        {name: value for name, value in told.items() if name != "staff_id"},
        took,
        failed=bool(event.error_code),
    )
    if REQUEST_ID.get():
        what = (event.service, told["outcome"], took, event.trace_id)
        log.info("exchange with %s: %s in %d ms, %s", *what, extra={"facts": told})


def _count(question: Asked, answer: Answered, practice_ods: str) -> None:
    """By what it is evidence of (the table of errors); the practice only on a count of its own."""
    outcome = "succeeded" if answer.error_code is None else _evidence(answer).name.lower()
    interaction = question.interaction_id or question.method
    metrics.EXCHANGES.took(answer.milliseconds / 1000, question.service, interaction, outcome)
    if question.service == "gpconnect":
        metrics.PRACTICES.count(practice_ods, outcome)


def _evidence(answer: Answered) -> Says:
    try:
        return meaning(answer.error_code or "", origin=None, status=answer.status)
    except KeyError:
        return Says.UNCLEAR


class EventBatch:
    """Lets pool threads be audited by the request's own thread, which alone uses the database.

    A pool thread waits in its observer until its event is committed. The request's thread
    calls `drain` in a loop until all work is done.
    """

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Event, Future[None]] | None] = queue.SimpleQueue()
        self._closed = threading.Event()

    def observer(self, who: trail.Who, subject: Subject) -> "BatchedObserver":
        """An observer for one pool thread's exchanges."""
        return BatchedObserver(who, subject, self._commit)

    def wake(self) -> None:
        """End a waiting `drain` early: there is news other than events."""
        self._waiting.put(None)

    def drain(self, seconds: float) -> None:
        """Wait for events (or `wake`), at most `seconds`, and commit all that wait, together."""
        try:
            first = self._waiting.get(timeout=seconds)
        except queue.Empty:
            return
        items = [first]
        while not self._waiting.empty():
            items.append(self._waiting.get_nowait())
        batch = [item for item in items if item is not None]
        if not batch:
            return
        try:
            with transaction.atomic():
                trail.record_all(event for event, _ in batch)
        except BaseException as error:
            for _, committed in batch:
                committed.set_exception(error)
            raise
        for _, committed in batch:
            committed.set_result(None)

    def close(self) -> None:
        """Refuse further events: what has not been asked by now is never asked."""
        self._closed.set()
        self.drain(0)

    def _commit(self, event: Event) -> None:
        committed: Future[None] = Future()
        if self._closed.is_set():
            raise TimeoutError("the search is over")
        self._waiting.put((event, committed))
        committed.result(timeout=30)


class BatchedObserver(TrailObserver):
    """A TrailObserver whose events are committed by another thread."""

    def __init__(self, who: trail.Who, subject: Subject, commit: Callable[[Event], None]) -> None:
        super().__init__(who, subject)
        self._commit = commit

    def _store(self, event: Event) -> None:
        self._commit(event)

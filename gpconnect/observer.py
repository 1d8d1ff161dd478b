"""What an audit trail hears of each exchange: that it was asked, and how it was answered."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from gpconnect.diagnostics import masked
from gpconnect.errors import GPConnectError


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about to leave. Holds no URL and no NHS number. [IG-2]

    `service` is "gpconnect", "sds" or "pds"; the four Ssp headers are `trace_id`, `spine_from`,
    `spine_to` and `interaction_id`; `claims` are the token's; `asked_at` is aware, in UTC.
    """

    trace_id: str
    service: str
    interaction_id: str
    method: str
    spine_from: str | None
    spine_to: str | None
    practice_ods: str | None
    claims: Mapping[str, Any]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """How it ended. `error_code` is None for success; `outcome_known` as in GPConnectError.

    `diagnostics` is what the other side said, or why there was no trust: masked but for names,
    which only the caller knows, and still untrusted. [READ-2]
    """

    trace_id: str
    status: int | None
    error_code: str | None
    outcome_known: bool
    milliseconds: int
    diagnostics: str = ""


class ExchangeObserver(Protocol):
    """Told of every exchange.

    `asked` is called before anything leaves: if it raises, nothing is sent, and its exception
    passes through. `answered` is called exactly once after it, on failure too; if it raises, its
    exception takes the place of the answer, so it should look after its own troubles.
    """

    def asked(self, question: Asked) -> None: ...

    def answered(self, answer: Answered) -> None: ...


@dataclass(slots=True)
class Progress:
    """How far an observed exchange has come."""

    status: int | None = None
    stopped_by_gate: bool = False

    def guarding(self, gate: Callable[[], None] | None) -> Callable[[], None] | None:
        """The same gate, noting when it stops the exchange."""
        if gate is None:
            return None

        def guarded() -> None:
            self.stopped_by_gate = True
            gate()
            self.stopped_by_gate = False

        return guarded


@contextmanager
def observed(
    observer: ExchangeObserver | None, question: Asked, *, writes: bool = False
) -> Iterator[Progress]:
    """Tell `observer` of the exchange made within the context."""
    progress = Progress()
    if observer is None:
        yield progress
        return
    observer.asked(question)
    started = time.monotonic()
    # What stands if something foreign (the gate, a signal) ends the exchange.
    code: str | None = "INTERRUPTED"
    known = not writes
    said = ""
    try:
        yield progress
        code, known = None, True
    except GPConnectError as error:
        progress.status = error.status
        code, known, said = error.code, error.outcome_known, masked(error.diagnostics)
        raise
    finally:
        if progress.stopped_by_gate:
            code, known, said = "STOPPED_BEFORE_SENDING", True, ""
        milliseconds = round((time.monotonic() - started) * 1000)
        observer.answered(
            Answered(question.trace_id, progress.status, code, known, milliseconds, said)
        )

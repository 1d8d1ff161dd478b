"""One exchange (signatures first; the body follows)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

Gate = Callable[[], None]


@dataclass(frozen=True, slots=True)
class TLS:
    client_certificate: Path | None = None
    client_key: Path | None = None
    ca_bundle: Path | None = None


@dataclass(frozen=True, slots=True)
class Deadlines:
    connect: float = 3.0
    total: float = 10.0


MAX_ANSWER = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
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
    trace_id: str
    status: int | None
    error_code: str | None
    outcome_known: bool
    milliseconds: int


class ExchangeObserver(Protocol):
    def asked(self, question: Asked) -> None: ...
    def answered(self, answer: Answered) -> None: ...


class Transport:
    def __init__(
        self,
        ssp_url: str,
        tls: TLS,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 - frozen
        *,
        max_answer_bytes: int = MAX_ANSWER,
        clock: Callable[[], datetime] | None = None,
    ) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None: ...

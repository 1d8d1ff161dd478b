"""What reached the SSP: each request as received, and the status that went back."""

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox import clock

_KEPT = 500
_KEPT_IN_BRIEF = 100_000


@dataclass(slots=True)
class Exchange:
    """One raw request, and the fault that struck it.

    `status` stays None when nothing was answered.
    """

    method: str
    raw_path: str
    headers: list[tuple[str, str]]
    body: str
    status: int | None = None
    fault: str | None = None

    def header(self, name: str) -> str | None:
        """The value of the only header with this name (lower case); None if absent or repeated."""
        values = [value for key, value in self.headers if key == name]
        return values[0] if len(values) == 1 else None

    def accepts_gzip(self) -> bool:
        """Whether the client said that it reads gzip."""
        return "gzip" in (self.header("accept-encoding") or "")


@dataclass(slots=True)
class Brief:
    """What is told of many exchanges: `at` in seconds since 1970, the rest as in Exchange.

    `use_case` and `practice` are empty where the SSP let nothing through. `wrote` are the numbers
    of what the practice wrote into its chronicle because of it, be it late.
    """

    trace_id: str
    at: float = field(default_factory=clock.now)
    use_case: str = ""
    practice: str = ""
    status: int | None = None
    fault: str | None = None
    wrote: list[int] = field(default_factory=list)


class Recorder:
    """The last exchanges, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Exchange] = deque(maxlen=_KEPT)
        self._in_brief: deque[Brief] = deque(maxlen=_KEPT_IN_BRIEF)

    def keep(self, exchange: Exchange) -> Brief:
        """Record a request; what comes of it is filled in later."""
        self._kept.append(exchange)
        brief = Brief(exchange.header("ssp-traceid") or "")
        self._in_brief.append(brief)
        return brief

    def in_brief(self) -> list[dict[str, Any]]:
        """Many more exchanges, without what was asked."""
        return [asdict(brief) for brief in self._in_brief]

    def listed(self) -> list[dict[str, Any]]:
        """The exchanges as JSON-ready dictionaries."""
        return [asdict(exchange) for exchange in self._kept]

    def forget(self) -> None:
        """Start anew."""
        self._kept.clear()
        self._in_brief.clear()

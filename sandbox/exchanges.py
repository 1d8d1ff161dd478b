"""What reached the SSP: each request as received, and the status that went back."""

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

_KEPT = 500


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


class Recorder:
    """The last exchanges, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Exchange] = deque(maxlen=_KEPT)

    def keep(self, exchange: Exchange) -> None:
        """Record a request; its status is filled in later."""
        self._kept.append(exchange)

    def listed(self) -> list[dict[str, Any]]:
        """The exchanges as JSON-ready dictionaries."""
        return [asdict(exchange) for exchange in self._kept]

    def forget(self) -> None:
        """Start anew."""
        self._kept.clear()

"""A request as a practice sees it, once the SSP has let it through."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.interactions import Interaction
from sandbox.outcomes import Refused
from sandbox.people import Person
from sandbox.practices import Consumer, Practice, Spine
from sandbox.store import Store

_MUST_BE_ENCODED = "|+:"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks which practice for what. `query` is decoded; `if_match` is the raw header."""

    store: Store
    spine: Spine
    population: Mapping[str, Person]
    practice: Practice
    consumer: Consumer
    interaction: Interaction
    target: str
    query: tuple[tuple[str, str], ...]
    body: str
    if_match: str | None

    def values(self, name: str) -> list[str]:
        """The values of a parameter, in order."""
        return [value for key, value in self.query if key == name]

    def resource(self) -> dict[str, Any]:
        """The JSON object in the body. Raises Refused BAD_REQUEST."""
        try:
            read = json.loads(self.body)
            # Half a surrogate pair passes for JSON, but is no text.
            json.dumps(read, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise Refused("BAD_REQUEST", "the body is not JSON") from None
        if not isinstance(read, dict):
            raise Refused("BAD_REQUEST", "the body is not a FHIR resource")
        return read


def read_query(raw: str) -> tuple[tuple[str, str], ...]:
    """Decode a query string whose values must be percent-encoded. [SSP-5]

    Raises Refused BAD_REQUEST for a reserved character that was sent as it is.
    """
    pairs = []
    for part in raw.split("&") if raw else []:
        name, _, value = part.partition("=")
        for reserved in _MUST_BE_ENCODED:
            if reserved in value:
                raise Refused("BAD_REQUEST", f"'{reserved}' in {unquote(name)} is not encoded")
        pairs.append((unquote(name), unquote(value)))
    return tuple(pairs)

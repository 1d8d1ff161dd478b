"""What goes back over the wire."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FHIR_JSON = "application/fhir+json;charset=utf-8"
_WORTH_COMPRESSING = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, a JSON document and the headers that are this answer's own."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = FHIR_JSON

    def on_the_wire(
        self, *, gzipped: bool, chunked: bool = False
    ) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Headers and body as bytes; compressed only if the client can read that.

        A body to be sent in chunks has no length among its headers.
        """
        body = json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {
            "Content-Type": self.content_type,
            "Cache-Control": "no-store",
            "Strict-Transport-Security": "max-age=31536000",
            **self.headers,
        }
        if gzipped and len(body) > _WORTH_COMPRESSING:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        if not chunked:
            headers["Content-Length"] = str(len(body))
        return [(name.encode(), value.encode()) for name, value in headers.items()], body

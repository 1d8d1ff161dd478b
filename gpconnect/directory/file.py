"""A directory in a file, for test use: {"A20047": {"asid": "...", "service_root": "..."}}."""

import json
import uuid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gpconnect import london
from gpconnect.attempt import Deadlines
from gpconnect.directory.records import endpoint, problem
from gpconnect.fhir import checks, elements
from gpconnect.identity import Requester
from gpconnect.models import Endpoint
from gpconnect.observer import Asked, ExchangeObserver, observed


class FileDirectory:
    """Reads the file at each look-up, so that it can be changed while in use.

    With `plain_http` a service root may begin with http://, for a practice that has no TLS.
    """

    def __init__(
        self, url: str, observer: ExchangeObserver | None = None, *, plain_http: bool = False
    ) -> None:
        self._plain_http = plain_http
        self._path = Path(unquote(urlsplit(url).path))
        self._observer = observer

    def close(self) -> None:
        """Nothing is held open."""

    def look_up(
        self,
        ods_code: str,
        *,
        requester: Requester | None = None,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> Endpoint:
        """As `Directory.look_up`."""
        checks.ods_code(ods_code)
        asked = Asked(
            trace_id=str(uuid.uuid4()),
            service="sds",
            interaction_id="sds:file",
            method="GET",
            spine_from=requester.organisation.asid if requester else None,
            spine_to=None,
            practice_ods=ods_code,
            claims={},
            asked_at=london.now_utc(),
        )
        with observed(observer or self._observer, asked):
            return self._find(ods_code)

    def _find(self, ods_code: str) -> Endpoint:
        try:
            records = elements.mapping(json.loads(self._path.read_bytes()))
        except (OSError, ValueError):
            raise problem("DIRECTORY_UNREACHABLE", ods_code, "the directory's file") from None
        if ods_code not in records:
            raise problem("PRACTICE_NOT_ENABLED", ods_code, "the directory's file")
        record = elements.mapping(records[ods_code])
        return endpoint(
            ods_code,
            elements.text(record.get("asid")),
            elements.text(record.get("service_root")),
            plain_http=self._plain_http,
        )

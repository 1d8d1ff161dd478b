"""One GP Connect exchange: its URL through the Spine, its headers and token. [SSP-1..5, JWT-1]"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote, urlsplit

from gpconnect import identity, london
from gpconnect.attempt import DEFAULT_DEADLINES, Deadlines, Gate
from gpconnect.error_evidence import failure
from gpconnect.identity import Requester
from gpconnect.interactions import Interaction
from gpconnect.models import Endpoint
from gpconnect.observer import Answered, Asked, ExchangeObserver, observed
from gpconnect.tls import TLS
from gpconnect.trust import Trust
from gpconnect.wire import MAX_ANSWER, Wire, WireAnswer, WireRequest

__all__ = [
    "MAX_ANSWER",
    "TLS",
    "Answered",
    "Asked",
    "Deadlines",
    "ExchangeObserver",
    "Gate",
    "OfficialTest",
    "Question",
    "Transport",
    "Trust",
]

FHIR_JSON: Final = "application/fhir+json;charset=utf-8"
USER_AGENT: Final = "gpconnect-consumer"
_URL: Final = re.compile(r"https://[!-~]+", re.ASCII)
_PLAIN_URL: Final = re.compile(r"https?://[!-~]+", re.ASCII)
_ASID: Final = re.compile(r"[0-9A-Za-z-]+", re.ASCII)

Result = TypeVar("Result")


class OfficialTest(StrEnum):
    """Requests of a form that the official Spine tests want to see, and nothing else sends."""

    XML_TYPE = "GPC-SPN-TST-05"  # Content-Type XML, Accept JSON
    FORMAT_PARAMETER = "GPC-SPN-TST-06"  # `_format` in place of Accept
    CHUNKED = "GPC-SPN-TST-12"  # Transfer-Encoding: chunked


@dataclass(frozen=True, slots=True)
class Question:
    """What one use case asks: the path below the service root, parameters, body, headers."""

    interaction: Interaction
    path: str
    parameters: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    official_test: OfficialTest | None = None

    @property
    def fhir_request(self) -> str:
        """Path and parameters; reserved characters of the values are percent-encoded. [SSP-5]"""
        parameters = self.parameters
        if self.official_test is OfficialTest.FORMAT_PARAMETER:
            parameters += (("_format", "application/fhir+json"),)
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)
        return f"{self.path}?{query}" if query else self.path


class Transport:
    """The way to all practices: through the Spine Secure Proxy at `ssp_url`, or, with an empty
    one (test environments), straight to each practice. One for a process; thread-safe.

    `clock` gives the present instant (aware), for tokens. Plain HTTP is never spoken. [SSP-3]

    The TLS files are read when an exchange begins, and again when they have changed; as long as
    they have never been good, nothing is sent (`TLSFailure`).

    Raises: ValueError for an `ssp_url` that is not https.
    """

    def __init__(
        self,
        ssp_url: str,
        tls: TLS | Trust,
        deadlines: Deadlines = DEFAULT_DEADLINES,
        *,
        max_answer_bytes: int = MAX_ANSWER,
        plain_http: bool = False,
        clock: Callable[[], datetime] = london.now_utc,
    ) -> None:
        if ssp_url and not _URL.fullmatch(ssp_url):
            raise ValueError("The URL of the Spine Secure Proxy must begin with https://")
        if ssp_url and plain_http:
            raise ValueError("Through the Spine Secure Proxy there is no plain HTTP")
        self._practice_url = _PLAIN_URL if plain_http else _URL
        self._ssp_url = ssp_url.rstrip("/")
        self._wire = Wire(tls, deadlines, max_answer_bytes, plain_http=plain_http)
        self.clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close kept-alive connections and end the watchdog."""
        self._wire.close()

    def exchange(
        self,
        question: Question,
        *,
        requester: Requester,
        endpoint: Endpoint,
        interpret: Callable[[WireAnswer, str], Result],
        observer: ExchangeObserver | None = None,
        gate: Gate | None = None,
        deadlines: Deadlines | None = None,
    ) -> Result:
        """Ask one question and return what `interpret` makes of the answer and the trace id.

        `gate` is called when the connection is up, just before the first byte; what it raises
        passes through, and nothing has been sent.

        Raises: GPConnectError, from the way or from `interpret`.
        """
        interaction = question.interaction
        trace_id = str(uuid.uuid4())
        origin, target = self._address(endpoint, question.fhir_request)
        now = self.clock()
        claims = identity.claims(requester, endpoint.service_root, interaction.scope, now)
        asked = Asked(
            trace_id=trace_id,
            service="gpconnect",
            interaction_id=interaction.id,
            method=interaction.method,
            spine_from=requester.organisation.asid,
            spine_to=endpoint.asid,
            practice_ods=endpoint.ods_code,
            claims=claims,
            asked_at=now,
        )
        headers = {
            "Ssp-TraceID": trace_id,
            "Ssp-From": _asid(requester.organisation.asid),
            "Ssp-To": _asid(endpoint.asid),
            "Ssp-InteractionID": interaction.id,
            "Authorization": f"Bearer {identity.unsigned_token(claims)}",
            "Accept": FHIR_JSON,
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            **question.headers,
        }
        if question.official_test is not None:
            _as_tested(question.official_test, headers)
        body = None
        if question.body is not None:
            headers["Content-Type"] = FHIR_JSON
            body = _written(question.body)
        if question.official_test is OfficialTest.CHUNKED and body is None:
            body = b""
        with observed(observer, asked, writes=interaction.writes) as progress:
            answer = self._wire.send(
                WireRequest(
                    method=interaction.method,
                    origin=origin,
                    target=target,
                    headers=headers,
                    body=body,
                    interaction=interaction,
                    trace_id=trace_id,
                    gate=progress.guarding(gate),
                ),
                deadlines,
            )
            progress.status = answer.status
            return interpret(answer, trace_id)

    def _address(self, endpoint: Endpoint, fhir_request: str) -> tuple[str, str]:
        """Where to connect, and the exact request target. The service root is never changed."""
        root = endpoint.service_root
        if not self._practice_url.fullmatch(root):
            raise failure("INVALID_REQUEST", diagnostics="the practice's service root URL")
        # A root that ends with a slash has the one that parts it from the request.
        full = f"{root}{fhir_request[root.endswith('/') :]}"
        if self._ssp_url:
            full = f"{self._ssp_url}/{full}"
        parts = urlsplit(full)
        origin = f"{parts.scheme}://{parts.netloc}"
        return origin, full[len(origin) :]


def _as_tested(test: OfficialTest, headers: dict[str, str]) -> None:
    """Change the headers to those that an official test wants."""
    match test:
        case OfficialTest.XML_TYPE:
            headers["Content-Type"] = "application/fhir+xml;charset=utf-8"
        case OfficialTest.FORMAT_PARAMETER:
            del headers["Accept"]
            headers["Content-Type"] = FHIR_JSON
        case OfficialTest.CHUNKED:
            headers["Transfer-Encoding"] = "chunked"


def _asid(text: str) -> str:
    if not _ASID.fullmatch(text):
        raise failure("INVALID_REQUEST", diagnostics="an ASID")
    return text


def _written(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (ValueError, RecursionError):
        pass  # its text may hold values
    raise failure("INVALID_REQUEST", diagnostics="the resource's structure")

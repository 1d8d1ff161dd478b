"""One HTTPS request and its whole answer, or the exact reason why there is none.

`requests` carries it through an adapter of its own. Without a session there are no cookies, no
redirects, no proxies and nothing from the environment; and as urllib3 is given "/" for a URL and
only the connection knows the real one, no log line or exception of theirs can hold it.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from gpconnect.attempt import (
    DEFAULT_DEADLINES,
    Attempt,
    AttemptEnded,
    Connection,
    Deadlines,
    Gate,
    PlainConnection,
    current_attempt,
)
from gpconnect.body import BodyUnreadable, read_body
from gpconnect.error_evidence import failure
from gpconnect.errors import GPConnectError, Origin
from gpconnect.interactions import Interaction
from gpconnect.renewed_files import FilesRefused
from gpconnect.tls import TLS
from gpconnect.trust import Trust, Trusted
from gpconnect.watchdog import Watchdog

MAX_ANSWER: Final = 20 * 1024 * 1024
_POOL: Final = 64  # a federation search asks that many practices through one proxy


@dataclass(frozen=True, slots=True)
class WireRequest:
    """`origin` is "https://host:port", `target` all that follows, sent exactly as it is."""

    method: str
    origin: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None
    interaction: Interaction | None = None  # says whether it writes
    trace_id: str | None = None
    gate: Gate | None = None

    @property
    def writes(self) -> bool:
        return self.interaction is not None and self.interaction.writes


@dataclass(frozen=True, slots=True)
class WireAnswer:
    status: int
    headers: Mapping[str, str]  # names in any case
    body: bytes


class _Pool(HTTPSConnectionPool):
    ConnectionCls = Connection


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection

    def _validate_conn(self, conn: Any) -> None:
        """Connected before the request, as urllib3 does over TLS."""
        if conn.is_closed:
            conn.connect()


class _Adapter(HTTPAdapter):
    """Our TLS context and connections; none of requests' own certificates. Plain HTTP for tests.

    All of its connections are made by the same files. Once those are renewed it is retired: what
    has begun ends, and then its connections are closed.
    """

    def __init__(self, trusted: Trusted, plain_http: bool) -> None:
        self.trusted = trusted
        self._plain_http = plain_http
        self.exchanges = 0
        self.retired = False
        super().__init__(pool_connections=_POOL, pool_maxsize=_POOL)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        super().init_poolmanager(
            connections, maxsize, block, ssl_context=self.trusted.context, **pool_kwargs
        )
        pools: dict[str, type[HTTPConnectionPool]] = {"https": _Pool}
        if self._plain_http:
            pools["http"] = _PlainPool
        self.poolmanager.pool_classes_by_scheme = pools

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        parts = urlsplit(request.url or "")
        scheme = "http" if self._plain_http and parts.scheme == "http" else "https"
        return {"scheme": scheme, "host": parts.hostname, "port": parts.port}, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing to add: the context of the pool verifies."""

    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        return "/"


class Wire:
    """Sends requests over kept-alive or fresh connections. Thread-safe, and safe over a fork.

    Connections are made by the files of `tls` as they are when an exchange begins. `plain_http`
    lets an origin that begins with http:// be reached without TLS; for tests.
    """

    def __init__(
        self,
        tls: TLS | Trust,
        deadlines: Deadlines = DEFAULT_DEADLINES,
        max_answer_bytes: int = MAX_ANSWER,
        *,
        plain_http: bool = False,
    ) -> None:
        self._plain_http = plain_http
        self._trust = Trust.of(tls)
        self.deadlines = deadlines
        self._limit = max_answer_bytes
        self._watchdog = Watchdog()
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._adapter: _Adapter | None = None

    def close(self) -> None:
        if self._adapter is not None:
            self._adapter.close()
        self._watchdog.close()

    def send(self, request: WireRequest, deadlines: Deadlines | None = None) -> WireAnswer:
        """Send it and return the whole answer, whatever its status (redirects excepted).

        A write has a connection of its own and is sent at most once. A request that finds its
        kept-alive connection closed is sent once more on a fresh one, and so is a GP Connect read
        whose connection broke in any other way; the deadline is that of both tries together.

        Raises: NotSent, NoAnswer, UnreadableAnswer; what the gate raises, unchanged.
        """
        limits = deadlines or self.deadlines
        started = time.monotonic()
        attempt = self._attempt(request, limits, started, fresh=request.writes)
        answer = self._try(request, attempt)
        if answer is None and _may_try_again(request, attempt):
            attempt = self._attempt(request, limits, started, fresh=True)
            answer = self._try(request, attempt)
        if answer is None:
            raise _failure(request, attempt)
        return answer

    def _attempt(
        self, request: WireRequest, limits: Deadlines, started: float, *, fresh: bool
    ) -> Attempt:
        answer_by = started + limits.total
        return Attempt(
            target=request.target,
            fresh=fresh,
            gate=request.gate,
            connect_by=min(time.monotonic() + limits.connect, answer_by),
            answer_by=answer_by,
            watchdog=self._watchdog,
        )

    def _try(self, request: WireRequest, attempt: Attempt) -> WireAnswer | None:
        """The answer, or None when there is none: the attempt then says why."""
        answer: WireAnswer | None = None
        token = current_attempt.set(attempt)
        try:
            with self._current_adapter() as adapter:
                response = adapter.send(_prepared(request), stream=True)
                attempt.status = response.status_code
                try:
                    body = read_body(response.raw, self._limit)
                except BaseException:
                    response.raw.close()
                    raise
            answer = WireAnswer(response.status_code, response.headers, body)
        except AttemptEnded:
            pass
        except FilesRefused as refusal:
            attempt.code, attempt.reason = "TLS_FAILED", f"our own files: {refusal}"
        except BodyUnreadable as unreadable:
            attempt.code = unreadable.code
        except (requests.RequestException, HTTPError, HTTPException, OSError):
            late = time.monotonic() >= attempt.answer_by
            attempt.code = "DEADLINE_EXCEEDED" if late else "CONNECTION_LOST"
        finally:
            current_attempt.reset(token)
            attempt.unwatch()
        if answer is not None and 300 <= answer.status < 400:
            attempt.code = "REDIRECTED"
        if attempt.expired:
            attempt.code = "DEADLINE_EXCEEDED"
        return None if attempt.code else answer

    @contextmanager
    def _current_adapter(self) -> Iterator[_Adapter]:
        """The one for an exchange that begins now. Raises: FilesRefused."""
        with self._lock:
            trusted = self._trust.current()
            adapter = self._adapter
            inherited = self._process != os.getpid()  # a fork has its parent's connections
            if adapter is None or inherited or adapter.trusted is not trusted:
                if adapter is not None and not inherited:
                    self._retire(adapter)
                self._adapter = adapter = _Adapter(trusted, self._plain_http)
                self._process = os.getpid()
            adapter.exchanges += 1
        try:
            yield adapter
        finally:
            with self._lock:
                adapter.exchanges -= 1
                if adapter.retired:
                    self._retire(adapter)

    @staticmethod
    def _retire(adapter: _Adapter) -> None:
        adapter.retired = True
        if adapter.exchanges == 0:
            adapter.close()


def _prepared(request: WireRequest) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = request.origin
    prepared.headers = CaseInsensitiveDict(request.headers)
    if request.body is not None:
        prepared.body = request.body
        if "Transfer-Encoding" not in prepared.headers:  # then the adapter sends it in chunks
            prepared.headers["Content-Length"] = str(len(request.body))
    prepared.hooks = {}
    return prepared


def _may_try_again(request: WireRequest, attempt: Attempt) -> bool:
    """Whether one more try is safe, has a chance, and costs no turn (PDS counts requests)."""
    if request.writes or attempt.code != "CONNECTION_LOST":
        return False
    stale = attempt.reused and attempt.status is None
    return stale or (request.interaction is not None and time.monotonic() < attempt.answer_by)


def _failure(request: WireRequest, attempt: Attempt) -> BaseException:
    if attempt.gate_failure is not None:
        return attempt.gate_failure
    code = attempt.code or "CONNECTION_LOST"
    if not attempt.sent:
        # Whatever else was noticed: without a byte sent, the connection is what failed.
        late = {"DEADLINE_EXCEEDED": "CONNECT_DEADLINE_EXCEEDED", "CONNECTION_LOST": "UNREACHABLE"}
        code = late.get(code, code)
    error: GPConnectError = failure(
        code,
        origin=Origin.NETWORK,
        interaction=request.interaction,
        status=attempt.status,
        trace_id=request.trace_id,
        diagnostics=attempt.reason,
    )
    return error

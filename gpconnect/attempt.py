"""One try at one exchange: how far it came, and what stopped it.

The connection class below is how urllib3 lets us see it: it opens the socket within the connect
deadline, runs the gate when TLS is up and before the first byte, and sends the exact target.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

from gpconnect.watchdog import Watch, Watchdog

Gate = Callable[[], None]

# A connection that was idle for longer may just be being closed by the other side.
_IDLE_LIMIT: Final = 4.0


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long an exchange may take, in seconds, both counted from its beginning.

    Looking up a host name is the operating system's, which sets its own limit.
    """

    connect: float = 3.0
    total: float = 10.0


DEFAULT_DEADLINES: Final = Deadlines()


class Remaining:
    """What is left, from now on, of the deadlines of several exchanges together."""

    def __init__(self, limits: Deadlines) -> None:
        self._connect = limits.connect
        self._until = time.monotonic() + limits.total

    @property
    def seconds(self) -> float:
        """Until the total deadline; not negative."""
        return max(self._until - time.monotonic(), 0.0)

    @property
    def deadlines(self) -> Deadlines:
        """For an exchange that begins now."""
        return Deadlines(self._connect, self.seconds)


class AttemptEnded(Exception):
    """Leaves urllib3 at once; `Attempt.code` or `Attempt.gate_failure` says why."""


@dataclass(slots=True)
class Attempt:
    """How far one try has come. Times are those of `time.monotonic`."""

    target: str  # the exact request target
    fresh: bool  # no kept-alive connection
    gate: Gate | None
    connect_by: float
    answer_by: float
    watchdog: Watchdog
    code: str | None = None  # of the error table
    reason: str = ""  # why there was no trust, in OpenSSL's words
    gate_failure: BaseException | None = None
    sent: bool = False  # the first byte may have left
    reused: bool = False  # over a kept-alive connection
    expired: bool = False  # the watchdog shut the socket
    status: int | None = None
    _watch: Watch | None = field(default=None, init=False)

    def end(self, code: str, reason: str = "") -> NoReturn:
        self.code, self.reason = code, reason
        raise AttemptEnded

    def open_socket(self, host: str, port: int) -> socket.socket:
        """A TCP connection to the first address that answers within the connect deadline."""
        try:
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            self.end("NAME_NOT_RESOLVED")
        for tried, (family, kind, protocol, _, address) in enumerate(addresses):
            share = (self.connect_by - time.monotonic()) / (len(addresses) - tried)
            if share <= 0:
                break
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(share)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except OSError:
                sock.close()
            else:
                sock.settimeout(max(self.connect_by - time.monotonic(), 0.001))
                return sock
        late = time.monotonic() >= self.connect_by
        return self.end("CONNECT_DEADLINE_EXCEEDED" if late else "UNREACHABLE")

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Ends the attempt with the right code for what stops a connection being made."""
        try:
            yield
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            self.end("UNREACHABLE", "they hung up in the middle of the TLS handshake")
        except TimeoutError:
            self.end("CONNECT_DEADLINE_EXCEEDED")
        except ssl.SSLError as error:
            self.end("TLS_FAILED", why_no_trust(error))
        except OSError:
            self.end("UNREACHABLE")

    def watch(self, sock: socket.socket, until: float) -> None:
        """Put the attempt's socket under watch, in place of what was watched before."""
        self.unwatch()
        self._watch = self.watchdog.watch(sock, until)

    def unwatch(self) -> None:
        if self._watch is not None:
            self.expired = self.watchdog.release(self._watch) or self.expired
            self._watch = None

    def leave(self) -> None:
        """Pass the gate, and note that from here on the other side may have acted."""
        if self.gate is not None:
            try:
                self.gate()
            except BaseException as failure:
                self.gate_failure = failure  # urllib3 may wrap it on the way out
                raise
        if time.monotonic() >= self.answer_by:
            self.end("CONNECT_DEADLINE_EXCEEDED")
        self.sent = True


current_attempt: ContextVar[Attempt] = ContextVar("current_attempt")


class PlainConnection(HTTPConnection):
    """A connection that reports to the current attempt."""

    auto_open = 0  # never reconnect behind our back
    _requests = 0
    _last_request = 0.0

    def _new_conn(self) -> socket.socket:
        attempt = current_attempt.get()
        sock = attempt.open_socket(self.host, self.port)
        attempt.watch(sock, attempt.connect_by)
        return sock

    def connect(self) -> None:
        attempt = current_attempt.get()
        self._requests = 0
        with attempt.connecting():
            super().connect()

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        headers: Any = None,
        **options: Any,
    ) -> None:
        attempt = current_attempt.get()
        now = time.monotonic()
        if self._requests and (attempt.fresh or now - self._last_request > _IDLE_LIMIT):
            self.close()
            self.connect()
        attempt.reused = self._requests > 0
        self._requests += 1
        self._last_request = now
        assert self.sock is not None  # connected by the pool or just above
        attempt.watch(self.sock, attempt.answer_by)
        self.sock.settimeout(max(attempt.answer_by - now, 0.001))
        attempt.leave()
        super().request(method, attempt.target, body, headers, **options)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # http.client has its own
        try:
            return super().getresponse()
        except ssl.SSLError as error:
            attempt = current_attempt.get()
            if not attempt.reused and refuses_our_certificate(error):
                # In TLS 1.3 the refusal arrives after our first bytes, which the other side,
                # not having completed its handshake, cannot have read as a request.
                attempt.sent = False
                attempt.end("TLS_FAILED", why_no_trust(error))
            raise


class Connection(PlainConnection, HTTPSConnection):
    """The same, over TLS."""


def refuses_our_certificate(error: ssl.SSLError) -> bool:
    """Whether the other side's alert says that it does not trust us."""
    reason = error.reason or ""
    return "ALERT" in reason and any(
        word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "HANDSHAKE_FAILURE")
    )


def why_no_trust(error: ssl.SSLError) -> str:
    """What OpenSSL says of it, and whose certificate or choice it is about; no address. [READ-2]"""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"their certificate: {error.verify_message.rstrip('.')}"
    reason = (error.reason or "").lower().replace("_", " ") or "no reason given"
    return f"they refused: {reason}" if "alert" in reason else f"no common ground: {reason}"

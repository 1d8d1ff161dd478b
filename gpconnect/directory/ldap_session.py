"""One connection to an LDAP server: made and secured as all of ours are, spoken over by ldap3.

ldap3's own TLS neither names the server nor has its name checked in the handshake, its time-outs
begin anew with each read, and what it reads has no limit. So it is given a connection that is
made here, with one deadline and one size limit for everything that is asked over it.
"""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ldap3 import ANONYMOUS, NONE, SUBTREE, SYNC, Connection, Server
from ldap3.core.exceptions import LDAPExceptionError
from ldap3.utils.conv import escape_filter_chars
from pyasn1.error import PyAsn1Error

from gpconnect.attempt import (
    Attempt,
    AttemptEnded,
    Deadlines,
    refuses_our_certificate,
    why_no_trust,
)
from gpconnect.renewed_files import FilesRefused
from gpconnect.trust import Trust
from gpconnect.watchdog import Watchdog

MAX_ANSWERS: Final = 1024 * 1024

# ldap3's decoders trust the server: what is not LDAP makes them stumble in any of these ways.
_NOT_LDAP: Final = (
    LDAPExceptionError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
    PyAsn1Error,
)

Record = Mapping[str, Sequence[str]]
"""An entry's attributes: their names in lower case, and all their values."""


@dataclass(frozen=True, slots=True)
class LDAPAnswer:
    """`code` and `name` are the LDAP result (0 is success), `message` the server's own words."""

    code: int
    name: str
    message: str = ""
    records: tuple[Record, ...] = ()


class LDAPSession:
    """Opens when first asked. For one thread, and one look-up: its time begins at once."""

    def __init__(
        self,
        host: str,
        port: int,
        trust: Trust,
        watchdog: Watchdog,
        limits: Deadlines,
    ) -> None:
        started = time.monotonic()
        self._host = host
        self._port = port
        self._trust = trust
        self._connection: Connection | None = None
        self._line: _Line | None = None
        self._attempt = Attempt(
            target="",
            fresh=True,
            gate=None,
            connect_by=started + min(limits.connect, limits.total),
            answer_by=started + limits.total,
            watchdog=watchdog,
        )

    def search(self, base: str, wanted: Mapping[str, str], attributes: Sequence[str]) -> LDAPAnswer:
        """Everything below `base` whose attributes are `wanted`, or the result that says why not.

        Raises: AttemptEnded; `why_ended` then has a code of the error table, or "NOT_LDAP".
        """
        try:
            connection = self._connection or self._opened()
            if not connection.bound and not connection.bind():
                return _answer(connection, "bindResponse")
            connection.search(base, _all_of(wanted), SUBTREE, attributes=list(attributes))
            return _answer(connection, "searchResDone")
        except _NOT_LDAP:
            self._attempt.code = "NOT_LDAP"
        raise AttemptEnded

    def why_ended(self) -> str:
        """The code for an `AttemptEnded`, and behind a colon the reason where there is one."""
        self._attempt.unwatch()
        if self._attempt.expired:
            return "DEADLINE_EXCEEDED"
        return ": ".join(filter(None, (self._attempt.code, self._attempt.reason)))

    def close(self) -> None:
        """Take leave, if there is still somebody to take leave of."""
        if self._connection is not None and self._attempt.code is None:
            with suppress(AttemptEnded, *_NOT_LDAP):
                self._connection.unbind()
        if self._line is not None:
            self._line.close()
        self._attempt.unwatch()

    def _opened(self) -> Connection:
        self._line = _Line(self._secured(), self._attempt)
        connection = Connection(
            Server(self._host, self._port, get_info=NONE),
            authentication=ANONYMOUS,
            client_strategy=SYNC,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            read_only=True,
            # The fast one makes room of whatever size the answer names, up to gigabytes.
            fast_decoder=False,
        )
        # What ldap3's `open` would do, but for making the connection.
        connection.strategy._outstanding = {}
        connection.socket = self._line
        connection.closed = False
        connection.listening = True
        self._connection = connection
        return connection

    def _secured(self) -> ssl.SSLSocket:
        attempt = self._attempt
        try:
            context = self._trust.current().context
        except FilesRefused as refusal:
            attempt.end("TLS_FAILED", f"our own files: {refusal}")
        plain = attempt.open_socket(self._host, self._port)
        attempt.watch(plain, attempt.connect_by)
        with attempt.connecting():
            secure = context.wrap_socket(plain, server_hostname=self._host)
        attempt.watch(secure, attempt.answer_by)
        return secure


class _Line:
    """The socket as ldap3 uses one. What stops it ends the attempt, past ldap3's own handling."""

    def __init__(self, sock: ssl.SSLSocket, attempt: Attempt) -> None:
        self._socket = sock
        self._attempt = attempt
        self._room = MAX_ANSWERS

    def sendall(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._time_left())
            self._socket.sendall(data)
        except OSError as error:
            self._attempt.end(*(self._last_word() or _ending(error)))

    def recv(self, size: int) -> bytes:
        try:
            self._socket.settimeout(self._time_left())
            data = self._socket.recv(size)
        except OSError as error:
            self._attempt.end(*_ending(error))
        self._room -= len(data)
        if not data:
            self._attempt.end("CONNECTION_LOST")
        if self._room < 0:
            self._attempt.end("ANSWER_TOO_LARGE")
        return data

    def shutdown(self, how: int) -> None:
        with suppress(OSError):
            self._socket.shutdown(how)

    def close(self) -> None:
        self.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _last_word(self) -> tuple[str, str] | None:
        # Whoever hangs up while we are still sending may have said why.
        try:
            self._socket.recv(1)
        except OSError as error:
            return _ending(error)
        return None

    def _time_left(self) -> float:
        left = self._attempt.answer_by - time.monotonic()
        if left <= 0:
            self._attempt.end("DEADLINE_EXCEEDED")
        return left


def _ending(error: OSError) -> tuple[str, str]:
    """The code for what broke a connection, and the reason where it is one of trust."""
    if isinstance(error, TimeoutError):
        return "DEADLINE_EXCEEDED", ""
    # In TLS 1.3 the refusal of our certificate arrives after our first bytes.
    if isinstance(error, ssl.SSLError) and refuses_our_certificate(error):
        return "TLS_FAILED", why_no_trust(error)
    return "CONNECTION_LOST", ""


def _all_of(wanted: Mapping[str, str]) -> str:
    tests = (f"({name}={escape_filter_chars(value)})" for name, value in wanted.items())
    return f"(&{''.join(tests)})"


def _answer(connection: Connection, kind: str) -> LDAPAnswer:
    result = connection.result
    if result["type"] != kind:
        raise ValueError
    entries = connection.response or ()
    records = tuple(
        _record(entry["raw_attributes"]) for entry in entries if entry["type"] == "searchResEntry"
    )
    return LDAPAnswer(
        result["result"], result["description"], str(result["message"] or ""), records
    )


def _record(attributes: Mapping[str, Sequence[bytes] | None]) -> Record:
    return {
        name.lower(): tuple(value.decode("utf-8", "replace") for value in values or ())
        for name, values in attributes.items()
    }

"""An LDAP server over TLS that says exactly what a test wants said.

Messages are read and written with ldaptor, which shares no code with ldap3.
"""
# mypy: allow-untyped-calls
# (ldaptor has no annotations)

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ldaptor.protocols import pureber, pureldap
from ldaptor.protocols.ldap.ldapserver import BaseLDAPServer

SUCCESS = 0
Script = Callable[[ssl.SSLSocket], None]


class ScriptedLDAP:
    """Listens on a free port of this machine, and runs `script` for each connection."""

    def __init__(
        self,
        script: Script,
        certificates: Path,
        *,
        certificate: str = "server.pem",
        host: str = "127.0.0.1",
        version: ssl.TLSVersion | None = None,
    ) -> None:
        self.connections = 0
        self._script = script
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain = certificates / certificate
        self._context.load_cert_chain(chain, chain.with_suffix(".key"))
        self._context.load_verify_locations(certificates / "ca.pem")
        self._context.verify_mode = ssl.CERT_REQUIRED
        if version is not None:
            self._context.minimum_version = self._context.maximum_version = version
        self._listener = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()
        return f"ldaps://{'localhost' if host == '127.0.0.1' else host}:{port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(plain)
            self._threads.append(threading.Thread(target=self._serve, args=(plain,), daemon=True))
            self._threads[-1].start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            secure = self._context.wrap_socket(plain, server_side=True)
            self._open.append(secure)
            try:
                self._script(secure)
            finally:
                secure.close()


def requests(connection: ssl.SSLSocket) -> Iterator[Any]:
    """The messages of a client, as ldaptor reads them, until it leaves."""
    buffer = b""
    while data := connection.recv(4096):
        buffer += data
        while buffer:
            try:
                message, used = pureber.berDecodeObject(BaseLDAPServer.berdecoder, buffer)
            except pureber.BERExceptionInsufficientData:
                break
            buffer = buffer[used:]
            if isinstance(message.value, pureldap.LDAPUnbindRequest):
                return
            yield message


def written(number: int, operation: Any) -> bytes:
    """An operation as the message with this number."""
    raw: bytes = pureldap.LDAPMessage(operation, id=number).toWire()
    return raw


def bound(code: int = SUCCESS, message: bytes = b"") -> Any:
    return pureldap.LDAPBindResponse(resultCode=code, errorMessage=message)


def done(code: int = SUCCESS, message: bytes = b"") -> Any:
    return pureldap.LDAPSearchResultDone(resultCode=code, errorMessage=message)


def entry(attributes: Mapping[str, Sequence[str | bytes]]) -> Any:
    listed = [
        (name, [value if isinstance(value, bytes) else value.encode() for value in values])
        for name, values in attributes.items()
    ]
    name = "uniqueIdentifier=1,ou=Services,o=nhs"
    return pureldap.LDAPSearchResultEntry(objectName=name, attributes=listed)


def answering(*answers: Sequence[Any], heard: list[Any] | None = None) -> Script:
    """A script that gives the first request the first answer, and so on; then it hangs up."""

    def script(connection: ssl.SSLSocket) -> None:
        for message, answer in zip(requests(connection), answers, strict=False):
            if heard is not None:
                heard.append(message.value)
            connection.sendall(b"".join(written(message.id, each) for each in answer))
            if answer is answers[-1]:
                return

    return script

"""A TLS server that does exactly what a test says, for what no decent server would do."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FHIR = "application/fhir+json;charset=utf-8"
SPINE_CODES = "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1"


@dataclass(frozen=True)
class Received:
    """One raw request, and the connection (numbered from 1) that it came over."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    def header(self, name: str) -> str | None:
        """The value of the only header with this name, in any case."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} occurs {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


# What to do about a request: the connection stays open unless the script says otherwise.
Script = Callable[[ssl.SSLSocket, Received], bool | None]
CLOSE = False


class ScriptedServer:
    """Listens on a free port of this machine and runs `script` for each request.

    With `client_ca` it demands a client certificate of that authority. `before_tls`, if given,
    has each connection before the handshake, and is all that happens to it.
    """

    def __init__(
        self,
        script: Script,
        certificate: Path,
        *,
        client_ca: Path | None = None,
        tls: ssl.TLSVersion | None = None,
        before_tls: Callable[[socket.socket], None] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.script = script
        self.received: list[Received] = []
        self._before_tls = before_tls
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        if tls is not None:
            self._context.minimum_version = self._context.maximum_version = tls
        if client_ca is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(client_ca)
        self._listener = socket.create_server((host, 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        self.ended: list[int] = []
        self.stopping = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()
        return f"https://{'localhost' if host == '127.0.0.1' else host}:{port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stopping.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(plain)
            thread = threading.Thread(target=self._serve, args=(plain, self.connections))
            thread.daemon = True
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            if self._before_tls is not None:
                self._before_tls(plain)
                plain.close()
                return
            secure = self._context.wrap_socket(
                plain, server_side=True, do_handshake_on_connect=False
            )
            self._open.append(secure)
            try:
                self._shake_hands(secure)
                with secure.makefile("rb") as reader:
                    while (request := _read_request(reader, number)) is not None:
                        self.received.append(request)
                        if self.script(secure, request) is CLOSE:
                            break
            finally:
                secure.close()
                self.ended.append(number)

    def _shake_hands(self, secure: ssl.SSLSocket) -> None:
        try:
            secure.do_handshake()
        except ssl.SSLError:
            # Reading what the client still sends keeps our alert from being lost with a reset.
            socket.socket.shutdown(secure, socket.SHUT_WR)
            while socket.socket.recv(secure, 4096):
                pass
            raise


def _read_request(reader: Any, connection: int) -> Received | None:
    first = reader.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: list[tuple[str, str]] = []
    while (line := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Received(first[0], first[1], tuple(headers), reader.read(length), connection)


def http(
    body: bytes | str | dict[str, Any], status: int = 200, content_type: str = FHIR, **more: str
) -> bytes:
    """A whole answer. Further headers by name, with underscores for hyphens."""
    if isinstance(body, dict):
        body = json.dumps(body)
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(raw)}"]
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    lines.extend(f"{name.replace('_', '-')}: {value}" for name, value in more.items())
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


def always(answer: bytes, *, then: bool | None = None) -> Script:
    """A script that gives the same answer to everything."""

    def script(connection: ssl.SSLSocket, request: Received) -> bool | None:
        connection.sendall(answer)
        return then

    return script


def then_close(*pieces: bytes) -> Script:
    """A script that sends some pieces and closes the connection."""

    def script(connection: ssl.SSLSocket, request: Received) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        return CLOSE

    return script


def operation_outcome(
    code: str, diagnostics: str = "", system: str = SPINE_CODES
) -> dict[str, Any]:
    """An OperationOutcome as practices write it."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "invalid",
                "details": {
                    "coding": [
                        {
                            "system": system,
                            "code": code,
                            "display": code,
                        }
                    ]
                },
                "diagnostics": diagnostics,
            }
        ],
    }


def bundle(*resources: Any, **more: Any) -> dict[str, Any]:
    """A searchset of resources."""
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}

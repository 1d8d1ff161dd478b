"""Ends TLS before a server that has none: the embedded PostgreSQL and Redis are built without."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SSL_REQUEST: Final = struct.pack("!ii", 8, 80877103)
_SECONDS: Final = 20.0


@contextlib.contextmanager
def tls_relay(
    certificate: Path, to: int, *, postgres: bool = False, host: str = "127.0.0.1"
) -> Iterator[int]:
    """The port of a relay to port `to` of this machine; `postgres` are asked for TLS first.

    `certificate`: a server's, its key beside it as `.key`. `host`: where it listens.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    with socket.create_server((host, 0)) as listener:
        thread = threading.Thread(target=_listen, args=(listener, context, to, postgres))
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(_SECONDS)


def _listen(listener: socket.socket, context: ssl.SSLContext, to: int, postgres: bool) -> None:
    while True:
        try:
            came, _ = listener.accept()
        except OSError:
            return
        came.settimeout(_SECONDS)
        threading.Thread(target=_relay, args=(came, context, to, postgres), daemon=True).start()


def _relay(came: socket.socket, context: ssl.SSLContext, to: int, postgres: bool) -> None:
    with contextlib.suppress(OSError), came:
        if postgres:
            if came.recv(8) != _SSL_REQUEST:
                return  # in the clear: nobody is here
            came.sendall(b"S")
        with (
            context.wrap_socket(came, server_side=True) as client,
            socket.create_connection(("127.0.0.1", to), _SECONDS) as server,
        ):
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()
            _pump(client, server)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while some := source.recv(65536):
            target.sendall(some)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)

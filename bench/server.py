"""A bare TLS server that answers every request at once with the same resource.

    python -m bench.server CERTIFICATES

Prints its port, then serves until its standard input closes. It asks for a client certificate,
keeps connections alive and does nothing else, so that what is measured is the client.
"""

import json
import os
import socket
import ssl
import sys
import threading
from pathlib import Path

from demo import tether

ANSWER = json.dumps(
    {
        "resourceType": "Location",
        "id": "location-1",
        "meta": {
            "versionId": "1",
            "profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-GPC-Location-1"],
        },
        "status": "active",
        "name": "Branch surgery 1",
        "telecom": [{"system": "phone", "value": "01632 960001", "use": "work"}],
        "address": {"line": ["1 High Street"], "city": "Walford", "postalCode": "ZZ99 3CZ"},
        "managingOrganization": {"reference": "Organization/practice"},
    }
).encode()
_WHOLE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json;charset=utf-8\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
)


def main(parent: int) -> None:
    tether.to_parent(parent)
    certificates = Path(sys.argv[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context), daemon=True).start()
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()


def _accept(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        plain, _ = listener.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve, args=(plain, context), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext) -> None:
    with context.wrap_socket(plain, server_side=True) as connection:
        received = b""
        while piece := connection.recv(65_536):
            received += piece
            while b"\r\n\r\n" in received:  # GETs only: nothing follows the headers
                received = received.partition(b"\r\n\r\n")[2]
                connection.sendall(_WHOLE)


if __name__ == "__main__":
    main(os.getppid())

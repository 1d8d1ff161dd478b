"""How much memory an enormous answer can take: of 200 MB, plain, chunked and as a gzip bomb.

Each is offered to a client in a process of its own, whose peak is told before and after.

    python -m chaos.memory CERTIFICATES PORT
"""

import contextlib
import os
import re
import ssl
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench.figures import Figure
from chaos.use_cases import PRACTICE, REQUESTER
from demo import tether
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError, UnreadableAnswer
from gpconnect.transport import TLS, Deadlines, Transport
from tests.gpconnect.scripted_server import CLOSE, FHIR, Received, ScriptedServer

BODY: Final = 200 * 1024 * 1024
# MB more than before: twice the limit, and as much again for TLS and Python; and for JSON that
# the limit lets through, the tiniest values that there are, each of which is an object of Python's.
MOST: Final = 100.0
MOST_READ: Final = 600.0
_PIECE: Final = b" " * 65_536
_HEAD: Final = f"HTTP/1.1 200 OK\r\nContent-Type: {FHIR}\r\n"

Offer = Callable[[ssl.SSLSocket], None]


def figures(certificates: Path) -> Iterator[Figure]:
    """The peak of each offer, beside a client's that has been offered something small."""
    before, after, code = _offered(certificates, _tiny_values)
    yield Figure("peak memory after 19 MB of empty lists, more", after - before, "MB", MOST_READ)
    for name, offer in _OFFERS.items():
        before, after, code = _offered(certificates, offer)
        yield Figure(f"peak memory before {name}", before, "MB")
        yield Figure(f"peak memory after {name}, more", after - before, "MB", MOST)
        refused = code == "ANSWER_TOO_LARGE"
        yield Figure(f"{name} not refused as too large", float(not refused), "times", 0)


def _offered(certificates: Path, offer: Offer) -> tuple[float, float, str]:
    def script(connection: ssl.SSLSocket, request: Received) -> bool:
        with contextlib.suppress(OSError):  # the client hangs up, as it should
            if request.target.endswith("/metadata"):
                connection.sendall(f"{_HEAD}Content-Length: 2\r\n\r\n{{}}".encode())
            else:
                offer(connection)
        return CLOSE

    with ScriptedServer(script, certificates / "server.pem") as server:
        port = server.url.rpartition(":")[2]
        ran = subprocess.run(  # noqa: S603 - this module itself
            [sys.executable, "-m", "chaos.memory", str(certificates), port],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    before, after, code = ran.stdout.split()
    return float(before), float(after), code


def _plain(connection: ssl.SSLSocket) -> None:
    connection.sendall(f"{_HEAD}Content-Length: {BODY}\r\n\r\n".encode())
    for _ in range(BODY // len(_PIECE)):
        connection.sendall(_PIECE)


def _chunked(connection: ssl.SSLSocket) -> None:
    connection.sendall(f"{_HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
    for _ in range(BODY // len(_PIECE)):
        connection.sendall(b"%x\r\n%b\r\n" % (len(_PIECE), _PIECE))
    connection.sendall(b"0\r\n\r\n")


def _tiny_values(connection: ssl.SSLSocket) -> None:
    body = b'{"entry": [%b[]]}' % (b"[]," * (19 * 1024 * 1024 // 3))
    connection.sendall(f"{_HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def _bomb(connection: ssl.SSLSocket) -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(_PIECE) for _ in range(BODY // len(_PIECE)))
    packed += packer.flush()
    head = f"{_HEAD}Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    connection.sendall(head.encode() + packed)


_OFFERS: Final[dict[str, Offer]] = {
    "200 MB": _plain,
    "200 MB in chunks": _chunked,
    "a gzip bomb of 200 MB": _bomb,
}


def main(parent: int) -> None:
    tether.to_parent(parent)
    certificates, port = Path(sys.argv[1]), sys.argv[2]
    tls = TLS(ca_bundle=certificates / "ca.pem")
    limits = Deadlines(5.0, 60.0)
    with Transport(f"https://localhost:{port}", tls, limits) as transport:
        client = GPConnectClient(transport, REQUESTER, PRACTICE)
        with contextlib.suppress(GPConnectError):
            client.capability_statement()
        before = _peak()
        try:
            client.read_location("l1")
            code = "NONE"
        except UnreadableAnswer as error:
            code = error.code
    sys.stdout.write(f"{before} {_peak()} {code}\n")


def _peak() -> float:
    """The most memory that this program ever held, in MB; getrusage counts its parent's too."""
    status = Path("/proc/self/status").read_text()
    [peak] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(peak) / 1024


if __name__ == "__main__":
    main(os.getppid())

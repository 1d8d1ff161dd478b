"""One exchange through the client, beside a bare session that asks for the same."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from bench import server
from bench.figures import Figure
from bench.measuring import in_turns
from demo import certificates
from gpconnect.client import GPConnectClient
from gpconnect.identity import Device, Requester, RequestingOrganisation, RequestingUser
from gpconnect.models import Endpoint
from gpconnect.transport import TLS, Transport

GOAL = 1.3
ENDPOINT = Endpoint("X99999", "200000000999", "https://practice.example/X99999/STU3/1/gpconnect")
REQUESTER = Requester(
    issuer="https://booking-portal.example.nhs.uk",
    device=Device("https://booking-portal.example.nhs.uk/Id/device", "bench", "Bench", "1"),
    organisation=RequestingOrganisation(
        "A1001", "Riverside Extended Access Hub", "urgent-care", "200000000101", "01632 960201"
    ),
    user=RequestingUser(
        "bench-1", "https://booking-portal.example.nhs.uk/Id/user", "Example", ("Ann",), "Ms"
    ),
)


def figures() -> Iterator[Figure]:
    """Milliseconds by the clock and microseconds of processor, and the client's over the bare."""
    with TemporaryDirectory() as directory:
        made = Path(directory)
        certificates.make(made)
        with _server(made) as url, _bare_session(made) as session, _transport(url, made) as way:
            client = GPConnectClient(way, REQUESTER, ENDPOINT)

            def bare() -> None:
                assert session.get(f"{url}/Location/location-1").content == server.ANSWER

            def ours() -> None:
                assert client.read_location("location-1").name

            times = in_turns({"bare": bare, "ours": ours}, rounds=31, repeats=50)
    for name, each in (("a bare session", times["bare"]), ("the client", times["ours"])):
        yield Figure(f"one exchange through {name}", each.seconds * 1e3, "ms")
        yield Figure(f"processor time of it, {name}", each.processor_seconds * 1e6, "µs")
    ratio = times["ours"].of(times["bare"])
    yield Figure("one exchange, the client / a bare session", ratio, "times", GOAL)


@contextmanager
def _server(made: Path) -> Iterator[str]:
    """The address of a server in a process of its own, where it takes nothing from the client."""
    command = [sys.executable, "-m", "bench.server", str(made)]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield f"https://localhost:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def _bare_session(made: Path) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = str(made / "ca.pem")
    session.cert = (str(made / "client.pem"), str(made / "client.key"))
    return session


def _transport(url: str, made: Path) -> Transport:
    return Transport(url, TLS(made / "client.pem", made / "client.key", made / "ca.pem"))

"""How an exchange can go wrong on its way, each with its own error, and what is known then."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gpconnect import errors
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError, Origin
from gpconnect.tls import CIPHERS
from gpconnect.transport import TLS, Deadlines, Transport
from tests.gpconnect.conftest import (
    AT_THE_LATEST,
    CAPABILITY,
    NOWHERE,
    REQUESTER,
    SHORT,
    Observer,
    Scripted,
    Start,
    a_booking,
    mutual,
    refused,
    refused_write,
)
from tests.gpconnect.scripted_server import (
    CLOSE,
    Received,
    always,
    http,
    operation_outcome,
    then_close,
)

# Nothing was sent, for certain


def test_a_refused_connection_is_known_not_sent(certificates: Path, observer: Observer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with Transport(f"https://localhost:{port}", mutual(certificates), SHORT) as transport:
        error = refused_write(GPConnectClient(transport, REQUESTER, NOWHERE, observer))
    assert isinstance(error, errors.Unreachable)
    assert (error.code, error.origin, error.outcome_known) == ("UNREACHABLE", Origin.NETWORK, True)
    [answer] = observer.answers
    assert (answer.status, answer.error_code, answer.outcome_known) == (None, "UNREACHABLE", True)


def test_a_name_that_does_not_resolve_is_known_not_sent(certificates: Path) -> None:
    with Transport("https://nowhere.invalid", mutual(certificates), SHORT) as transport:
        error = refused_write(GPConnectClient(transport, REQUESTER, NOWHERE))
    assert isinstance(error, errors.Unreachable)
    assert (error.code, error.outcome_known) == ("NAME_NOT_RESOLVED", True)


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize("certificate", ["expired-server.pem", "stranger.pem"])
def test_a_server_without_a_good_certificate_is_not_spoken_to(
    scripted: Start, certificate: str
) -> None:
    server = scripted(always(http(CAPABILITY)), certificate=certificate)
    error = refused_write(server.client)
    assert isinstance(error, errors.TLSFailure)
    assert (error.code, error.outcome_known) == ("TLS_FAILED", True)
    assert server.server.received == []


@pytest.mark.requirement("SSP-3")
def test_a_certificate_for_another_name_is_refused(scripted: Start) -> None:
    server = scripted(always(http(CAPABILITY)), host="127.0.0.2")
    error = refused(server.client)
    assert isinstance(error, errors.TLSFailure)
    assert server.server.received == []


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("ours", ["none", "stranger"])
def test_a_client_certificate_that_the_server_refuses_is_a_tls_failure(
    scripted: Start, certificates: Path, version: ssl.TLSVersion, ours: str
) -> None:
    tls = TLS(ca_bundle=certificates / "ca.pem")
    if ours == "stranger":
        tls = replace(
            tls,
            client_certificate=certificates / "stranger.pem",
            client_key=certificates / "stranger.key",
        )
    server = scripted(
        always(http(CAPABILITY)),
        client_tls=tls,
        client_ca=certificates / "ca.pem",
        tls=version,
    )
    error = refused_write(server.client)
    assert isinstance(error, errors.TLSFailure)
    assert error.outcome_known
    assert server.server.received == []


@pytest.mark.requirement("SSP-3")
def test_the_spines_ciphers_and_nothing_older_than_tls_1_2(certificates: Path) -> None:
    context = mutual(certificates).context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert CIPHERS == "AESGCM+EECDH:AESGCM+EDH:AES256+EECDH:AES256+EDH"
    older = [each["name"] for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]
    assert older
    assert all(name.startswith(("ECDHE-", "DHE-")) and "AES" in name for name in older)


def test_a_handshake_that_hangs_ends_at_the_connect_deadline(scripted: Start) -> None:
    waiting = threading.Event()
    server = scripted(
        always(b""),
        before_tls=lambda sock: bool(sock.recv(1)) and not waiting.wait(5) and None,
        deadlines=SHORT,
    )
    started = time.monotonic()
    error = refused_write(server.client)
    waiting.set()
    assert isinstance(error, errors.Unreachable)
    assert (error.code, error.outcome_known) == ("CONNECT_DEADLINE_EXCEEDED", True)
    assert time.monotonic() - started < AT_THE_LATEST


def test_a_gate_that_raises_keeps_the_request_back(scripted: Start, observer: Observer) -> None:
    class LeaseLost(OSError):  # of a kind that HTTP libraries catch
        pass

    stop = LeaseLost("the lease is another's")

    def gate() -> None:
        assert server.server.connections == 1  # the connection is up by then
        raise stop

    server = scripted(always(http(CAPABILITY)))
    with pytest.raises(LeaseLost) as caught:
        server.client.book_appointment(a_booking(), gate=gate)
    assert caught.value is stop
    assert server.server.received == []
    [answer] = observer.answers
    assert (answer.error_code, answer.outcome_known) == ("STOPPED_BEFORE_SENDING", True)


def test_the_gate_is_asked_once_before_a_write_leaves(scripted: Start) -> None:
    seen: list[int] = []
    server = scripted(always(http(operation_outcome("DUPLICATE_REJECTED"), 409)))
    with pytest.raises(errors.SlotGone):
        server.client.book_appointment(
            a_booking(), gate=lambda: seen.append(len(server.server.received))
        )
    assert seen == [0]
    assert len(server.server.received) == 1


def test_an_observer_that_cannot_record_stops_the_exchange(scripted: Start) -> None:
    class Broken(Observer):
        def asked(self, question: object) -> None:
            raise RuntimeError("no audit, no action")

    server = scripted(always(http(CAPABILITY)))
    client = GPConnectClient(server.transport, REQUESTER, NOWHERE, Broken())
    with pytest.raises(RuntimeError, match="no audit"):
        client.capability_statement()
    assert server.server.connections == 0


# It was sent


@pytest.mark.requirement("ERR-1")
@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"HTTP/1.1 201",),
        (b"HTTP/1.1 201 Created\r\nContent-Type: application/fhir+json\r\nContent-Le",),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n", b'{"resourceType": "App'),
        (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{'re",),
        (b"not HTTP at all\r\n\r\n",),
    ],
    ids=["nothing", "cut line", "cut headers", "cut body", "cut chunk", "no HTTP"],
)
def test_an_answer_that_breaks_off_leaves_the_outcome_of_a_write_unknown(
    scripted: Start, pieces: tuple[bytes, ...]
) -> None:
    server = scripted(then_close(*pieces))
    error = refused_write(server.client)
    assert isinstance(error, errors.NoAnswer | errors.UnreadableAnswer)
    assert not error.outcome_known
    assert len(server.server.received) == 1  # never sent again
    assert refused(server.client).outcome_known  # a read changes nothing


def _dripping(head: bytes, drop: bytes) -> Callable[[ssl.SSLSocket, Received], bool]:
    def script(connection: ssl.SSLSocket, request: Received) -> bool:
        connection.sendall(head)
        for _ in range(400):
            connection.sendall(drop)
            if threading.Event().wait(0.02):
                break
        return CLOSE

    return script


@pytest.mark.parametrize(
    "script",
    [
        _dripping(b"HTTP/1.1 201 Created\r\n", b"X-More: again\r\n"),
        _dripping(b"HTTP/1.1 201 Created\r\nContent-Length: 100000\r\n\r\n", b" "),
        _dripping(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        _dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["headers", "body", "chunks", "interim answers"],
)
def test_an_answer_that_drips_ends_at_the_total_deadline(
    scripted: Start, script: Callable[[ssl.SSLSocket, Received], bool]
) -> None:
    server = scripted(script, deadlines=SHORT)
    started = time.monotonic()
    error = refused_write(server.client)
    assert time.monotonic() - started < AT_THE_LATEST
    assert isinstance(error, errors.DeadlineExceeded)
    assert (error.code, error.outcome_known) == ("DEADLINE_EXCEEDED", False)


def test_an_answer_that_never_comes_ends_at_its_own_deadline(scripted: Start) -> None:
    server: Scripted = scripted(
        lambda connection, request: server.server.stopping.wait(5) and CLOSE
    )
    started = time.monotonic()
    with pytest.raises(errors.DeadlineExceeded):
        server.client.capability_statement(deadline=Deadlines(total=0.2))
    assert time.monotonic() - started < AT_THE_LATEST


def watchdogs() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "gpconnect-watchdog"}


def test_one_thread_watches_over_all_exchanges(scripted: Start) -> None:
    server: Scripted = scripted(
        lambda connection, request: server.server.stopping.wait(5) and CLOSE, deadlines=SHORT
    )
    caught: list[GPConnectError] = []

    def ask() -> None:
        caught.append(refused(server.client))

    before = watchdogs()  # of transports that other tests have open
    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 5
    while len(server.server.received) < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    watching = watchdogs() - before
    for thread in threads:
        thread.join()
    assert len(watching) == 1
    assert {error.code for error in caught} == {"DEADLINE_EXCEEDED"}
    assert len(caught) == 20


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip bomb"])
def test_an_answer_over_the_limit_is_not_read_further(scripted: Start, packed: bool) -> None:
    if packed:
        bomb = gzip.compress(b" " * 50_000_000)
        answer = http(bomb, 201, Content_Encoding="gzip")
        assert len(bomb) < 1_000_000
    else:
        answer = http(b" " * 2_000_000, 201)
    server = scripted(always(answer))
    error = refused_write(server.client)
    assert isinstance(error, errors.AnswerTooLarge)
    assert (error.status, error.outcome_known) == (201, False)


@pytest.mark.requirement("ERR-1")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(b"", 201), "EMPTY_ANSWER"),
        (http("<html><p>Sorry</p></html>", 201, "text/html"), "WRONG_CONTENT_TYPE"),
        (http("<html>", 201, ""), "WRONG_CONTENT_TYPE"),
        (http('{"resourceType": "Appo', 201), "INVALID_JSON"),
        (http("[" * 100_000, 201), "INVALID_JSON"),
        (http('{"resourceType": NaN}', 201), "WRONG_RESOURCE"),
        (http(b'{"a": "\xff"}', 201), "WRONG_RESOURCE"),
        (http(b'{"a": \xff}', 201), "INVALID_JSON"),
        (http("[]", 201), "WRONG_RESOURCE"),
        (http({"resourceType": "Patient", "id": "p1"}, 201), "WRONG_RESOURCE"),
        (http({"resourceType": "Appointment"}, 201), "WRONG_RESOURCE"),
        (http(operation_outcome("BAD_REQUEST"), 201), "WRONG_RESOURCE"),
        (http(b"not gzip", 201, Content_Encoding="gzip"), "BAD_COMPRESSION"),
        (http(gzip.compress(b"{}")[:-9], 201, Content_Encoding="gzip"), "BAD_COMPRESSION"),
        (http(b"x", 201, Content_Encoding="br"), "BAD_COMPRESSION"),
        (http({}, 307, Location="https://elsewhere.example/"), "REDIRECTED"),
        (http(b"", 204), "UNEXPECTED_STATUS"),
        (http({"resourceType": "Appointment"}, 999), "UNEXPECTED_STATUS"),
    ],
)
def test_an_unreadable_success_is_an_error_of_its_own_and_the_outcome_unknown(
    scripted: Start, answer: bytes, code: str
) -> None:
    server = scripted(always(answer))
    error = refused_write(server.client)
    assert isinstance(error, errors.UnreadableAnswer)
    assert (error.code, error.outcome_known) == (code, False)
    assert error.sentence
    assert error.next_step
    assert len(server.server.received) == 1

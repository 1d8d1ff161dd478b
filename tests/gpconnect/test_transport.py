"""Where an exchange goes, over which connection, and what never gets out."""

import gzip
import os
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gpconnect import errors, london
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError
from gpconnect.transport import Transport
from tests.gpconnect.conftest import (
    CAPABILITY,
    NOWHERE,
    REQUESTER,
    SHORT,
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

# Where it goes, and how


@pytest.mark.requirement("SSP-1")
@pytest.mark.parametrize(
    "root",
    [
        "https://practice.example/A/STU3/1/gpconnect",
        "https://Practice.Example:443/A/./b/../C//stu3/%7euser",
        "https://practice.example/A;v=1/$x/gpconnect",
    ],
)
def test_the_service_root_is_sent_as_the_directory_gave_it(scripted: Start, root: str) -> None:
    server = scripted(always(http(CAPABILITY)), path="/proxy")
    endpoint = replace(NOWHERE, service_root=root)
    GPConnectClient(server.transport, REQUESTER, endpoint).capability_statement()
    [request] = server.server.received
    assert request.target == f"/proxy/{root}/metadata"


@pytest.mark.requirement("SSP-1")
def test_with_an_empty_proxy_url_the_practice_itself_is_asked(
    scripted: Start, certificates: Path
) -> None:
    server = scripted(always(http(CAPABILITY)))
    endpoint = replace(NOWHERE, service_root=f"{server.server.url}/A/STU3/1")
    with Transport("", mutual(certificates)) as straight:
        GPConnectClient(straight, REQUESTER, endpoint).capability_statement()
    assert server.server.received[0].target == "/A/STU3/1/metadata"


@pytest.mark.requirement("SSP-3")
def test_plain_http_is_never_spoken(certificates: Path) -> None:
    with pytest.raises(ValueError, match="https"):
        Transport("http://ssp.example", mutual(certificates))
    with Transport("", mutual(certificates)) as straight:
        endpoint = replace(NOWHERE, service_root="http://practice.example/A")
        error = refused(GPConnectClient(straight, REQUESTER, endpoint))
    assert isinstance(error, errors.InvalidRequest)
    with pytest.raises(ValueError, match="no plain HTTP"):
        Transport("https://ssp.example", mutual(certificates), plain_http=True)


def test_nothing_is_taken_from_the_environment(
    scripted: Start, monkeypatch: pytest.MonkeyPatch, certificates: Path
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(certificates / "stranger-ca.pem"))
    server = scripted(always(http(CAPABILITY)))
    assert server.client.capability_statement().fhir_version == "3.0.1"


def test_reads_share_a_connection_and_each_write_has_its_own(scripted: Start) -> None:
    def script(connection: ssl.SSLSocket, request: Received) -> None:
        refusal = http(operation_outcome("DUPLICATE_REJECTED"), 409)
        connection.sendall(http(CAPABILITY) if request.method == "GET" else refusal)

    server = scripted(script)
    for _ in range(2):
        server.client.capability_statement()
        refused_write(server.client)
    received = [(request.method, request.connection) for request in server.server.received]
    assert received[0] == ("GET", 1)
    writes = [number for method, number in received if method == "POST"]
    assert len(set(writes)) == 2
    assert 1 not in writes


def test_a_read_survives_a_kept_alive_connection_that_the_server_has_closed(
    scripted: Start,
) -> None:
    server = scripted(lambda connection, request: connection.sendall(http(CAPABILITY)))
    server.client.capability_statement()

    def close_the_first(connection: ssl.SSLSocket, request: Received) -> bool | None:
        if request.connection == 1:
            return CLOSE
        connection.sendall(http(CAPABILITY))
        return None

    server.server.script = close_the_first
    server.client.capability_statement()
    assert [request.connection for request in server.server.received] == [1, 1, 2]


def test_a_read_whose_connection_broke_is_tried_once_more(scripted: Start) -> None:
    def break_the_first(connection: ssl.SSLSocket, request: Received) -> bool | None:
        if request.connection == 1:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
            return CLOSE
        connection.sendall(http(CAPABILITY))
        return None

    server = scripted(break_the_first)
    server.client.capability_statement()
    assert [request.connection for request in server.server.received] == [1, 2]


def test_a_read_is_not_tried_a_third_time_and_a_write_not_a_second(scripted: Start) -> None:
    server = scripted(then_close())
    with pytest.raises(errors.ConnectionLost):
        server.client.capability_statement()
    assert [request.connection for request in server.server.received] == [1, 2]
    with pytest.raises(errors.ConnectionLost):
        server.client.book_appointment(a_booking())
    assert [request.method for request in server.server.received] == ["GET", "GET", "POST"]


def test_no_cookie_is_sent_back(scripted: Start) -> None:
    server = scripted(always(http(CAPABILITY, Set_Cookie="session=1; Path=/")))
    for _ in range(2):
        server.client.capability_statement()
    assert [request.header("Cookie") for request in server.server.received] == [None, None]


@pytest.mark.requirement("JWT-1", "SSP-2")
def test_every_request_has_its_own_trace_id_and_token(
    scripted: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(always(http(CAPABILITY)))
    moments = iter([london.now_utc(), london.now_utc() + timedelta(seconds=5)])
    server.transport.clock = lambda: next(moments)
    for _ in range(2):
        server.client.capability_statement()
    for name in ("Ssp-TraceID", "Authorization"):
        assert len({request.header(name) for request in server.server.received}) == 2


@pytest.mark.requirement("SSP-4")
def test_gzip_and_chunked_answers_are_read(scripted: Start) -> None:
    packed = gzip.compress(b'{"resourceType": "CapabilityStatement", "version": "1.2.7"}')
    halves = packed[:20], packed[20:]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves) + b"0\r\n\r\n"
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json;charset=utf-8\r\n"
        b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    server = scripted(always(head + chunks))
    assert server.client.capability_statement().version == "1.2.7"


# What never gets out


@pytest.mark.requirement("IG-3")
def test_no_error_text_or_log_line_holds_the_url_or_the_patients_number(
    scripted: Start, caplog: pytest.LogCaptureFixture, certificates: Path
) -> None:
    caplog.set_level("DEBUG")
    number, said = "9658218873", "MRS ZELTHORPE"
    breaking = [
        scripted(then_close()).client,
        scripted(then_close(b"rubbish\r\n\r\n")).client,
        scripted(always(http(operation_outcome("BAD_REQUEST", said), 400))).client,
        scripted(always(http(operation_outcome(said, said), 400))).client,
        scripted(always(http("<html>", 500, "text/html"))).client,
        scripted(always(b""), certificate="expired-server.pem").client,
    ]
    with Transport("https://nowhere.invalid", mutual(certificates), SHORT) as transport:
        breaking.append(GPConnectClient(transport, REQUESTER, NOWHERE))
        for client in breaking:
            with pytest.raises(GPConnectError) as caught:
                client.find_patient(number)
            everything = f"{caught.value} {caught.value!r} {caught.getrepr(style='short')}"
            shown = "".join(line for line in everything.splitlines() if "client.find" not in line)
            assert number not in shown
            assert said not in shown
            assert "/Patient" not in shown
            assert caught.value.__context__ is None
    assert number not in caplog.text
    assert said not in caplog.text


def test_a_fork_gets_connections_and_a_watchdog_of_its_own(scripted: Start) -> None:
    server = scripted(always(http(CAPABILITY)))
    server.client.capability_statement()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            server.client.capability_statement()
            os.write(writer, b"ok")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as said:
        assert said.read() == b"ok"
    os.waitpid(child, 0)
    server.client.capability_statement()
    assert [request.connection for request in server.server.received] == [1, 2, 1]

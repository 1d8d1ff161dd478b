"""What the Spine Secure Proxy lets through, and each thing that it refuses."""

import ssl
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPSConnection
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.exchange import FHIR_JSON, Exchange
from tests.sandbox.wire import Wire, error_code, ssp_reason
from tests.sandbox_control import Sandbox

FIND = "/Patient?identifier=https%3A//fhir.nhs.uk/Id/nhs-number%7C9658218873"


def finding(wire: Wire, change: Callable[[Exchange], object]) -> requests.Response:
    return wire.ask("find_patient", FIND, changed=change)


def ask_for_anything(connection: HTTPSConnection) -> None:
    connection.request("GET", "/")
    connection.getresponse()


def test_a_right_request_is_answered(wire: Wire) -> None:
    response = wire.ask("find_patient", FIND)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == FHIR_JSON
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize("certificate", [None, "stranger"])
def test_a_client_without_the_right_certificate_gets_no_connection(
    sandbox: Sandbox, certificate: str | None
) -> None:
    tls = ssl.create_default_context(cafile=str(sandbox.certificates / "ca.pem"))
    if certificate:
        tls.load_cert_chain(
            sandbox.certificates / f"{certificate}.pem", sandbox.certificates / f"{certificate}.key"
        )
    address = urlsplit(sandbox.ssp)
    connection = HTTPSConnection(address.hostname or "", address.port, context=tls, timeout=10)
    with closing(connection), pytest.raises((ssl.SSLError, ConnectionError)):
        # With TLS 1.3 a client hears of the refusal when it reads.
        ask_for_anything(connection)


@pytest.mark.requirement("SSP-3")
def test_a_cipher_suite_that_the_spine_does_not_offer_is_refused(sandbox: Sandbox) -> None:
    tls = ssl.create_default_context(cafile=str(sandbox.certificates / "ca.pem"))
    tls.load_cert_chain(sandbox.certificates / "client.pem", sandbox.certificates / "client.key")
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tls.set_ciphers("AES128-SHA256:@SECLEVEL=0")
    address = urlsplit(sandbox.ssp)
    connection = HTTPSConnection(address.hostname or "", address.port, context=tls, timeout=10)
    with closing(connection), pytest.raises((ssl.SSLError, ConnectionError)):
        ask_for_anything(connection)


@pytest.mark.requirement("ERR-3")
@pytest.mark.parametrize("method", ["DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_405_and_fatal(wire: Wire, method: str) -> None:
    response = finding(wire, lambda one: setattr(one, "method", method))
    assert response.status_code == 405
    (issue,) = response.json()["issue"]
    assert issue["severity"] == "fatal"
    assert "diagnostics" not in issue


@pytest.mark.requirement("SSP-4", "ERR-3")
@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/json", "application/fhir+xml", "application/fhir+json; charset=utf-8"],
)
def test_another_accept_is_415(wire: Wire, accept: str) -> None:
    response = finding(wire, lambda one: one.headers.update(Accept=accept))
    assert response.status_code == 415
    assert ssp_reason(response) == "Unsupported_Media_Type"


@pytest.mark.requirement("SSP-4")
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/fhir+json", "application/fhir+json; charset=utf-8"],
)
def test_another_content_type_is_415(wire: Wire, content_type: str) -> None:
    response = wire.ask("book", "/Appointment", {}, headers={"Content-Type": content_type})
    assert response.status_code == 415


@pytest.mark.requirement("SSP-2")
@pytest.mark.parametrize("header", ["Ssp-TraceID", "Ssp-From", "Ssp-To", "Ssp-InteractionID"])
def test_a_missing_header_is_a_bad_request(wire: Wire, header: str) -> None:
    response = finding(wire, lambda one: one.headers.pop(header))
    assert response.status_code == 400
    assert error_code(response) == "BAD_REQUEST"
    assert header.lower() in response.json()["issue"][0]["diagnostics"]


@pytest.mark.requirement("SSP-4")
def test_a_request_without_accept_is_415(wire: Wire) -> None:
    exchange = wire.exchange("find_patient", FIND)
    del exchange.headers["Accept"]
    assert wire.send_raw(exchange).status_code == 415


@pytest.mark.requirement("SSP-2")
def test_a_trace_id_that_is_no_uuid_is_a_bad_request(wire: Wire) -> None:
    response = finding(wire, lambda one: one.headers.update({"Ssp-TraceID": "trace-1"}))
    assert error_code(response) == "BAD_REQUEST"


@pytest.mark.requirement("SSP-2", "ERR-3")
def test_an_unknown_sender_is_403(wire: Wire) -> None:
    response = finding(wire, lambda one: one.headers.update({"Ssp-From": "200000000999"}))
    assert response.status_code == 403
    assert ssp_reason(response) == "ASID_CHECK_FAILED_MESSAGESENDER_200000000999"


@pytest.mark.requirement("ERR-3")
def test_an_interaction_that_the_sender_is_not_registered_for_is_403(wire: Wire) -> None:
    name = "urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1"
    response = finding(wire, lambda one: one.headers.update({"Ssp-InteractionID": name}))
    assert response.status_code == 403
    assert ssp_reason(response) == "ASID_CHECK_FAILED_MESSAGESENDER_200000000101"


@pytest.mark.requirement("ERR-3")
def test_an_unknown_receiver_is_403(wire: Wire) -> None:
    response = finding(wire, lambda one: one.headers.update({"Ssp-To": "200000000299"}))
    assert response.status_code == 403
    assert ssp_reason(response) == "PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_200000000299"


@pytest.mark.requirement("ERR-3")
def test_without_a_data_sharing_agreement_it_is_403(wire: Wire) -> None:
    response = wire.at("B82617", "A1002").ask("find_patient", FIND)
    assert response.status_code == 403
    assert (
        ssp_reason(response)
        == "FOT_CHECK_FAILED_MESSAGESENDER_200000000102_MESSAGERECEIVER_200000000202"
    )
    assert wire.at("B82617", "A1001").ask("find_patient", FIND).status_code == 200


@pytest.mark.requirement("SSP-1", "ERR-3")
@pytest.mark.parametrize(
    "changed",
    [
        "https://provider.sandbox.test:443/A20047/STU3/1/gpconnect",
        "https://provider.sandbox.test/a20047/STU3/1/gpconnect",
        "https://provider.sandbox.test/A20047/STU3/1/gpconnect/",
        "https://provider.sandbox.test/A20047/STU3/1/gpconnect2",
        "http://provider.sandbox.test/A20047/STU3/1/gpconnect",
        "https:/provider.sandbox.test/A20047/STU3/1/gpconnect",
        "https%3A//provider.sandbox.test/A20047/STU3/1/gpconnect",
        "https://127.0.0.1/A20047/STU3/1/gpconnect",
        "https://provider.sandbox.test/B82617/STU3/1/gpconnect",
    ],
)
def test_a_service_root_that_is_not_the_registered_one_is_refused(wire: Wire, changed: str) -> None:
    exchange = wire.exchange("find_patient", FIND)
    exchange.service_root = changed
    answer = wire.send_raw(exchange)
    assert answer.status_code == 400
    if not changed.endswith("/"):  # "//Patient" is the practice's to refuse
        assert ssp_reason(answer) == (
            "ENDPOINT_https://provider.sandbox.test/A20047/STU3/1/gpconnect"
            f"_VARIES_FROM_TARGETURL_{changed}/Patient"
        )


@pytest.mark.requirement("SSP-1")
def test_an_odd_service_root_with_capitals_works_as_it_is(wire: Wire) -> None:
    other = wire.at("F84047")
    assert other.ask("find_patient", FIND).status_code == 200
    exchange = other.exchange("find_patient", FIND)
    exchange.service_root = exchange.service_root.lower()
    assert other.send(exchange).status_code == 400


@pytest.mark.parametrize(
    ("use_case", "method", "path"),
    [
        ("find_patient", "GET", "/Patient/2"),
        ("find_patient", "GET", "/Slot?status=free"),
        ("find_patient", "POST", "/Patient"),
        ("read_patient", "GET", FIND),
        ("amend", "POST", "/Appointment"),
        ("retrieve", "GET", "/Patient/2"),
        ("register", "POST", "/Patient/%24gpc.registerpatient"),
    ],
)
def test_an_interaction_id_that_does_not_match_the_request_is_refused(
    wire: Wire, use_case: str, method: str, path: str
) -> None:
    body: dict[str, str] | None = None if method == "GET" else {}
    exchange = wire.exchange(use_case, path, body)
    exchange.method = method
    answer = wire.send_raw(exchange)
    assert answer.status_code == 400
    assert error_code(answer) == "BAD_REQUEST"


@pytest.mark.requirement("SSP-5")
@pytest.mark.parametrize(
    "query",
    [
        "identifier=https%3A//fhir.nhs.uk/Id/nhs-number|9658218873",
        "identifier=https://fhir.nhs.uk/Id/nhs-number%7C9658218873",
        "identifier=https%3A//fhir.nhs.uk/Id/nhs-number%7C965+8218873",
    ],
)
def test_a_reserved_character_that_is_not_encoded_is_refused(wire: Wire, query: str) -> None:
    answer = wire.send_raw(wire.exchange("find_patient", f"/Patient?{query}"))
    assert answer.status_code == 400
    assert error_code(answer) == "BAD_REQUEST"


@pytest.mark.requirement("SSP-4")
def test_an_answer_is_compressed_only_if_the_client_reads_gzip(wire: Wire) -> None:
    exchange = wire.exchange("find_patient", FIND)
    assert wire.send_raw(exchange).headers["Content-Encoding"] == "gzip"
    del exchange.headers["Accept-Encoding"]
    plain = wire.send_raw(exchange)
    assert "Content-Encoding" not in plain.headers
    assert plain.json()["resourceType"] == "Bundle"

"""The directory: SDS by FHIR against the sandbox, what it may say wrong, and a file."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from gpconnect import directory, errors
from gpconnect.errors import DirectoryError
from gpconnect.models import Endpoint
from gpconnect.transport import TLS
from tests.gpconnect.conftest import REQUESTER, SHORT, Observer, Start
from tests.gpconnect.scripted_server import Received, always, bundle, http
from tests.sandbox_control import Sandbox

ID = "https://fhir.nhs.uk/Id"
ROOT = "https://practice.example/A/STU3/1/gpconnect"


@pytest.mark.requirement("SDS-1", "SDS-2")
def test_a_practice_is_looked_up_in_two_steps_each_observed(
    sds: directory.Directory, observer: Observer
) -> None:
    found = sds.look_up("A20047", requester=REQUESTER, observer=observer)
    root = "https://provider.sandbox.test/A20047/STU3/1/gpconnect"
    assert found == Endpoint("A20047", "200000000201", root)
    assert [each.interaction_id for each in observer.questions] == ["sds:endpoint", "sds:device"]
    for question, answer in zip(observer.questions, observer.answers, strict=True):
        assert (question.service, question.practice_ods) == ("sds", "A20047")
        assert question.spine_from == REQUESTER.organisation.asid
        assert question.trace_id == answer.trace_id
        assert (answer.status, answer.error_code) == (200, None)


@pytest.mark.requirement("SDS-2", "SDS-4")
def test_a_practice_that_is_not_enabled_is_named_with_what_to_check(
    sds: directory.Directory,
) -> None:
    with pytest.raises(errors.PracticeNotEnabled) as caught:
        sds.look_up("Z99999")
    assert caught.value.ods_code == "Z99999"
    assert "MHS record" in caught.value.check
    assert caught.value.sentence


@pytest.mark.requirement("SDS-4")
def test_a_directory_that_fails_or_refuses_is_said(sandbox: Sandbox, observer: Observer) -> None:
    tls = TLS(ca_bundle=sandbox.certificates / "api-ca.pem")
    wrong_key = directory.from_url(sandbox.sds, tls=tls, api_key="wrong", observer=observer)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        wrong_key.look_up("A20047")
    assert caught.value.code == "DIRECTORY_REFUSED"
    wrong_key.close()
    sandbox.fault(service="sds", kind="status_500", times=1)
    right = directory.from_url(sandbox.sds, tls=tls, api_key="sandbox-sds-key", deadlines=SHORT)
    with pytest.raises(errors.DirectoryUnreachable):
        right.look_up("A20047")
    sandbox.fault(service="sds", kind="hang_before", times=1)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        right.look_up("A20047")
    assert caught.value.diagnostics == "DEADLINE_EXCEEDED"
    assert right.look_up("A20047").asid == "200000000201"
    right.close()


def mhs(**changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "Endpoint",
        "identifier": [{"system": f"{ID}/nhsMhsPartyKey", "value": "X-1"}],
        "address": ROOT,
    } | changes


def accredited(asid: str = "200000000999") -> dict[str, Any]:
    identifier = [{"system": f"{ID}/nhsSpineASID", "value": asid}]
    return {"resourceType": "Device", "identifier": identifier}


@pytest.fixture
def scripted_sds(
    scripted: Start, certificates: Path
) -> Generator[Callable[[list[Any], list[Any]], directory.Directory]]:
    """A directory that gives these Endpoints, and then these Devices."""
    made: list[directory.Directory] = []

    def start(endpoints: list[Any], devices: list[Any]) -> directory.Directory:
        def script(connection: Any, request: Received) -> None:
            found = endpoints if "/Endpoint?" in request.target else devices
            connection.sendall(http(bundle(*found)))

        server = scripted(script).server
        tls = TLS(ca_bundle=certificates / "ca.pem")
        made.append(directory.from_url(f"{server.url}/sds/", tls=tls, api_key="k"))
        made[-1].server = server  # type: ignore[attr-defined]  # for the test to look at
        return made[-1]

    yield start
    for each in made:
        each.close()


@pytest.mark.requirement("SDS-2")
def test_the_searches_are_what_the_api_asks_for(scripted_sds: Any) -> None:
    found = scripted_sds([mhs()], [accredited()])
    assert found.look_up("X99999") == Endpoint("X99999", "200000000999", ROOT)
    first, second = found.server.received
    organisation = f"organization={encoded(f'{ID}/ods-organization-code|X99999')}"
    interaction = "urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1"
    by_interaction = f"identifier={encoded(f'{ID}/nhsServiceInteractionId|{interaction}')}"
    by_party = f"identifier={encoded(f'{ID}/nhsMhsPartyKey|X-1')}"
    assert first.target == f"/sds/Endpoint?{organisation}&{by_interaction}"
    assert second.target == f"/sds/Device?{organisation}&{by_interaction}&{by_party}"
    assert first.header("apikey") == "k"
    assert first.header("X-Correlation-Id")


def encoded(text: str) -> str:
    return text.replace(":", "%3A").replace("/", "%2F").replace("|", "%7C")


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize(
    ("endpoints", "devices", "error"),
    [
        ([], [], errors.PracticeNotEnabled),
        ([mhs()], [], errors.PracticeNotEnabled),
        ([mhs(), mhs()], [accredited()], errors.AmbiguousRecord),
        ([mhs()], [accredited(), accredited("200000000998")], errors.AmbiguousRecord),
        ([mhs(address=None)], [accredited()], errors.MalformedRecord),
        ([mhs(address="http://practice.example")], [accredited()], errors.MalformedRecord),
        ([mhs(address="https://practice.example/a b")], [accredited()], errors.MalformedRecord),
        ([mhs(identifier=[])], [accredited()], errors.MalformedRecord),
        ([mhs()], [accredited("12")], errors.MalformedRecord),
        ([mhs()], [{"resourceType": "Device"}], errors.MalformedRecord),
    ],
)
def test_none_several_or_malformed_records_are_told_apart(
    scripted_sds: Any, endpoints: list[Any], devices: list[Any], error: type[DirectoryError]
) -> None:
    with pytest.raises(DirectoryError) as caught:
        scripted_sds(endpoints, devices).look_up("X99999")
    assert type(caught.value) is error
    assert caught.value.ods_code == "X99999"
    assert caught.value.check


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize("answer", [http("<html>", 200, "text/html"), http("[]"), http("", 429)])
def test_an_unreadable_directory_is_unreachable(
    scripted: Start, certificates: Path, answer: bytes
) -> None:
    server = scripted(always(answer)).server
    found = directory.from_url(server.url, tls=TLS(ca_bundle=certificates / "ca.pem"))
    with pytest.raises(errors.DirectoryUnreachable):
        found.look_up("X99999")
    found.close()


@pytest.mark.parametrize("code", ["", "A 1", "A|1", "A20047*", "x" * 13])
def test_what_is_no_ods_code_is_not_asked_for(sds: directory.Directory, code: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        sds.look_up(code)


@pytest.mark.requirement("SDS-4")
def test_a_file_serves_as_a_directory_for_tests(tmp_path: Path, observer: Observer) -> None:
    file = tmp_path / "a directory.json"
    file.write_text(
        json.dumps({"X99999": {"asid": "200000000999", "service_root": ROOT}, "X2": {"asid": 5}})
    )
    found = directory.from_url(file.as_uri(), tls=TLS(), observer=observer)
    assert found.look_up("X99999") == Endpoint("X99999", "200000000999", ROOT)
    assert [each.service for each in observer.questions] == ["sds"]
    with pytest.raises(errors.PracticeNotEnabled):
        found.look_up("X1")
    with pytest.raises(errors.MalformedRecord):
        found.look_up("X2")
    file.unlink()
    with pytest.raises(errors.DirectoryUnreachable):
        found.look_up("X99999")
    assert [each.error_code for each in observer.answers] == [
        None,
        "PRACTICE_NOT_ENABLED",
        "DIRECTORY_MALFORMED",
        "DIRECTORY_UNREACHABLE",
    ]


@pytest.mark.parametrize("url", ["http://sds.example", "ftp://sds.example", ""])
def test_other_kinds_of_directory_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        directory.from_url(url, tls=TLS())

"""The directory by LDAP: SDS in the sandbox, and servers that say it wrong."""

import contextlib
import ssl
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ldaptor.protocols import pureldap

from demo import embedded
from gpconnect import directory, errors
from gpconnect.client import GPConnectClient
from gpconnect.directory import SDSLDAPDirectory
from gpconnect.errors import DirectoryError, GPConnectError, Origin
from gpconnect.models import Endpoint
from gpconnect.transport import TLS, Asked, Deadlines, Transport
from tests.gpconnect.conftest import AT_THE_LATEST, REQUESTER, SHORT, Observer, mutual
from tests.gpconnect.scripted_ldap import (
    Script,
    ScriptedLDAP,
    answering,
    bound,
    done,
    entry,
    requests,
    written,
)
from tests.sandbox_control import Sandbox

SLOT_SEARCH = "urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1"
ROOT = "https://practice.example/A/STU3/1/gpconnect"
PRACTICES = ("A20047", "B82617", "C81007", "D82104", "E83021", "F84047", "G85119", "H86030")

Open = Callable[..., directory.Directory]


@pytest.fixture
def opened() -> Generator[Open]:
    """Opens directories, and closes them in the end."""
    with ExitStack() as stack:

        def start(url: str, tls: TLS, **options: Any) -> directory.Directory:
            found = directory.from_url(url, tls=tls, **options)
            stack.callback(found.close)
            return found

        yield start


@pytest.fixture
def ldap(sandbox: Sandbox, mutual_tls: TLS, opened: Open) -> directory.Directory:
    return opened(sandbox.ldap, mutual_tls, deadlines=Deadlines(2.0, 4.0))


@pytest.fixture
def scripted(
    certificates: Path, opened: Open
) -> Generator[Callable[..., tuple[directory.Directory, ScriptedLDAP]]]:
    """Starts a server with a script, and a directory that asks it."""
    with ExitStack() as stack:

        def start(script: Script, **options: Any) -> tuple[directory.Directory, ScriptedLDAP]:
            server = stack.enter_context(ScriptedLDAP(script, certificates, **options))
            return opened(server.url, mutual(certificates), deadlines=SHORT), server

        yield start


def mhs(**changes: Sequence[str | bytes]) -> Any:
    return entry({"nhsMhsEndPoint": [ROOT], "nhsMhsPartyKey": ["X-1"], **changes})


def accredited(*asids: str) -> Any:
    return entry({"uniqueIdentifier": asids or ("200000000999",)})


# Against the sandbox


@pytest.mark.requirement("SDS-1")
def test_a_practice_is_looked_up_in_two_steps_each_observed(
    ldap: directory.Directory, observer: Observer
) -> None:
    assert isinstance(ldap, SDSLDAPDirectory)
    found = ldap.look_up("A20047", requester=REQUESTER, observer=observer)
    root = "https://provider.sandbox.test/A20047/STU3/1/gpconnect"
    assert found == Endpoint("A20047", "200000000201", root)
    assert [each.interaction_id for each in observer.questions] == ["sds:nhsMhs", "sds:nhsAs"]
    for question, answer in zip(observer.questions, observer.answers, strict=True):
        assert (question.service, question.practice_ods) == ("sds", "A20047")
        assert question.spine_from == REQUESTER.organisation.asid
        assert question.claims == {"organisation": "A1001"}
        assert question.trace_id == answer.trace_id
        assert (answer.status, answer.error_code, answer.outcome_known) == (None, None, True)


@pytest.mark.requirement("SDS-1", "SDS-2", "SSP-1")
@pytest.mark.parametrize("ods_code", PRACTICES)
def test_both_ways_of_asking_lead_to_the_same_place(
    ldap: directory.Directory, sds: directory.Directory, ods_code: str
) -> None:
    assert ldap.look_up(ods_code) == sds.look_up(ods_code)


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize(
    ("ods_code", "error", "check"),
    [
        ("Z99999", errors.PracticeNotEnabled, "MHS record"),
        ("J87601", errors.AmbiguousRecord, "MHS record"),
        ("K88602", errors.MalformedRecord, "nhsMhsEndPoint"),
        ("L89603", errors.AmbiguousRecord, "AS record"),
        ("M90604", errors.PracticeNotEnabled, "AS record"),
    ],
)
def test_wrong_registrations_are_told_apart_as_by_fhir(
    ldap: directory.Directory,
    sds: directory.Directory,
    ods_code: str,
    error: type[DirectoryError],
    check: str,
) -> None:
    with pytest.raises(error) as by_ldap:
        ldap.look_up(ods_code)
    with pytest.raises(error) as by_fhir:
        sds.look_up(ods_code)
    found, other = by_ldap.value, by_fhir.value
    assert found.ods_code == ods_code
    assert check in found.check
    assert (found.code, found.sentence, found.check) == (other.code, other.sentence, other.check)
    assert found.origin is Origin.SDS
    assert found.outcome_known


@pytest.mark.requirement("SDS-1")
def test_the_other_interactions_can_be_asked_for(sandbox: Sandbox, mutual_tls: TLS) -> None:
    from gpconnect.interactions import BOOK_APPOINTMENT

    known = SDSLDAPDirectory(sandbox.ldap, mutual_tls, interaction=BOOK_APPOINTMENT)
    assert known.look_up("B82617").asid == "200000000202"
    known.close()
    other = replace(BOOK_APPOINTMENT, id="urn:nhs:names:services:gpconnect:structured")
    unknown = SDSLDAPDirectory(sandbox.ldap, mutual_tls, interaction=other)
    with pytest.raises(errors.PracticeNotEnabled) as caught:
        unknown.look_up("B82617")
    assert "gpconnect:structured" in caught.value.check
    unknown.close()


@pytest.mark.requirement("SDS-1", "SSP-1")
def test_what_it_finds_is_where_the_practice_answers(
    ldap: directory.Directory, transport: Transport
) -> None:
    client = GPConnectClient(transport, REQUESTER, ldap.look_up("F84047"))
    assert client.find_patient("9990000123")


def test_many_ask_at_once(ldap: directory.Directory) -> None:
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ldap.look_up, PRACTICES * 4))
    assert [each.ods_code for each in found] == [*PRACTICES] * 4
    assert len({each.asid for each in found}) == len(PRACTICES)


@pytest.mark.requirement("SDS-1", "SSP-3", "SDS-4")
@pytest.mark.parametrize("who", ["nobody", "a stranger"])
def test_without_our_certificate_there_is_no_answer(
    sandbox: Sandbox, opened: Open, who: str
) -> None:
    made = sandbox.certificates
    tls = TLS(ca_bundle=made / "ca.pem")
    if who == "a stranger":
        tls = TLS(made / "stranger.pem", made / "stranger.key", made / "ca.pem")
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        opened(sandbox.ldap, tls, deadlines=SHORT).look_up("A20047")
    # asyncio's server hangs up without saying why; others say it (see below).
    assert caught.value.diagnostics.partition(":")[0] in {"CONNECTION_LOST", "TLS_FAILED"}
    assert "client certificate" in caught.value.check
    assert caught.value.ods_code == "A20047"


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize(
    ("kind", "diagnostics"),
    [
        ("refuse", "CONNECTION_LOST"),
        ("hang_before", "DEADLINE_EXCEEDED"),
        ("status_500", "unavailable: the service is not available"),
    ],
)
def test_a_directory_that_fails_is_said_and_asked_anew_the_next_time(
    sandbox: Sandbox,
    mutual_tls: TLS,
    opened: Open,
    observer: Observer,
    kind: str,
    diagnostics: str,
) -> None:
    ldap = opened(sandbox.ldap, mutual_tls, deadlines=SHORT, observer=observer)
    sandbox.fault(service="sds", kind=kind, times=1)
    began = time.monotonic()
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        ldap.look_up("A20047")
    assert time.monotonic() - began < AT_THE_LATEST
    assert caught.value.diagnostics == diagnostics
    assert caught.value.check
    assert caught.value.trace_id == observer.questions[0].trace_id
    assert [each.error_code for each in observer.answers] == ["DIRECTORY_UNREACHABLE"]
    assert ldap.look_up("A20047").asid == "200000000201"


@pytest.mark.parametrize("code", ["", "A 1", "A|1", "*", "A20047)(x=*", "x" * 13])
def test_what_is_no_ods_code_is_not_asked_for(
    ldap: directory.Directory, observer: Observer, code: str
) -> None:
    with pytest.raises(errors.InvalidRequest):
        ldap.look_up(code, observer=observer)
    assert observer.questions == []


# Against servers with scripts


@pytest.mark.requirement("SDS-1")
def test_the_searches_are_what_the_specification_asks_for(scripted: Any) -> None:
    heard: list[Any] = []
    script = answering([bound()], [mhs(), done()], [accredited(), done()], heard=heard)
    found, _ = scripted(script)
    assert found.look_up("X99999") == Endpoint("X99999", "200000000999", ROOT)
    bind, first, second = heard
    assert (bind.version, bind.dn, bind.auth) == (3, b"", b"")
    by_interaction = {"nhsIDCode": "X99999", "objectClass": "nhsMhs", "nhsMhsSvcIA": SLOT_SEARCH}
    assert conditions(first.filter) == by_interaction
    by_party_key = {"nhsIDCode": "X99999", "objectClass": "nhsAs", "nhsMHSPartyKey": "X-1"}
    assert conditions(second.filter) == by_party_key
    for search in (first, second):
        assert (search.baseObject, search.scope) == (b"ou=services, o=nhs", 2)
    assert list(first.attributes) == [b"nhsMhsEndPoint", b"nhsMhsPartyKey"]
    assert list(second.attributes) == [b"uniqueIdentifier"]


def conditions(condition: Any) -> dict[str, str]:
    """What a filter asks of attributes, all of it for equality."""
    assert isinstance(condition, pureldap.LDAPFilter_and)
    assert all(isinstance(each, pureldap.LDAPFilter_equalityMatch) for each in condition)
    return {
        each.attributeDesc.value.decode(): each.assertionValue.value.decode() for each in condition
    }


@pytest.mark.requirement("SDS-1")
@pytest.mark.parametrize("key", ["*", "X-1)(objectClass=*", "(|(a=*", "a\\2a", "back\\slash", "é"])
def test_a_party_key_cannot_change_the_search(scripted: Any, key: str) -> None:
    heard: list[Any] = []
    answers = [bound()], [mhs(nhsMhsPartyKey=[key]), done()], [accredited(), done()]
    found, _ = scripted(answering(*answers, heard=heard))
    found.look_up("X99999")
    assert conditions(heard[2].filter) == {
        "nhsIDCode": "X99999",
        "objectClass": "nhsAs",
        "nhsMHSPartyKey": key,
    }


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize(
    ("first", "second", "error"),
    [
        ([], [], errors.PracticeNotEnabled),
        ([mhs()], [], errors.PracticeNotEnabled),
        ([mhs(), mhs()], [accredited()], errors.AmbiguousRecord),
        ([mhs()], [accredited(), accredited()], errors.AmbiguousRecord),
        ([mhs(nhsMhsEndPoint=[])], [accredited()], errors.MalformedRecord),
        ([mhs(nhsMhsEndPoint=[ROOT, ROOT])], [accredited()], errors.MalformedRecord),
        ([mhs(nhsMhsEndPoint=["http://practice.example"])], [accredited()], errors.MalformedRecord),
        ([mhs(nhsMhsEndPoint=[b"https://\xff"])], [accredited()], errors.MalformedRecord),
        ([mhs(nhsMhsPartyKey=[])], [accredited()], errors.MalformedRecord),
        ([mhs(nhsMhsPartyKey=["X-1", "X-2"])], [accredited()], errors.MalformedRecord),
        ([mhs()], [accredited("12")], errors.MalformedRecord),
        ([mhs()], [accredited("200000000999", "200000000998")], errors.MalformedRecord),
        ([mhs()], [entry({})], errors.MalformedRecord),
    ],
)
def test_none_several_or_malformed_records_are_told_apart(
    scripted: Any, first: list[Any], second: list[Any], error: type[DirectoryError]
) -> None:
    found, _ = scripted(answering([bound()], [*first, done()], [*second, done()]))
    with pytest.raises(DirectoryError) as caught:
        found.look_up("X99999")
    assert type(caught.value) is error
    assert caught.value.ods_code == "X99999"
    assert caught.value.check


def test_names_of_attributes_are_read_in_any_case(scripted: Any) -> None:
    record = entry({"NHSMHSENDPOINT": [ROOT], "nhsmhspartykey": ["X-1"]})
    found, _ = scripted(answering([bound()], [record, done()], [accredited(), done()]))
    assert found.look_up("X99999").service_root == ROOT


WORDS = "80090308: try at ten"
RIGHTS = "insufficientAccessRights"


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize(
    ("answers", "code", "diagnostics"),
    [
        ([[bound(49)]], "DIRECTORY_REFUSED", "invalidCredentials"),
        ([[bound(51)]], "DIRECTORY_UNREACHABLE", "busy"),
        ([[bound(51, WORDS.encode())]], "DIRECTORY_UNREACHABLE", f"busy: {WORDS}"),
        ([[bound()], [done(50, WORDS.encode())]], "DIRECTORY_REFUSED", f"{RIGHTS}: {WORDS}"),
        ([[bound()], [done(50)]], "DIRECTORY_REFUSED", "insufficientAccessRights"),
        ([[bound()], [done(32)]], "DIRECTORY_REFUSED", "noSuchObject"),
        ([[bound()], [mhs(), done()], [done(52)]], "DIRECTORY_UNREACHABLE", "unavailable"),
        ([[bound()], [bound()]], "DIRECTORY_UNREACHABLE", "NOT_LDAP"),
        ([[bound()], [mhs()]], "DIRECTORY_UNREACHABLE", "CONNECTION_LOST"),
        ([[]], "DIRECTORY_UNREACHABLE", "CONNECTION_LOST"),
    ],
)
def test_results_that_are_no_success_are_said(
    scripted: Any, answers: list[Any], code: str, diagnostics: str
) -> None:
    found, _ = scripted(answering(*answers))
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        found.look_up("X99999")
    assert (caught.value.code, caught.value.diagnostics) == (code, diagnostics)
    assert caught.value.check


def raw(answer: bytes) -> Script:
    """A script that says these bytes to the first request, and hangs up."""

    def script(connection: ssl.SSLSocket) -> None:
        next(requests(connection))
        connection.sendall(answer)

    return script


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"0" * 100,
        bytes(100),
        b"\x30\x00" * 10,
        b"\x30\x03\x02\x01",
        b"\x30\x80\x02\x01\x01\x00\x00",
        b"\x30\x84\xff\xff\xff\xff" + b"x" * 50,
        b"\x30\xff" + b"\xff" * 200,
        b"\x30\x05\x02\x01\x01\x61\x00",
        written(0, done()),
        written(999_999, bound()),
        b"\x30\x82\x40\x00" + b"\x30\x82\x3f\xf0" * 4096,
        # A value that is a number, which must not be taken for a length.
        written(1, accredited()).replace(b"\x04\x0c2000", b"\x02\x0c2000"),
    ],
)
def test_what_is_no_ldap_is_no_answer(scripted: Any, answer: bytes) -> None:
    found, _ = scripted(raw(answer))
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        found.look_up("X99999")
    assert caught.value.diagnostics in {"NOT_LDAP", "CONNECTION_LOST", "DEADLINE_EXCEEDED"}


@pytest.mark.requirement("SDS-4")
def test_an_answer_that_drips_ends_at_the_deadline(scripted: Any) -> None:
    def drip(connection: ssl.SSLSocket) -> None:
        for message in requests(connection):
            for byte in written(message.id, bound()):
                connection.sendall(bytes([byte]))
                time.sleep(0.1)

    found, _ = scripted(drip)
    began = time.monotonic()
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        found.look_up("X99999")
    assert caught.value.diagnostics == "DEADLINE_EXCEEDED"
    assert time.monotonic() - began < AT_THE_LATEST


def test_an_answer_without_end_is_cut(scripted: Any) -> None:
    def pour(connection: ssl.SSLSocket) -> None:
        messages = requests(connection)
        connection.sendall(written(next(messages).id, bound()))
        number = next(messages).id
        while True:
            connection.sendall(written(number, mhs()) * 50)

    found, _ = scripted(pour)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        found.look_up("X99999", deadlines=Deadlines(2.0, 10.0))
    assert caught.value.diagnostics == "ANSWER_TOO_LARGE"


def test_nothing_leaves_when_the_observer_says_no(scripted: Any) -> None:
    class Refusing(Observer):
        def asked(self, question: Asked) -> None:
            raise PermissionError

    found, server = scripted(answering([bound()]))
    with pytest.raises(PermissionError):
        found.look_up("X99999", observer=Refusing())
    assert server.connections == 0


@pytest.mark.requirement("SSP-3", "SDS-4", "READ-2")
@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"host": "127.0.0.2"}, "not valid for"),
        ({"certificate": "expired-server.pem"}, "expired"),
        ({"certificate": "stranger.pem"}, "issuer"),
        ({"version": ssl.TLSVersion.TLSv1_1}, "they refused"),
    ],
    ids=["another name", "expired", "unknown authority", "TLS 1.1"],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
def test_a_server_that_is_not_to_be_trusted_is_not_asked(
    scripted: Any, options: dict[str, Any], why: str
) -> None:
    heard: list[Any] = []
    found, server = scripted(answering([bound()], heard=heard), **options)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        found.look_up("X99999")
    assert caught.value.diagnostics.startswith("TLS_FAILED: ")
    assert why in caught.value.diagnostics
    assert "certificate" in caught.value.check
    assert server.connections == 1
    assert heard == []


@pytest.mark.requirement("SSP-3", "SDS-4")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_does_not_trust_us_is_understood(
    certificates: Path, opened: Open, version: ssl.TLSVersion
) -> None:
    with ScriptedLDAP(answering([bound()]), certificates, version=version) as server:
        found = opened(server.url, TLS(ca_bundle=certificates / "ca.pem"), deadlines=SHORT)
        with pytest.raises(errors.DirectoryUnreachable) as caught:
            found.look_up("X99999")
    assert caught.value.diagnostics.startswith("TLS_FAILED: they refused: ")
    assert "client certificate" in caught.value.check


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize("scheme", ["ldaps", "https"])
def test_nobody_there_is_said(certificates: Path, opened: Open, scheme: str) -> None:
    [port] = embedded.free_ports(1)
    tls = mutual(certificates)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        opened(f"{scheme}://localhost:{port}", tls, deadlines=SHORT).look_up("X99999")
    assert caught.value.diagnostics == "UNREACHABLE"
    assert (caught.value.ods_code, "network" in caught.value.check) == ("X99999", True)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        opened(f"{scheme}://sds.invalid", tls, deadlines=SHORT).look_up("X99999")
    assert caught.value.diagnostics == "NAME_NOT_RESOLVED"
    assert (caught.value.ods_code, "host name" in caught.value.check) == ("X99999", True)


@pytest.mark.parametrize(
    "url",
    [
        "ldap://sds.example",
        "ldaps://",
        "ldaps://user@sds.example",
        "ldaps://sds.example/o=nhs",
        "ldaps://sds.example:port",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"ldaps://|[Pp]ort"):
        directory.from_url(url, tls=TLS())


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 2),
)
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_bytes_are_wrong_only_our_own_errors_come_out(
    certificates: Path, changes: list[tuple[int, int]], wrong: int
) -> None:
    def script(connection: ssl.SSLSocket) -> None:
        whole = [bound()], [mhs(), done()], [accredited(), done()]
        for number, (message, answer) in enumerate(zip(requests(connection), whole, strict=False)):
            said = bytearray(b"".join(written(message.id, each) for each in answer))
            for place, value in changes if number == wrong else ():
                said[place % len(said)] = value
            connection.sendall(said)
            if number == wrong:
                return

    with ScriptedLDAP(script, certificates) as server:
        found = directory.from_url(server.url, tls=mutual(certificates), deadlines=SHORT)
        began = time.monotonic()
        with contextlib.suppress(GPConnectError):
            found.look_up("X99999", deadlines=Deadlines(0.5, 0.5))
        assert time.monotonic() - began < AT_THE_LATEST
        found.close()

"""The directory's LDAP door: the records of SDS, for reading, for those with a certificate."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ldap3
import pytest
from ldap3.core.exceptions import LDAPExceptionError

from sandbox.interactions import BY_ID
from tests.sandbox.exchange import PRACTICES
from tests.sandbox_control import Sandbox

ROOT = Path(__file__).resolve().parents[2]
BASE = "ou=services, o=nhs"
SLOT_SEARCH = "urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1"

Connect = Callable[..., ldap3.Connection]


class _Tls(ldap3.Tls):
    """ldap3's own asks for functions that newer Pythons have no more."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._context = context

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname="localhost"
        )


def trusting(sandbox: Sandbox, who: str | None = "client") -> ssl.SSLContext:
    """Trusts the sandbox, and comes with a certificate."""
    made = sandbox.certificates
    context = ssl.create_default_context(cafile=str(made / "ca.pem"))
    if who:
        context.load_cert_chain(made / f"{who}.pem", made / f"{who}.key")
    return context


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Connect]:
    """Opens connections, bound anonymously unless told otherwise."""
    with ExitStack() as stack:

        def open_one(who: str | None = "client", **options: Any) -> ldap3.Connection:
            tls = _Tls(trusting(sandbox, who))
            server = ldap3.Server(sandbox.ldap, tls=tls, get_info=ldap3.NONE, connect_timeout=5)
            connection = ldap3.Connection(server, check_names=False, **options)
            stack.callback(connection.strategy.close)
            connection.open()
            connection.bind()
            return connection

        yield open_one


class Directory:
    def __init__(self, connection: ldap3.Connection) -> None:
        self.connection = connection

    def found(self, condition: str, *attributes: str) -> list[dict[str, list[str]]]:
        self.connection.search(BASE, condition, attributes=list(attributes))
        assert self.connection.result["description"] == "success"
        return [
            {name: sorted(values) for name, values in entry["attributes"].items()}
            for entry in self.connection.response or ()
        ]

    def handling(self, ods: str, interaction: str = SLOT_SEARCH) -> list[dict[str, list[str]]]:
        condition = f"(&(nhsIDCode={ods})(objectClass=nhsMhs)(nhsMhsSvcIA={interaction}))"
        return self.found(condition, "nhsMhsEndPoint", "nhsMhsPartyKey")

    def systems(self, ods: str, party_key: str) -> list[str]:
        condition = f"(&(nhsIDCode={ods})(objectClass=nhsAs)(nhsMHSPartyKey={party_key}))"
        return [
            asid
            for found in self.found(condition, "uniqueIdentifier")
            for asid in found["uniqueIdentifier"]
        ]


@pytest.fixture
def directory(connect: Connect) -> Directory:
    return Directory(connect())


@pytest.mark.requirement("SDS-1")
@pytest.mark.parametrize("ods", PRACTICES)
def test_a_practice_is_looked_up_in_two_steps(directory: Directory, ods: str) -> None:
    (handling,) = directory.handling(ods)
    (party_key,) = handling["nhsMhsPartyKey"]
    (asid,) = directory.systems(ods, party_key)
    assert (asid, *handling["nhsMhsEndPoint"]) == PRACTICES[ods]


@pytest.mark.requirement("SDS-1")
def test_every_interaction_has_its_message_handling_record(directory: Directory) -> None:
    records = directory.found("(&(nhsIDCode=C81007)(objectClass=nhsMhs))", "nhsMhsSvcIA")
    assert sorted(record["nhsMhsSvcIA"] for record in records) == sorted([one] for one in BY_ID)
    assert directory.handling("C81007", "urn:nhs:names:services:gpconnect:structured") == []


@pytest.mark.requirement("SDS-4")
def test_wrong_registrations_are_as_wrong_as_by_fhir(directory: Directory) -> None:
    assert directory.handling("Z99999") == []
    first, second = directory.handling("J87601")
    assert first["nhsMhsEndPoint"] != second["nhsMhsEndPoint"]
    (without,) = directory.handling("K88602")
    assert without["nhsMhsEndPoint"] == []
    assert len(directory.systems("L89603", "L89603-820093")) == 2
    assert directory.handling("M90604")
    assert directory.systems("M90604", "M90604-820094") == []


@pytest.mark.requirement("SDS-5")
def test_a_consumer_can_confirm_its_own_asid_and_has_nothing_to_be_called_at(
    directory: Directory,
) -> None:
    condition = (
        f"(&(nhsIDCode=A1001)(objectClass=nhsAs)(nhsAsSvcIA={SLOT_SEARCH})"
        "(nhsMhsManufacturerOrg=YGSBX))"
    )
    (own,) = directory.found(condition, "uniqueIdentifier")
    assert own["uniqueIdentifier"] == ["200000000101"]
    assert directory.found("(&(nhsIDCode=A1001)(objectClass=nhsMhs))") == []


def test_an_organisation_in_two_roles_has_two_systems(directory: Directory) -> None:
    records = directory.found("(&(nhsIDCode=A20047)(objectClass=nhsAs))", "uniqueIdentifier")
    assert {*records[0]["uniqueIdentifier"], *records[1]["uniqueIdentifier"]} == {
        "200000000201",
        "200000000103",
    }


@pytest.mark.requirement("SDS-1")
def test_values_compare_without_case_and_a_star_means_anything(directory: Directory) -> None:
    assert directory.found("(&(NHSIDCODE=c81007)(objectclass=NHSAS))")
    everyone = directory.found("(&(nhsIDCode=*)(objectClass=nhsAs))")
    by_beginning = directory.found("(&(nhsIDCode=A*)(objectClass=nhsAs))")
    assert len(everyone) > len(by_beginning) > 1
    assert directory.found("(&(nhsIDCode=\\2a)(objectClass=nhsAs))") == []


def test_there_is_nothing_elsewhere(connect: Connect) -> None:
    connection = connect()
    connection.search("ou=people, o=nhs", "(objectClass=*)")
    assert connection.result["description"] == "noSuchObject"


def test_it_is_for_reading(connect: Connect, directory: Directory) -> None:
    connection: Any = connect()  # ldap3's types leave out what changes an entry
    name = "uniqueIdentifier=200000000201,ou=Services,o=nhs"
    connection.delete(name)
    assert connection.result["description"] == "unwillingToPerform"
    connection.modify(name, {"nhsIDCode": [(ldap3.MODIFY_REPLACE, ["X1"])]})
    assert connection.result["description"] == "unwillingToPerform"
    connection.add("uniqueIdentifier=1,ou=Services,o=nhs", "nhsAs", {"nhsIDCode": "X1"})
    assert connection.result["description"] == "unwillingToPerform"
    assert directory.systems("A20047", "A20047-820001") == ["200000000201"]


def test_nobody_has_a_password(connect: Connect) -> None:
    connection = connect(user="ou=Services,o=nhs", password="anything")
    assert connection.result["description"] == "invalidCredentials"


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize("who", [None, "stranger"])
def test_a_client_needs_a_certificate_of_the_authority(connect: Connect, who: str | None) -> None:
    with pytest.raises(LDAPExceptionError):
        connect(who)


@pytest.mark.parametrize("kind", ["refuse", "hang_before", "status_500"])
def test_it_fails_when_told_to(sandbox: Sandbox, connect: Connect, kind: str) -> None:
    connection = connect()
    connection.socket.settimeout(0.3)
    sandbox.fault(service="sds", kind=kind, times=1)
    if kind == "status_500":
        connection.search(BASE, "(nhsIDCode=A20047)")
        assert connection.result["description"] == "unavailable"
    else:
        with pytest.raises(LDAPExceptionError):
            connection.search(BASE, "(nhsIDCode=A20047)")
    assert Directory(connect()).handling("A20047")


@contextlib.contextmanager
def secure(sandbox: Sandbox, address: str) -> Iterator[ssl.SSLSocket]:
    """A bare connection with the right certificate."""
    with (
        socket.create_connection(("localhost", urlsplit(address).port), timeout=5) as plain,
        trusting(sandbox).wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        yield connection


def test_nonsense_costs_only_whoever_says_it(sandbox: Sandbox, directory: Directory) -> None:
    with secure(sandbox, sandbox.ldap) as connection:
        connection.sendall(b"\x30\x03\x02\x01\x01")  # a message about nothing
        assert connection.recv(100) == b""
    assert directory.handling("A20047")


def test_it_ends_with_the_rest_of_the_sandbox(sandbox: Sandbox, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo.tether", sys.executable, "-m", "sandbox"]
    command += ["--state", str(tmp_path), "--certificates", str(sandbox.certificates)]
    addresses = tmp_path / "addresses.json"
    with (tmp_path / "log").open("wb") as log:
        own = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while not addresses.exists():
            assert own.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with secure(sandbox, json.loads(addresses.read_text())["ldap"]) as connected:
            began = time.monotonic()
            own.terminate()
            assert connected.recv(100) == b""
            assert own.wait(timeout=10) == 0
            assert time.monotonic() - began < 2
    finally:
        own.kill()
        own.wait()

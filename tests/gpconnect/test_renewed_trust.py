"""Certificates, keys, authorities and lists of revoked ones, renewed while exchanges go on."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gpconnect import demographics, errors, renewed_files
from gpconnect.client import GPConnectClient
from gpconnect.demographics import SigningKeys
from gpconnect.directory import Directory
from gpconnect.renewed_files import FilesRefused
from gpconnect.transport import TLS, Transport, Trust
from tests.authority import DAY, NOW, Authority, pem_of
from tests.demo.processes import until
from tests.gpconnect.conftest import CAPABILITY, NOWHERE, REQUESTER
from tests.gpconnect.scripted_server import ScriptedServer, always, http
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.requirement("SSP-3")

AT_ONCE, NEVER = 0.0, float("inf")  # longer than any clock is moved by


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at by every exchange, and not waited for until they are quiet."""
    monkeypatch.setattr(renewed_files, "LOOK_EVERY", AT_ONCE)
    monkeypatch.setattr(renewed_files, "QUIET_FOR", AT_ONCE)


@dataclass(frozen=True)
class Ours:
    """The portal's own files, of one authority, and a server of that authority."""

    authority: Authority
    tls: TLS
    trust: Trust
    server: ScriptedServer
    client: GPConnectClient

    def reads(self) -> int:
        """One exchange; the number of the connection that it came over."""
        self.client.capability_statement()
        return self.server.received[-1].connection

    def renews_certificate(self) -> None:
        issued = self.authority.issues("portal")
        self.authority.path("client.pem").write_bytes(issued.pem)
        self.authority.path("client.key").write_bytes(issued.key_pem)

    def refusal(self) -> str:
        return self.trust.standing().refused


@pytest.fixture
def ours(tmp_path: Path) -> Generator[Ours]:
    authority = Authority.made_in(tmp_path)
    authority.server()
    issued = authority.issues("portal")
    authority.path("client.pem").write_bytes(issued.pem)
    authority.path("client.key").write_bytes(issued.key_pem)
    tls = TLS(
        authority.path("client.pem"),
        authority.path("client.key"),
        authority.path("ca.pem"),
        authority.revokes(),
    )
    trust = Trust(tls)
    script = always(http(CAPABILITY))
    with (
        ScriptedServer(
            script, authority.path("server.pem"), client_ca=authority.path("ca.pem")
        ) as server,
        Transport(server.url, trust) as transport,
    ):
        yield Ours(authority, tls, trust, server, GPConnectClient(transport, REQUESTER, NOWHERE))


# Taken over


def test_a_renewed_certificate_is_shown_on_the_next_connection_and_the_old_one_is_closed(
    ours: Ours,
) -> None:
    assert [ours.reads(), ours.reads()] == [1, 1]
    ours.renews_certificate()
    assert ours.reads() == 2
    assert until(lambda: ours.server.ended == [1])
    assert ours.refusal() == ""


def test_a_certificate_revoked_by_a_renewed_list_is_refused_although_a_connection_is_open(
    tmp_path: Path, ours: Ours
) -> None:
    ours.reads()
    server = x509.load_pem_x509_certificate(ours.authority.path("server.pem").read_bytes())
    ours.authority.revokes(server)
    with pytest.raises(errors.NotSent) as caught:
        ours.reads()
    assert "certificate revoked" in caught.value.diagnostics


def test_what_has_begun_by_the_old_files_ends_by_them(ours: Ours) -> None:
    under_way, renewed = threading.Event(), threading.Event()
    answer = ours.server.script

    def slow(connection: object, request: object) -> bool | None:
        under_way.set()
        assert renewed.wait(10)
        return answer(connection, request)  # type: ignore[arg-type]

    ours.server.script = slow
    outcome: list[object] = []
    first = threading.Thread(target=lambda: outcome.append(ours.client.capability_statement()))
    first.start()
    assert under_way.wait(10)
    ours.renews_certificate()
    ours.server.script = answer
    assert ours.reads() == 2
    assert ours.server.ended == []
    renewed.set()
    first.join(10)
    assert len(outcome) == 1
    assert until(lambda: 1 in ours.server.ended)


def test_a_fork_takes_over_by_itself(ours: Ours) -> None:
    ours.reads()
    child = os.fork()
    if child == 0:
        renewed = False
        try:
            ours.renews_certificate()
            ours.reads()
            renewed = ours.trust.standing().refused == ""
        finally:
            os._exit(0 if renewed else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ours.reads() == 3


# Not taken over


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-60])


def without_a_line(file: Path) -> None:
    """As whole as it looks, and no certificate, key or list."""
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2] + lines[3:]))


def one_that_cannot_be_read(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILT: dict[str, tuple[str, Callable[[Authority, Path], object], str]] = {
    "certificate cut short": ("client.pem", lambda _, file: cut_short(file), "is cut short"),
    "certificate garbled": (
        "client.pem",
        lambda _, file: without_a_line(file),
        "holds no certificates in PEM form",
    ),
    "certificate gone": ("client.pem", lambda _, file: file.unlink(), "cannot be read"),
    "certificate empty": ("client.pem", lambda _, file: file.write_bytes(b""), "no certificates"),
    "certificate alone": (
        "client.pem",
        lambda authority, file: file.write_bytes(authority.issues("portal").pem),
        "client.key does not fit client.pem",
    ),
    "certificate run out": (
        "client.pem",
        lambda authority, file: with_key(authority, file, begins=NOW - 2 * DAY, ends=NOW - DAY),
        "ran out on",
    ),
    "certificate of tomorrow": (
        "client.pem",
        lambda authority, file: with_key(authority, file, begins=NOW + DAY, ends=NOW + 2 * DAY),
        "is not in force before",
    ),
    "key cut short": ("client.key", lambda _, file: cut_short(file), "is cut short"),
    "key garbled": ("client.key", lambda _, file: without_a_line(file), "no private key in PEM"),
    "key encrypted": (
        "client.key",
        lambda _, file: file.write_bytes(pem_of(ec.generate_private_key(ec.SECP256R1()), b"word")),
        "is encrypted",
    ),
    "key unreadable": (
        "client.key",
        lambda _, file: one_that_cannot_be_read(file),
        "cannot be read",
    ),
    "authorities cut short": ("ca.pem", lambda _, file: cut_short(file), "is cut short"),
    "authorities empty": ("ca.pem", lambda _, file: file.write_bytes(b"\n"), "no certificates"),
    "list cut short": ("revoked.pem", lambda _, file: cut_short(file), "is cut short"),
    "list garbled": (
        "revoked.pem",
        lambda _, file: without_a_line(file),
        "no lists of revoked certificates in PEM form",
    ),
    "list run out": (
        "revoked.pem",
        lambda authority, file: file.write_bytes(
            authority.list_of(begins=NOW - DAY / 2, ends=NOW - DAY / 4)
        ),
        "ran out on",
    ),
    "list of before": (
        "revoked.pem",
        lambda authority, file: file.write_bytes(authority.list_of(begins=NOW - 2 * DAY)),
        "has an older list of",
    ),
    "list of another": (
        "revoked.pem",
        lambda authority, file: file.write_bytes(another(authority).list_of()),
        "which the one in use has",
    ),
    "list signed by another": (
        "revoked.pem",
        lambda authority, file: file.write_bytes(
            authority.list_of(signed_by=another(authority).key)
        ),
        "has not signed",
    ),
}


def with_key(authority: Authority, file: Path, **validity: object) -> None:
    issued = authority.issues("portal", **validity)  # type: ignore[arg-type]
    file.write_bytes(issued.pem)
    file.with_suffix(".key").write_bytes(issued.key_pem)


def another(authority: Authority) -> Authority:
    beside = authority.directory / "another"
    beside.mkdir()
    return Authority.made_in(beside, "Another authority")


@pytest.mark.parametrize(("name", "spoils", "why"), SPOILT.values(), ids=SPOILT)
def test_what_is_not_good_is_refused_said_once_and_the_old_goes_on(
    ours: Ours,
    name: str,
    spoils: Callable[[Authority, Path], object],
    why: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours.reads()
    used = ours.trust.current()
    spoils(ours.authority, ours.authority.path(name))
    assert [ours.reads(), ours.reads()] == [1, 1]
    assert ours.trust.current() is used
    assert why in ours.refusal()
    assert ours.refusal().startswith(("client.", "ca.", "revoked."))
    said = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert said == [f"TLS files: refused, the old goes on: {ours.refusal()}"]


def test_what_was_refused_is_taken_over_once_it_is_good(
    ours: Ours, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", renewed_files.__name__)
    ours.reads()
    issued = ours.authority.issues("portal")
    ours.authority.path("client.pem").write_bytes(issued.pem)
    assert ours.reads() == 1
    ours.authority.path("client.key").write_bytes(issued.key_pem)
    assert ours.reads() == 2
    assert ours.refusal() == ""
    assert caplog.messages[-1] == "TLS files: taken over"


def test_files_that_are_still_being_written_are_not_read(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours.reads()
    monkeypatch.setattr(renewed_files, "QUIET_FOR", NEVER)
    ours.authority.path("ca.pem").write_bytes(b"the beginning of many")
    ours.reads()
    assert ours.refusal() == ""
    monkeypatch.setattr(renewed_files, "QUIET_FOR", AT_ONCE)
    ours.reads()
    assert "ca.pem" in ours.refusal()


def test_files_are_not_looked_at_more_often_than_now_and_then(
    ours: Ours, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewed_files, "LOOK_EVERY", NEVER)
    ours.reads()
    ours.renews_certificate()
    assert ours.reads() == 1


def test_without_anything_good_nothing_is_sent_until_there_is(ours: Ours) -> None:
    good = ours.authority.path("client.key").read_bytes()
    cut_short(ours.authority.path("client.key"))
    with pytest.raises(errors.NotSent) as caught:
        ours.reads()
    assert caught.value.code == "TLS_FAILED"
    assert caught.value.diagnostics == "our own files: client.key is cut short"
    assert ours.server.connections == 0
    ours.authority.path("client.key").write_bytes(good)
    assert ours.reads() == 1


def test_until_when_all_of_it_is_in_force(ours: Ours) -> None:
    authority = ours.authority
    assert ours.trust.current().ends == (NOW + DAY).replace(microsecond=0)
    soon = NOW + DAY / 2
    authority.path("revoked.pem").write_bytes(authority.list_of(ends=soon))
    assert ours.trust.current().ends == soon.replace(microsecond=0)
    both = authority.list_of(ends=soon) + authority.list_of(ends=NOW + 2 * DAY)
    authority.path("revoked.pem").write_bytes(both)
    assert ours.trust.current().ends == (NOW + DAY).replace(microsecond=0)


# Under load, with the sandbox


@dataclass
class Load:
    """Threads that read and write without a pause, and what became of it."""

    client: GPConnectClient
    done: Counter[str] = field(default_factory=Counter)
    failed: list[BaseException] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def count(self) -> int:
        return self.done.total()

    def goes_on(self, exchanges: int = 40) -> None:
        """So many more end well."""
        wanted = self.count + exchanges
        assert until(lambda: bool(self.failed) or self.count >= wanted, 60)
        assert self.failed == []

    def runs(self) -> None:
        while not self.stopped.is_set():
            try:
                self.client.capability_statement()
                self.done[threading.current_thread().name] += 1
            except errors.GPConnectError as error:
                self.failed.append(error)
                return


@pytest.fixture
def load(sandbox: Sandbox, sds: Directory) -> Iterator[Callable[[Trust], Load]]:
    begun: list[tuple[Load, list[threading.Thread], Transport]] = []

    def begin(trust: Trust) -> Load:
        transport = Transport(sandbox.ssp, trust)
        running = Load(GPConnectClient(transport, REQUESTER, sds.look_up("A20047")))
        threads = [threading.Thread(target=running.runs, name=f"load {n}") for n in range(4)]
        begun.append((running, threads, transport))
        for thread in threads:
            thread.start()
        return running

    yield begin
    for running, threads, transport in begun:
        running.stopped.set()
        for thread in threads:
            thread.join(20)
        transport.close()


def spine_set(directory: Path, sandbox: Sandbox, own: Authority, *known: Authority) -> Path:
    """A set for the sandbox: its own certificate of `own`, and whose clients are known."""
    directory.mkdir()
    for name in ("api-server.pem", "api-server.key", "pds-public.pem"):
        (directory / name).write_bytes((sandbox.certificates / name).read_bytes())
    issued = own.issues("localhost")
    (directory / "server.pem").write_bytes(issued.pem)
    (directory / "server.key").write_bytes(issued.key_pem)
    (directory / "ca.pem").write_bytes(b"".join(each.pem for each in known))
    return directory


def test_everything_is_renewed_under_load_and_no_exchange_fails(
    sandbox: Sandbox,
    tmp_path: Path,
    load: Callable[[Trust], Load],
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = [tmp_path / name for name in ("old", "new", "portal")]
    for each in made:
        each.mkdir()
    old, new = Authority.made_in(made[0], "Old"), Authority.made_in(made[1], "New")
    certificate, key, bundle, lists = (
        made[2] / name for name in ("client.pem", "client.key", "ca.pem", "revocations.pem")
    )
    bundle.write_bytes(old.pem)
    lists.write_bytes(old.list_of())
    with_key(old, certificate)
    sandbox.renew(spine_set(tmp_path / "spine-1", sandbox, old, old))
    trust = Trust(TLS(certificate, key, bundle, lists))
    running = load(trust)
    running.goes_on()

    def taken_over(renews: Callable[[], object]) -> None:
        before = trust.current()
        renews()
        running.goes_on()
        assert trust.current() is not before
        assert trust.standing().refused == ""

    # A list of revoked certificates, every day
    taken_over(lambda: lists.write_bytes(old.list_of(begins=NOW - DAY / 2)))
    # A certificate with its key, one after the other
    taken_over(lambda: with_key(old, certificate))
    # An authority: known with its list, then the Spine's own certificate, then ours
    taken_over(lambda: lists.write_bytes(old.list_of(begins=NOW - DAY / 2) + new.list_of()))
    taken_over(lambda: bundle.write_bytes(old.pem + new.pem))
    sandbox.renew(spine_set(tmp_path / "spine-2", sandbox, new, old, new))
    taken_over(lambda: with_key(new, certificate))
    taken_over(lambda: bundle.write_bytes(new.pem))
    taken_over(lambda: lists.write_bytes(new.list_of(begins=NOW - DAY / 2)))
    sandbox.renew(spine_set(tmp_path / "spine-3", sandbox, new, new))
    # Half a file, which nobody takes over
    before = trust.current()
    cut_short(bundle)
    running.goes_on()
    assert trust.current() is before
    assert "is cut short" in trust.standing().refused

    running.stopped.set()
    assert running.failed == []
    assert running.count >= 360
    with capsys.disabled():
        sys.stdout.write(f"\n{running.count} exchanges by {len(running.done)} threads, 0 failed\n")


# PDS's key


@pytest.mark.requirement("PDS-5")
def test_the_key_for_pds_is_renewed_with_its_id(sandbox: Sandbox, tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    key, key_id = ours / "pds-private.pem", ours / "key-id"
    key.write_bytes((sandbox.certificates / "pds-private.pem").read_bytes())
    key_id.write_text("demo-1\n")
    keys = SigningKeys(key, key_id)
    for name in ("server.pem", "server.key", "api-server.pem", "api-server.key", "ca.pem"):
        (theirs / name).write_bytes((sandbox.certificates / name).read_bytes())
    private, public = an_rsa_key()
    (theirs / "pds-public.pem").write_bytes(public)

    def traced() -> str:
        """By somebody who has no token yet."""
        pds = demographics.from_url(
            sandbox.pds,
            tls=TLS(ca_bundle=sandbox.certificates / "api-ca.pem"),
            token_url=sandbox.pds_token,
            client_id="booking-portal",
            keys=keys,
        )
        try:
            return pds.trace("9658218873", organisation_ods="A1001").nhs_number
        finally:
            pds.close()

    assert traced() == "9658218873"
    cut_short(key)
    assert traced() == "9658218873"
    assert keys.standing().refused == "pds-private.pem is no private key in PEM form"
    sandbox.renew(theirs, pds_key_id="riverside-2")
    with pytest.raises(errors.DemographicsNotPermitted):
        traced()
    key.write_bytes(private)
    key_id.write_text("riverside-2\n")
    assert traced() == "9658218873"
    assert keys.standing().refused == ""


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no private key"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "is no RSA key of 2048 bits or more"),
        (pem_of(ec.generate_private_key(ec.SECP256R1()), b"word"), "is encrypted"),
    ],
    ids=["empty", "of another kind", "encrypted"],
)
def test_a_key_that_pds_would_not_take_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(content)
    with pytest.raises(FilesRefused, match=why):
        SigningKeys(key, "riverside-1").current()


@pytest.mark.requirement("PDS-5")
def test_an_id_that_is_none_is_refused(tmp_path: Path) -> None:
    key, key_id = tmp_path / "key.pem", tmp_path / "key-id"
    key.write_bytes(an_rsa_key()[0])
    for content in (b"", b"two\nlines", "schlüssel".encode()):
        key_id.write_bytes(content)
        with pytest.raises(FilesRefused, match="key-id holds no key id in one line of ASCII"):
            SigningKeys(key, key_id).current()


def an_rsa_key() -> tuple[bytes, bytes]:
    """A private key and its public half, in PEM form."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private, key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )

"""The demo's certificates, used in real TLS handshakes."""

import contextlib
import shutil
import socket
import ssl
import threading
from pathlib import Path

import pytest

from demo import certificates


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    certificates.make(directory)
    return directory


def handshake(made: Path, *, server: str, client: str) -> str:
    """Connect as `client` to a server that demands a certificate; return what it greets with."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=made / "ca.pem")
    serving.verify_mode = ssl.CERT_REQUIRED
    serving.load_cert_chain(made / f"{server}.pem", made / f"{server}.key")
    connecting = ssl.create_default_context(cafile=made / "ca.pem")
    connecting.verify_flags |= ssl.VERIFY_X509_STRICT
    connecting.load_cert_chain(made / f"{client}.pem", made / f"{client}.key")
    refused: list[ssl.SSLError] = []

    def serve(listener: socket.socket) -> None:
        raw, _ = listener.accept()
        with raw:
            try:
                with serving.wrap_socket(raw, server_side=True) as secured:
                    secured.sendall(b"welcome")
            except (ssl.SSLError, ConnectionError) as error:
                refused.append(error)  # type: ignore[arg-type]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener])
        thread.start()
        try:
            with (
                socket.create_connection(listener.getsockname()) as raw,
                connecting.wrap_socket(raw, server_hostname="localhost") as secured,
            ):
                return secured.recv(10).decode()
        finally:
            thread.join()


def test_the_portal_and_the_sandbox_accept_each_other(made: Path) -> None:
    assert handshake(made, server="server", client="client") == "welcome"


@pytest.mark.requirement("SSP-3")
def test_an_expired_server_is_refused(made: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(made, server="expired-server", client="client")


@pytest.mark.requirement("SSP-3")
def test_a_client_of_another_authority_is_refused(made: Path) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)):
        handshake(made, server="server", client="stranger")


def test_keys_are_readable_by_their_owner_only(made: Path) -> None:
    keys = [*made.glob("*.key"), made / "pds-private.pem"]
    assert len(keys) == 6
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_a_whole_set_is_kept_and_a_broken_one_is_made_anew(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made, tmp_path / "set")
    certificates.make(tmp_path / "set")
    assert (tmp_path / "set" / "ca.pem").read_text() == (made / "ca.pem").read_text()
    (tmp_path / "set" / "client.key").unlink()
    certificates.make(tmp_path / "set")
    assert (tmp_path / "set" / "ca.pem").read_text() != (made / "ca.pem").read_text()
    assert handshake(tmp_path / "set", server="server", client="client") == "welcome"


def test_a_set_that_expires_within_the_week_is_made_anew(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made, tmp_path / "set")
    monkeypatch.setattr(certificates, "REMAKE_BEFORE", certificates.LIFETIME)
    certificates.make(tmp_path / "set")
    assert (tmp_path / "set" / "ca.pem").read_text() != (made / "ca.pem").read_text()


def test_two_authorities_of_one_name_and_their_lists_may_lie_side_by_side(tmp_path: Path) -> None:
    """As while an authority is renewed: each server is held against its own authority's list."""
    old, new = tmp_path / "old", tmp_path / "new"
    for made in (old, new):
        certificates.make(made)
    trusting = ssl.create_default_context()
    trusting.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    for name in ("ca.pem", "revocations.pem"):
        both = tmp_path / name
        both.write_bytes((old / name).read_bytes() + (new / name).read_bytes())
        trusting.load_verify_locations(both)
    for made in (old, new):
        serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        serving.load_cert_chain(made / "server.pem", made / "server.key")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = trusting.wrap_bio(incoming, outgoing, server_hostname="localhost")
        server = serving.wrap_bio(outgoing, incoming, server_side=True)
        for end in (client, server, client):
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
        assert client.version(), made.name

"""Whom the portal trusts for what: Spine's authorities, the internet's, and their revocations."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from booking_portal.integration import clients
from gpconnect import errors, renewed_files
from gpconnect.models import Endpoint
from tests.authority import Authority
from tests.connections import forget_connections
from tests.gpconnect.scripted_ldap import ScriptedLDAP, answering, bound, done
from tests.gpconnect.test_directory_ldap import accredited, mhs
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SSP-3")]

Set = Callable[..., None]


@pytest.fixture
def trusting(settings: Settings, spine: Sandbox) -> Iterator[Set]:
    """Sets which file is trusted for what, by the setting's name, and connects anew."""

    def trust(**files: str) -> None:
        for name, file in files.items():
            setattr(settings, name, spine.certificates / file)
        forget_connections()

    yield trust
    forget_connections()


def looked_up(ods_code: str = "A20047") -> Endpoint:
    return clients.directory().look_up(ods_code)


@pytest.fixture(params=["ldap", "sds"])
def door(request: pytest.FixtureRequest, settings: Settings, spine: Sandbox) -> str:
    """The directory by one of its two doors."""
    settings.GPCONNECT_DIRECTORY_URL = getattr(spine, request.param)
    forget_connections()
    return str(request.param)


def test_each_door_of_the_directory_is_opened_by_its_own_authorities(
    door: str, trusting: Set
) -> None:
    assert looked_up().asid == "200000000201"
    wrong = {
        "ldap": {"GPCONNECT_CA_BUNDLE": "api-ca.pem"},
        "sds": {"NHS_API_CA_BUNDLE": "ca.pem"},
    }[door]
    trusting(**wrong)
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        looked_up()
    assert "their certificate: " in caught.value.diagnostics


def test_an_authority_of_one_door_is_not_trusted_for_the_other(door: str, trusting: Set) -> None:
    other = {
        "ldap": {"NHS_API_CA_BUNDLE": "stranger-ca.pem"},
        "sds": {"GPCONNECT_CA_BUNDLE": "stranger-ca.pem"},
    }[door]
    trusting(**other)
    assert looked_up().asid == "200000000201"


def test_a_revoked_certificate_of_the_directory_by_ldaps_is_refused(
    settings: Settings, trusting: Set, tmp_path: Path
) -> None:
    authority = Authority.made_in(tmp_path)
    certificate = authority.server()  # good enough for a client's, too
    script = answering([bound()], [mhs(), done()], [accredited(), done()])
    with ScriptedLDAP(script, tmp_path) as server:
        settings.GPCONNECT_DIRECTORY_URL = server.url
        settings.GPCONNECT_CLIENT_CERT = authority.path("server.pem")
        settings.GPCONNECT_CLIENT_KEY = authority.path("server.key")
        settings.GPCONNECT_CA_BUNDLE = authority.path("ca.pem")
        settings.GPCONNECT_REVOCATIONS = authority.revokes()
        trusting()
        assert looked_up("X99999").ods_code == "X99999"
        settings.GPCONNECT_REVOCATIONS = authority.revokes(certificate)
        trusting()
        with pytest.raises(errors.DirectoryUnreachable) as caught:
            looked_up("X99999")
    assert "their certificate: certificate revoked" in caught.value.diagnostics


def test_spines_authorities_are_not_trusted_for_pds(counter: Counter, trusting: Set) -> None:
    counter.traces()
    trusting(NHS_API_CA_BUNDLE="ca.pem")
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        clients.demographics().trace("9658218873", organisation_ods="A1001")
    assert "their certificate" in caught.value.diagnostics


def test_the_internets_authorities_are_not_trusted_for_the_ssp(
    counter: Counter, trusting: Set, spine: Sandbox
) -> None:
    counter.traces()
    trusting(GPCONNECT_CA_BUNDLE="api-ca.pem")
    assert "No trusted connection could be made" in counter.searches("A20047").text
    assert spine.exchanges() == []
    trusting(GPCONNECT_CA_BUNDLE="ca.pem")
    counter.searches("A20047")
    assert counter.offered


def test_authorities_renewed_on_disk_open_each_door_of_the_directory(
    door: str,
    settings: Settings,
    trusting: Set,
    spine: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(renewed_files, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(renewed_files, "QUIET_FOR", 0.0)
    name, right = {
        "ldap": ("GPCONNECT_CA_BUNDLE", "ca.pem"),
        "sds": ("NHS_API_CA_BUNDLE", "api-ca.pem"),
    }[door]
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes((spine.certificates / "stranger-ca.pem").read_bytes())
    settings.GPCONNECT_REVOCATIONS = None
    setattr(settings, name, bundle)
    trusting()
    with pytest.raises(errors.DirectoryUnreachable):
        looked_up()
    bundle.write_bytes((spine.certificates / right).read_bytes())
    assert looked_up().asid == "200000000201"


def test_without_files_of_ours_ldap_says_which(
    settings: Settings, trusting: Set, spine: Sandbox, tmp_path: Path
) -> None:
    settings.GPCONNECT_DIRECTORY_URL = spine.ldap
    settings.GPCONNECT_CLIENT_KEY = tmp_path / "client.key"
    trusting()
    with pytest.raises(errors.DirectoryUnreachable) as caught:
        looked_up()
    why = "TLS_FAILED: our own files: client.key cannot be read: No such file or directory"
    assert caught.value.diagnostics == why

"""What production refuses to start with. [SSP-3]"""

from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from booking_portal.accounts.checks import demo_accounts
from booking_portal.accounts.models import User
from booking_portal.checks import production_values, refuse_test_values
from demo import certificates


@pytest.fixture
def production(settings: Settings, tmp_path: Path) -> Settings:
    """Settings that production would start with."""
    certificates.make(tmp_path)
    settings.ENVIRONMENT_NAME = "production"
    settings.SECRET_KEY = "k9V2fQ7xW4rTzB8mNp3LsYh6JdC1gAe5UuKiRoXqPwMv0EnSbZ"
    settings.ALLOWED_HOSTS = ["booking.riverside.nhs.uk"]
    settings.SECURE_SSL_REDIRECT = True
    settings.TRUSTED_PROXIES = [ip_network("172.20.0.0/24")]
    settings.GPCONNECT_SSP_URL = "https://proxy.spine.nhs.uk"
    settings.GPCONNECT_CLIENT_CERT = tmp_path / "client.pem"
    settings.GPCONNECT_CLIENT_KEY = tmp_path / "client.key"
    settings.GPCONNECT_CA_BUNDLE = tmp_path / "ca.pem"
    settings.NHS_API_CA_BUNDLE = tmp_path / "api-ca.pem"
    settings.GPCONNECT_REVOCATIONS = tmp_path / "revocations.pem"
    settings.GPCONNECT_ISSUER = "https://booking.riverside.nhs.uk"
    settings.GPCONNECT_DIRECTORY_URL = "https://api.service.nhs.uk/spine-directory/FHIR/R4"
    settings.GPCONNECT_DIRECTORY_API_KEY = "a-key"
    settings.PDS_URL = "https://api.service.nhs.uk/personal-demographics/FHIR/R4"
    settings.PDS_TOKEN_URL = "https://api.service.nhs.uk/oauth2/token"
    settings.PDS_KEY_ID = "riverside-1"
    settings.PDS_PRIVATE_KEY = tmp_path / "pds-private.pem"
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "demo.pages"]
    return settings


def found() -> set[str]:
    return {str(error.id).removeprefix("booking_portal.") for error in production_values()}


@pytest.mark.requirement("SSP-3")
def test_good_values_pass(production: Settings) -> None:
    assert found() == set()
    refuse_test_values()


@pytest.mark.requirement("SSP-3", "SDS-1")
def test_a_directory_by_ldap_needs_no_key(production: Settings) -> None:
    production.GPCONNECT_DIRECTORY_URL = "ldaps://ldap.spine.nhs.uk"
    production.GPCONNECT_DIRECTORY_API_KEY = ""
    assert found() == set()


@pytest.mark.requirement("SSP-3")
def test_the_internets_authorities_are_others_than_spines(
    production: Settings, tmp_path: Path
) -> None:
    production.NHS_API_CA_BUNDLE = None  # the operating system's
    assert found() == set()
    copy = tmp_path / "copy.pem"
    copy.write_bytes(production.GPCONNECT_CA_BUNDLE.read_bytes())
    production.NHS_API_CA_BUNDLE = copy
    assert found() == {"E014"}


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("GPCONNECT_SSP_URL", "", "E001"),
        ("GPCONNECT_SSP_URL", "http://proxy.spine.nhs.uk", "E002"),
        ("GPCONNECT_DIRECTORY_URL", "file:///etc/directory.json", "E003"),
        ("PDS_URL", "file:///etc/patients.json", "E003"),
        ("GPCONNECT_DIRECTORY_URL", "http://sds.example", "E004"),
        ("GPCONNECT_DIRECTORY_URL", "ldap://sds.example", "E004"),
        ("PDS_URL", "ldaps://pds.example", "E004"),
        ("PDS_URL", "http://pds.example", "E004"),
        ("PDS_TOKEN_URL", "http://token.example", "E004"),
        ("GPCONNECT_ISSUER", "http://booking.riverside.nhs.uk", "E004"),
        ("ALLOWED_HOSTS", ["*"], "E005"),
        ("ALLOWED_HOSTS", [], "E005"),
        ("GPCONNECT_CLIENT_CERT", None, "E006"),
        ("GPCONNECT_CLIENT_KEY", Path("/nowhere/client.key"), "E006"),
        ("NHS_API_CA_BUNDLE", Path("/nowhere/ca.pem"), "E006"),
        ("PDS_PRIVATE_KEY", None, "E006"),
        ("SECRET_KEY", "short", "E007"),
        ("SECRET_KEY", "demo-only-" + "0123456789" * 5, "E007"),
        ("GPCONNECT_DIRECTORY_API_KEY", "sandbox-sds-key", "E008"),
        ("PDS_KEY_ID", "demo-1", "E009"),
        ("DEBUG", True, "E011"),
        ("TRUSTED_PROXIES", [], "E020"),
    ],
)
def test_each_value_for_tests_is_refused_by_servers_and_checks(
    name: str, value: object, error: str, production: Settings
) -> None:
    setattr(production, name, value)
    assert found() == {error}
    with pytest.raises(ImproperlyConfigured):
        refuse_test_values()


def test_the_directory_by_ldaps_is_encrypted(production: Settings) -> None:
    production.GPCONNECT_DIRECTORY_URL = "ldaps://ldap.spine.nhs.uk"
    assert found() == set()


def test_the_demos_pages_are_refused(production: Settings) -> None:
    production.INSTALLED_APPS = [*production.INSTALLED_APPS, "demo.pages"]
    assert found() == {"E010"}


@pytest.mark.django_db
def test_a_demo_account_with_its_password_is_refused(
    receptionist: User, production: Settings
) -> None:
    assert [error.id for error in demo_accounts(databases=["default"])] == ["booking_portal.E012"]
    User.objects.update(is_active=False)
    assert demo_accounts(databases=["default"]) == []


def test_elsewhere_nothing_is_refused() -> None:
    assert production_values() == []

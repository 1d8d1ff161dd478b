"""What production refuses to start with. [SSP-3]"""

import importlib
import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import registry as checks
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from booking_portal.accounts.demo_accounts import open_demo_accounts
from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.checks import production_values, refuse_test_values
from booking_portal.settings import server_addresses
from booking_portal.settings.declared import NO_TEST_FORMS, TestForm
from demo import certificates
from tests.demo.processes import ROOT
from tests.portal.pages import text_of


@pytest.fixture
def production(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that production would start with."""
    reverse("start")  # the addresses are read once: with the demo's, for the tests after this one
    certificates.make(tmp_path)
    settings.ENVIRONMENT_NAME = "any name"  # guards never ask for it
    settings.REAL_PATIENTS = True
    settings.TEST_FORMS = NO_TEST_FORMS
    settings.READ_DEADLINE_SECONDS, settings.WRITE_DEADLINE_SECONDS = 8.0, 12.0
    settings.SECRET_KEY = "k9V2fQ7xW4rTzB8mNp3LsYh6JdC1gAe5UuKiRoXqPwMv0EnSbZ"
    settings.ALLOWED_HOSTS = ["booking.riverside.nhs.uk"]
    # Put back after the test; its connection is there already.
    monkeypatch.setitem(settings.DATABASES, "default", {**settings.DATABASES["default"]})
    database_is("postgres://u@db.nhs.uk/n?sslmode=verify-full")
    settings.REDIS_URL = server_addresses.redis("REDIS_URL", "rediss://redis.nhs.uk/0")
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


def database_is(url: str) -> None:
    settings.DATABASES["default"] |= server_addresses.postgres("DATABASE_URL", url)


def found() -> set[str]:
    return {str(error.id).removeprefix("booking_portal.") for error in production_values()}


@pytest.mark.requirement("SSP-3")
def test_good_values_pass(production: Settings) -> None:
    assert found() == set()
    refuse_test_values()


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize(
    "url",
    [
        "postgres://u@db.nhs.uk/n",
        "postgres://u@db.nhs.uk/n?sslmode=require",
        "postgres://u@db.nhs.uk/n?sslmode=verify-ca",
        "postgres://u@db.nhs.uk/n?sslmode=verify-full&gssencmode=prefer",
        "postgres://u@postgres/n",
        "postgres://u@127.0.0.1/n",
        "postgres://u@%2Frun%2Fpostgresql,db.nhs.uk/n",
    ],
)
def test_a_database_reached_without_a_verified_name_is_refused(
    url: str, production: Settings
) -> None:
    database_is(url)
    assert found() == {"E021"}


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.nhs.uk/0",
        "redis://redis/0",
        "rediss://redis.nhs.uk/0?ssl_cert_reqs=none",
        "rediss://redis.nhs.uk/0?ssl_check_hostname=false",
    ],
)
def test_a_redis_reached_without_a_verified_name_is_refused(url: str, production: Settings) -> None:
    production.REDIS_URL = server_addresses.redis("REDIS_URL", url)
    assert found() == {"E022"}


@pytest.mark.requirement("SSP-3")
def test_what_never_leaves_the_machine_may_be_in_the_clear(production: Settings) -> None:
    database_is("postgres:///n?host=/run/postgresql")
    assert found() == set()
    production.PRIVATE_NETWORK_HOSTS = ["postgres", "redis"]
    database_is("postgres://u@postgres/n")
    production.REDIS_URL = server_addresses.redis("REDIS_URL", "redis://redis:6379/0")
    assert found() == set()
    database_is("postgres://u@postgres,db.nhs.uk/n")
    assert found() == {"E021"}


@pytest.mark.parametrize("name", ["db.nhs.uk", "10.0.0.1", "::1", "*"])
def test_only_containers_are_on_the_private_network(name: str, production: Settings) -> None:
    production.PRIVATE_NETWORK_HOSTS = ["redis", name]
    assert found() == {"E023"}


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
        ("REQUEST_LIFETIME_SECONDS", 60, "E013"),
        ("TEST_FORMS", frozenset({TestForm.PLAIN_HTTP}), "E015"),
        ("PDS_URL", "https://int.api.service.nhs.uk/personal-demographics/FHIR/R4", "E016"),
        ("PLAIN_HTTP", True, "E017"),
        ("READ_DEADLINE_SECONDS", 30.0, "E018"),
        ("WRITE_DEADLINE_SECONDS", 30.0, "E018"),
        ("SEND_AGAIN_WINDOW_SECONDS", 60, "E018"),
        ("SECOND_STEP_WINDOW_SECONDS", 900, "E018"),
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


@pytest.mark.requirement("IG-1")
@pytest.mark.django_db
def test_the_demos_password_opens_nothing_where_patients_are_real(
    client: Client, receptionist: User, production: Settings
) -> None:
    assert open_demo_accounts() == [
        "administrator",
        "auditor",
        "clinician",
        "locum",
        "manager",
        "receptionist",
    ]
    production.ALLOWED_HOSTS, production.SECURE_SSL_REDIRECT = ["testserver"], False
    form = {"login": "receptionist", "password": "demo-only-password"}
    assert "The username or the password is wrong" in text_of(client.post("/sign-in/", form))
    assert Event.objects.get().kind == EventKind.SIGN_IN_FAILED
    production.REAL_PATIENTS = False
    assert client.post("/sign-in/", form).status_code == 302
    User.objects.update(is_active=False)
    assert open_demo_accounts() == []


def test_no_system_check_asks_the_database() -> None:
    """`migrate` runs them all before its tables, or a release's new columns, exist."""
    ours = [
        check
        for check in checks.registry.get_checks(include_deployment_checks=True)
        if check.__module__.startswith("booking_portal.")
    ]
    assert ours
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseDatabaseWrapper, "ensure_connection", _refuse)
        for check in ours:
            check(app_configs=None, databases=["default"])


def _refuse(*_: object) -> None:
    raise AssertionError("a system check asked the database")


def test_elsewhere_nothing_is_refused() -> None:
    assert production_values() == []


FORMS: dict[TestForm, dict[str, object]] = {
    TestForm.FILE_DIRECTORY: {"GPCONNECT_DIRECTORY_URL": "file:///etc/directory.json"},
    TestForm.FILE_DEMOGRAPHICS: {"PDS_URL": "file:///etc/patients.json"},
    TestForm.PLAIN_HTTP: {"PLAIN_HTTP": True},
    TestForm.NO_SSP: {"GPCONNECT_SSP_URL": ""},
    TestForm.DEADLINES: {"READ_DEADLINE_SECONDS": 60.0},
    TestForm.DEMO_VALUES: {"SECRET_KEY": "demo-only-" + "0123456789" * 5},
}
ENVIRONMENTS = ["sandbox", "demonstrator", "opentest", "integration", "live", "production"]


def declare(name: str, settings: Settings) -> None:
    """Let these settings declare what the environment's file does."""
    declared = importlib.import_module(f"booking_portal.settings.{name}")
    for word in ("ENVIRONMENT_NAME", "ENVIRONMENT_REACHES", "REAL_PATIENTS", "TEST_FORMS"):
        setattr(settings, word, getattr(declared, word))
    if not settings.REAL_PATIENTS:
        settings.GPCONNECT_DIRECTORY_URL = "https://int.api.service.nhs.uk/spine-directory/FHIR/R4"
        settings.PDS_URL = "https://int.api.service.nhs.uk/personal-demographics/FHIR/R4"
        settings.PDS_TOKEN_URL = "https://int.api.service.nhs.uk/oauth2/token"


@pytest.mark.requirement("SSP-3")
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("form", TestForm)
def test_a_form_for_tests_is_refused_where_it_is_not_declared(
    form: TestForm, environment: str, production: Settings
) -> None:
    declare(environment, production)
    assert found() == set()
    for name, value in FORMS[form].items():
        setattr(production, name, value)
    if form is TestForm.PLAIN_HTTP and form in production.TEST_FORMS:
        production.GPCONNECT_SSP_URL = ""
    assert bool(found()) is (form not in production.TEST_FORMS)


def test_the_environments_declare_what_the_guides_say(settings: Settings) -> None:
    declared = {}
    for name in ENVIRONMENTS:
        declare(name, settings)
        declared[name] = (settings.REAL_PATIENTS, {str(form) for form in settings.TEST_FORMS})
        assert name == settings.ENVIRONMENT_NAME
        assert settings.REAL_PATIENTS is settings.ENVIRONMENT_REACHES.startswith("real patients.")
    assert declared["live"] == declared["production"] == (True, set())
    assert declared["integration"] == (False, set())
    assert declared["opentest"] == (False, {"file directory", "file PDS"})
    assert "demo values" not in declared["demonstrator"][1]


@pytest.mark.parametrize("environment", ["sandbox", "demonstrator", "opentest", "integration"])
def test_no_environment_for_tests_reaches_the_live_services(
    environment: str, production: Settings
) -> None:
    declare(environment, production)
    production.PDS_URL = "https://api.service.nhs.uk/personal-demographics/FHIR/R4"
    assert found() == {"E016"}


def test_no_guard_asks_for_the_name_of_an_environment() -> None:
    sources = [*(ROOT / "booking_portal").rglob("*.py"), *(ROOT / "templates").rglob("*.*")]
    asks = re.compile(r"environment_name\s*(?:[!=]=|in\b)|[!=]=\s*[\w.]*environment_name", re.I)
    assert [str(file) for file in sources if asks.search(file.read_text())] == []

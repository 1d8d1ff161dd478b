"""What production starts with: its settings pass Django's checks and its files can be collected."""

import os
import subprocess
import sys
import uuid
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management import call_command

from demo import certificates
from tests.demo.processes import ROOT


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """An environment as production gives it; no address is called."""
    certificates.make(tmp_path)
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "booking_portal.settings.production",
        "SECRET_KEY": "k9V-2fQ7_xW4rTzB8mNp3LsYh6JdC1gAe5UuKiRoXqPwMv0EnSbZtHyDlGfa",
        "ALLOWED_HOSTS": "booking.riverside.nhs.uk",
        "TRUSTED_PROXIES": "172.20.0.0/24",
        "DATABASE_URL": f"{os.environ['DATABASE_URL']}?sslmode=verify-full",
        "REDIS_URL": os.environ["REDIS_URL"].replace("redis://", "rediss://"),
        "GPCONNECT_SSP_URL": "https://proxy.spine.nhs.uk",
        "GPCONNECT_CLIENT_CERT": str(tmp_path / "client.pem"),
        "GPCONNECT_CLIENT_KEY": str(tmp_path / "client.key"),
        "GPCONNECT_CA_BUNDLE": str(tmp_path / "ca.pem"),
        "GPCONNECT_REVOCATIONS": str(tmp_path / "revocations.pem"),
        "GPCONNECT_ISSUER": "https://booking.riverside.nhs.uk",
        "GPCONNECT_DIRECTORY_URL": "https://api.service.nhs.uk/spine-directory/FHIR/R4",
        "GPCONNECT_DIRECTORY_API_KEY": "a-key-of-production",
        "PDS_URL": "https://api.service.nhs.uk/personal-demographics/FHIR/R4",
        "PDS_TOKEN_URL": "https://api.service.nhs.uk/oauth2/token",
        "PDS_CLIENT_ID": "riverside-portal",
        "PDS_KEY_ID": "riverside-1",
        "PDS_PRIVATE_KEY": str(tmp_path / "pds-private.pem"),
    }


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_the_deployment_checks(production: dict[str, str]) -> None:
    ran = manage(production, "check", "--deploy", "--fail-level", "WARNING")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GPCONNECT_SSP_URL", ""),
        ("GPCONNECT_SSP_URL", "http://proxy.spine.nhs.uk"),
        ("GPCONNECT_DIRECTORY_URL", "file:///tmp/directory.json"),
        ("PDS_URL", "file:///tmp/patients.json"),
        ("PDS_TOKEN_URL", "http://api.service.nhs.uk/oauth2/token"),
        ("SECRET_KEY", "demo-only-0123456789-0123456789-0123456789-0123456789"),
        ("GPCONNECT_CLIENT_KEY", "/nowhere/client.key"),
        ("DATABASE_URL", "postgres://portal@db.riverside.nhs.uk/portal?sslmode=require"),
        ("REDIS_URL", "redis://redis.riverside.nhs.uk:6379/0"),
        ("TRUSTED_PROXIES", ""),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "proxy.riverside.nhs.uk"),
    ],
)
def test_production_refuses_what_is_for_tests_only(
    name: str, value: str, production: dict[str, str]
) -> None:
    ran = manage(production | {name: value}, "check")
    assert ran.returncode != 0
    assert name in ran.stderr


def test_the_static_files_can_be_collected_as_the_image_does(
    production: dict[str, str], tmp_path: Path
) -> None:
    target = tmp_path / "collected"
    (tmp_path / "collecting.py").write_text(
        f"from booking_portal.settings.production import *\nSTATIC_ROOT = {str(target)!r}\n"
    )
    elsewhere = {"DJANGO_SETTINGS_MODULE": "collecting", "PYTHONPATH": str(tmp_path)}
    ran = manage(production | elsewhere, "collectstatic", "--no-input", "--verbosity", "0")
    assert ran.returncode == 0, ran.stderr
    assert list(target.glob("vendor/nhsuk/nhsuk-frontend.min.*.css.gz"))
    assert (target / "staticfiles.json").is_file()


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.django_db
def test_the_first_migration_of_an_empty_database_passes(production: dict[str, str]) -> None:
    """No check asks for tables that are not there yet, here or before any later release."""
    name = f"first_{uuid.uuid4().hex[:12]}"
    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            here = url._replace(path=f"/{name}").geturl().replace("@127.0.0.1:", "@localhost:")
            # The server of the tests has no TLS, and is on this machine.
            empty = production | {"DATABASE_URL": here, "PRIVATE_NETWORK_HOSTS": "localhost"}
            ran = manage(empty, "migrate", "--verbosity", "0")
            assert ran.returncode == 0, ran.stderr
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.django_db
@pytest.mark.requirement("IG-2")
def test_a_migration_makes_the_role_that_the_portal_signs_in_with(
    production: dict[str, str],
) -> None:
    name = f"roles_{uuid.uuid4().hex[:12]}"
    url = urlsplit(os.environ["DATABASE_URL"])
    password = "p@ss/w?rd#%41'"
    own = production | {
        "DATABASE_URL": url._replace(path=f"/{name}").geturl().replace("127.0.0.1:", "localhost:"),
        "PRIVATE_NETWORK_HOSTS": "localhost",
        "APPLICATION_ROLE": name,
        "APPLICATION_ROLE_PASSWORD": password,
    }
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            ran = manage(own, "migrate", "--verbosity", "0")
            assert ran.returncode == 0, ran.stderr
            where = f"host={url.hostname} port={url.port} dbname={name} user={name}"
            with psycopg.connect(where, password=password) as portal:
                assert portal.execute("SELECT count(*) FROM audit_event").fetchone() == (0,)
                rights = "SELECT rolsuper, rolcreaterole, rolcreatedb, rolconnlimit FROM pg_roles"
                row = portal.execute(f"{rights} WHERE rolname = current_user").fetchone()
                # Of the server's 200 three are a superuser's, and ten are kept free.
                assert row == (False, False, False, 187)
                server.execute(f"ALTER ROLE {name} CONNECTION LIMIT 1")
                with pytest.raises(psycopg.OperationalError, match="too many connections"):
                    psycopg.connect(where, password=password)
        finally:
            server.execute(f"DROP DATABASE {name}")
            server.execute(f"DROP ROLE IF EXISTS {name}")


def test_the_set_up_says_what_is_refused_and_ends(production: dict[str, str]) -> None:
    """Found: `docker compose up` waited for ever, and nobody said why."""
    ran = manage(production | {"GPCONNECT_CLIENT_KEY": "/nowhere/client.key"}, "migrate")
    assert ran.returncode != 0
    assert "GPCONNECT_CLIENT_KEY names /nowhere/client.key: no such file" in ran.stderr
    assert "number 10001" in ran.stderr

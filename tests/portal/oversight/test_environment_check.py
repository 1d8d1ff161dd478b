"""check_environment: each part broken in turn, and named rightly. [SSP-3, SDS-4]"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from booking_portal.commands import beat_lease, monitoring
from booking_portal.oversight import environment_check
from booking_portal.oversight.clock_drift import KernelClock
from booking_portal.oversight.environment_check import Step
from booking_portal.settings.declared import NO_TEST_FORMS
from demo import embedded
from tests.connections import forget_connections
from tests.demo.processes import ROOT
from tests.portal.redis_server import RedisServer
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SSP-3", "SDS-4")]

KEPT = KernelClock(True, timedelta(milliseconds=3), timedelta(milliseconds=50))


@pytest.fixture
def well(spine: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """Everything works; worker and beat have just said so."""
    monkeypatch.setattr(environment_check, "kernel_clock", lambda: KEPT)
    monitoring.keep_worker_seen()
    beat_lease.take("a test's beat")
    return spine


def looked(practice: str = "A20047") -> dict[str, Step]:
    """The first step that is wrong of each part, or the part's last."""
    forget_connections()
    found: dict[str, Step] = {}
    for step in environment_check.check_environment(practice):
        if found.get(step.part) is None or found[step.part].ok is not False:
            found[step.part] = step
    forget_connections()
    return found


def wrong(practice: str = "A20047") -> dict[str, Step]:
    return {part: step for part, step in looked(practice).items() if step.ok is False}


def test_where_all_is_well_nothing_is_wrong(well: Sandbox) -> None:
    found = looked()
    assert {part: step.found for part, step in found.items() if step.ok is not True} == {}
    assert list(found) == [
        "settings", "files", "certificates", "chain", "clock", "database", "connections",
        "Redis", "DNS", "SSP", "PDS token", "SDS", "capability statement", "slots", "beat",
        "worker", "queue",
    ]  # fmt: skip
    written = io.StringIO()
    call_command("check_environment", "--practice", "A20047", stdout=written)
    assert written.getvalue().endswith("Nothing is wrong.\n")


Break = Callable[[Settings, Sandbox, Path], None]


def setting(**values: object) -> Break:
    def breaks(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
        for name, value in values.items():
            setattr(settings, name, value)

    return breaks


def file(**names: str) -> Break:
    def breaks(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
        for name, value in names.items():
            setattr(settings, name, sandbox.certificates / value)

    return breaks


def fault(**asked: str) -> Break:
    return lambda settings, sandbox, folder: sandbox.fault(**asked)


def half_a_list(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    settings.GPCONNECT_REVOCATIONS = folder / "half.pem"
    whole = (sandbox.certificates / "revocations.pem").read_bytes()
    settings.GPCONNECT_REVOCATIONS.write_bytes(whole[: len(whole) // 2])


def nobody_listens(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    [port] = embedded.free_ports(1)
    settings.GPCONNECT_SSP_URL = f"https://localhost:{port}"


def no_token_service(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    [port] = embedded.free_ports(1)
    settings.PDS_TOKEN_URL = f"https://localhost:{port}/oauth2/token"


def a_migration_is_missing(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'patients' AND name LIKE '0003%'")


def no_worker(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    cache.set(monitoring.WORKER_KEY, (timezone.now() - timedelta(hours=1)).isoformat())


def no_beat(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    beat_lease.give_up("a test's beat")


def a_queue(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.rpush(environment_check.QUEUE, *["{}"] * (environment_check.LONG_QUEUE + 1))


def the_worker_refuses(settings: Settings, sandbox: Sandbox, folder: Path) -> None:
    cache.set(monitoring.WORKER_REFUSES_KEY, ["files for the Spine: client.key: no permission"])


BROKEN: dict[str, tuple[Break, str, str]] = {
    "a form for tests": (
        setting(REAL_PATIENTS=True), "settings", "Where patients are real there are no forms"),
    "a file is not there": (
        file(PDS_PRIVATE_KEY="none.pem"), "files", "PDS_PRIVATE_KEY"),
    "a folder in place of the key": (
        file(GPCONNECT_CLIENT_KEY="."), "files", "GPCONNECT_CLIENT_KEY"),
    "a key of another certificate": (
        file(GPCONNECT_CLIENT_KEY="stranger.key"), "certificates", "does not fit client.pem"),
    "half a list of revocations": (half_a_list, "certificates", "half.pem"),
    "an ended certificate": (
        file(GPCONNECT_CLIENT_CERT="expired-server.pem", GPCONNECT_CLIENT_KEY="expired-server.key"),
        "certificates", "0 days until"),
    "a certificate of another authority": (
        file(GPCONNECT_CLIENT_CERT="stranger.pem", GPCONNECT_CLIENT_KEY="stranger.key"),
        "chain", "not in GPCONNECT_CA_BUNDLE"),
    "a host name that is wrong": (
        setting(GPCONNECT_SSP_URL="https://no-such-host.invalid"), "DNS", "no-such-host.invalid"),
    "no Spine proxy": (nobody_listens, "SSP", "localhost cannot be reached"),
    "authorities that Spine does not have": (
        file(GPCONNECT_CA_BUNDLE="stranger-ca.pem"), "SSP", "no trust"),
    "a wrong key for the directory": (
        setting(GPCONNECT_DIRECTORY_API_KEY="another"), "SDS", "HTTP 401"),
    "the directory fails": (fault(service="sds", kind="status_500"), "SDS", "HTTP 500"),
    "a key that PDS does not know": (setting(PDS_KEY_ID="another-1"), "PDS token", "PDS_REFUSED"),
    "no token service": (no_token_service, "PDS token", "PDS_UNAVAILABLE"),
    "the practice's statement fails": (
        fault(practice="A20047", use_case="capability", kind="status_500"),
        "capability statement", "HTTP 500"),
    "the practice's slots fail": (
        fault(practice="A20047", use_case="search_slots", kind="status_500"), "slots", "HTTP 500"),
    "a migration has not run": (a_migration_is_missing, "database", "1 migrations have not run"),
    "no worker": (no_worker, "worker", "last seen at"),
    "a worker with other files": (the_worker_refuses, "worker", "refuses files"),
    "no beat": (no_beat, "beat", "has never ticked"),
    "a queue that nobody works off": (a_queue, "queue", "201 tasks wait"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_with_what_to_do(
    name: str, well: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    breaks, part, words = BROKEN[name]
    breaks(settings, well, tmp_path)
    found = wrong()
    assert part in found, {each: step.found for each, step in found.items()}
    assert words in found[part].found
    assert found[part].do


def test_an_issuer_that_is_not_the_registered_one(well: Sandbox, settings: Settings) -> None:
    """Found by following docs/install.md, which called it the portal's own address."""
    settings.GPCONNECT_ISSUER = "https://booking.example.nhs.uk"
    found = wrong()
    assert list(found) == ["capability statement", "slots"]
    assert "iss" in found["slots"].said
    assert "GPCONNECT_ISSUER" in found["slots"].do


def test_a_practice_that_sds_does_not_know(well: Sandbox) -> None:
    found = wrong("Z99999")
    assert list(found) == ["SDS"]
    assert found["SDS"].found.startswith("PRACTICE_NOT_ENABLED")


def test_a_clock_that_is_off(well: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    off = KernelClock(True, timedelta(seconds=3), timedelta(seconds=4))
    monkeypatch.setattr(environment_check, "kernel_clock", lambda: off)
    assert wrong()["clock"].found == "off by 3.000 s at the most likely"
    monkeypatch.setattr(environment_check, "kernel_clock", lambda: None)
    assert looked()["clock"].ok is None


def test_redis_is_away(well: Sandbox, redis_server: RedisServer) -> None:
    redis_server.goes_away()
    found = looked()
    assert (found["Redis"].ok, found["queue"].ok) == (False, None)


def test_what_the_other_side_said_is_told(well: Sandbox, settings: Settings) -> None:
    settings.PDS_KEY_ID = "another-1"
    forget_connections()
    written = io.StringIO()
    with pytest.raises(CommandError, match="1 of it is wrong"):
        call_command("check_environment", "--practice", "A20047", stdout=written)
    told = written.getvalue()
    assert "WRONG      PDS token: PDS_REFUSED" in told
    assert "what the other side said: invalid_" in told
    assert "what to do: Compare PDS_CLIENT_ID" in told
    forget_connections()


def test_a_key_of_another_user_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """Found: files that web and worker could not read passed every check."""
    key = tmp_path / "client.key"
    key.write_text("a key")
    key.chmod(0o000)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(folder.stat().st_mode | 0o011)
    asked = "import sys; from pathlib import Path; from booking_portal.checks import unreadable; "
    asked += "print(unreadable(Path(sys.argv[1])))"
    program = f"import os; os.getuid() or os.setuid(65534); exec({json.dumps(asked)})"
    preloaded = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import booking_portal.checks; "
    ran = subprocess.run(
        [sys.executable, "-c", preloaded + program, str(key)],
        capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert ran.stdout == "permission denied\n", ran.stderr


def test_accounts_of_the_demo_are_named_where_patients_are_real(
    well: Sandbox, settings: Settings
) -> None:
    settings.REAL_PATIENTS, settings.TEST_FORMS = True, NO_TEST_FORMS
    assert "receptionist" in wrong()["database"].found


def test_a_portal_that_signs_in_as_the_owner_of_its_tables_is_named(
    well: Sandbox, settings: Settings
) -> None:
    settings.APPLICATION_ROLE = "booking_portal_application"
    assert "as the owner of the tables" in wrong()["database"].found

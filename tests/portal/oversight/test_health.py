"""/healthz: 503 only without the database; everything else is said in the body."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as settings_of_the_portal
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from booking_portal.accounts.models import User
from booking_portal.accounts.roles import Role
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.monitoring import WORKER_KEY
from booking_portal.commands.restores.hold import hold
from booking_portal.oversight.clock_drift import (
    STA_NANO,
    STA_UNSYNC,
    TIME_ERROR,
    KernelClock,
    Timex,
    kernel_clock,
)
from booking_portal.oversight.tasks import worker_seen
from gpconnect import renewed_files
from tests.authority import Authority
from tests.connections import forget_connections
from tests.portal.clocks import set_clocks
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.monitor import headers, health
from tests.portal.pages import ORDINARY, opened
from tests.portal.redis_server import RedisServer
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


WORD = {"status": "degraded"}
"""What a stranger is told where no worker has been seen."""


def test_a_stranger_is_told_one_word_and_nobody_who_only_books_more(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    assert client.get("/healthz").json() == WORD
    for wrong in ("Bearer wrong", "Bearer ", "Basic " + headers()["Authorization"], ""):
        assert client.get("/healthz", headers={"Authorization": wrong}).json() == WORD
    sign_in(client, receptionist)
    assert client.get("/healthz").json() == WORD
    worker_seen()
    assert client.get("/healthz").json() == {"status": "ok"}


def test_where_there_is_no_token_an_empty_one_opens_nothing(
    client: Client, settings: Settings
) -> None:
    settings.MONITORING_TOKEN = ""
    for empty in ("Bearer ", "Bearer", ""):
        assert client.get("/healthz", headers={"Authorization": empty}).json() == WORD


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_who_looks_after_the_portal_sees_its_parts(
    role: Role, client: Client, sample: None, sign_in: SignIn
) -> None:
    sign_in(client, User.objects.get(username=role.value))
    answer = client.get("/healthz")
    assert answer.status_code == 200
    body = answer.json()
    assert states(body)["database"] == "ok"
    assert body["version"] == settings_of_the_portal.VERSION


def states(body: dict[str, Any]) -> dict[str, str]:
    return {name: part["state"] for name, part in body["parts"].items()}


@pytest.fixture(autouse=True)
def kept_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose clock is kept by NTP, whatever this one's is."""
    tells(monkeypatch, KernelClock(True, timedelta(milliseconds=3), timedelta(milliseconds=40)))


def tells(monkeypatch: pytest.MonkeyPatch, clock: KernelClock | None) -> None:
    """Let the kernel tell this of its clock: no test may set the machine's."""
    monkeypatch.setattr("booking_portal.oversight.health.kernel_clock", lambda: clock)


def test_all_parts_are_well_when_they_are() -> None:
    worker_seen()

    status, body = health()

    assert status == 200
    assert body["status"] == "ok"
    assert states(body) == dict.fromkeys(
        [
            "database",
            "redis",
            "worker",
            "directory",
            "demographics",
            "practices",
            "settling",
            "attention",
            "clock",
            "certificates",
        ],
        "ok",
    )
    assert body["parts"]["practices"]["not_answering"] == []
    assert body["parts"]["certificates"]["days_left"] > 300
    assert body["parts"]["clock"]["drift_seconds"] == 0.003


@pytest.mark.requirement("SSP-6")
@pytest.mark.parametrize(
    ("told", "state", "seen"),
    [
        ({"offset": 180_000_000, "esterror": 70_000, "status": STA_NANO}, "ok", 0.25),
        ({"offset": -180_000_000, "esterror": 70_001, "status": STA_NANO}, "degraded", 0.25),
        ({"offset": -250_001}, "degraded", 0.25),
        ({"offset": 100, "maxerror": 1_500_000}, "ok", 0.0),  # the bound between two answers
        ({"esterror": 16_000_000, "status": STA_UNSYNC}, "unknown", None),
    ],
    ids=["just kept", "just not", "behind", "a daemon that asks rarely", "nobody keeps it"],
)
def test_the_clock_is_held_against_what_ntp_told_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, int],
    state: str,
    seen: float | None,
) -> None:
    worker_seen()
    tells(monkeypatch, KernelClock.of(Timex(**told), 0))
    status, body = health()
    assert status == 200
    assert body["parts"]["clock"]["state"] == state
    assert body["parts"]["clock"]["drift_seconds"] == seen
    assert body["status"] == ("degraded" if state == "degraded" else "ok")


@pytest.mark.requirement("SSP-6")
def test_a_clock_of_which_nothing_is_known_is_unknown_and_not_ill(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker_seen()
    for clock in (None, KernelClock.of(Timex(), TIME_ERROR)):
        tells(monkeypatch, clock)
        _, body = health()
        assert body["parts"]["clock"]["state"] == "unknown"
        assert body["status"] == "ok"


@pytest.mark.requirement("SSP-6")
def test_the_kernel_itself_can_be_asked() -> None:
    clock = kernel_clock()
    if clock is not None:  # a sandboxed kernel may refuse
        assert clock.bound >= timedelta(0)
        assert clock.drift >= timedelta(0)


def test_a_worker_that_fell_silent_is_degraded() -> None:
    cache.set(WORKER_KEY, (timezone.now() - timedelta(minutes=3)).isoformat())
    status, body = health()
    assert (status, body["status"]) == (200, "degraded")
    assert states(body)["worker"] == "degraded"


def test_without_redis_the_portal_is_degraded_and_up(redis_server: RedisServer) -> None:
    redis_server.goes_away()
    status, body = health()
    assert (status, body["status"]) == (200, "degraded")
    assert states(body)["redis"] == states(body)["worker"] == "degraded"


def test_it_tells_when_pds_last_answered(
    client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox
) -> None:
    sign_in(client, receptionist)
    opened(client, *ORDINARY)
    _, body = health()
    assert body["parts"]["demographics"]["last_seen"] is not None


def test_a_directory_that_failed_last_is_degraded_and_nothing_is_probed(
    spine: Sandbox,
) -> None:
    trail.record(EventKind.EXCHANGE_ANSWERED, service="sds", status=200)
    trail.record(EventKind.EXCHANGE_ANSWERED, service="sds", status=None, error_code="UNREACHABLE")

    _, body = health()

    assert states(body)["directory"] == "degraded"
    assert body["parts"]["directory"]["last_seen"] is not None
    assert spine.exchanges() == []


@pytest.fixture
def revocations(
    settings: Settings, spine: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[timedelta], Path]]:
    """Renews the Spine's lists of revoked certificates on disk, to last for so long."""
    monkeypatch.setattr(renewed_files, "LOOK_EVERY", 0.0)
    monkeypatch.setattr(renewed_files, "QUIET_FOR", 0.0)
    authority = Authority.made_in(tmp_path, "An authority between")
    spines = (spine.certificates / "revocations.pem").read_bytes()
    settings.GPCONNECT_REVOCATIONS = tmp_path / "revocations.pem"

    def renew(lasting: timedelta) -> Path:
        lists = spines + authority.list_of(ends=timezone.now() + lasting)
        settings.GPCONNECT_REVOCATIONS.write_bytes(lists)
        return Path(settings.GPCONNECT_REVOCATIONS)

    renew(timedelta(days=100, hours=1))
    forget_connections()
    yield renew
    forget_connections()


@pytest.mark.requirement("SSP-3")
def test_it_tells_of_the_files_in_use_and_not_of_those_on_disk(
    revocations: Callable[[timedelta], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker_seen()
    _, body = health()
    assert body["parts"]["certificates"] == {"state": "ok", "days_left": 100, "refused": []}
    monkeypatch.setattr(renewed_files, "QUIET_FOR", 1_000_000.0)
    revocations(timedelta(days=200, hours=1))
    _, body = health()
    assert body["parts"]["certificates"]["days_left"] == 100  # renewed, and not taken over yet
    monkeypatch.setattr(renewed_files, "QUIET_FOR", 0.0)
    _, body = health()
    assert body["parts"]["certificates"] == {"state": "ok", "days_left": 200, "refused": []}


@pytest.mark.requirement("SSP-3")
def test_lists_that_run_out_in_use_are_degraded(revocations: Callable[[timedelta], Path]) -> None:
    revocations(timedelta(days=29))
    forget_connections()
    _, body = health()
    assert body["parts"]["certificates"] == {"state": "degraded", "days_left": 28, "refused": []}


@pytest.mark.requirement("SSP-3")
def test_a_refused_file_is_named_for_web_and_worker_and_searching_goes_on(
    counter: Counter, revocations: Callable[[timedelta], Path]
) -> None:
    worker_seen()
    health()
    file = revocations(timedelta(days=100, hours=1))
    file.write_bytes(file.read_bytes()[:-40])
    worker_seen()
    _, body = health()
    said = ["files for the Spine: revocations.pem is cut short"]
    assert body["parts"]["certificates"] == {"state": "degraded", "days_left": 100, "refused": said}
    assert body["parts"]["worker"]["refused"] == said
    assert states(body)["worker"] == "degraded"
    counter.traces()
    counter.searches("A20047")
    assert counter.offered
    revocations(timedelta(days=100, hours=1))
    worker_seen()
    _, body = health()
    assert (states(body)["certificates"], states(body)["worker"]) == ("ok", "ok")


def test_a_list_of_revoked_certificates_that_cannot_be_read_is_degraded(
    settings: Settings, tmp_path: Path
) -> None:
    broken = tmp_path / "revocations.pem"
    broken.write_text("-----BEGIN X509 CRL-----\nnot a list\n-----END X509 CRL-----\n")
    settings.GPCONNECT_REVOCATIONS = broken
    _, body = health()
    assert states(body)["certificates"] == "degraded"


def test_a_directory_by_ldap_that_answered_last_is_ok(db: None) -> None:
    trail.record(EventKind.EXCHANGE_ANSWERED, service="sds", status=None)
    _, body = health()
    assert states(body)["directory"] == "ok"
    assert body["parts"]["directory"]["last_seen"] is not None


def test_a_certificate_that_cannot_be_read_is_degraded(settings: Settings, tmp_path: Path) -> None:
    broken = tmp_path / "client.pem"
    broken.write_text("not a certificate")
    settings.GPCONNECT_CLIENT_CERT = broken
    settings.GPCONNECT_CA_BUNDLE = None
    _, body = health()
    assert states(body)["certificates"] == "degraded"


def test_looks_that_are_late_and_a_hold_after_a_restore_are_degraded(
    counter: Counter, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    _, body = health()
    assert body["parts"]["settling"] == {
        "state": "ok",
        "unsettled": 1,
        "late_seconds": body["parts"]["settling"]["late_seconds"],
        "on_hold": 0,
        "outside_mark": "none",
    }
    set_clocks(command, next_look_at=-600)
    _, body = health()
    assert states(body)["settling"] == "degraded"
    assert body["parts"]["settling"]["late_seconds"] >= 600
    set_clocks(command, next_look_at=600)
    hold("a test")
    _, body = health()
    assert states(body)["settling"] == "degraded"
    assert body["parts"]["settling"]["on_hold"] == 1

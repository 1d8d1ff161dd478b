"""In whose name PDS is asked, and how often."""

import ssl
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from gpconnect import demographics, errors
from gpconnect.demographics import (
    Demographics,
    HealthcareWorker,
    ProcessRateLimit,
    SigningKeys,
    Urgency,
)
from gpconnect.transport import TLS, Deadlines
from tests.gpconnect.conftest import Observer, Scripted
from tests.gpconnect.scripted_server import CLOSE, Received, always, http
from tests.hand_clock import HandClock
from tests.sandbox_control import Sandbox

PATIENT = "9658218873"
ROLE = "555254240100"


@pytest.fixture
def ask(sandbox: Sandbox, observer: Observer) -> Generator[Callable[..., Demographics]]:
    """Makes a way to the sandbox's PDS, with access of the application's own or without."""
    made: list[Demographics] = []

    def make(*, application: bool = True, total: float = 4.0) -> Demographics:
        certificates = sandbox.certificates
        own: dict[str, Any] = (
            {
                "token_url": sandbox.pds_token,
                "client_id": "booking-portal",
                "keys": SigningKeys(certificates / "pds-private.pem", "demo-1"),
            }
            if application
            else {}
        )
        made.append(
            demographics.from_url(
                sandbox.pds,
                tls=TLS(ca_bundle=certificates / "api-ca.pem"),
                observer=observer,
                deadlines=Deadlines(1.0, total),
                **own,
            )
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.requirement("PDS-5")
def test_a_user_who_signed_in_with_cis2_asks_in_their_own_name(
    ask: Callable[..., Demographics], sandbox: Sandbox, observer: Observer
) -> None:
    pds = ask(application=False)
    worker = HealthcareWorker(sandbox.sign_in(ROLE), ROLE)
    assert pds.trace(PATIENT, organisation_ods="A1001", worker=worker).nhs_number == PATIENT
    assert observer.questions[0].claims == {
        "organisation": "A1001",
        "access": "healthcare worker",
        "session_urid": ROLE,
    }
    assert worker.access_token not in repr((worker, observer.questions))
    both = ask()
    both.trace(PATIENT, organisation_ods="A1001", worker=worker)
    both.trace(PATIENT, organisation_ods="A1001")
    assert [question.claims["access"] for question in observer.questions] == [
        "healthcare worker",
        "healthcare worker",
        "application",
    ]


@pytest.mark.requirement("PDS-5")
def test_the_role_of_the_sign_in_goes_along_with_its_token(
    ask: Callable[..., Demographics], sandbox: Sandbox
) -> None:
    another = HealthcareWorker(sandbox.sign_in(ROLE), "111111111111")
    with pytest.raises(errors.DemographicsNotPermitted):
        ask(application=False).trace(PATIENT, organisation_ods="A1001", worker=another)


@pytest.mark.requirement("PDS-5", "ERR-1")
def test_without_a_sign_in_that_pds_accepts_the_user_is_asked_to_sign_in(
    ask: Callable[..., Demographics], observer: Observer
) -> None:
    for worker in (None, HealthcareWorker("not-a-token", ROLE)):
        with pytest.raises(errors.SignInNeeded) as caught:
            ask(application=worker is not None).trace(
                PATIENT, organisation_ods="A1001", worker=worker
            )
        assert caught.value.trace_id == observer.answers[-1].trace_id
        assert "smartcard" in caught.value.next_step


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize("token", ["", "a b", "a\r\nX: y", "é"])
def test_a_token_that_is_no_header_value_never_leaves(
    ask: Callable[..., Demographics], observer: Observer, token: str
) -> None:
    with pytest.raises(errors.InvalidRequest):
        ask().trace(PATIENT, organisation_ods="A1001", worker=HealthcareWorker(token, ROLE))
    assert observer.questions == []


# How often


@pytest.mark.requirement("PDS-5")
def test_a_busy_pds_is_asked_again_when_it_says_and_not_before(
    ask: Callable[..., Demographics], sandbox: Sandbox, observer: Observer
) -> None:
    pds = ask()
    sandbox.fault(service="pds", kind="status_429", times=1)
    begun = time.monotonic()
    assert pds.trace(PATIENT, organisation_ods="A1001").nhs_number == PATIENT
    assert 1.0 <= time.monotonic() - begun < 3.0
    assert len(observer.questions) == 1  # one question, sent twice


@pytest.mark.requirement("PDS-5")
@pytest.mark.parametrize(("said", "known"), [("30", 30.0), ("", None)])
def test_a_pds_that_is_busy_for_longer_is_said_and_left_alone(
    ask: Callable[..., Demographics], sandbox: Sandbox, said: str, known: float | None
) -> None:
    pds = ask(total=1.5)
    sandbox.fault(service="pds", kind="status_429", retry_after=said)
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        pds.trace(PATIENT, organisation_ods="A1001")
    assert (caught.value.code, caught.value.retry_after) == ("PDS_BUSY", known)
    assert caught.value.status == 429
    sandbox.clear_faults()
    with pytest.raises(errors.DemographicsUnavailable) as caught:
        pds.trace(PATIENT, organisation_ods="A1001")
    assert caught.value.code == "PDS_BUSY"
    assert caught.value.status is None  # not asked at all
    assert caught.value.trace_id


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.mark.requirement("PDS-5")
def test_no_second_has_more_than_its_number_of_turns(clock: HandClock) -> None:
    limit = ProcessRateLimit(5, clock=clock)
    turns = []
    for late in (0.0, 0.0, 0.3, 0.0, 0.3, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0):
        clock.seconds += late
        turn = limit.reserve(Urgency.LIVE, 9.0)
        assert turn.granted
        turns.append(clock.seconds + turn.seconds)
    assert turns == sorted(turns)
    assert all(later - earlier >= 0.999 for earlier, later in zip(turns, turns[5:], strict=False))


@pytest.mark.requirement("PDS-5")
def test_people_come_before_background_work(clock: HandClock) -> None:
    limit = ProcessRateLimit(5, clock=clock)
    for _ in range(3):
        assert limit.reserve(Urgency.BACKGROUND, 9.0).granted
    refused = limit.reserve(Urgency.BACKGROUND, 9.0)
    assert (refused.granted, refused.seconds) == (False, 1.0)
    for _ in range(2):
        live = limit.reserve(Urgency.LIVE, 9.0)
        assert (live.granted, live.seconds) == (True, 0.0)
    ahead = limit.reserve(Urgency.LIVE, 9.0)
    assert (ahead.granted, ahead.seconds) == (True, 1.0)
    assert not limit.reserve(Urgency.BACKGROUND, 9.0).granted
    too_long = limit.reserve(Urgency.LIVE, 0.5)
    assert (too_long.granted, too_long.seconds) == (False, 1.0)
    clock.seconds += 2.5
    assert limit.reserve(Urgency.BACKGROUND, 0.0).granted


@pytest.mark.requirement("PDS-5")
def test_a_pause_holds_everybody(clock: HandClock) -> None:
    limit = ProcessRateLimit(5, clock=clock)
    limit.pause(3.0)
    limit.pause(1.0)
    assert limit.reserve(Urgency.LIVE, 9.0).seconds == 3.0
    assert not limit.reserve(Urgency.BACKGROUND, 9.0).granted


@pytest.mark.requirement("PDS-5")
def test_background_work_waits_for_its_turn_and_gives_up_in_time() -> None:
    limit = ProcessRateLimit(1)
    limit.turn(Urgency.LIVE, 0.0)
    with pytest.raises(errors.DemographicsUnavailable):
        limit.turn(Urgency.BACKGROUND, 0.2)
    begun = time.monotonic()
    limit.turn(Urgency.BACKGROUND, 2.0)
    assert time.monotonic() - begun < 1.5


@pytest.mark.requirement("PDS-5")
def test_many_who_wait_for_a_dead_token_service_wait_once_and_not_in_turn(
    scripted: Callable[..., Scripted], certificates: Path
) -> None:
    over = threading.Event()

    def never(connection: ssl.SSLSocket, request: Received) -> bool:
        over.wait(10)
        return CLOSE

    silent = scripted(never)
    answering = scripted(always(http({})))
    pds = demographics.from_url(
        answering.server.url,
        tls=TLS(ca_bundle=certificates / "ca.pem"),
        token_url=f"{silent.server.url}/token",
        keys=SigningKeys(certificates / "pds-private.pem", ""),
        deadlines=Deadlines(0.5, 0.6),
    )
    codes: list[str] = []

    def trace() -> None:
        with pytest.raises(errors.DemographicsUnavailable) as caught:
            pds.trace(PATIENT, organisation_ods="A1001")
        codes.append(caught.value.code)

    threads = [threading.Thread(target=trace) for _ in range(8)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - begun < 3.5  # in turn it would be eight times 0.5 s, and more
    assert codes == ["PDS_UNAVAILABLE"] * 8
    over.set()
    pds.close()

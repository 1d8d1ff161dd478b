"""A practice that hangs holds some threads of a process, and never all; who is too many is told."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as configured
from django.urls import reverse
from pytest_django import Settings

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.commands.states import State
from booking_portal.integration import clients
from booking_portal.integration.bulkhead import PATIENCE_SECONDS, Bulkhead, OthersWaiting
from gpconnect import london
from gpconnect.errors import DeadlineExceeded
from gpconnect.models import SlotSearch
from gpconnect.transport import Answered, Asked
from tests.hand_clock import HandClock
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox
from tests.services import ROOT

pytestmark = pytest.mark.django_db

PRACTICE = "A20047"
SENTENCE = "Others here are waiting for this practice's answer, so it was not asked once more."


class Heard:
    """An observer that says when a question is about to leave."""

    def __init__(self) -> None:
        self.leaving = threading.Semaphore(0)

    def asked(self, question: Asked) -> None:
        self.leaving.release()

    def answered(self, answer: Answered) -> None: ...


class AuditAway(Heard):
    def asked(self, question: Asked) -> None:
        raise RuntimeError("the audit trail is away")


class Searcher:
    """One user who searches practices, by the library alone."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def searches(self, ods_code: str, observer: Heard) -> bool:
        endpoint = clients.directory().look_up(ods_code, deadlines=clients.read_deadlines())
        client = clients.observed_client(self._actor, endpoint, observer)
        return client.search_free_slots(SlotSearch(london.today(), london.today())).complete


@pytest.fixture
def searcher(clinician: User, acting_for: Callable[[User, str], Actor], spine: Sandbox) -> Searcher:
    return Searcher(acting_for(clinician, "A1001"))


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Bulkhead:
    """A20047 has kept somebody waiting for long, in the only place."""
    clock = HandClock()
    one = Bulkhead(1, clock)
    one.enter(PRACTICE, "somebody's")
    clock.seconds += PATIENCE_SECONDS
    monkeypatch.setattr(clients, "bulkhead", lambda: one)
    return one


def test_a_practice_that_hangs_leaves_threads_for_everybody_else(
    searcher: Searcher, spine: Sandbox, settings: Settings
) -> None:
    settings.READ_DEADLINE_SECONDS = 2.5
    spine.fault(practice=PRACTICE, use_case="search_slots", kind="hang_before", times=None)
    most, heard = configured.WAITING_AT_ONE_PRACTICE, Heard()
    with ThreadPoolExecutor(most) as threads:
        waiting = [threads.submit(searcher.searches, PRACTICE, heard) for _ in range(most)]
        for _ in waiting:
            heard.leaving.acquire()
        with pytest.raises(OthersWaiting):
            searcher.searches(PRACTICE, heard)
        assert searcher.searches("D82104", heard)
        assert not any(one.done() for one in waiting)
        for one in waiting:
            with pytest.raises(DeadlineExceeded):
                one.result()
    asked = [each for each in spine.exchanges() if f"/{PRACTICE}/" in each["raw_path"]]
    assert len(asked) == most  # and not the one that was too many


def test_some_threads_of_a_web_process_always_remain() -> None:
    [threads] = re.findall(r'"WEB_THREADS", "(\d+)"', (ROOT / "gunicorn.conf.py").read_text())
    assert int(threads) > configured.WAITING_AT_ONE_PRACTICE
    assert configured.WAITING_AT_ONE_PRACTICE < configured.FEDERATION_POOL_SIZE


def test_one_more_waits_for_a_place_where_the_practice_is_quick() -> None:
    bulkhead, entered = Bulkhead(1, HandClock()), threading.Event()
    bulkhead.enter(PRACTICE, "first")

    def second() -> None:
        bulkhead.enter(PRACTICE, "second")
        entered.set()

    thread = threading.Thread(target=second)
    thread.start()
    bulkhead.enter("D82104", "another practice's")
    assert not entered.is_set()
    bulkhead.leave(PRACTICE, "first")
    thread.join()
    assert entered.is_set()


def test_a_place_is_free_again_when_its_exchange_has_ended(full: Bulkhead) -> None:
    with pytest.raises(OthersWaiting):
        full.enter(PRACTICE, "mine")
    full.leave(PRACTICE, "somebody's")
    full.enter(PRACTICE, "mine")


def test_what_the_audit_trail_stops_takes_no_place(
    searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Bulkhead(1)
    monkeypatch.setattr(clients, "bulkhead", lambda: one)
    with pytest.raises(RuntimeError, match="the audit trail is away"):
        searcher.searches(PRACTICE, AuditAway())
    assert searcher.searches(PRACTICE, Heard())


def test_a_page_says_at_once_that_others_are_waiting(
    counter: Counter, spine: Sandbox, full: Bulkhead
) -> None:
    counter.traces()
    page = counter.opens(reverse("patient-appointments", args=[counter.encounter_id, PRACTICE]))
    assert page.status == 502
    assert SENTENCE in page.text
    assert "020 7946 0101" in page.text
    page = counter.searches(PRACTICE, "D82104")
    assert SENTENCE in page.text
    assert counter.offered  # the other practice's
    assert not any(f"/{PRACTICE}/" in each["raw_path"] for each in spine.exchanges())


def test_a_write_that_would_only_wait_is_known_not_to_be_sent(
    counter: Counter, spine: Sandbox, request: pytest.FixtureRequest
) -> None:
    counter.traces()
    counter.searches(PRACTICE)
    counter.chooses()
    request.getfixturevalue("full")
    spine.clear_exchanges()
    page = counter.books()
    command = counter.command
    assert (command.state, command.error_code) == (State.NOT_MADE, "OTHERS_WAITING")
    assert SENTENCE in page.text
    assert spine.exchanges() == []
    assert spine.appointments(PRACTICE, PATIENT) == []

"""A practice that does not answer is spared, by all processes, and the screen says since when."""

import json
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import pytest
from django.conf import settings as configured
from django.urls import reverse
from pytest_django import Settings
from redis import Redis

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.commands.tasks import settle_due
from booking_portal.integration import clients, page_budget
from booking_portal.integration.breaker_store import FailureRun, encoded, key_of
from booking_portal.integration.circuit_breaker import (
    Breaker,
    Limits,
    PracticeNotAnswering,
    Sign,
    part_of_a_failure,
)
from booking_portal.integration.exchange_audit import Subject
from gpconnect import london
from gpconnect.errors import DeadlineExceeded
from gpconnect.models import Endpoint, SlotSearch
from gpconnect.transport import Answered, Deadlines
from tests.portal.counter import PATIENT, Counter, Page
from tests.portal.monitor import part
from tests.portal.redis_server import RedisServer
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

PRACTICE = "D82104"
LIMITS = Limits(failures=3, wait=30.0, memory=600.0)


@pytest.fixture
def redis() -> Generator[Redis]:
    with Redis.from_url(configured.REDIS_URL) as client:
        yield client


@pytest.fixture
def two_processes() -> Generator[tuple[Breaker, Breaker]]:
    """The breakers of two processes; each has connections and a memory of its own."""
    pair = Breaker(configured.REDIS_URL, LIMITS), Breaker(configured.REDIS_URL, LIMITS)
    yield pair
    for breaker in pair:
        breaker.close()


@pytest.fixture
def redis_away(redis_server: RedisServer, spine: Sandbox) -> None:
    redis_server.goes_away()


def opened(redis: Redis, ods_code: str, *, minutes_ago: float = 3, ask_in: float = 30) -> str:
    """Put the practice's breaker into the state that failures make; returns since when, in words.

    `ask_in` is in how many seconds a read may ask again.
    """
    since = time.time() - minutes_ago * 60
    redis.set(key_of(ods_code), encoded(FailureRun(5, since, time.time() + ask_in)))
    return f"{datetime.fromtimestamp(since, london.LONDON):%H:%M}"


def asked_at(spine: Sandbox, ods_code: str) -> int:
    """How many requests the Spine has been sent for the practice."""
    return sum(f"/{ods_code}/" in exchange["raw_path"] for exchange in spine.exchanges())


def searches(counter: Counter, ods_code: str = PRACTICE) -> Page:
    return counter.searches("A20047", ods_code)


def open_by_failing(counter: Counter, spine: Sandbox, kind: str = "status_500") -> None:
    spine.fault(practice=PRACTICE, use_case="*", kind=kind, times=None)
    for _ in range(configured.BREAKER_FAILURES):
        searches(counter)


@contextmanager
def page_of(seconds: float) -> Iterator[None]:
    """As a page that has this much of its time left."""
    token = page_budget._until.set(time.monotonic() + seconds)
    yield
    page_budget._until.reset(token)


def not_answering() -> list[str]:
    return list(part("practices")["not_answering"])


@pytest.mark.parametrize("kind", ["refuse", "status_500", "status_502"])
def test_after_failures_in_a_row_a_practice_is_not_asked_and_the_screen_says_since_when(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    counter.traces()
    open_by_failing(counter, spine, kind)
    spine.clear_exchanges()

    page = searches(counter)

    assert asked_at(spine, PRACTICE) == 0
    assert asked_at(spine, "A20047") == 1
    assert "This practice is not answering since" in page.text
    assert "01632 960 230" in page.text  # its telephone
    assert counter.offered  # the other practice's
    assert not_answering() == [PRACTICE]


def test_refusals_never_open_it(counter: Counter, spine: Sandbox, redis: Redis) -> None:
    counter.traces("9990000026")
    for _ in range(configured.BREAKER_FAILURES + 1):
        counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
        assert "no active record" in counter.page.text
    assert redis.get(key_of("A20047")) is None


def test_an_answer_in_between_begins_the_count_anew(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    for _ in range(2):
        spine.fault(
            practice=PRACTICE,
            use_case="search_slots",
            kind="status_500",
            times=configured.BREAKER_FAILURES - 1,
        )
        for _ in range(configured.BREAKER_FAILURES):
            searches(counter)
    assert not_answering() == []


def test_failures_of_two_processes_are_counted_together(
    two_processes: tuple[Breaker, Breaker],
) -> None:
    one, other = two_processes
    one.note(PRACTICE, Sign.SILENT)
    other.note(PRACTICE, Sign.SILENT)
    one.let_pass(PRACTICE, writes=True)
    one.note(PRACTICE, Sign.SILENT)
    for breaker in two_processes:
        with pytest.raises(PracticeNotAnswering):
            breaker.let_pass(PRACTICE, writes=False)
        breaker.let_pass("A20047", writes=True)
    other.note(PRACTICE, Sign.ANSWERS)
    one.let_pass(PRACTICE, writes=True)


def test_of_many_who_ask_at_once_one_read_finds_out(
    two_processes: tuple[Breaker, Breaker], redis: Redis
) -> None:
    opened(redis, PRACTICE, ask_in=-1)

    def may_ask(number: int) -> bool:
        try:
            two_processes[number % 2].let_pass(PRACTICE, writes=False)
        except PracticeNotAnswering:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(may_ask, range(16))) == 1


def test_failures_noted_at_the_same_moment_are_all_counted(
    two_processes: tuple[Breaker, Breaker], redis: Redis
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: two_processes[n % 2].note(PRACTICE, Sign.SILENT), range(16)))
    failures, _, ask_at = json.loads(redis.get(key_of(PRACTICE)) or b"")
    assert failures == 16
    assert ask_at > time.time()


def test_a_read_that_is_answered_closes_it(counter: Counter, spine: Sandbox, redis: Redis) -> None:
    counter.traces()
    opened(redis, PRACTICE, ask_in=-1)
    page = searches(counter)
    assert "not answering" not in page.text
    assert redis.get(key_of(PRACTICE)) is None
    assert not_answering() == []


def test_a_read_that_fails_leaves_it_open_and_since_the_same_time(
    counter: Counter, spine: Sandbox, redis: Redis
) -> None:
    counter.traces()
    since = opened(redis, PRACTICE, ask_in=-1)
    spine.fault(practice=PRACTICE, use_case="*", kind="status_500", times=None)
    searches(counter)  # finds out
    spine.clear_faults()
    spine.clear_exchanges()
    page = searches(counter)
    assert f"not answering since {since}." in page.text
    assert asked_at(spine, PRACTICE) == 0


def test_a_write_is_refused_at_once_and_known_not_to_be_sent(
    counter: Counter, spine: Sandbox, redis: Redis
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    since = opened(redis, "A20047", ask_in=-1)  # a read might ask, a write never does
    spine.clear_exchanges()

    page = counter.books()

    command = counter.command
    assert (command.state, command.error_code) == (State.NOT_MADE, "PRACTICE_NOT_ANSWERING")
    assert f"This practice is not answering since {since}. Nothing was sent." in page.text
    assert "the practice's system is not answering" in page.text  # to say to the patient
    assert "Telephone the practice or choose another one" in page.text
    assert "020 7946 0101" in page.text
    assert spine.appointments("A20047", PATIENT) == []
    assert not any(exchange["method"] == "POST" for exchange in spine.exchanges())
    asked = Event.objects.filter(kind=EventKind.EXCHANGE_ASKED, command_id=command.pk)
    assert not asked.exists()  # nothing left, and the trail does not say that it did


def test_a_practices_page_says_so_with_its_telephone(
    counter: Counter, spine: Sandbox, redis: Redis
) -> None:
    counter.traces()
    since = opened(redis, "A20047")
    page = counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
    assert page.status == 502
    assert f"This practice is not answering since {since}." in page.text
    assert "020 7946 0101" in page.text
    page = counter.opens(reverse("search-slots", args=[counter.encounter_id]))
    assert f"Not answering since {since}" in page.text
    page = counter.opens(reverse("encounter", args=[counter.encounter_id]))
    assert f"not answering since {since}" in page.text


def test_settling_asks_all_the_same_and_its_success_closes_it(
    counter: Counter, spine: Sandbox, redis: Redis
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    opened(redis, "A20047")
    Command.objects.filter(pk=command.pk).update(next_look_at=database_now())
    assert settle_due() == 1
    command.refresh_from_db()
    assert command.state == State.DONE
    assert redis.get(key_of("A20047")) is None


def test_it_can_be_switched_off(
    counter: Counter, spine: Sandbox, redis: Redis, settings: Settings
) -> None:
    settings.BREAKER = False
    counter.traces()
    open_by_failing(counter, spine)
    spine.clear_exchanges()
    searches(counter)
    assert asked_at(spine, PRACTICE) == 1
    assert not_answering() == []


@pytest.mark.usefixtures("redis_away")
def test_while_redis_is_away_each_process_counts_for_itself(
    two_processes: tuple[Breaker, Breaker],
) -> None:
    one, other = two_processes
    for _ in range(LIMITS.failures):
        one.note(PRACTICE, Sign.SILENT)
    with pytest.raises(PracticeNotAnswering):
        one.let_pass(PRACTICE, writes=False)
    assert list(one.not_answering([PRACTICE, "A20047"])) == [PRACTICE]
    other.let_pass(PRACTICE, writes=True)
    one.note(PRACTICE, Sign.ANSWERS)
    one.let_pass(PRACTICE, writes=True)


@pytest.mark.usefixtures("redis_away")
def test_without_redis_searching_booking_and_the_breaker_still_work(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    open_by_failing(counter, spine)
    assert "This practice is not answering since" in searches(counter).text
    command = counter.arrives_at_booking()
    assert command.state == State.DONE
    assert not_answering() == [PRACTICE]


@pytest.mark.requirement("SFS-10")
def test_a_search_never_takes_longer_than_the_pages_budget(
    counter: Counter, spine: Sandbox, settings: Settings, redis: Redis
) -> None:
    settings.PAGE_BUDGET_SECONDS = 1.0
    counter.traces()
    spine.fault(practice=PRACTICE, use_case="search_slots", kind="hang_before", times=None)
    started = time.monotonic()
    page = searches(counter)
    assert time.monotonic() - started < 3.0  # without the budget it is 8
    assert "The answer did not come in time." in page.text
    assert counter.offered  # the other practice's
    failures, *_ = json.loads(redis.get(key_of(PRACTICE)) or b"")
    assert 0 < failures < 1  # it was given a part of its time, and counts as much


def test_it_opens_by_what_it_saw_where_pages_cut_every_read_short(
    clinician: User, acting_for: Callable[[User, str], Actor], spine: Sandbox, settings: Settings
) -> None:
    settings.READ_DEADLINE_SECONDS = 0.5
    spine.fault(practice=PRACTICE, use_case="search_slots", kind="hang_before", times=None)
    endpoint = clients.directory().look_up(PRACTICE, deadlines=clients.read_deadlines())
    client = clients.client(acting_for(clinician, "A1001"), endpoint, Subject())
    asked = 0
    while not clients.not_answering([PRACTICE]):
        with page_of(seconds=0.25), pytest.raises(DeadlineExceeded):
            client.search_free_slots(SlotSearch(london.today(), london.today()))
        asked += 1
        assert asked < 3 * configured.BREAKER_FAILURES
    assert asked > configured.BREAKER_FAILURES  # each has been waited for half its time


LONGEST = Deadlines(connect=3.0, total=8.0)


@pytest.mark.parametrize(
    ("code", "seconds", "part"),
    [
        ("DEADLINE_EXCEEDED", 8.01, 1.0),
        ("DEADLINE_EXCEEDED", 7.99, 1.0),
        ("DEADLINE_EXCEEDED", 4.0, 0.5),
        ("DEADLINE_EXCEEDED", 0.3, 0.0),
        ("DEADLINE_EXCEEDED", 12.0, 1.0),  # a write
        ("CONNECT_DEADLINE_EXCEEDED", 3.0, 1.0),
        ("CONNECT_DEADLINE_EXCEEDED", 1.5, 0.5),
        ("CONNECTION_LOST", 0.01, 1.0),
    ],
)
def test_a_silence_counts_for_the_part_of_the_deadline_that_was_waited(
    code: str, seconds: float, part: float
) -> None:
    answer = Answered("t", None, code, outcome_known=False, milliseconds=round(seconds * 1000))
    assert part_of_a_failure(answer, LONGEST) == part


def test_a_practice_that_answers_slowly_now_and_then_stays_closed(
    two_processes: tuple[Breaker, Breaker],
) -> None:
    breaker, _ = two_processes
    for _ in range(4):
        for _ in range(LIMITS.failures):
            breaker.note(PRACTICE, Sign.SILENT, 0.5)
        breaker.note(PRACTICE, Sign.ANSWERS)
    breaker.note(PRACTICE, Sign.SILENT, 0.0)  # it was given no time at all
    assert breaker.in_doubt([PRACTICE]) == frozenset()
    breaker.let_pass(PRACTICE, writes=True)


def test_what_a_page_has_no_time_left_for_is_not_asked(
    counter: Counter, spine: Sandbox, settings: Settings
) -> None:
    counter.traces()
    counter.searches("A20047")
    settings.PAGE_BUDGET_SECONDS = 0.0
    spine.clear_exchanges()
    page = counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
    assert page.status == 502
    assert "the practice was not asked any more" in page.text
    assert spine.exchanges() == []


def test_outside_pages_there_is_no_budget(
    clinician: User, acting_for: Callable[[User, str], Actor], spine: Sandbox, settings: Settings
) -> None:
    settings.PAGE_BUDGET_SECONDS = 0.0
    endpoint: Endpoint = clients.directory().look_up("A20047", deadlines=clients.page_deadlines())
    client = clients.client(acting_for(clinician, "A1001"), endpoint, Subject())
    assert client.search_free_slots(SlotSearch(london.today(), london.today())).complete


@pytest.mark.parametrize("broken", [1, 2])
def test_a_read_whose_connection_broke_is_tried_once_more(
    counter: Counter, spine: Sandbox, broken: int
) -> None:
    counter.traces()
    spine.fault(practice=PRACTICE, use_case="search_slots", kind="refuse", times=broken)
    page = searches(counter)
    assert asked_at(spine, PRACTICE) == 2
    assert ("The connection broke before the answer came." in page.text) is (broken == 2)

"""Without the database: nothing is sent, a plain page; and what a practice has done is told."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.states import Kind, State
from booking_portal.commands.tasks import go_on_due, settle_due
from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.portal.appointments.booking.test_move_check import arrives_at_check, moves, statuses
from tests.portal.appointments.booking.test_registration import (
    ELSEWHERE,
    chooses_for,
    register_form,
)
from tests.portal.clocks import set_clocks
from tests.portal.counter import PATIENT, Counter, Page
from tests.portal.pages import text_of
from tests.sandbox_control import Sandbox

HERS = "9658218865"  # one appointment at A20047

Click = Callable[[], Page]


@pytest.fixture
def sample(own_database: OwnDatabase) -> None:
    """Everything of demo/sample.json, in a database that can be killed."""


@pytest.fixture(autouse=True)
def _as_in_production(client: Client) -> None:
    """What a view could not handle becomes a page."""
    client.raise_request_exception = False


class Elsewhere:
    """Another session of the database, which can hold up the portal's statements."""

    def __init__(self, own: OwnDatabase) -> None:
        self._url = own.url
        self._connection = psycopg.connect(own.url)
        self._watching = psycopg.connect(own.url, autocommit=True)

    def hold_up(self, table: str, mode: str = "SHARE ROW EXCLUSIVE") -> None:
        """Nobody else writes to the table (or reads it, in the mode ACCESS EXCLUSIVE)."""
        self._connection.execute(f"LOCK TABLE {table} IN {mode} MODE")

    def hold_up_instead(self, table: str) -> None:
        """Nobody reads this table, and the one held up before is free."""
        first, self._connection = self._connection, psycopg.connect(self._url)
        self.hold_up(table, "ACCESS EXCLUSIVE")
        first.close()

    def somebody_waits_for(self, table: str) -> bool:
        waiting = self._watching.execute(
            "SELECT 1 FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [table]
        )
        return waiting.fetchone() is not None

    def close(self) -> None:
        self._connection.close()
        self._watching.close()


@pytest.fixture
def elsewhere(sample: None, own_database: OwnDatabase) -> Iterator[Elsewhere]:
    other = Elsewhere(own_database)
    yield other
    other.close()


def goes_away(own: OwnDatabase) -> None:
    own.kill()
    connection.close()


def comes_back(own: OwnDatabase) -> None:
    own.start()
    connection.close()


def at_check_page(counter: Counter) -> Click:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    return counter.books


def writes(spine: Sandbox) -> list[str]:
    return [one["method"] for one in spine.exchanges() if one["method"] != "GET"]


def traces_of_writes(spine: Sandbox) -> list[str]:
    return [
        value
        for one in spine.exchanges()
        if one["method"] != "GET"
        for name, value in one["headers"]
        if name.casefold() == "ssp-traceid"
    ]


# A page for everything


def addresses(patterns: list[Any], before: str = "") -> Iterator[str]:
    """Every address of the portal, with something made up for what varies."""
    made_up = {"uuid": "6f0d1c6e-2f5b-4a7e-9d51-0a3a5f9a0c11", "int": "7"}
    for each in patterns:
        route = re.sub(
            r"<(?:(\w+):)?\w+>", lambda m: made_up.get(m[1] or "", "A20047"), str(each.pattern)
        )
        if isinstance(each, URLResolver):
            yield from addresses(each.url_patterns, before + route)
        elif isinstance(each, URLPattern) and not route.startswith("^"):
            yield before + route


def test_every_page_says_that_the_records_cannot_be_reached(
    counter: Counter, spine: Sandbox, own_database: OwnDatabase
) -> None:
    goes_away(own_database)
    spine.clear_exchanges()
    asked = 0
    for address in addresses(get_resolver().url_patterns):
        if address in {"healthz", "sign-in/", "sign-in/switched-off/"} or "admin/jsi18n" in address:
            continue
        for send in (counter.client.get, counter.client.post):
            answer = send(f"/{address}")
            assert answer.status_code == 503, address
            assert answer.headers["Cache-Control"] == "no-store"
            said = text_of(answer)
            assert "cannot reach its records" in said, address
            assert "Nothing new is sent" in said
            assert "telephone the practice" in said
            assert "Traceback" not in answer.content.decode()
            asked += 1
    assert asked > 60
    assert (
        counter.client.post("/sign-in/", {"login": "manager", "password": "x"}).status_code == 503
    )
    assert counter.client.get("/healthz").status_code == 503
    assert spine.exchanges() == []


def test_a_page_that_follows_stays_as_it_is_and_asks_again(
    counter: Counter, spine: Sandbox, own_database: OwnDatabase
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    poll = f"/bookings/{command.pk}/state?state=unconfirmed&looks=0"
    htmx: Any = {"HX-Request": "true", "HX-Target": "following"}
    goes_away(own_database)
    answer = counter.client.get(poll, headers=htmx)
    assert (answer.status_code, answer.content) == (503, b""), "htmx swaps nothing in"
    comes_back(own_database)
    assert counter.client.get(poll, headers=htmx).status_code in {200, 204}


# Before the first byte


@pytest.mark.requirement("IG-2")
@pytest.mark.parametrize("line", ["the command", "the attempt", "the gate"])
def test_what_the_database_does_not_hold_is_not_sent(
    counter: Counter,
    spine: Sandbox,
    own_database: OwnDatabase,
    elsewhere: Elsewhere,
    beside: ThreadPoolExecutor,
    line: str,
) -> None:
    click = at_check_page(counter)
    spine.clear_exchanges()
    table = "commands_command" if line == "the command" else "commands_attempt"
    elsewhere.hold_up(table)
    sent = beside.submit(click)
    assert until(lambda: elsewhere.somebody_waits_for(table))
    if line == "the gate":
        elsewhere.hold_up_instead("commands_command")
        assert until(lambda: elsewhere.somebody_waits_for("commands_command"))
    goes_away(own_database)
    page = sent.result(timeout=30)
    assert page.status == 503
    assert "look at the patient's appointments first" in page.text
    assert writes(spine) == []
    comes_back(own_database)
    if line == "the command":
        assert not Command.objects.exists()
        return
    command = Command.objects.get()
    assert command.state == State.SENDING
    set_clocks(command, request_dead_at=-1, next_look_at=-1, created_at=-3600)
    settle_due()
    command.refresh_from_db()
    assert command.state == State.NOT_MADE
    assert spine.appointments("A20047", PATIENT) == []


# Between the answer and the record


def booking(counter: Counter) -> Click:
    return at_check_page(counter)


def amending(counter: Counter) -> Click:
    page = _of_hers(counter, "amend-appointment")
    return lambda: counter.sends(page.form("/amend"), description="Asked to bring a sample")


def cancelling(counter: Counter) -> Click:
    page = _of_hers(counter, "cancel-appointment")
    return lambda: counter.sends(page.form("/cancel"), decision="cancel", reason="Better")


def registering(counter: Counter) -> Click:
    chooses_for(counter, ELSEWHERE)
    form = register_form(counter)
    return lambda: counter.sends(form, description="Knee pain")


def _of_hers(counter: Counter, name: str) -> Page:
    counter.traces(HERS)
    there = counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
    found = re.search(r"/A20047/\w+/(\w+)/cancel", there.html)
    assert found
    return counter.opens(reverse(name, args=[counter.encounter_id, "A20047", found[1]]))


@pytest.mark.requirement("BOOK-7", "IG-2")
@pytest.mark.parametrize(
    ("kind", "prepared", "said", "then"),
    [
        (Kind.BOOK, booking, "has booked the appointment", "Booked"),
        (Kind.AMEND, amending, "has made the change", "Changed"),
        (Kind.CANCEL, cancelling, "has cancelled the appointment", "Cancelled"),
        (Kind.REGISTER, registering, "The second step has not been sent", "Registered"),
    ],
)
def test_what_the_practice_has_confirmed_is_said_and_the_record_catches_up(
    counter: Counter,
    spine: Sandbox,
    own_database: OwnDatabase,
    beside: ThreadPoolExecutor,
    settings: Any,
    kind: Kind,
    prepared: Callable[[Counter], Click],
    said: str,
    then: str,
) -> None:
    settings.WRITE_DEADLINE_SECONDS = 60.0
    click = prepared(counter)
    page = lost_in_between(click, kind, spine, own_database, beside)
    assert page.status == 200
    assert "The practice has confirmed; our record is catching up" in page.text
    assert said in page.text
    assert "again." in page.text, "do not do it again"
    if kind is Kind.BOOK:
        assert re.search(r"It is at Dr Legg's Surgery, Walford, on \w+ \d+ \w+ \d+ at", page.text)
    assert "020 7946 0101" in page.text
    assert len(writes(spine)) == 1

    [address] = re.findall(r"/bookings/[0-9a-f-]{36}/caught-up\?confirmed=yes", page.html)
    htmx: Any = {"HX-Request": "true", "HX-Target": "following-record"}
    assert counter.client.get(address, headers=htmx).status_code == 503
    comes_back(own_database)
    assert counter.client.get(address, headers=htmx).status_code == 204, "not settled yet"
    [command] = Command.objects.all()
    assert command.state == State.SENDING
    set_clocks(command, next_look_at=-1)
    settle_due()
    answer = counter.client.get(address, headers=htmx)
    assert then in counter.opens(answer.headers["HX-Redirect"]).title
    command.refresh_from_db()
    assert command.state == State.DONE
    assert len(writes(spine)) == 1
    answered = Event.objects.filter(kind=EventKind.EXCHANGE_ANSWERED, command_id=command.pk)
    [sent] = answered.filter(trace_id__in=traces_of_writes(spine))
    assert sent.status in {200, 201}, "the answer's event has waited for the database"


@pytest.mark.requirement("MOVE-1")
def test_a_move_whose_booking_is_lost_in_between_goes_on_when_the_record_is_back(
    counter: Counter,
    spine: Sandbox,
    own_database: OwnDatabase,
    beside: ThreadPoolExecutor,
    settings: Any,
) -> None:
    settings.WRITE_DEADLINE_SECONDS = 60.0
    arrives_at_check(counter, spine)
    page = lost_in_between(
        lambda: moves(counter, description="Knee pain", reason="Works late"),
        Kind.BOOK,
        spine,
        own_database,
        beside,
    )
    assert "has booked the appointment" in page.text
    assert "The second step has not been sent" in page.text
    assert statuses(spine) == ["booked", "booked"]
    comes_back(own_database)
    command = Command.objects.get()
    set_clocks(command, next_look_at=-1)
    settle_due()
    assert statuses(spine) == ["booked", "booked"], "settling books nothing and cancels nothing"
    Saga.objects.update(next_try_at=database_now(), automatic_until=in_a_minute())
    go_on_due()
    assert statuses(spine) == ["booked", "cancelled"]
    assert counter.opens(reverse("saga", args=[command.saga_id])).title.startswith("Moved")


def in_a_minute() -> datetime:
    return database_now() + timedelta(minutes=1)


def test_without_an_answer_it_says_that_nobody_knows_yet(
    counter: Counter, spine: Sandbox, own_database: OwnDatabase, beside: ThreadPoolExecutor
) -> None:
    click = booking(counter)
    spine.fault(practice="A20047", use_case="book", kind="hang_after", times=1)
    sent = beside.submit(click)
    assert until(lambda: bool(spine.appointments("A20047", PATIENT)))
    goes_away(own_database)
    page = sent.result(timeout=30)
    assert page.status == 200
    assert "We do not know yet, and our record is behind" in page.text
    assert "Do not book it again" in page.text
    [address] = re.findall(r"/bookings/[0-9a-f-]{36}/caught-up", page.html)
    comes_back(own_database)
    command = Command.objects.get()
    assert counter.client.get(address).headers["HX-Redirect"] == f"/bookings/{command.pk}/"
    set_clocks(command, next_look_at=-1)
    settle_due()
    command.refresh_from_db()
    assert command.state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_the_same_form_again_is_the_same_booking(
    counter: Counter,
    spine: Sandbox,
    own_database: OwnDatabase,
    beside: ThreadPoolExecutor,
    settings: Any,
) -> None:
    settings.WRITE_DEADLINE_SECONDS = 60.0
    click = booking(counter)
    form = next(form for form in counter.page.forms if "description" in form.fields)
    address = counter.page.address
    lost_in_between(click, Kind.BOOK, spine, own_database, beside)
    comes_back(own_database)
    counter.page.address = address
    page = counter.sends(form, description="Knee pain")
    assert page.address.startswith("/bookings/")
    assert Command.objects.count() == 1
    assert len(writes(spine)) == 1


def lost_in_between(
    click: Click, kind: Kind, spine: Sandbox, own: OwnDatabase, beside: ThreadPoolExecutor
) -> Page:
    """The practice acts and holds its answer; the database dies; the answer arrives."""
    spine.fault(practice="A20047", use_case=kind.value, kind="held_after", times=1)
    spine.clear_exchanges()
    sent = beside.submit(click)
    assert until(lambda: any(fault["happened"] for fault in spine.faults()))
    goes_away(own)
    spine.clear_faults()
    page: Page = sent.result(timeout=30)
    return page

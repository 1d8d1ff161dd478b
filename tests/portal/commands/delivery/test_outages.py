"""Whatever goes away at whatever line: nothing lost, nothing doubled, nothing sent unrecorded."""

import uuid
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.audit import trail
from booking_portal.audit.models import Event
from booking_portal.commands.delivery import outcome_check, sender
from booking_portal.commands.delivery.recovery import BROKEN_LOOKS, settle
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.states import State
from booking_portal.commands.tasks import settle_due
from booking_portal.integration.exchange_audit import TrailObserver
from tests.portal.clocks import claimed, set_clocks, settled
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.pages import text_of
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_in_production(client: Client) -> None:
    """What a view could not handle becomes a page."""
    client.raise_request_exception = False


def fails(*args: Any, **kwargs: Any) -> Any:
    raise OperationalError("the server closed the connection unexpectedly")


def at_check_page(counter: Counter) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()


def booking_fails(counter: Counter) -> None:
    page = counter.books()
    assert page.status == 503
    assert "look at the patient's appointments first" in page.text


@pytest.mark.requirement("IG-2")
@pytest.mark.parametrize("line", ["the question's event", "the attempt"])
def test_what_cannot_be_recorded_is_not_sent(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    at_check_page(counter)
    spine.clear_exchanges()
    if line == "the attempt":
        monkeypatch.setattr(Attempt.objects, "create", fails)
    else:
        monkeypatch.setattr(TrailObserver, "asked", fails)
    booking_fails(counter)
    assert spine.exchanges() == []
    monkeypatch.undo()
    command = Command.objects.get()
    assert command.state == State.SENDING
    set_clocks(command, request_dead_at=-1, created_at=-settings.SEND_AGAIN_WINDOW_SECONDS)
    assert settled(command).state == State.NOT_MADE


@pytest.mark.parametrize("line", ["the answer's event", "the attempt's end", "the new state"])
def test_an_answer_that_cannot_be_recorded_is_found_again(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    at_check_page(counter)
    if line == "the answer's event":
        answered = TrailObserver.answered

        def only_writes(observer: TrailObserver, answer: Any) -> None:
            if Command.objects.exists():
                fails()
            answered(observer, answer)

        monkeypatch.setattr(TrailObserver, "answered", only_writes)
    elif line == "the attempt's end":
        monkeypatch.setattr(sender, "close_attempt", fails)
    else:
        monkeypatch.setattr(sender, "confirm_done", fails)
    booking_fails(counter)
    monkeypatch.undo()
    command = Command.objects.get()
    assert command.state == State.SENDING
    assert settled(command).state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1


@pytest.mark.requirement("IG-2")
def test_no_state_changes_without_its_event(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    monkeypatch.setattr(trail, "record", fails)
    with pytest.raises(OperationalError):
        settle(command)
    monkeypatch.undo()
    command.refresh_from_db()
    assert command.state == State.UNCONFIRMED
    assert settled(command).state == State.DONE


def test_a_worker_that_dies_while_looking_is_followed_by_another(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    set_clocks(command, next_look_at=-1)
    assert [one.pk for one in claimed()] == [command.pk]  # and the process is gone
    assert claimed() == []
    set_clocks(command, next_look_at=-1)  # its claim is over
    assert settle_due() == 1
    command.refresh_from_db()
    assert command.state == State.DONE


def test_two_workers_with_one_claim_do_no_harm(
    counter: Counter, spine: Sandbox, receptionist: User
) -> None:
    """The first was slower than its claim; both look, and both come to the same."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    set_clocks(command, next_look_at=-1)
    [slow] = claimed()
    set_clocks(command, next_look_at=-1)
    [quick] = claimed()
    assert settle(quick).state == State.DONE
    assert settle(slow).state == State.DONE
    moved = Event.objects.filter(kind="command_moved", command_id=command.pk, outcome="done")
    assert moved.count() == 1


def test_one_command_that_breaks_keeps_no_other_waiting(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    broken = Command.objects.get(pk=command.pk)
    broken.pk, broken.form_token, broken.slot_key = uuid.uuid4(), uuid.uuid4(), "another"
    broken.payload = {"nothing": "of use"}
    broken.save(force_insert=True)
    set_clocks(broken, next_look_at=-60)
    set_clocks(command, next_look_at=-1)
    with pytest.raises(ExceptionGroup):
        settle_due()
    command.refresh_from_db()
    assert command.state == State.DONE


def test_what_breaks_every_look_comes_to_a_person(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    monkeypatch.setattr(outcome_check, "_see", fails_otherwise)
    for _ in range(BROKEN_LOOKS):
        set_clocks(command, next_look_at=-1)
        with pytest.raises(ExceptionGroup):
            settle_due()
        assert command.state == State.UNCONFIRMED
    assert settled(command).state == State.NEEDS_ATTENTION


def fails_otherwise(*args: Any, **kwargs: Any) -> Any:
    raise AttributeError("a fault of our own")


@pytest.mark.requirement("IG-3")
def test_nothing_of_a_patient_is_in_redis(
    counter: Counter, spine: Sandbox, receptionist: User
) -> None:
    counter.arrives_at_booking(description="Zelthorpe complaint")
    counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/")
    Client().post(
        reverse("account_login"), {"login": PATIENT, "password": "9658218873 is in the wrong box"}
    )
    client = cache._cache.get_client(None)  # type: ignore[attr-defined]
    held = b" ".join(
        key + b" " + (client.get(key) if client.type(key) == b"string" else b"")
        for key in client.scan_iter()
    )
    assert held
    for word in (PATIENT, "Zelthorpe", "Jeffrey", "1962-11-27", "Knee"):
        assert word.encode() not in held


@pytest.mark.requirement("IG-3")
def test_a_broken_value_in_redis_is_read_as_none(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    results = counter.searches("A20047").address
    client = cache._cache.get_client(None)  # type: ignore[attr-defined]
    for value in (b"not json", b'{"start": "2026-01-01"}', b"[]", b"7"):
        for key in client.scan_iter():
            if b"search" in key:
                client.set(key, value)
        page = counter.opens(results)
        assert page.status == 410, value
        assert "earch again" in page.text
    for key in client.scan_iter():
        if b"location" in key or b"practitioner" in key:
            client.set(key, b'{"unexpected": 1}')
    assert counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/").status == 200


def test_without_any_practice_or_directory_every_page_says_what_to_do(
    counter: Counter, spine: Sandbox
) -> None:
    command = counter.arrives_at_booking()
    encounter = f"/encounters/{counter.encounter_id}/"
    spine.fault(practice="*", use_case="*", kind="refuse", times=None)
    spine.fault(service="sds", kind="refuse", times=None)
    spine.fault(service="pds", kind="refuse", times=None)
    there = f"{encounter}appointments/A20047/"
    for address in (there, f"{there}{command.appointment_id}/", f"{there}?fragment=1"):
        page = counter.opens(address)
        assert page.status == 502
        assert "020 7946 0101" in page.text
    assert counter.opens(encounter).status == 200
    assert counter.opens(f"/bookings/{command.pk}/").status == 200
    page = counter.searches("A20047", "C81007")
    assert page.text.count("No answer to rely on") == 2
    trace = counter.client.post(reverse("trace-again", args=[counter.encounter_id]))
    assert trace.status_code == 502
    assert "What to do next" in text_of(trace)


def test_a_session_that_ended_asks_to_sign_in_and_sends_nothing(
    counter: Counter, spine: Sandbox
) -> None:
    at_check_page(counter)
    counter.client.cookies.clear()
    spine.clear_exchanges()
    page = counter.books()
    assert "Sign in" in page.title
    assert spine.exchanges() == []
    assert not Command.objects.exists()


def test_an_organisation_switched_in_another_tab_stops_the_booking(
    client: Client, locum: User, sign_in: SignIn, spine: Sandbox
) -> None:
    sign_in(client, locum)
    client.post(reverse("choose-organisation"), {"organisation": "A1001"})
    counter = Counter(client)
    at_check_page(counter)
    client.post(reverse("choose-organisation"), {"organisation": "A1002"})
    spine.clear_exchanges()
    page = counter.books()
    assert page.status == 409
    assert "You are acting for another organisation now" in page.text
    assert spine.exchanges() == []
    assert not Command.objects.exists()

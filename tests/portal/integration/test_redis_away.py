"""Without Redis: everything that staff do works, and what is not confirmed waits for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command
from booking_portal.commands.monitoring import worker_last_seen
from booking_portal.commands.restore_models import DatabaseMark
from booking_portal.commands.restores import hold
from booking_portal.commands.states import State
from booking_portal.patients.wrong_tries import OF_PATIENT
from demo import seed
from tests.demo.processes import until
from tests.portal.clocks import settled
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.pages import ORDINARY, find, text_of
from tests.portal.redis_server import RedisServer
from tests.real_processes import Processes
from tests.sandbox_control import Sandbox


def writes(spine: Sandbox) -> list[str]:
    return [one["method"] for one in spine.exchanges() if one["method"] != "GET"]


@pytest.mark.django_db
@pytest.mark.requirement("SFS-4", "BOOK-1", "AMEND-1", "CANCEL-2")
def test_the_whole_job_is_done_without_redis(
    client: Client, receptionist: User, spine: Sandbox, redis_server: RedisServer
) -> None:
    redis_server.goes_away()
    counter = Counter(client)
    page = counter.opens("/sign-in/")
    page = counter.sends(page.form("/sign-in/"), login="receptionist", password=seed.password())
    assert "Ms Priya Nair" in page.text
    counter.traces()
    page = counter.searches("A20047", "C81007")
    assert page.address.endswith("/slots/"), "shown at once: nothing can be kept"
    assert len(counter.offered) > 10
    counter.searches("A20047")  # the patient is registered there, whoever has the last slot
    counter.chooses()
    counter.books("Knee pain")
    booked = counter.command
    assert booked.state == State.DONE

    there = [counter.encounter_id, "A20047", booked.appointment_id]
    page = counter.opens(reverse("amend-appointment", args=there))
    counter.sends(page.form("/amend"), description="Knee pain, worse")
    assert counter.command.state == State.DONE
    page = counter.opens(reverse("cancel-appointment", args=there))
    counter.sends(page.form("/cancel"), decision="cancel", reason="Better")
    assert counter.command.state == State.DONE
    [held] = spine.appointments("A20047", PATIENT)
    assert held["status"] == "cancelled"
    for address in ("/", "/bookings/", f"/encounters/{counter.encounter_id}/"):
        assert counter.opens(address).status == 200
    assert counter.sends(counter.page.form("/sign-out/")).status == 200


@pytest.mark.django_db
def test_results_that_redis_has_lost_can_be_searched_again_and_booked(
    counter: Counter, spine: Sandbox, redis_server: RedisServer
) -> None:
    counter.traces()
    results = counter.searches("A20047").address
    redis_server.goes_away()
    page = counter.opens(results)
    assert page.status == 410
    assert "earch again" in page.text
    page = counter.sends(page.form("/slots/"))
    assert page.status == 200
    counter.chooses()
    counter.books()
    assert counter.command.state == State.DONE


@pytest.mark.django_db
def test_a_practice_that_is_silent_is_spared_without_redis(
    counter: Counter, spine: Sandbox, redis_server: RedisServer
) -> None:
    redis_server.goes_away()
    counter.traces()
    spine.fault(practice="A20047", use_case="*", kind="status_500", times=None)
    for _ in range(6):
        counter.searches("A20047")
    spine.clear_exchanges()
    assert "not answering since" in counter.searches("A20047").text
    assert spine.exchanges() == []


@pytest.mark.django_db
@pytest.mark.requirement("IG-1")
def test_guessing_passwords_is_limited_without_redis(
    client: Client, manager: User, redis_server: RedisServer
) -> None:
    cache._alone.clear()  # type: ignore[attr-defined]
    redis_server.goes_away()
    wrong = {"login": "manager", "password": "not the password"}
    for _ in range(5):
        assert "username or the password is wrong" in text_of(client.post("/sign-in/", wrong))
    answer = client.post("/sign-in/", wrong | {"password": seed.password()})
    assert "Too many failed attempts" in text_of(answer)
    redis_server.comes_back()
    cache._alone.clear()  # type: ignore[attr-defined]


@pytest.mark.django_db
@pytest.mark.requirement("PDS-8")
def test_wrong_tries_at_who_a_patient_is_are_limited_without_redis(
    signed_in: Client, spine: Sandbox, redis_server: RedisServer
) -> None:
    cache._alone.clear()  # type: ignore[attr-defined]
    redis_server.goes_away()
    for _ in range(OF_PATIENT.most):
        assert "does not match" in text_of(find(signed_in, ORDINARY[0], "28-11-1962"))
    assert "too many wrong tries" in text_of(find(signed_in, *ORDINARY))
    redis_server.comes_back()
    cache._alone.clear()  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_what_is_not_confirmed_waits_and_is_settled_by_hand_or_later(
    counter: Counter, spine: Sandbox, redis_server: RedisServer
) -> None:
    redis_server.goes_away()
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    assert "Not confirmed yet" in counter.opens(f"/bookings/{command.pk}/").title
    assert settled(command).state == State.DONE, "the database is the only schedule"


@pytest.mark.django_db
def test_the_mark_of_the_database_does_not_move_unseen(
    counter: Counter, redis_server: RedisServer
) -> None:
    for _ in range(3):
        hold.watch_for_restore()
    before = DatabaseMark.objects.get().count
    assert before
    redis_server.goes_away()
    for _ in range(3):
        assert not hold.watch_for_restore()
    assert DatabaseMark.objects.get().count == before


@pytest.fixture
def worker(committed_sample: None, tmp_path: Path) -> Iterator[Processes]:
    """A worker and a beat as processes, on this test's database."""
    given = connection.settings_dict
    login = f"{given['USER']}:{given['PASSWORD']}"
    url = f"postgres://{login}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
    started = Processes(tmp_path, url)
    started.start_worker()
    yield started
    started.stop()


def test_worker_and_beat_find_redis_again_by_themselves_and_settle(
    client: Client, sign_in: SignIn, spine: Sandbox, redis_server: RedisServer, worker: Processes
) -> None:
    sign_in(client, User.objects.get(username="receptionist"))
    counter = Counter(client)
    assert until(lambda: worker_last_seen() is not None, 60), worker.log()
    redis_server.goes_away()
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED
    redis_server.comes_back()

    def is_done() -> Any:
        return Command.objects.get(pk=command.pk).state == State.DONE

    assert until(is_done, 90), worker.log()
    assert worker.running()
    assert len(spine.appointments("A20047", PATIENT)) == 1
    assert "Booked" in counter.opens(f"/bookings/{command.pk}/").title

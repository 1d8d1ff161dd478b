"""The organisation's work: what needs somebody, what waits, whom to ring, what is certain."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command
from booking_portal.commands.monitoring import WORKER_KEY, keep_worker_seen
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter
from tests.portal.appointments.worklist.test_start_page import command_of, noon_today
from tests.portal.clocks import set_clocks, settled
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.saga_steps import Clerk, move_for_a_person
from tests.portal.unsettled import (
    NEVER_ARRIVED,
    books_with,
    cancels,
    colleague,
    page_of,
    to_a_person,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

ATTENTION = "Somebody has to see to these"
WAITING = "Not confirmed yet"
RING_BACK = "Ring the patient back"
SETTLED = "Settled in the last 24 hours"
HEADINGS = (ATTENTION, WAITING, RING_BACK, SETTLED)
NOTHING = "every booking, change and cancellation has a certain outcome"
SILENT = "The portal is not settling bookings by itself just now"


def sections(counter: Counter, day: str = "") -> dict[str, str]:
    """The page's text by its headings, up to the day's list."""
    html = counter.opens(reverse("bookings") + (f"?day={day}" if day else "")).html
    found = {}
    for part in html.split("<h2")[1:]:
        heading = part.split(">", 1)[1].split("<", 1)[0].strip()
        found[heading] = part
    return found


def sections_with(counter: Counter, command: Command) -> list[str]:
    """The headings under which the command is listed, the day's own list left out."""
    listed = sections(counter)
    return [name for name in HEADINGS if page_of(command) in listed.get(name, "")]


class TestEachIsInOneList:
    def test_through_its_life(
        self, counter: Counter, spine: Sandbox, manager: User, sign_in: SignIn
    ) -> None:
        command = books_with(counter, spine, NEVER_ARRIVED)
        assert sections_with(counter, command) == [WAITING]
        to_a_person(command)
        assert sections_with(counter, command) == [ATTENTION]
        assert "020 7946 0101" in sections(counter)[ATTENTION]
        assert "Nobody is dealing with it yet" in sections(counter)[ATTENTION]
        other = colleague(manager, sign_in)
        page = other.sends(other.opens(page_of(command)).form("/take"))
        assert f"{manager.full_name} is dealing with it" in sections(counter)[ATTENTION]
        other.sends(page.form("/close"), outcome="not_made", spoken_to="Mrs Tull")
        assert sections_with(counter, command) == [RING_BACK]
        command.refresh_from_db()
        assert f"Ring {command.ring_back}" in sections(counter)[RING_BACK]
        how = ": closed with what the practice said on the telephone"
        assert how in sections(counter)[RING_BACK]
        other.sends(other.opens(page_of(command)).form("/told"))
        assert sections_with(counter, command) == [SETTLED]
        assert how in sections(counter)[SETTLED]
        set_clocks(command, settled_at=-(24 * 60 * 60 + 1))
        assert sections_with(counter, command) == []

    def test_what_was_certain_at_once_is_in_none(self, counter: Counter, spine: Sandbox) -> None:
        command = counter.arrives_at_booking()
        assert sections_with(counter, command) == []
        assert NOTHING in counter.page.text

    def test_the_oldest_needs_somebody_first_and_the_escalated_before_it(
        self, counter: Counter, receptionist: User
    ) -> None:
        now = timezone.now()
        for number, (hours, escalated) in enumerate([(1, False), (3, False), (2, True)]):
            command_of(
                receptionist,
                noon_today() + timedelta(days=number + 1),
                state=State.NEEDS_ATTENTION,
                settled_at=None,
                result={},
                attention_at=now - timedelta(hours=hours),
                escalated_at=now if escalated else None,
                slot_key=str(number),
            )
        shown = sections(counter)[ATTENTION]
        since = [
            shown.index(reverse("command", args=[one.pk]))
            for one in Command.objects.order_by("-escalated_at", "attention_at")
        ]
        escalated_at = Command.objects.get(escalated_at__isnull=False)
        assert shown.index(page_of(escalated_at)) == min(since)
        oldest, newest = Command.objects.filter(escalated_at=None).order_by("attention_at")
        assert shown.index(page_of(oldest)) < shown.index(page_of(newest))


class TestWithdrawn:
    def test_it_waits_marked_as_withdrawn(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        counter.sends(counter.opens(reverse("withdraw-command", args=[command.pk])).forms[-1])
        assert "Withdrawn, and not settled yet" in sections(counter)[WAITING]

    def test_made_after_all_it_needs_somebody_until_it_is_cancelled(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = books_with(counter, spine)
        counter.sends(counter.opens(reverse("withdraw-command", args=[command.pk])).forms[-1])
        settled(command)
        assert sections_with(counter, command) == [ATTENTION]
        assert "It was made after all" in sections(counter)[ATTENTION]
        there = [counter.encounter_id, "A20047", command.appointment_id]
        cancels(counter, reverse("cancel-appointment", args=there))
        assert sections_with(counter, command) == [SETTLED]
        assert "Made, and cancelled since" in sections(counter)[SETTLED]

    def test_not_made_nobody_has_to_ring(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine, NEVER_ARRIVED)
        counter.sends(counter.opens(reverse("withdraw-command", args=[command.pk])).forms[-1])
        settled(command, dead=True)
        assert command.state == State.WITHDRAWN
        assert sections_with(counter, command) == [SETTLED]


def test_the_days_registrations_are_there(counter: Counter, receptionist: User) -> None:
    registered = command_of(
        receptionist,
        timezone.now() + timedelta(days=1),
        kind=Kind.REGISTER,
        appointment_id="",
        starts="",
        result={},
        payload={"going_on_to": ""},
    )
    assert page_of(registered) in sections(counter)["Registered on this day"]
    yesterday = (timezone.now() - timedelta(days=1)).date().isoformat()
    assert "Registered on this day" not in sections(counter, yesterday)


@pytest.mark.requirement("PDS-3")
def test_a_patient_of_whom_nothing_may_be_shown_is_in_no_day(
    counter: Counter, spine: Sandbox
) -> None:
    command = counter.arrives_at_booking()
    day = command.day.isoformat()
    assert page_of(command) in counter.opens(f"{reverse('bookings')}?day={day}").html
    Encounter.objects.all().forget_patient()
    assert page_of(command) not in counter.opens(f"{reverse('bookings')}?day={day}").html


class TestWhoeverStarts:
    def test_sees_first_what_they_owe_a_patient(
        self, counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
    ) -> None:
        command = settled(books_with(counter, spine))
        page = counter.opens(reverse("start"))
        assert "Ring the patient back (1)" in page.text
        assert page_of(command) in page.html
        assert "Ring the patient back" not in colleague(clinician, sign_in).opens("/").text

    def test_sees_ten_of_them_and_how_many_there_are(
        self, counter: Counter, receptionist: User
    ) -> None:
        for hour in range(11):
            command_of(
                receptionist, noon_today() + timedelta(days=1, hours=hour), owner=receptionist
            )
        page = counter.opens(reverse("start"))
        assert "Ring the patient back (11)" in page.text
        assert page.text.count("No number is known") == 10
        assert "See all whom you have to ring back" in page.text
        listed = counter.opens(reverse("bookings")).text
        assert listed.count("No number is known") == 11

    def test_a_clinician_sees_what_they_have_taken_over(
        self, counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
    ) -> None:
        command = books_with(counter, spine)
        other = colleague(clinician, sign_in)
        assert "Not settled yet" not in other.opens("/").text
        other.sends(other.opens(page_of(command)).form("/take"))
        assert "Not settled yet (1)" in other.opens("/").text


class TestTheWorker:
    def test_nobody_settling_is_said_with_since_when(self, counter: Counter) -> None:
        keep_worker_seen()
        assert SILENT not in counter.opens(reverse("bookings")).text
        cache.set(WORKER_KEY, (timezone.now() - timedelta(minutes=2)).isoformat())
        text = counter.opens(reverse("bookings")).text
        assert f"{SILENT} (last seen " in text
        assert "Tell support." in text

    def test_and_when_nobody_remembers(self, counter: Counter) -> None:
        cache.delete(WORKER_KEY)
        assert f"{SILENT} (not seen for a while)" in counter.opens(reverse("bookings")).text


def test_two_steps_that_wait_for_a_decision_are_listed_once(clerk: Clerk, spine: Sandbox) -> None:
    """Whoever decides tells the patient; before that there is nothing to ring about."""
    saga = move_for_a_person(clerk, spine, clerk.books())
    address = reverse("saga", args=[saga.pk])
    listed = sections(clerk.counter)
    assert address in listed["Somebody has to decide"]
    assert RING_BACK not in listed
    clerk.counter.sends(clerk.counter.opens(address).form("/keep"))
    assert address in sections(clerk.counter)[RING_BACK]

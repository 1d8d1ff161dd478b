"""What needs a person: taken, escalated when nobody takes it, and closed by choosing an outcome."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.middleware import SESSION_KEY
from booking_portal.accounts.models import Organisation, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import tasks
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.worklist.escalation import escalate_overdue
from tests.portal.clocks import set_clocks
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.monitor import part
from tests.portal.unsettled import (
    NEVER_ARRIVED,
    books_with,
    changes_with,
    colleague,
    page_of,
    to_a_person,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

TOO_LONG = settings.ESCALATE_AFTER_SECONDS + 1
GONE_HOME = settings.ESCALATE_TAKEN_AFTER_SECONDS + 1
BAR = "somebody to see to it, and nobody is dealing with"


@pytest.fixture
def left(counter: Counter, spine: Sandbox) -> Command:
    """A booking that only a person can settle."""
    return to_a_person(books_with(counter, spine, NEVER_ARRIVED))


def escalations(command: Command) -> list[Event]:
    return list(Event.objects.filter(kind=EventKind.COMMAND_ESCALATED, command_id=command.pk))


def alarm(command: Command) -> Command:
    """The practice has recorded something else than was asked for."""
    result = {
        "id": "99",
        "status": "booked",
        "starts": "2099-01-01T10:00:00+00:00",
        "ends": "2099-01-01T10:10:00+00:00",
    }
    return to_a_person(command, error_code="DIFFERENT_FROM_ASKED", result=result)


class TestEscalating:
    def test_what_nobody_takes_is_escalated_once(self, left: Command) -> None:
        set_clocks(left, attention_at=-TOO_LONG)
        assert settings.CELERY_BEAT_SCHEDULE["escalate"]["task"] == tasks.escalate_due.name
        assert tasks.escalate_due() == 1  # the worker's tick
        left.refresh_from_db()
        assert left.escalated_at is not None
        assert abs(left.escalated_at - database_now()) < timedelta(minutes=1)
        assert escalate_overdue() == 0
        [event] = escalations(left)
        assert (event.by_system, event.practice_ods) == ("escalating", "A20047")
        assert event.nhs_number == left.nhs_number

    def test_not_before_its_time(self, left: Command) -> None:
        set_clocks(left, attention_at=-(TOO_LONG - 60))
        assert escalate_overdue() == 0

    def test_not_what_somebody_deals_with(self, left: Command, counter: Counter) -> None:
        counter.sends(counter.opens(page_of(left)).form("/take"))
        set_clocks(left, attention_at=-TOO_LONG, taken_at=-(TOO_LONG - 1))
        assert escalate_overdue() == 0

    def test_but_what_was_taken_before_it_needed_a_person(
        self, counter: Counter, spine: Sandbox, manager: User, sign_in: SignIn
    ) -> None:
        """Whoever that was may have gone home."""
        command = books_with(counter, spine, NEVER_ARRIVED)
        other = colleague(manager, sign_in)
        other.sends(other.opens(page_of(command)).form("/take"))
        to_a_person(command)
        set_clocks(command, attention_at=-TOO_LONG, taken_at=-(TOO_LONG + 60))
        assert escalate_overdue() == 1
        assert "Nobody is dealing with it yet" in other.opens(page_of(command)).text

    def test_what_was_taken_and_is_still_open_is_anybodys_again(
        self, left: Command, counter: Counter, manager: User, sign_in: SignIn
    ) -> None:
        counter.sends(counter.opens(page_of(left)).form("/take"))
        set_clocks(left, attention_at=-(GONE_HOME + 60), taken_at=-GONE_HOME)
        assert escalate_overdue() == 1
        assert escalate_overdue() == 0
        assert len(escalations(left)) == 1
        page = counter.opens(page_of(left))
        assert re.search(r"You took it on, .{5,20}, and it is still open", page.text)
        other = colleague(manager, sign_in)
        assert BAR in other.opens(reverse("find-patient")).text
        page = other.sends(other.opens(page_of(left)).form("/take"))
        assert "You are dealing with it since" in page.text
        assert BAR not in page.text
        assert escalate_overdue() == 0
        set_clocks(left, taken_at=-GONE_HOME)
        assert escalate_overdue() == 1, "each time anew"

    def test_the_page_names_the_practices_number_and_that_nobody_has_it(
        self, left: Command, counter: Counter
    ) -> None:
        page = counter.opens(page_of(left))
        assert "Ring Dr Legg's Surgery on 020 7946 0101" in page.text
        assert "Nobody is dealing with it yet" in page.text


class TestWhoSeesThatItIsEscalated:
    @pytest.fixture
    def escalated(self, left: Command) -> Command:
        set_clocks(left, attention_at=-TOO_LONG)
        assert escalate_overdue() == 1
        return left

    def test_a_manager_on_every_page_and_others_where_they_start(
        self, escalated: Command, counter: Counter, manager: User, sign_in: SignIn
    ) -> None:
        other = colleague(manager, sign_in)
        for name in ("start", "bookings", "find-patient"):
            assert f"1 booking needs {BAR} it." in other.opens(reverse(name)).text, name
        assert BAR in counter.opens(reverse("start")).text
        assert BAR not in counter.opens(reverse("find-patient")).text

    def test_it_goes_when_somebody_deals_with_it(
        self, escalated: Command, counter: Counter, manager: User, sign_in: SignIn
    ) -> None:
        assert "Waiting too long" in counter.opens(reverse("bookings")).text
        counter.sends(counter.opens(page_of(escalated)).form("/take"))
        assert BAR not in colleague(manager, sign_in).opens(reverse("start")).text
        listed = counter.opens(reverse("bookings")).text
        assert "Waiting too long" not in listed
        assert "You are dealing with it since" in listed

    @pytest.mark.requirement("IG-1")
    def test_another_organisation_does_not(
        self,
        escalated: Command,
        locum: User,
        sign_in: SignIn,
        organisations: dict[str, Organisation],
    ) -> None:
        stranger = Client()
        sign_in(stranger, locum)
        session = stranger.session
        session[SESSION_KEY] = organisations["A1002"].pk
        session.save()
        assert BAR not in Counter(stranger).opens(reverse("start")).text

    def test_the_portals_health_counts_it(self, left: Command) -> None:
        assert part("attention") == {"state": "ok", "waiting": 1, "escalated": 0}
        set_clocks(left, attention_at=-TOO_LONG)
        escalate_overdue()
        assert part("attention") == {"state": "degraded", "waiting": 1, "escalated": 1}


class TestWhoMayClose:
    def test_a_manager_may(self, left: Command, manager: User, sign_in: SignIn) -> None:
        other = colleague(manager, sign_in)
        page = other.opens(page_of(left))
        page = other.sends(page.form("/close"), outcome="not_made", spoken_to="Mrs Tull")
        assert page.title.startswith("Not booked")
        assert f"{manager.full_name} rang the practice. Mrs Tull there said" in page.text
        left.refresh_from_db()
        assert left.state == State.NOT_MADE
        assert left.next_look_at is not None  # once more, when the request can no longer arrive
        assert left.next_look_at > left.request_dead_at

    @pytest.mark.requirement("IG-1")
    def test_a_receptionist_only_after_saying_that_they_deal_with_it(
        self, left: Command, counter: Counter
    ) -> None:
        """A hub may have no manager at night."""
        page = counter.opens(page_of(left))
        assert "Close this after ringing" not in page.text
        refused = counter.client.post(
            reverse("close-command", args=[left.pk]), {"outcome": "made", "spoken_to": "Mrs Tull"}
        )
        assert refused.status_code == 403
        page = counter.sends(page.form("/take"))
        counter.sends(page.form("/close"), outcome="made", spoken_to="Mrs Tull")
        left.refresh_from_db()
        assert left.state == State.DONE
        closed = Event.objects.get(kind=EventKind.COMMAND_MOVED, command_id=left.pk, outcome="done")
        assert (closed.username, closed.by_system) == ("receptionist", "")
        assert "by telephone" in closed.detail["reason"]

    def test_not_the_one_who_took_it_before_a_colleague_did(
        self, left: Command, counter: Counter, clinician: User, sign_in: SignIn
    ) -> None:
        counter.sends(counter.opens(page_of(left)).form("/take"))
        other = colleague(clinician, sign_in)
        other.sends(other.opens(page_of(left)).form("/take"))
        assert "Close this after ringing" in other.page.text
        assert "Close this after ringing" not in counter.opens(page_of(left)).text

    def test_what_is_missing_is_said_beside_the_field(
        self, left: Command, manager: User, sign_in: SignIn
    ) -> None:
        other = colleague(manager, sign_in)
        page = other.sends(other.opens(page_of(left)).form("/close"), spoken_to="Mrs Tull")
        assert "Choose what the practice said" in page.text
        assert 'value="Mrs Tull"' in page.html
        left.refresh_from_db()
        assert left.state == State.NEEDS_ATTENTION

    def test_closing_twice_is_closing_once(
        self, left: Command, manager: User, sign_in: SignIn
    ) -> None:
        other = colleague(manager, sign_in)
        form = other.opens(page_of(left)).form("/close")
        other.sends(form, outcome="not_made", spoken_to="Mrs Tull")
        page = other.sends(form, outcome="made", spoken_to="Mrs Tull")
        assert page.title.startswith("Not booked")


CLOSED = [
    (Kind.BOOK, "made", "They have it: it is booked", "Closed by telephone: booked"),
    (Kind.BOOK, "not_made", "They do not have it: it is not booked", "Not booked"),
    (Kind.AMEND, "made", "It is changed", "Closed by telephone: changed"),
    (Kind.AMEND, "not_made", "It is not changed", "Not changed"),
    (Kind.CANCEL, "made", "It is cancelled", "Closed by telephone: cancelled"),
    (Kind.CANCEL, "not_made", "the appointment still stands", "Not cancelled"),
]


@pytest.mark.parametrize(("kind", "outcome", "offered", "title"), CLOSED)
def test_the_outcomes_are_said_in_the_words_of_what_was_asked_for(
    counter: Counter,
    spine: Sandbox,
    manager: User,
    sign_in: SignIn,
    kind: Kind,
    outcome: str,
    offered: str,
    title: str,
) -> None:
    command = (
        books_with(counter, spine, NEVER_ARRIVED)
        if kind == Kind.BOOK
        else changes_with(counter, spine, kind, NEVER_ARRIVED)
    )
    other = colleague(manager, sign_in)
    page = other.opens(page_of(to_a_person(command)))
    assert offered in page.text
    page = other.sends(page.form("/close"), outcome=outcome, spoken_to="Mrs Tull")
    assert page.title.startswith(title)


@pytest.mark.requirement("BOOK-7")
class TestSomethingElseThanWasAskedFor:
    @pytest.fixture
    def at_managers(self, manager: User, sign_in: SignIn, spine: Sandbox) -> Counter:
        return colleague(manager, sign_in)

    def test_put_right_it_is_as_asked_for(
        self, counter: Counter, spine: Sandbox, at_managers: Counter
    ) -> None:
        command = alarm(books_with(counter, spine))
        page = at_managers.opens(page_of(command))
        assert "It stays as they recorded it, and the patient agrees" in page.text
        page = at_managers.sends(page.form("/close"), outcome="made", spoken_to="Mrs Tull")
        assert page.title.startswith("Closed by telephone: booked")
        assert command.start.time_label in page.text
        assert "2099" not in page.text

    def test_kept_it_is_as_the_practice_recorded_it(
        self, counter: Counter, spine: Sandbox, at_managers: Counter
    ) -> None:
        command = alarm(books_with(counter, spine))
        form = at_managers.opens(page_of(command)).form("/close")
        page = at_managers.sends(form, outcome="as_recorded", spoken_to="Mrs Tull")
        assert "1 January 2099" in page.text
        command.refresh_from_db()
        assert command.state == State.DONE

    def test_taken_out_nothing_is_booked(
        self, counter: Counter, spine: Sandbox, at_managers: Counter
    ) -> None:
        command = alarm(books_with(counter, spine))
        form = at_managers.opens(page_of(command)).form("/close")
        page = at_managers.sends(form, outcome="not_made", spoken_to="Mrs Tull")
        assert page.title.startswith("Not booked")
        assert "2099" not in page.text

    def test_what_was_not_an_alarm_cannot_be_kept_as_recorded(
        self, left: Command, at_managers: Counter
    ) -> None:
        form = at_managers.opens(page_of(left)).form("/close")
        page = at_managers.sends(form, outcome="as_recorded", spoken_to="Mrs Tull")
        assert page.title.startswith("Error: ")

    @pytest.mark.parametrize("kind", [Kind.AMEND, Kind.CANCEL])
    def test_a_change_promises_only_what_is_shown(
        self, counter: Counter, spine: Sandbox, kind: Kind
    ) -> None:
        command = changes_with(counter, spine, kind)
        alarm(command)
        page = counter.opens(page_of(command))
        assert "is not the one asked for" in page.text
        assert "Both are below" in page.text
        assert "What was asked for" in page.text
        assert "2099" in page.text  # what the practice answered with

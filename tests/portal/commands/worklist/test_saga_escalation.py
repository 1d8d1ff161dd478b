"""What waits for a decision, or for a cancellation, and nobody takes, is escalated too."""

import pytest
from django.conf import settings
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions
from booking_portal.commands.states import State
from booking_portal.commands.worklist.escalation import escalate_overdue
from booking_portal.patients.models import Encounter
from tests.portal.clocks import continued, set_clocks, settled, settled_alone
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.monitor import part
from tests.portal.saga_steps import Clerk, held, move_for_a_person, stage, step, unconfirmed_move
from tests.portal.unsettled import books_with, cancels, colleague
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

TOO_LONG = settings.ESCALATE_AFTER_SECONDS + 1
GONE_HOME = settings.ESCALATE_TAKEN_AFTER_SECONDS + 1
BAR = "1 booking needs somebody to see to it, and nobody is dealing with it."
FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


@pytest.fixture
def left(clerk: Clerk, spine: Sandbox) -> Saga:
    """A move that only a person can finish."""
    return move_for_a_person(clerk, spine, clerk.books())


def address_of(saga: Saga) -> str:
    return reverse("saga", args=[saga.pk])


@pytest.mark.requirement("MOVE-1")
class TestStepsThatWaitForADecision:
    def test_are_escalated_once(self, left: Saga) -> None:
        assert escalate_overdue() == 0  # not before its time
        assert part("attention") == {"state": "ok", "waiting": 1, "escalated": 0}
        set_clocks(left, attention_at=-TOO_LONG)
        assert escalate_overdue() == 1
        assert escalate_overdue() == 0
        [event] = Event.objects.filter(kind=EventKind.COMMAND_ESCALATED)
        assert (event.by_system, event.outcome, event.practice_ods) == (
            "escalating",
            "move",
            "A20047",
        )
        assert event.detail["saga"] == str(left.pk)
        assert part("attention") == {"state": "degraded", "waiting": 1, "escalated": 1}

    def test_everybody_concerned_sees_it_until_somebody_takes_it(
        self, left: Saga, clerk: Clerk, manager: User, sign_in: SignIn
    ) -> None:
        set_clocks(left, attention_at=-TOO_LONG)
        escalate_overdue()
        other = colleague(manager, sign_in)
        assert BAR in other.opens(reverse("find-patient")).text
        listed = other.opens(reverse("bookings")).text
        assert "Waiting too long" in listed
        assert "Nobody is dealing with it yet" in listed
        page = other.sends(other.opens(address_of(left)).form("/take"))
        assert "You are dealing with it since" in page.text
        assert "I am dealing with it" not in page.text
        assert BAR not in page.text
        assert "Waiting too long" not in other.opens(reverse("bookings")).text
        mine = clerk.counter.opens(address_of(left)).text
        assert f"{manager.full_name} is dealing with it since" in mine
        [taken] = Event.objects.filter(kind=EventKind.COMMAND_TAKEN, detail__saga=str(left.pk))
        assert taken.username == "manager"
        assert part("attention")["escalated"] == 0

    def test_not_what_somebody_deals_with(self, left: Saga, clerk: Clerk) -> None:
        clerk.counter.sends(clerk.counter.opens(address_of(left)).form("/take"))
        set_clocks(left, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0

    def test_what_was_taken_and_not_decided_is_anybodys_again(
        self, left: Saga, clerk: Clerk, manager: User, sign_in: SignIn
    ) -> None:
        clerk.counter.sends(clerk.counter.opens(address_of(left)).form("/take"))
        set_clocks(left, attention_at=-GONE_HOME - 1, taken_at=-GONE_HOME)
        assert escalate_overdue() == 1
        assert escalate_overdue() == 0
        assert part("attention") == {"state": "degraded", "waiting": 1, "escalated": 1}
        assert "and it is still open" in clerk.counter.opens(address_of(left)).text
        other = colleague(manager, sign_in)
        assert "Waiting too long" in other.opens(reverse("bookings")).text
        page = other.sends(other.opens(address_of(left)).form("/take"))
        assert "You are dealing with it since" in page.text
        assert BAR not in page.text
        set_clocks(left, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0

    def test_a_decision_ends_it(self, left: Saga, clerk: Clerk) -> None:
        set_clocks(left, attention_at=-TOO_LONG)
        escalate_overdue()
        decisions.keep_both(left, actor=clerk.actor)
        assert part("attention") == {"state": "ok", "waiting": 0, "escalated": 0}

    def test_what_comes_by_itself_is_not_escalated(self, clerk: Clerk, spine: Sandbox) -> None:
        saga = unconfirmed_move(clerk, spine, clerk.books())
        set_clocks(saga, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0
        settled_alone(step(saga, FIRST))
        assert continued(saga) is Stage.FINISHED
        set_clocks(saga, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0

    def test_what_goes_wrong_after_it_was_taken_needs_somebody_anew(
        self, left: Saga, clerk: Clerk, spine: Sandbox
    ) -> None:
        """Whoever took it may have gone home when the worker finds that it was not done."""
        clerk.counter.sends(clerk.counter.opens(address_of(left)).form("/take"))
        spine.fault(practice="A20047", use_case="cancel", kind="status_500", times=1)
        second = decisions.finish(left, actor=clerk.actor)
        assert settled_alone(second, dead=True).state == State.NOT_MADE
        assert stage(left) is Stage.NEEDS_DECISION
        set_clocks(left, attention_at=-TOO_LONG)
        assert escalate_overdue() == 1

    def test_also_after_the_patient_knows_what_is_booked(self, left: Saga, clerk: Clerk) -> None:
        clerk.counter.sends(clerk.counter.opens(address_of(left)).form("/told"))
        assert "Nobody is dealing with it yet" in clerk.counter.page.text
        page = clerk.counter.sends(clerk.counter.page.form("/take"))
        assert "You are dealing with it since" in page.text
        set_clocks(left, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0

    def test_taking_what_has_gone_on_meanwhile_says_so(self, left: Saga, clerk: Clerk) -> None:
        clerk.counter.sends(clerk.counter.opens(address_of(left)).form("/told"))
        form = clerk.counter.page.form("/take")
        assert decisions.finish(left, actor=clerk.actor).state == State.DONE
        page = clerk.counter.sends(form)
        assert "This has gone on meanwhile" in page.text
        left.refresh_from_db()
        assert left.owner is None


@pytest.mark.requirement("PDS-3")
class TestStepsOfAPatientWhoHasBecomeRestricted:
    @pytest.fixture
    def hidden(self, left: Saga) -> Saga:
        Encounter.objects.filter(pk=left.encounter_id).forget_patient()
        return left

    def test_nothing_of_the_patient_is_shown_and_it_is_not_forgotten(
        self, hidden: Saga, clerk: Clerk, manager: User, sign_in: SignIn
    ) -> None:
        set_clocks(hidden, attention_at=-TOO_LONG)
        assert escalate_overdue() == 1
        other = colleague(manager, sign_in)
        for address in (reverse("bookings"), address_of(hidden)):
            page = other.opens(address)
            assert BAR in page.text
            assert "Somebody has to see to a booking that is half done" in page.text
            for theirs in ("ZELTHORPE", "965 821", "Legg", "Knee pain"):
                assert theirs not in page.text, (address, theirs)
        assert address_of(hidden) in other.opens(reverse("bookings")).html

    def test_it_is_taken_and_closed(
        self, hidden: Saga, clerk: Clerk, manager: User, sign_in: SignIn
    ) -> None:
        other = colleague(manager, sign_in)
        page = other.sends(other.opens(address_of(hidden)).form("/take"))
        assert "You are dealing with it since" in page.text
        other.sends(page.form("/keep"))
        assert stage(hidden) is Stage.CLOSED
        assert address_of(hidden) not in other.opens(reverse("bookings")).html
        [closed] = Event.objects.filter(kind=EventKind.STEPS_MOVED, username="manager")
        assert closed.nhs_number == hidden.encounter.nhs_number

    def test_nothing_goes_on_by_itself(self, clerk: Clerk, spine: Sandbox) -> None:
        old = clerk.books()
        saga = unconfirmed_move(clerk, spine, old)
        settled_alone(step(saga, FIRST))
        Encounter.objects.filter(pk=saga.encounter_id).forget_patient()
        assert continued(saga) is Stage.NEEDS_DECISION
        assert held(spine)[old.appointment_id] == "booked"


class TestWithdrawnAndMadeAllTheSame:
    @pytest.fixture
    def made(self, counter: Counter, spine: Sandbox) -> Command:
        command = books_with(counter, spine)
        page = counter.opens(reverse("withdraw-command", args=[command.pk]))
        counter.sends(page.form("/withdraw"))
        assert settled(command).state == State.DONE
        return command

    def test_is_escalated_until_somebody_takes_it(
        self, made: Command, counter: Counter, manager: User, sign_in: SignIn
    ) -> None:
        assert escalate_overdue() == 0
        set_clocks(made, attention_at=-TOO_LONG)
        assert escalate_overdue() == 1
        assert escalate_overdue() == 0
        other = colleague(manager, sign_in)
        assert BAR in other.opens(reverse("start")).text
        page = other.opens(reverse("command", args=[made.pk]))
        assert "Nobody is dealing with it yet" in page.text
        page = other.sends(page.form("/take"))
        assert "You are dealing with it since" in page.text
        assert BAR not in other.opens(reverse("start")).text

    def test_not_once_it_is_cancelled(self, made: Command, counter: Counter) -> None:
        there = [counter.encounter_id, "A20047", made.appointment_id]
        assert cancels(counter, reverse("cancel-appointment", args=there)).state == State.DONE
        set_clocks(made, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0

    def test_nor_where_the_patient_keeps_it(self, made: Command, counter: Counter) -> None:
        counter.sends(counter.opens(reverse("command", args=[made.pk])).form("/told"))
        set_clocks(made, attention_at=-TOO_LONG)
        assert escalate_overdue() == 0

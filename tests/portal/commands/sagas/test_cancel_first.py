"""Cancel first: where the practice has refused a second booking, after a warning. [MOVE-1]

G85119 lets A1002 hold two slots a day.
"""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.appointments.messages.decision import known_when_deciding
from booking_portal.commands import saga_status
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests.booking import BookingUnsettled
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions, start
from booking_portal.commands.states import Kind, State
from booking_portal.slots.offers import Offer
from tests.portal.clocks import continued, set_clocks, settled_alone
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.saga_steps import Clerk, held, stage, step, transitions
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("MOVE-1")]

PRACTICE, HERS = "G85119", "9990000131"
FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


@pytest.fixture
def clerk(
    client: Client,
    locum: User,
    sign_in: SignIn,
    spine: Sandbox,
    acting_for: Callable[[User, str], Actor],
) -> Clerk:
    """The locum, acting for A1002."""
    sign_in(client, locum)
    client.post(reverse("choose-organisation"), {"organisation": "A1002"})
    return Clerk(Counter(client), acting_for(locum, "A1002"), HERS)


@pytest.fixture
def day(clerk: Clerk) -> list[Offer]:
    """Four free slots of one day, that no other booking of a test takes."""
    offers = clerk.offers(PRACTICE)
    for date in sorted({offer.starts[:10] for offer in offers}, reverse=True):
        of_date = [offer for offer in offers if offer.starts[:10] == date]
        if len(of_date) >= 4:
            return of_date[:4]
    raise AssertionError("no day has four free slots")


@pytest.fixture
def old(clerk: Clerk, day: list[Offer]) -> Command:
    """One of the two slots that the practice lets A1002 hold on the day."""
    booked = [
        start.begin_booking(
            clerk.proposes(PRACTICE, offers=[offer]), "Check", "", actor=clerk.actor
        )
        for offer in day[:2]
    ]
    assert [one.state for one in booked] == [State.DONE, State.DONE]
    return booked[0]


@pytest.fixture
def refused(clerk: Clerk, old: Command, day: list[Offer]) -> Proposal:
    """A move that the practice refuses: it would be a third slot on the day."""
    proposal = clerk.proposes(PRACTICE, moving=old, offers=[day[2]])
    command = start.begin_move(proposal, "Check", "", "Works late", actor=clerk.actor)
    assert (command.kind, command.state) == (Kind.BOOK, State.REFUSED)
    return proposal


def cancels_first(clerk: Clerk, proposal: Proposal) -> Command:
    return start.begin_move(
        proposal, "Check", "", "Works late", actor=clerk.actor, cancel_first=True
    )


def test_it_may_be_chosen_only_after_the_practice_has_refused(
    clerk: Clerk, old: Command, day: list[Offer], spine: Sandbox
) -> None:
    with pytest.raises(start.NotToCancelFirst):
        cancels_first(clerk, clerk.proposes(PRACTICE, moving=old, offers=[day[2]]))
    assert set(held(spine, PRACTICE, HERS).values()) == {"booked"}


def test_the_old_one_is_cancelled_and_the_new_one_booked(
    clerk: Clerk, old: Command, refused: Proposal, spine: Sandbox
) -> None:
    move = Saga.objects.get()
    assert stage(move) is Stage.FIRST_FAILED
    assert held(spine, PRACTICE, HERS)[old.appointment_id] == "booked"
    assert saga_status.may_cancel_first(move)

    command = cancels_first(clerk, refused)
    assert (command.kind, command.state) == (Kind.BOOK, State.DONE), command.sentence
    assert command.saga is not None
    assert stage(command.saga) is Stage.FINISHED
    assert held(spine, PRACTICE, HERS)[old.appointment_id] == "cancelled"
    assert held(spine, PRACTICE, HERS)[command.appointment_id] == "booked"
    assert [what for what, _, _ in transitions(command.saga)] == ["begun", "went on"]

    assert cancels_first(clerk, refused) == command  # a second click
    assert not saga_status.may_cancel_first(move)
    assert len(held(spine, PRACTICE, HERS)) == 3


def test_nothing_is_booked_while_the_cancellation_is_unconfirmed(
    clerk: Clerk, old: Command, refused: Proposal, day: list[Offer], spine: Sandbox
) -> None:
    spine.fault(practice=PRACTICE, use_case="cancel", kind="status_500_after", times=1)
    command = cancels_first(clerk, refused)
    assert (command.kind, command.state) == (Kind.CANCEL, State.UNCONFIRMED)
    saga = command.saga
    assert saga is not None
    assert continued(saga) is Stage.FIRST_UNSETTLED
    with pytest.raises(BookingUnsettled) as met:  # the saga is going to book by itself
        start.begin_booking(
            clerk.proposes(PRACTICE, offers=[day[3]]), "Check", "", actor=clerk.actor
        )
    assert met.value.command == command

    settled_alone(command)
    assert continued(saga) is Stage.FINISHED
    assert held(spine, PRACTICE, HERS)[old.appointment_id] == "cancelled"
    assert step(saga, SECOND).state == State.DONE


def test_a_cancellation_that_was_not_made_leaves_the_old_one(
    clerk: Clerk, old: Command, refused: Proposal, spine: Sandbox
) -> None:
    spine.fault(practice=PRACTICE, use_case="cancel", kind="status_500", times=1)
    command = cancels_first(clerk, refused)
    assert settled_alone(command, dead=True).state == State.NOT_MADE
    assert command.saga is not None
    assert continued(command.saga) is Stage.FIRST_FAILED
    assert held(spine, PRACTICE, HERS)[old.appointment_id] == "booked"


def test_a_patient_left_without_an_appointment_is_loud_and_one_click_books(
    clerk: Clerk, old: Command, refused: Proposal, spine: Sandbox
) -> None:
    spine.fault(practice=PRACTICE, use_case="book", kind="status_500", times=1)
    command = cancels_first(clerk, refused)
    assert (command.kind, command.state) == (Kind.BOOK, State.UNCONFIRMED)
    saga = command.saga
    assert saga is not None
    assert stage(saga) is Stage.SECOND_UNSETTLED
    assert settled_alone(command, dead=True).state == State.NOT_MADE
    assert stage(saga) is Stage.NEEDS_DECISION
    [listed] = saga_status.open_in(clerk.actor.organisation)
    assert listed == saga
    assert saga_status.without_appointment(listed)
    assert "the patient has no appointment" in known_when_deciding(listed)

    again = decisions.finish(saga, actor=clerk.actor)
    assert (again.kind, again.state) == (Kind.BOOK, State.DONE), again.sentence
    assert again.form_token != command.form_token
    assert decisions.finish(saga, actor=clerk.actor) == again
    assert stage(saga) is Stage.FINISHED


def test_a_slot_that_has_gone_meanwhile_is_left_to_a_person(
    clerk: Clerk, old: Command, refused: Proposal, spine: Sandbox
) -> None:
    spine.fault(practice=PRACTICE, use_case="cancel", kind="status_500_after", times=1)
    command = cancels_first(clerk, refused)
    saga = command.saga
    assert saga is not None
    settled_alone(command)
    spine.take_slot(PRACTICE, refused.chosen[0].slot_id)
    assert continued(saga) is Stage.NEEDS_DECISION
    assert step(saga, SECOND).state == State.REFUSED
    listed = Saga.objects.get(pk=saga.pk)
    assert saga_status.without_appointment(listed)
    assert "This slot has been taken" in known_when_deciding(listed)
    with pytest.raises(decisions.NotToDecide):
        decisions.undo(saga, "Undo", actor=clerk.actor)
    with pytest.raises(decisions.NotToDecide):
        decisions.keep_both(saga, actor=clerk.actor)
    assert refused.description == "Check"  # what was typed is kept for another slot
    decisions.give_up(saga, actor=clerk.actor)
    assert saga_status.open_in(clerk.actor.organisation) == []


def test_too_late_it_is_a_persons(
    clerk: Clerk, old: Command, refused: Proposal, spine: Sandbox
) -> None:
    spine.fault(practice=PRACTICE, use_case="cancel", kind="status_500_after", times=1)
    command = cancels_first(clerk, refused)
    saga = command.saga
    assert saga is not None
    settled_alone(command)
    set_clocks(saga, automatic_until=-1)
    assert continued(saga) is Stage.NEEDS_DECISION
    assert step(saga, FIRST).state == State.DONE
    assert "no appointment" in known_when_deciding(Saga.objects.get(pk=saga.pk))
    assert decisions.finish(saga, actor=clerk.actor).state == State.DONE


def test_an_unsettled_booking_of_the_patient_comes_first(
    clerk: Clerk, old: Command, refused: Proposal, day: list[Offer], spine: Sandbox
) -> None:
    spine.fault(practice=PRACTICE, use_case="book", kind="status_500", times=1)
    start.begin_booking(clerk.proposes(PRACTICE, offers=[day[3]]), "Check", "", actor=clerk.actor)
    with pytest.raises((BookingUnsettled, AlreadyAsked)):
        cancels_first(clerk, refused)
    assert held(spine, PRACTICE, HERS)[old.appointment_id] == "booked"

"""Register and book: one wish, two writes, settled as one. [REG-1..3]"""

import uuid

import pytest

from booking_portal.appointments.messages.decision import known_when_deciding
from booking_portal.commands import saga_status
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests import booking
from booking_portal.commands.requests.booking import BookingUnsettled
from booking_portal.commands.requests.registration import KnownThere, RegisteredHere, StillNotShown
from booking_portal.commands.requests.withdrawal import withdraw
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas import decisions, orchestrator, start
from booking_portal.commands.sagas.decisions import choose_another
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.slots.offers import NotBookable
from tests.portal.clocks import continued, set_clocks, settled_alone
from tests.portal.counter import PATIENT, Counter
from tests.portal.saga_steps import Clerk, held, stage, step, transitions
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("REG-1")]

ELSEWHERE, CALLED_A_DUPLICATE = "9324926233", "9990000190"
FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


@pytest.fixture
def clerk(counter: Counter, clerk: Clerk) -> Clerk:
    """With a patient whom A20047 does not know."""
    return Clerk(counter, clerk.actor, ELSEWHERE)


def registers(clerk: Clerk, proposal: Proposal, form_token: uuid.UUID | None = None) -> Command:
    return start.begin_registering(
        proposal,
        "Knee pain",
        "Uses a stick",
        None,
        form_token=form_token or uuid.uuid4(),
        actor=clerk.actor,
    )


def asked(spine: Sandbox, ending: str) -> int:
    """How often a practice was asked for this."""
    return sum(
        one["raw_path"].split("?")[0].endswith(ending) and one["method"] == "POST"
        for one in spine.exchanges()
    )


def unconfirmed(clerk: Clerk, spine: Sandbox) -> Saga:
    """The practice has registered the patient, and its answer has not come."""
    spine.fault(practice="A20047", use_case="register", kind="status_500_after", times=1)
    command = registers(clerk, clerk.proposes())
    assert (command.kind, command.state) == (Kind.REGISTER, State.UNCONFIRMED)
    assert command.saga is not None
    return command.saga


@pytest.mark.requirement("REG-2", "REG-3")
def test_the_patient_is_registered_and_booked_in_one_go(clerk: Clerk, spine: Sandbox) -> None:
    proposal, form_token = clerk.proposes(), uuid.uuid4()
    command = registers(clerk, proposal, form_token)
    assert (command.kind, command.state) == (Kind.BOOK, State.DONE), command.sentence
    saga = Saga.objects.get()
    assert stage(saga) is Stage.FINISHED
    registration = step(saga, FIRST)
    assert (registration.kind, registration.state) == (Kind.REGISTER, State.DONE)
    assert registration.patient_id == command.patient_id
    [one] = spine.appointments("A20047", ELSEWHERE)
    assert (one["id"], one["description"]) == (command.appointment_id, "Knee pain")
    assert transitions(saga) == [("begun", "receptionist", ""), ("went on", "receptionist", "")]

    assert registers(clerk, proposal, form_token) == command  # a second click
    assert registers(clerk, proposal) == command  # the form opened once more
    assert start.begin_booking(proposal, "Knee pain", "", actor=clerk.actor) == command
    assert asked(spine, "$gpc.registerpatient") == asked(spine, "/Appointment") == 1
    assert list(held(spine, "A20047", ELSEWHERE).values()) == ["booked"]


@pytest.mark.requirement("REG-3")
def test_an_unconfirmed_registration_is_settled_and_then_booked(
    clerk: Clerk, spine: Sandbox
) -> None:
    saga = unconfirmed(clerk, spine)
    assert continued(saga) is Stage.FIRST_UNSETTLED
    assert held(spine, "A20047", ELSEWHERE) == {}
    assert settled_alone(step(saga, FIRST)).state == State.DONE
    assert continued(saga) is Stage.FINISHED
    booked = step(saga, SECOND)
    assert booked.state == State.DONE
    assert booked.payload["comment"] == "Uses a stick"
    assert held(spine, "A20047", ELSEWHERE) == {booked.appointment_id: "booked"}
    assert transitions(saga)[-1] == ("went on", "receptionist", "settling")


def test_nothing_is_booked_when_the_registration_was_not_made(clerk: Clerk, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="register", kind="status_500", times=1)
    command = registers(clerk, clerk.proposes())
    assert settled_alone(command, dead=True).state == State.NOT_MADE
    assert command.saga is not None
    assert continued(command.saga) is Stage.FIRST_FAILED
    assert asked(spine, "/Appointment") == 0


@pytest.mark.requirement("REG-3")
def test_a_duplicate_is_looked_for_once_and_not_registered_again(
    counter: Counter, clerk: Clerk, spine: Sandbox
) -> None:
    clerk = Clerk(counter, clerk.actor, CALLED_A_DUPLICATE)
    command = registers(clerk, clerk.proposes("C81007"))
    assert (command.kind, command.state) == (Kind.REGISTER, State.REFUSED)
    assert command.saga is not None
    assert stage(command.saga) is Stage.FIRST_FAILED
    with pytest.raises(StillNotShown):
        registers(clerk, clerk.proposes("C81007"))
    assert asked(spine, "$gpc.registerpatient") == 1
    assert asked(spine, "/Appointment") == 0


@pytest.mark.requirement("BOOK-8")
def test_the_registration_remains_when_the_booking_fails(clerk: Clerk, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
    command = registers(clerk, clerk.proposes())
    assert (command.kind, command.state) == (Kind.BOOK, State.REFUSED)
    saga = Saga.objects.get()
    assert stage(saga) is Stage.NEEDS_DECISION
    sentence = known_when_deciding(saga)
    assert "on the practice's list now, temporarily, and that remains" in sentence
    assert "This slot has been taken" in sentence
    assert not saga_status.without_appointment(saga)
    with pytest.raises(decisions.NotToDecide):
        decisions.keep_both(saga, actor=clerk.actor)
    with pytest.raises(decisions.NotToDecide):
        decisions.undo(saga, "Undo", actor=clerk.actor)
    assert clerk.books().state == State.DONE  # another slot: the patient is known there now
    decisions.give_up(saga, actor=clerk.actor)
    assert stage(saga) is Stage.CLOSED


def test_a_booking_that_shows_up_after_another_slot_was_booked_is_told_too(
    clerk: Clerk, spine: Sandbox
) -> None:
    """Held to be not made, while the practice made it in the end: two, and both are known."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    first_try = registers(clerk, clerk.proposes())
    saga = Saga.objects.get()
    Command.objects.filter(pk=first_try.pk).update(state=State.NOT_MADE)
    another = clerk.proposes()
    another.before = []  # seen on the check page, before the practice made it
    another.save()
    choose_another(saga.proposal, another, actor=clerk.actor)
    booked = start.begin_booking(another, "Knee pain", "", actor=clerk.actor)
    assert (booked.saga, stage(saga)) == (saga, Stage.FINISHED)

    settled_alone(first_try)
    assert (first_try.state, first_try.saga) == (State.DONE, None)
    assert stage(saga) is Stage.FINISHED
    assert set(held(spine, "A20047", ELSEWHERE)) == {
        first_try.appointment_id,
        booked.appointment_id,
    }


def test_what_can_be_booked_without_registering_is_not_registered(
    counter: Counter, clerk: Clerk, spine: Sandbox
) -> None:
    clerk = Clerk(counter, clerk.actor, PATIENT)
    proposal = clerk.proposes()
    Encounter.objects.filter(pk=clerk.encounter.pk).update(
        trace=clerk.encounter.trace | {"registered_practice": "B82617"}
    )
    proposal = Proposal.objects.get(pk=proposal.pk)
    with pytest.raises(KnownThere):
        registers(clerk, proposal)
    proposal.refresh_from_db()
    assert (proposal.description, proposal.comment) == ("Knee pain", "Uses a stick")
    assert asked(spine, "$gpc.registerpatient") == 0
    assert not Saga.objects.exists()


def test_nobody_is_registered_at_their_own_practice(
    counter: Counter, clerk: Clerk, spine: Sandbox
) -> None:
    clerk = Clerk(counter, clerk.actor, PATIENT)
    with pytest.raises(RegisteredHere):
        registers(clerk, clerk.proposes())
    assert asked(spine, "$gpc.registerpatient") == 0


@pytest.mark.requirement("PDS-6")
def test_a_serious_difference_is_for_a_person_who_then_books_it(
    clerk: Clerk, spine: Sandbox
) -> None:
    saga = unconfirmed(clerk, spine)
    settled_alone(step(saga, FIRST))
    differs = {"field": "family", "serious": True, "pds": "Pontevrel", "practice": "Pontevin"}
    there = PatientAtPractice.objects.filter(encounter=clerk.encounter)
    there.update(differences=[differs])
    assert continued(saga) is Stage.NEEDS_DECISION
    saga.refresh_from_db()
    assert saga.stopped == "DIFFERENCES"
    with pytest.raises(booking.DifferencesNotAcknowledged):
        decisions.finish(saga, actor=clerk.actor)
    assert held(spine, "A20047", ELSEWHERE) == {}

    booking.acknowledge_differences(there.get(), actor=clerk.actor)
    booked = start.begin_booking(
        saga.proposal, "Knee pain", "", actor=clerk.actor
    )  # the check page
    assert booked.saga == saga
    assert stage(saga) is Stage.FINISHED
    assert transitions(saga)[-1] == ("finished", "receptionist", "")


def test_too_late_a_person_books(clerk: Clerk, spine: Sandbox) -> None:
    saga = unconfirmed(clerk, spine)
    settled_alone(step(saga, FIRST))
    set_clocks(saga, automatic_until=-1)
    assert continued(saga) is Stage.NEEDS_DECISION
    booked = decisions.finish(saga, actor=clerk.actor)
    assert booked.state == State.DONE
    assert decisions.finish(saga, actor=clerk.actor) == booked
    assert start.begin_booking(saga.proposal, "Knee pain", "", actor=clerk.actor) == booked
    assert len(held(spine, "A20047", ELSEWHERE)) == 1


def test_a_withdrawn_registration_books_nothing(clerk: Clerk, spine: Sandbox) -> None:
    saga = unconfirmed(clerk, spine)
    withdraw(step(saga, FIRST), actor=clerk.actor)
    assert settled_alone(step(saga, FIRST)).state == State.DONE
    assert continued(saga) is Stage.NEEDS_DECISION
    assert held(spine, "A20047", ELSEWHERE) == {}
    decisions.give_up(saga, actor=clerk.actor)
    assert stage(saga) is Stage.CLOSED


def test_a_withdrawn_registration_does_not_stand_in_the_way_of_booking_elsewhere(
    clerk: Clerk, spine: Sandbox
) -> None:
    saga = unconfirmed(clerk, spine)
    with pytest.raises(BookingUnsettled) as met:
        clerk.books("B82617")
    assert met.value.command == step(saga, FIRST)
    withdraw(step(saga, FIRST), actor=clerk.actor)
    assert clerk.books("B82617").state == State.DONE


@pytest.mark.requirement("BOOK-8", "PDS-4")
def test_a_registration_under_a_superseded_number_stands_in_the_way_too(
    counter: Counter, clerk: Clerk, spine: Sandbox
) -> None:
    saga = unconfirmed(clerk, spine)
    superseded = "9658220223"
    Encounter.objects.update(nhs_number=superseded)
    Command.objects.update(nhs_number=superseded)
    counter.traces(superseded)
    counter.searches("B82617")
    page = counter.chooses()
    assert "Check and book" not in page.title
    assert str(step(saga, FIRST).pk) in page.html


def test_nothing_is_registered_while_a_booking_is_unsettled(clerk: Clerk, spine: Sandbox) -> None:
    spine.fault(practice="B82617", use_case="book", kind="status_500", times=1)
    start.begin_booking(clerk.proposes("B82617"), "Knee pain", "", actor=clerk.actor)
    with pytest.raises(BookingUnsettled):
        registers(clerk, clerk.proposes())
    assert asked(spine, "$gpc.registerpatient") == 0


def test_a_text_that_cannot_be_sent_is_said_before_anything_is(
    clerk: Clerk, spine: Sandbox
) -> None:
    with pytest.raises(NotBookable):
        start.begin_registering(
            clerk.proposes(), "", "", None, form_token=uuid.uuid4(), actor=clerk.actor
        )
    assert asked(spine, "$gpc.registerpatient") == 0


def test_a_process_killed_after_the_registration_loses_nothing(
    clerk: Clerk, spine: Sandbox
) -> None:
    """All that it has left is a registration that is done, and a saga."""
    saga = unconfirmed(clerk, spine)
    settled_alone(step(saga, FIRST))
    set_clocks(saga, next_try_at=30)  # its claim has not run out
    assert orchestrator.continue_due() == 0
    assert continued(saga) is Stage.FINISHED
    assert orchestrator.continue_due() == 0
    assert len(held(spine, "A20047", ELSEWHERE)) == 1

"""Steps for tests of writes in two steps: the services, asked by a signed-in user."""

from booking_portal.accounts.actor import Actor
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import saga_status
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests import booking
from booking_portal.commands.sagas import start
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer
from tests.portal.clocks import continued, set_clocks, settled_alone
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox

STEPS = (Command.Step.FIRST, Command.Step.SECOND, Command.Step.UNDO)


class Clerk:
    """One user with one traced patient; each practice is searched once."""

    def __init__(self, counter: Counter, actor: Actor, nhs_number: str = PATIENT) -> None:
        self.counter, self.actor, self.nhs_number = counter, actor, nhs_number
        self.encounter = Encounter.objects.get(pk=counter.traces(nhs_number))
        self._offers: dict[str, list[Offer]] = {}

    def offers(self, practice: str = "A20047") -> list[Offer]:
        """What is left of the free slots, in order; the last is days away."""
        if practice not in self._offers:
            self.counter.searches(practice)
            self._offers[practice] = [
                Offer.from_signed(token, self.encounter.pk) for token in self.counter.offered
            ]
        return self._offers[practice]

    def proposes(
        self,
        practice: str = "A20047",
        *,
        moving: Command | None = None,
        offers: list[Offer] | None = None,
    ) -> Proposal:
        """The last slot that has not been chosen yet, or these."""
        return booking.propose(
            self.encounter,
            Practice.objects.get(ods_code=practice),
            offers or [self.offers(practice).pop()],
            actor=self.actor,
            moving=moved(moving) if moving else None,
        )

    def books(self, practice: str = "A20047") -> Command:
        """A booking that the practice has confirmed."""
        command = start.begin_booking(self.proposes(practice), "Knee pain", "", actor=self.actor)
        assert command.state == "done", command.sentence
        return command

    def moves(self, old: Command, practice: str = "A20047", reason: str = "Works late") -> Command:
        """The command that moving the booked appointment to another slot led to."""
        proposal = self.proposes(practice, moving=old)
        return start.begin_move(proposal, "Knee pain", "", reason, actor=self.actor)


def unconfirmed_move(clerk: Clerk, spine: Sandbox, old: Command) -> Saga:
    """The practice has made the new appointment, and its answer has not come."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = clerk.moves(old)
    assert (command.kind, command.state) == ("book", "unconfirmed")
    assert command.saga is not None
    assert stage(command.saga) is saga_status.Stage.FIRST_UNSETTLED
    return command.saga


def move_for_a_person(clerk: Clerk, spine: Sandbox, old: Command) -> Saga:
    """The new appointment is booked, and the time for cancelling the old one by itself is over."""
    saga = unconfirmed_move(clerk, spine, old)
    settled_alone(step(saga, Command.Step.FIRST))
    set_clocks(saga, automatic_until=-1)
    assert continued(saga) is saga_status.Stage.NEEDS_DECISION
    return Saga.objects.get(pk=saga.pk)


def moved(old: Command) -> dict[str, str]:
    """A booked appointment as a proposal tells what it moves."""
    return {
        "practice_ods": old.practice.ods_code,
        "appointment_id": old.appointment_id,
        "version": old.result["version"],
        "starts": old.starts,
        "ends": old.result["ends"],
        "system": old.system,
    }


def held(spine: Sandbox, practice: str = "A20047", nhs_number: str = PATIENT) -> dict[str, str]:
    """The status of each appointment that the practice itself has recorded for the patient."""
    return {one["id"]: one["status"] for one in spine.appointments(practice, nhs_number)}


def stage(saga: Saga) -> saga_status.Stage:
    """Where the saga stands now."""
    return saga_status.stage_of(Saga.objects.get(pk=saga.pk))


def step(saga: Saga, which: Command.Step) -> Command:
    """The saga's command that is this step."""
    found = saga_status.step_of(Saga.objects.get(pk=saga.pk), which)
    assert found is not None
    return found


def transitions(saga: Saga) -> list[tuple[str, str, str]]:
    """The saga's audit events, oldest first: what happened, by whom, and by which process."""
    events = Event.objects.filter(kind=EventKind.STEPS_MOVED, detail__saga=str(saga.pk))
    return [(one.outcome, one.username, one.by_system) for one in events.order_by("id")]

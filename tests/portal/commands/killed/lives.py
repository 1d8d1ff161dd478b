"""One life of each kind of write, from the user's click until it is settled, and its truth."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import F

from booking_portal.accounts.actor import Actor
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests import amend_cancel, appointment_reads, booking, registration
from booking_portal.commands.sagas import orchestrator, start
from booking_portal.commands.states import Kind, State
from booking_portal.commands.tasks import settle_due
from booking_portal.patients import pds_trace, practice_record
from booking_portal.patients.confirmation import Said
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer, offer_of
from gpconnect import london
from gpconnect.models import SlotSearch
from tests.portal.counter import BORN
from tests.sandbox_control import Sandbox

HERE, LIMITED = "A20047", "G85119"  # the second lets A1002 hold two slots a day
WITHOUT_APPOINTMENTS, WITH_ONE, UNKNOWN_THERE = "9658218873", "9658218865", "9324926233"
KNOWN_THERE = "9990000131"
PATIENT_OF = {
    Kind.BOOK: WITHOUT_APPOINTMENTS,
    Kind.AMEND: WITH_ONE,  # booked by A1001
    Kind.CANCEL: WITH_ONE,
    Kind.REGISTER: UNKNOWN_THERE,
    Saga.Kind.MOVE: WITH_ONE,
    Saga.Kind.CANCEL_FIRST: KNOWN_THERE,
    Saga.Kind.REGISTER_AND_BOOK: UNKNOWN_THERE,
}
SETTLED_WITHIN = 8


class Clocks:
    """The database's times of every command and saga, moved instead of waited for."""

    def all_due(self) -> None:
        """Every look, and every second step, is due; every lease is over."""
        past = database_now() - timedelta(seconds=1)
        waiting = Command.objects.filter(next_look_at__isnull=False)
        waiting.update(next_look_at=past, send_deadline=past)
        Saga.objects.filter(next_try_at__isnull=False).update(next_try_at=past)

    def requests_dead(self) -> None:
        """No request that has been sent can still arrive."""
        past = database_now() - timedelta(seconds=1)
        Command.objects.exclude(state=State.SENDING).update(request_dead_at=past)

    def window_over(self) -> None:
        """Nothing is sent again any more."""
        Command.objects.update(created_at=F("created_at") - timedelta(hours=1))  # in their order
        Saga.objects.update(automatic_until=database_now() - timedelta(seconds=1))


@dataclass(frozen=True)
class Place:
    """Who asks, at which practice, and the last day's free slots there, in order.

    `seeded`: the number of the last version that the practices were reset to.
    """

    actor: Actor
    practice: Practice
    offers: list[Offer]
    seeded: int

    @classmethod
    def of(cls, actor: Actor, ods_code: str, nhs_number: str, spine: Sandbox) -> "Place":
        """As it is now."""
        practice = Practice.objects.get(ods_code=ods_code)
        encounter = pds_trace.open_by_number(nhs_number, None, actor=actor)
        at = practice_record.find_at_practice(encounter, practice, actor=actor)
        today = london.today()
        search = SlotSearch(today, today + timedelta(days=13))
        slots = practice_record.client_at(at, actor=actor).search_free_slots(search).slots
        offers = sorted((offer_of(slot, ods_code) for slot in slots), key=lambda one: one.starts)
        days = sorted({one.starts[:10] for one in offers}, reverse=True)
        by_day = ([one for one in offers if one.starts[:10] == day] for day in days)
        seeded = max(entry["number"] for entry in spine.chronicle())
        return cls(actor, practice, next(day for day in by_day if len(day) >= 3), seeded)


@dataclass
class Life:
    """A wish of somebody's, at a practice that has been reset.

    `ask` is the click; asking again is the same form sent again.
    """

    kind: Kind | Saga.Kind
    place: Place
    spine: Sandbox
    ask: Callable[[], Command] = field(init=False)
    began_after: int = field(init=False)
    clocks: Clocks = field(default_factory=Clocks)

    def __post_init__(self) -> None:
        self.actor, self.practice = self.place.actor, self.place.practice
        number = PATIENT_OF[self.kind]
        said = Said(date.fromisoformat(BORN[number])) if number in BORN else None
        self.encounter = pds_trace.open_by_number(number, said, actor=self.actor)
        prepare: dict[Any, Callable[[], Callable[[], Command]]] = {
            Kind.BOOK: self._book,
            Kind.AMEND: self._amend,
            Kind.CANCEL: self._cancel,
            Kind.REGISTER: self._register,
            Saga.Kind.MOVE: self._move,
            Saga.Kind.CANCEL_FIRST: self._cancel_first,
            Saga.Kind.REGISTER_AND_BOOK: self._register_and_book,
        }
        self.ask = prepare[self.kind]()
        self._prepared = set(Command.objects.values_list("pk", flat=True))
        before = self.spine.chronicle(after=self.place.seeded)
        self.began_after = self.place.seeded + len(before)

    @property
    def commands(self) -> list[Command]:
        """Oldest first."""
        return list(Command.objects.exclude(pk__in=self._prepared).order_by("created_at"))

    @property
    def written(self) -> list[Any]:
        """Each version that the practice has written since, in order."""
        return self.spine.chronicle(after=self.began_after)

    def settle(self, *, tries: int = SETTLED_WITHIN) -> None:
        """Let the worker tick until nothing waits: soon, then when nothing can arrive any more."""
        for tick in range(tries):
            self.clocks.all_due()
            if tick:
                self.clocks.requests_dead()
            settle_due()
            orchestrator.continue_due()
            if not Command.objects.unsettled().exists() and not self._goes_on():
                break

    def requires_truth(self) -> None:
        """Everything is settled, told as the practice has it, and made once or not at all."""
        written, commands = self.written, self.commands
        for command in commands:
            times = sum(_does(entry, command) for entry in written)
            assert (command.state, times) in {
                (State.DONE, 1),
                (State.NOT_MADE, 0),
                (State.REFUSED, 0),
            }, f"{command}, and the practice has made it {times} times"
        assert len(written) == sum(command.state == State.DONE for command in commands)

    def _goes_on(self) -> bool:
        return Saga.objects.filter(next_try_at__isnull=False, closed_at=None).exists()

    def _there(self) -> PatientAtPractice:
        return practice_record.find_at_practice(self.encounter, self.practice, actor=self.actor)

    def _proposal(self, number: int = 0) -> Proposal:
        offer = self.place.offers[number]
        return booking.propose(self.encounter, self.practice, [offer], actor=self.actor)

    def _held(self) -> Any:
        [held] = self.spine.appointments(HERE, WITH_ONE)
        return held

    def _book(self) -> Callable[[], Command]:
        proposal = self._proposal()
        return lambda: start.begin_booking(_again(proposal), "Knee pain", "", actor=self.actor)

    def _amend(self) -> Callable[[], Command]:
        at, held, token = self._there(), self._held(), uuid.uuid4()
        return lambda: amend_cancel.amend(
            at, held["id"], str(held["version"]), "Amended", "", form_token=token, actor=self.actor
        )

    def _cancel(self) -> Callable[[], Command]:
        at, held, token = self._there(), self._held(), uuid.uuid4()
        return lambda: amend_cancel.cancel(
            at, held["id"], str(held["version"]), "Better", form_token=token, actor=self.actor
        )

    def _register(self) -> Callable[[], Command]:
        token = uuid.uuid4()
        return lambda: registration.register(
            self.encounter, self.practice, form_token=token, actor=self.actor
        )

    def _move(self) -> Callable[[], Command]:
        proposal, at = self._proposal(), self._there()
        old = appointment_reads.read_appointment(at, self._held()["id"], actor=self.actor)
        proposal.moving = {
            "practice_ods": HERE,
            "appointment_id": old.id,
            "version": old.version,
            "starts": old.start.written,
            "ends": old.end.written,
        }
        proposal.save()
        return lambda: start.begin_move(
            _again(proposal), "Knee pain", "", "Works late", actor=self.actor
        )

    def _cancel_first(self) -> Callable[[], Command]:
        """The practice has refused the move: it would be a third slot on the day."""
        old, _ = (
            start.begin_booking(self._proposal(number), "Check", "", actor=self.actor)
            for number in range(2)
        )
        proposal = self._proposal(2)
        proposal.moving = {
            "practice_ods": LIMITED,
            "appointment_id": old.appointment_id,
            "version": old.result["version"],
            "starts": old.starts,
            "ends": old.result["ends"],
        }
        proposal.save()

        def ask(cancel_first: bool = True) -> Command:
            return start.begin_move(
                _again(proposal),
                "Check",
                "",
                "Works late",
                actor=self.actor,
                cancel_first=cancel_first,
            )

        assert ask(cancel_first=False).state == State.REFUSED
        return ask

    def _register_and_book(self) -> Callable[[], Command]:
        proposal, token = self._proposal(), uuid.uuid4()
        return lambda: start.begin_registering(
            _again(proposal), "Knee pain", "", None, form_token=token, actor=self.actor
        )


Lives = Callable[[Kind | Saga.Kind], Life]
"""Begins a life of a kind."""


def forget_everything() -> None:
    """No command, and no patient, as if the portal had just been set up."""
    for each in (Command, Saga, Proposal, Encounter):
        each.objects.all().delete()


def _again(proposal: Proposal) -> Proposal:
    """As another request reads it."""
    return Proposal.objects.select_related("encounter", "practice").get(pk=proposal.pk)


def _does(entry: Any, command: Command) -> bool:
    """Whether this version, as a practice wrote it, does what the command asks."""
    resource = entry["resource"]
    if command.kind == Kind.REGISTER:
        return bool(entry["kind"] == "patient")
    if entry["kind"] != "appointment":
        return False
    if command.kind == Kind.BOOK:
        return bool(entry["version"] == 1)
    if entry["id"] != command.appointment_id:
        return False
    if command.kind == Kind.CANCEL:
        return bool(resource["status"] == "cancelled")
    return bool(resource["status"] == "booked" and resource["description"] == "Amended")

"""Commands and sagas as rows, as if somebody had asked for them: for tables of what may stand
beside what. No practice is asked, and nobody's page is opened."""

import uuid
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from booking_portal.accounts.actor import Actor
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.states import UNSETTLED, Kind, State
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice
from tests.portal.counter import PATIENT

HERE, ELSEWHERE = "A20047", "B82617"
STEPS: dict[str, dict[str, Kind]] = {
    Saga.Kind.MOVE: {"first": Kind.BOOK, "second": Kind.CANCEL, "undo": Kind.CANCEL},
    Saga.Kind.CANCEL_FIRST: {"first": Kind.CANCEL, "second": Kind.BOOK},
    Saga.Kind.REGISTER_AND_BOOK: {"first": Kind.REGISTER, "second": Kind.BOOK},
}
STARTS = "2099-11-24T18:40:00+00:00"


class Rows:
    """What one user has asked for at one practice, for one patient."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.practice = Practice.objects.get(ods_code=HERE)
        self.elsewhere = Practice.objects.get(ods_code=ELSEWHERE)
        self.encounter = self.patient(PATIENT)
        self._created = database_now() - timedelta(seconds=30)

    def patient(self, nhs_number: str) -> Encounter:
        """A patient in front of the user."""
        return Encounter.objects.create(
            user=self.actor.user,
            organisation=self.actor.organisation,
            nhs_number=nhs_number,
            traced_at=database_now(),
        )

    def command(
        self, kind: Kind = Kind.BOOK, state: State = State.SENDING, **facts: Any
    ) -> Command:
        """A command of this kind in this state, a second younger than the one before."""
        self._created += timedelta(seconds=1)
        settled = {} if state in UNSETTLED else {"settled_at": self._created}
        return Command.objects.create(
            **{
                "kind": kind,
                "state": state,
                "form_token": uuid.uuid4(),
                "encounter": self.encounter,
                "organisation": self.actor.organisation,
                "user": self.actor.user,
                "practice": self.practice,
                "actor": asdict(self.actor.who),
                "organisation_asid": "200000000001",
                "asid": "200000000101",
                "service_root": "https://here.test/STU3/1",
                "nhs_number": self.encounter.nhs_number,
                "patient_id": "" if kind == Kind.REGISTER else "p1",
                "payload": {},
                "starts": STARTS,
                "starts_at": datetime.fromisoformat(STARTS).astimezone(UTC),
                "created_at": self._created,
                "send_deadline": self._created,
                "request_dead_at": self._created + timedelta(minutes=6),
                "next_look_at": self._created,
            }
            | settled
            | facts
        )

    def proposal(self) -> Proposal:
        """Slots that the user has chosen at the practice."""
        return Proposal.objects.create(encounter=self.encounter, practice=self.practice, offers=[])

    def saga(
        self,
        kind: str = Saga.Kind.MOVE,
        steps: dict[str, State] | None = None,
        **facts: Any,
    ) -> Saga:
        """A saga that goes on by itself for a minute still, with these of its steps."""
        now = database_now()
        saga = Saga.objects.create(
            **{
                "kind": kind,
                "encounter": self.encounter,
                "organisation": self.actor.organisation,
                "user": self.actor.user,
                "proposal": facts.pop("proposal", None) or self.proposal(),
                "old_practice": self.practice,
                "old_appointment_id": "old",
                "automatic_until": now + timedelta(seconds=60),
                "next_try_at": now,
            }
            | facts
        )
        for step, state in (steps or {}).items():
            self.step(saga, step, state)
        return saga

    def step(self, saga: Saga, step: str, state: State, **facts: Any) -> Command:
        """Another command of the saga's, as this step of it."""
        return self.command(STEPS[saga.kind][step], state, saga=saga, step=step, **facts)

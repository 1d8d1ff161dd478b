"""The start page: what is not over, today's bookings, and the patients seen last."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Role
from booking_portal.appointments.messages.work_rows import SagaRow, WorkRow, row_of
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.worklist.page import WorkRows
from booking_portal.commands.models import Command
from booking_portal.commands.worklist.queries import bookings_of, work
from booking_portal.patients.models import Encounter
from booking_portal.patients.presenters import full_name, moment
from gpconnect import london, nhs_number

RECENT = timedelta(hours=12)
RECENT_SHOWN = 8
RING_BACK_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RecentPatient:
    """A patient whom the user had open today."""

    encounter_id: str
    patient: str
    number: str
    opened: str


@dataclass(frozen=True, slots=True)
class StartPage:
    """All that the start page shows besides the patient box.

    `callbacks` are the first of those whom the user owes a call, `to_ring` how many there are.
    """

    today: str
    sagas: tuple[SagaRow, ...]
    unsettled: tuple[WorkRow, ...]
    callbacks: tuple[WorkRow, ...]
    to_ring: int
    bookings: tuple[WorkRow, ...]
    recent: tuple[RecentPatient, ...]

    @classmethod
    def of(cls, actor: Actor) -> Self:
        """The actor's page: a clinician's has their own unsettled commands and patients.

        Whom to ring back is on the page of who owes it.

        Raises: NotPermitted.
        """
        today = london.today()
        found = work(actor=actor)
        mine = [command for command in found.callbacks if command.owner_id == actor.user.pk]
        found = replace(found, callbacks=mine[:RING_BACK_SHOWN])
        if actor.role is Role.CLINICIAN:
            found = replace(
                found,
                sagas=[saga for saga in found.sagas if saga.user_id == actor.user.pk],
                attention=_theirs(found.attention, actor),
                waiting=_theirs(found.waiting, actor),
            )
            booked, recent = [], _recent(actor)
        else:
            booked, recent = bookings_of(today, actor=actor).appointments, []
        rows = WorkRows.of(found, actor)
        return cls(
            today=formatting.long_date(today),
            sagas=rows.sagas,
            unsettled=rows.attention + rows.waiting,
            callbacks=rows.callbacks,
            to_ring=len(mine),
            bookings=tuple(row_of(command) for command in booked),
            recent=tuple(recent),
        )


def _theirs(commands: list[Command], actor: Actor) -> list[Command]:
    """What the actor asked for, or deals with."""
    return [one for one in commands if actor.user.pk in {one.user_id, one.owner_id}]


def _recent(actor: Actor) -> list[RecentPatient]:
    """The user's own encounters of the last hours, the newest for each patient."""
    now = timezone.now()
    rows: dict[str, RecentPatient] = {}
    for encounter in Encounter.objects.for_actor(actor).filter(opened_at__gte=now - RECENT):
        if encounter.restricted:
            continue
        rows.setdefault(
            encounter.nhs_number,
            RecentPatient(
                str(encounter.pk),
                full_name(encounter.name),
                nhs_number.spaced(encounter.nhs_number),
                moment(encounter.opened_at, now),
            ),
        )
    return list(rows.values())[:RECENT_SHOWN]

"""Commands and sagas as rows of a list: what, for whom, how it stands, who deals with it."""

from dataclasses import dataclass, replace
from typing import Self

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.messages.command import (
    last_seen,
    message_for_command,
    message_for_restricted_command,
)
from booking_portal.appointments.messages.message import TAG
from booking_portal.appointments.messages.saga import (
    About,
    message_for_restricted_saga,
    message_for_saga,
)
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import (
    AppointmentCard,
    card_of_command,
    card_of_nothing,
)
from booking_portal.appointments.shared.owner import who_deals
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.states import Kind
from booking_portal.commands.work_item import WorkItem
from booking_portal.patients.presenters import full_name
from gpconnect import nhs_number


@dataclass(frozen=True, slots=True)
class SagaRow:
    """A saga that a person has to decide, in a list."""

    saga_id: str
    patient: str
    nhs_number: str
    what: str
    card: AppointmentCard
    practice: str
    telephone: str
    message: str
    tag: str
    asked_by: str
    owner: str
    urgent: str

    @classmethod
    def of(cls, saga: Saga, actor: Actor) -> Self:
        """The saga as one row of a list that the actor sees; nothing of a restricted patient."""
        about = About.of(saga)
        message = message_for_saga(saga, about)
        practice = saga.proposal.practice
        row = cls(
            saga_id=str(saga.pk),
            patient=full_name(saga.encounter.name),
            nhs_number=nhs_number.spaced(saga.encounter.nhs_number),
            what="Register and book" if saga.kind == Saga.Kind.REGISTER_AND_BOOK else "Move",
            card=about.card,
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            message=message.title,
            tag=TAG[message.tone],
            asked_by=about.asked_by,
            owner=who_deals(saga, actor) if about.stage is Stage.NEEDS_DECISION else "",
            urgent=urgent_of(saga),
        )
        return row if not saga.encounter.restricted else row.without_the_patient()

    def without_the_patient(self) -> Self:
        """What may be shown of a patient whose record has become restricted. [PDS-3]"""
        return replace(
            self,
            patient="Not shown",
            nhs_number="",
            card=card_of_nothing(),
            practice="",
            telephone="",
            message=message_for_restricted_saga().title,
        )


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One command in a list. `saga_id`: what it is a step of, where that is to be followed.

    `notes` is what the list adds; of a restricted patient the rest is empty. [PDS-3]
    """

    command_id: str
    saga_id: str
    patient: str
    nhs_number: str
    what: str
    registration: bool
    restricted: bool
    card: AppointmentCard
    practice: str
    telephone: str
    message: str
    tag: str
    seen: str
    asked_by: str
    urgent: str
    notes: tuple[str, ...]


def urgent_of(item: WorkItem) -> str:
    """What a list says first of what nobody deals with in time; else empty."""
    return "Waiting too long" if item.waits_too_long else ""


def row_of(command: Command, *notes: str, urgent: str = "") -> WorkRow:
    """A command as one row."""
    restricted = command.encounter.restricted
    card = card_of_nothing() if restricted else card_of_command(command)
    message = (
        message_for_restricted_command(command)
        if restricted
        else message_for_command(command, card)
    )
    practice = command.practice
    return WorkRow(
        command_id=str(command.pk),
        saga_id="",
        patient="Not shown" if restricted else full_name(command.encounter.name),
        nhs_number="" if restricted else nhs_number.spaced(command.nhs_number),
        what=command.get_kind_display(),
        registration=command.kind == Kind.REGISTER,
        restricted=restricted,
        card=card,
        practice="" if restricted else f"{practice.name}, {practice.town}",
        telephone="" if restricted else practice.telephone,
        message=command.get_state_display() if restricted else message.title,
        tag=TAG[message.tone],
        seen="" if restricted else last_seen(command),
        asked_by=formatting.who_and_when(command.user, command.created_at),
        urgent=urgent,
        notes=tuple(note for note in notes if note),
    )

"""The page of one command, in whatever state it is."""

from dataclasses import dataclass
from datetime import datetime

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.presenters import saying, wording
from booking_portal.appointments.presenters.cards import (
    AppointmentCard,
    card_asked,
    card_of_command,
)
from booking_portal.appointments.presenters.standing import Standing
from booking_portal.appointments.presenters.standings import looks_of, slot_gone, standing_of
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State


@dataclass(frozen=True, slots=True)
class CommandPage:
    """The page of one command, in whatever state it is."""

    command_id: str
    kind: str
    state: str
    standing: Standing
    follows: bool
    looks: str
    looks_count: int
    card: AppointmentCard
    asked: AppointmentCard | None
    practice: str
    telephone: str
    asked_by: str
    seen: str
    sentences: tuple[str, ...]
    limited_information: str
    reference: str
    confirmed_booking: bool
    slot_gone: bool

    @classmethod
    def of(
        cls,
        command: Command,
        actor: Actor,
        card: AppointmentCard | None = None,
        telephones: list[str] | None = None,
    ) -> "CommandPage":
        """The page for what is stored now; `card` where more has been looked up."""
        card = card or card_of_command(command)
        practice = command.practice
        state = State(command.state)
        seen = bool(command.result)
        live = command.kind == Kind.BOOK and state is State.DONE and seen and not card.cancelled
        return cls(
            command_id=str(command.pk),
            kind=command.kind,
            state=command.state,
            standing=standing_of(command, card),
            follows=state in {State.SENDING, State.UNCONFIRMED},
            looks=looks_of(command),
            looks_count=command.looks,
            card=card,
            asked=card_asked(command) if _shows_difference(command) else None,
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            asked_by=(f"{command.user.full_name}, {wording.clock_on_day(command.created_at)}"),
            seen=last_seen(command),
            sentences=saying.confirmation(card, practice, telephones or []) if live else (),
            limited_information=saying.limited_information(actor.organisation),
            reference=_reference(command),
            confirmed_booking=live,
            slot_gone=slot_gone(command),
        )


def _shows_difference(command: Command) -> bool:
    return (
        command.kind == Kind.BOOK
        and command.state == State.NEEDS_ATTENTION
        and bool(command.result)
    )


def last_seen(command: Command) -> str:
    """When the practice last said how it stands: as last seen at hh:mm."""
    text = command.result.get("seen_at")
    instant = datetime.fromisoformat(text) if text else command.settled_at
    return wording.clock_on_day(instant) if instant and command.result else ""


def _reference(command: Command) -> str:
    """What support staff search for: the error's code, the command, the failed exchange."""
    failed = command.attempts.exclude(trace_id="").order_by("id").last()
    parts = (command.error_code, str(command.pk)[:8], failed.trace_id if failed else "")
    return " ".join(part for part in parts if part)

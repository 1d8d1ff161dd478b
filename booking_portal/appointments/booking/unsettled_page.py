"""Why nothing is booked: another booking of the patient's is not settled yet. [BOOK-8]"""

from dataclasses import dataclass
from typing import Self

from booking_portal.appointments.messages.command import message_for_command
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import AppointmentCard, card_of_command
from booking_portal.commands.models import Command


@dataclass(frozen=True, slots=True)
class UnsettledPage:
    """The booking that stands in the way, and what is known of it."""

    command_id: str
    known: str
    card: AppointmentCard
    practice: str
    telephone: str
    asked_by: str

    @classmethod
    def of(cls, command: Command) -> Self:
        """The page for what is stored now."""
        card, practice = card_of_command(command), command.practice
        return cls(
            command_id=str(command.pk),
            known=message_for_command(command, card).known,
            card=card,
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            asked_by=formatting.who_and_when(command.user, command.created_at),
        )

"""The practice has answered and our record is behind: what is known without the database."""

from dataclasses import dataclass

from booking_portal.appointments.messages.message import StatusMessage
from booking_portal.appointments.messages.unrecorded import message_for_unrecorded
from booking_portal.appointments.shared.appointment_card import AppointmentCard, card_of_command
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind


@dataclass(frozen=True, slots=True)
class UnrecordedPage:
    """A command as this process knows it; its row in the database says less, for now."""

    command_id: str
    confirmed: bool
    message: StatusMessage
    card: AppointmentCard | None
    practice: str
    telephone: str
    reference: str

    @classmethod
    def of(cls, command: Command, *, confirmed: bool) -> "UnrecordedPage":
        """The page for a command whose answer could not be recorded; asks the database nothing."""
        practice = command.practice
        return cls(
            command_id=str(command.pk),
            confirmed=confirmed,
            message=message_for_unrecorded(command, confirmed=confirmed),
            card=None if command.kind == Kind.REGISTER else card_of_command(command),
            practice=f"{practice.name}, {practice.town}",
            telephone=practice.telephone,
            reference=str(command.pk)[:8],
        )

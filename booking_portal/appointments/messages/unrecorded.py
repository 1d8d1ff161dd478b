"""In plain words: the practice has answered, and our record is behind."""

from booking_portal.appointments.messages.message import StatusMessage
from booking_portal.appointments.shared.appointment_card import card_of_command
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind

DONE: dict[Kind, str] = {
    Kind.BOOK: "has booked the appointment",
    Kind.AMEND: "has made the change",
    Kind.CANCEL: "has cancelled the appointment",
    Kind.REGISTER: "has registered the patient",
}
SAY: dict[Kind, str] = {
    Kind.BOOK: "Your appointment is booked.",
    Kind.AMEND: "The note on your appointment has been changed.",
    Kind.CANCEL: "Your appointment is cancelled.",
    Kind.REGISTER: "You are registered at the practice for the time being.",
}
NOT_AGAIN: dict[Kind, str] = {
    Kind.BOOK: "Do not book it again.",
    Kind.AMEND: "Do not send the change again.",
    Kind.CANCEL: "Do not cancel it again.",
    Kind.REGISTER: "Do not register the patient again.",
}
ASKED: dict[Kind, str] = {
    Kind.BOOK: "The booking",
    Kind.AMEND: "The change",
    Kind.CANCEL: "The cancellation",
    Kind.REGISTER: "The registration",
}


def message_for_unrecorded(command: Command, *, confirmed: bool) -> StatusMessage:
    """The words without the database; `confirmed`: whether the practice said that it is done."""
    return _confirmed(command) if confirmed else _not_confirmed(command)


def _confirmed(command: Command) -> StatusMessage:
    kind = Kind(command.kind)
    second_step = ""
    if command.step == Command.Step.FIRST:
        second_step = (
            " The second step has not been sent: it follows when our record is back, or Bookings "
            "asks somebody to decide."
        )
    return StatusMessage(
        "good",
        "The practice has confirmed; our record is catching up",
        f"{command.practice.name} {DONE[kind]}. The portal's own records cannot be reached just "
        "now, so this is not in Bookings yet. It will be, by itself, when they are back."
        f"{second_step}",
        _say(command),
        f"{NOT_AGAIN[kind]} You can stay here, as this page follows by itself, or go on with the "
        "next caller.",
    )


def _say(command: Command) -> str:
    said = SAY[Kind(command.kind)]
    if command.kind != Kind.BOOK:
        return said
    card = card_of_command(command)
    practice = f"{command.practice.name}, {command.practice.town}"
    return f"{said} It is at {practice}, on {card.day} at {card.start.time_label}."


def _not_confirmed(command: Command) -> StatusMessage:
    kind = Kind(command.kind)
    return StatusMessage(
        "waiting",
        "We do not know yet, and our record is behind",
        f"{ASKED[kind]} was sent, and {command.practice.name} did not confirm it. The portal's own "
        "records cannot be reached just now. When they are back the portal looks at the practice "
        "by itself to find out.",
        "This is not confirmed yet. We will find out how it stands and ring you back; please do "
        "not count on it until then.",
        f"{NOT_AGAIN[kind]} Note the patient's telephone number. Stay here, as this page follows "
        "by itself, or telephone the practice.",
    )

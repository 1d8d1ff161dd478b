"""In plain words: what was withdrawn, and what was held to be not made and is there after all."""

from booking_portal.appointments.messages.final import why_not_made
from booking_portal.appointments.messages.in_doubt import known_by, needs_attention
from booking_portal.appointments.messages.message import (
    ASKED_FOR,
    DONE_TITLES,
    NO_BOOKING,
    StatusMessage,
)
from booking_portal.appointments.shared.appointment_card import AppointmentCard
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.worklist.manual_close import ANSWERED_OTHERWISE

_STILL_FINDS_OUT: dict[Kind, str] = {
    Kind.BOOK: "still makes sure that the practice does not hold it",
    Kind.AMEND: "still finds out whether the practice has changed the appointment",
    Kind.CANCEL: "still finds out whether the practice has cancelled the appointment",
    Kind.REGISTER: "still finds out whether the practice has registered the patient",
}
_ASK: dict[Kind, str] = {
    Kind.BOOK: "ask whether they have it and, if so, to cancel it",
    Kind.AMEND: "ask whether it was changed",
    Kind.CANCEL: "ask whether it was cancelled",
    Kind.REGISTER: "ask whether they have registered the patient",
}
_NOT_DONE: dict[Kind, str] = {
    Kind.BOOK: "Withdrawn, and not made",
    Kind.AMEND: "Withdrawn, and not changed",
    Kind.CANCEL: "Withdrawn, and not cancelled",
    Kind.REGISTER: "Withdrawn, and not registered",
}


def message_for_withdrawn(command: Command, card: AppointmentCard) -> StatusMessage:
    """Withdrawn, whatever became of it. One that the practice refused is not among them."""
    match State(command.state):
        case State.SENDING | State.UNCONFIRMED:
            return _not_settled(command)
        case State.NEEDS_ATTENTION:
            return _needs_attention(command)
        case State.DONE:
            return _made_after_all(command, card)
        case _:
            return _not_made(command, card)


def found_later(command: Command, card: AppointmentCard) -> StatusMessage:
    """It was shown here as not made, and the practice has it."""
    kind, name = Kind(command.kind), command.practice.name
    when = f"{card.day} at {card.start.time_label}"
    says = {
        Kind.BOOK: f"Your appointment at {name} on {when} has been made after all.",
        Kind.AMEND: f"Your note has been added after all. Your appointment is on {when}.",
        Kind.CANCEL: f"Your appointment at {name} on {when} has been cancelled after all.",
        Kind.REGISTER: f"{name} has registered you after all.",
    }
    steps = {
        Kind.BOOK: "Look whether another one was booked instead. Cancel what the patient does not "
        "want.",
        Kind.AMEND: "Look at what the appointment says now.",
        Kind.CANCEL: "If the patient still wants an appointment, search for a slot.",
        Kind.REGISTER: "Go on with the booking, if the patient still wants one.",
    }
    return StatusMessage(
        "bad",
        f"{DONE_TITLES[kind]} after all",
        f"This was shown here as {_lower(DONE_TITLES[kind])}. The request arrived late, and "
        f"{name} has it. Whoever was told otherwise has to know.",
        says[kind],
        steps[kind],
    )


def _lower(title: str) -> str:
    return f"not {title.lower()}"


def _not_settled(command: Command) -> StatusMessage:
    kind = Kind(command.kind)
    return StatusMessage(
        "waiting",
        "Withdrawn, and not settled yet",
        f"{ASKED_FOR[kind].capitalize()} is withdrawn. The portal does not send it again, and "
        f"{_STILL_FINDS_OUT[kind]}. {known_by(command)}",
        "",
        "Nothing for now. Should the practice have done it all the same, Bookings says so, and "
        "what to do.",
    )


def _needs_attention(command: Command) -> StatusMessage:
    kind, practice = Kind(command.kind), command.practice
    if command.error_code in ANSWERED_OTHERWISE and kind is not Kind.REGISTER:
        return needs_attention(kind, command)
    return StatusMessage(
        "bad",
        "Withdrawn, and somebody has to ring the practice",
        f"{ASKED_FOR[kind].capitalize()} is withdrawn, and the portal could not find out whether "
        f"{practice.name} had done it before.",
        "",
        f"Ring {practice.name} on {practice.telephone} and {_ASK[kind]}. Then close it here with "
        "what they say.",
    )


def _made_after_all(command: Command, card: AppointmentCard) -> StatusMessage:
    kind, name = Kind(command.kind), command.practice.name
    when = f"{card.day} at {card.start.time_label}"
    how = f" {command.sentence}" if command.resolution == Command.Resolution.BY_TELEPHONE else ""
    match kind:
        case Kind.BOOK if card.cancelled:
            return StatusMessage(
                "good",
                "Made, and cancelled since",
                f"{name} had made the withdrawn appointment. It is cancelled.",
                "",
                "",
            )
        case Kind.BOOK:
            return StatusMessage(
                "bad",
                "It was made after all",
                f"The booking was withdrawn, but {name} has made the appointment.{how}",
                f"Your appointment at {name} on {when} was made after all. Do you want to keep it?",
                "Cancel this appointment, unless the patient wants to keep it.",
            )
        case Kind.AMEND:
            return StatusMessage(
                "bad",
                "It was changed after all",
                f"The change was withdrawn, but {name} has made it.{how} Day, time and place are "
                "as they were.",
                f"Your appointment is on {when} as before. The note was added after all.",
                "If the note is not wanted, change it again.",
            )
        case Kind.CANCEL:
            return StatusMessage(
                "bad",
                "It was cancelled after all",
                f"The cancellation was withdrawn, but {name} has cancelled the appointment.{how}",
                f"Your appointment at {name} on {when} is cancelled, as you had asked first.",
                "If the patient wants an appointment, search for a slot.",
            )
        case Kind.REGISTER:
            return StatusMessage(
                "bad",
                "The patient was registered after all",
                f"The registration was withdrawn, but {name} has registered the patient "
                f"temporarily.{how} That remains. {NO_BOOKING}",
                f"{name} has registered you temporarily. Nothing is booked.",
                f"If the patient does not want that, ring {name} on {command.practice.telephone}.",
            )


def _not_made(command: Command, card: AppointmentCard) -> StatusMessage:
    kind = Kind(command.kind)
    known = why_not_made(command)
    if command.resolution == Command.Resolution.BY_TELEPHONE:
        known = command.sentence
    say, step = "", "Nothing. If the patient rings again, start again."
    if kind is Kind.CANCEL:
        known += " The appointment still stands."
        say = (
            f"Your appointment on {card.day} at {card.start.time_label} has not been cancelled. "
            "Do you want to keep it?"
        )
        step = "The patient may take it for cancelled: ring them back."
    if kind is Kind.REGISTER:
        known += f" {NO_BOOKING}"
    return StatusMessage("good", _NOT_DONE[kind], known, say, step)

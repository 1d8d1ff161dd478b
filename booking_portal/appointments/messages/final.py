"""In plain words: a booking, change or cancellation that is done, refused or not made."""

from booking_portal.appointments.messages.message import (
    DONE_TITLES,
    PRACTICE_SILENT,
    AboutAppointment,
    StatusMessage,
)
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import AppointmentCard
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.refusal_reasons import changed_meanwhile, slot_gone
from booking_portal.commands.states import Kind, State

NOT_DONE: dict[AboutAppointment, str] = {
    Kind.BOOK: "Not booked",
    Kind.AMEND: "Not changed",
    Kind.CANCEL: "Not cancelled",
}


def is_not_shown(command: Command) -> bool:
    """Whether the practice, last asked for this booking to come, did not show it. [ERR-2]"""
    booked = command.kind == Kind.BOOK and command.state == State.DONE
    return booked and command.not_shown_at is not None


def not_shown(command: Command) -> StatusMessage:
    """The practice does not show what it had confirmed; why, it does not say."""
    name, telephone = command.practice.name, command.practice.telephone
    asked = formatting.clock_on_day(command.not_shown_at) if command.not_shown_at else ""
    return StatusMessage(
        "bad",
        "The practice does not show this appointment any more",
        f"{name} had confirmed this appointment. Asked for it at {asked}, it did not show it any "
        "more, and did not say what has become of it.",
        "I have to ask the practice about your appointment. Please do not count on it until you "
        "hear from us.",
        f"Ring them, on {telephone}: ask what they hold for this patient. Book nothing in its "
        "place before you know.",
    )


def could_not_look(command: Command, why: str) -> StatusMessage:
    """What it was when it was last seen, which nobody could make sure of just now."""
    name, telephone = command.practice.name, command.practice.telephone
    return StatusMessage(
        "waiting",
        "Could not be looked at just now",
        f"{name} had confirmed this appointment. The portal could not read it again just now, so "
        f"that it is not certain that it stands. {why}".strip(),
        "I cannot see your appointment at the practice just now.",
        f"Load this page again in a minute. If the patient cannot wait, ring {name} on "
        f"{telephone}.",
    )


def done(kind: AboutAppointment, command: Command, card: AppointmentCard) -> StatusMessage:
    """The practice has it, by its own word or by telephone."""
    name = command.practice.name
    if command.resolution == Command.Resolution.BY_COMPARING:
        return StatusMessage(
            "good", "Left as the practice has it", command.sentence, _stands(card), ""
        )
    if command.resolution == Command.Resolution.BY_TELEPHONE:
        return StatusMessage(
            "good",
            f"Closed by telephone: {DONE_TITLES[kind].lower()}",
            command.sentence,
            _say_done(kind, command, card),
            "The portal has not seen it itself. Look at the patient's appointments there.",
        )
    match kind:
        case Kind.BOOK if card.cancelled:
            return StatusMessage(
                "bad",
                "Booked, and cancelled since",
                f"{name} made the appointment, and it has been cancelled since.",
                "You do not have this appointment any more: it has been cancelled.",
                f"If the patient still needs one, search again, or ring {name}.",
            )
        case Kind.BOOK if command.result and not card.booked:
            return StatusMessage(
                "bad",
                "Booked, and shown otherwise now",
                f"{name} made the appointment, and has it as “{card.status}” now.",
                "",
                f"Ask {name} what that means before telling the patient anything.",
            )
        case Kind.BOOK:
            return StatusMessage("good", "Booked", f"{name} has confirmed the appointment.", "", "")
        case Kind.AMEND:
            return StatusMessage(
                "good",
                "Changed",
                f"{name} has confirmed the change. Day, time and place are as they were.",
                _say_done(kind, command, card),
                "",
            )
        case Kind.CANCEL:
            return StatusMessage(
                "good",
                "Cancelled",
                f"{name} has confirmed that the appointment is cancelled.",
                _say_done(kind, command, card),
                "",
            )


def _say_done(kind: AboutAppointment, command: Command, card: AppointmentCard) -> str:
    name, when = command.practice.name, f"{card.day} at {card.start.time_label}"
    match kind:
        case Kind.BOOK:
            return f"You have an appointment at {name} on {when}."
        case Kind.AMEND:
            return f"Your note has been added. {_stands(card)}"
        case Kind.CANCEL:
            return (
                f"Your appointment on {when} with {name} is cancelled. You do not need to do "
                "anything else."
            )


def _stands(card: AppointmentCard) -> str:
    return f"Your appointment is still on {card.day}, {card.time}."


def refused(kind: AboutAppointment, command: Command) -> StatusMessage:
    """The practice, or the Spine, said no."""
    if slot_gone(command):
        return _slot_gone(command)
    if changed_meanwhile(command):
        return StatusMessage(
            "bad",
            "Somebody else changed it first",
            "The appointment was changed after you opened it, so nothing of yours was changed.",
            "One moment please, the appointment has just been changed.",
            "Look at what it says now and decide again.",
        )
    says: dict[AboutAppointment, str] = {
        Kind.BOOK: "I could not book this appointment.",
        Kind.AMEND: "I could not change the note. Your appointment stands as it was.",
        Kind.CANCEL: "I could not cancel it. Your appointment still stands.",
    }
    name = command.practice.name
    return StatusMessage(
        "bad",
        NOT_DONE[kind],
        command.sentence or f"{name} did not accept it.",
        says[kind],
        command.next_step or f"Ring {name}.",
    )


def not_made(kind: AboutAppointment, command: Command) -> StatusMessage:
    """The practice does not have it: nothing was sent, or nothing is there."""
    name = command.practice.name
    if slot_gone(command):
        return _slot_gone(command)
    says: dict[AboutAppointment, str] = {
        Kind.BOOK: "The appointment has not been made. Let me try again.",
        Kind.AMEND: "The note has not been added. Your appointment stands as it was.",
        Kind.CANCEL: "It has not been cancelled: your appointment still stands.",
    }
    say, title = says[kind], NOT_DONE[kind]
    if command.resolution == Command.Resolution.BY_TELEPHONE:
        step = "If it is still wanted, start again."
        return StatusMessage("bad", title, command.sentence, say, step)
    known = why_not_made(command)
    if command.error_code in PRACTICE_SILENT:
        if kind == Kind.BOOK:
            say = "The appointment has not been made: the practice's system is not answering."
        return StatusMessage("bad", title, known, say, command.next_step)
    step = "Try again." if kind == Kind.BOOK else "Open the appointment and try again."
    return StatusMessage("bad", title, known, say, f"{step} Or ring {name}.")


def why_not_made(command: Command, seen: str = "it is not there, and can no longer arrive") -> str:
    """How the portal knows; `seen` says what its look at the practice has shown."""
    name = command.practice.name
    if not command.attempts.filter(purpose=Attempt.Purpose.LOOK).exists():
        return f"{command.sentence} {name} has not received it.".strip()
    sent = "" if command.sends < 2 else f"It was sent {command.sends} times. "
    return f"{sent}The portal has looked at {name}: {seen}."


def _slot_gone(command: Command) -> StatusMessage:
    start = command.start
    day = formatting.short_date(start.local_date) if start.local_date else ""
    when = f"{day} {start.time_label}".strip()
    return StatusMessage(
        "bad",
        "This slot has just been taken",
        f"{command.practice.name} says that {when} is no longer free. Nothing was booked.",
        "That time has just gone. Let me see what else there is.",
        "Choose from what is free there now. What you typed is kept.",
    )

"""Every state of every kind of command in plain words: known, to say, to do next."""

from typing import Literal

from booking_portal.appointments.presenters import wording
from booking_portal.appointments.presenters.cards import AppointmentCard
from booking_portal.appointments.presenters.registration_standings import standing_of_registration
from booking_portal.appointments.presenters.standing import Standing
from booking_portal.commands.closing import BY_TELEPHONE
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.states import Kind, State

AboutAppointment = Literal[Kind.BOOK, Kind.AMEND, Kind.CANCEL]

SLOT_GONE = "DUPLICATE_REJECTED"
CHANGED_MEANWHILE = "VERSION_CONFLICT"
DIFFERENT = "DIFFERENT_FROM_ASKED"
PRACTICE_SILENT = "PRACTICE_NOT_ANSWERING"

ASKED_FOR: dict[AboutAppointment, str] = {
    Kind.BOOK: "the booking",
    Kind.AMEND: "the change",
    Kind.CANCEL: "the cancellation",
}


def standing_of(command: Command, card: AppointmentCard) -> Standing:
    """The words for where the command stands."""
    kind, state = Kind(command.kind), State(command.state)
    if kind is Kind.REGISTER:
        return standing_of_registration(command)
    match state:
        case State.SENDING:
            return _sending(kind, command)
        case State.UNCONFIRMED:
            return _unconfirmed(kind, command)
        case State.NEEDS_ATTENTION:
            return _needs_attention(kind, command)
        case State.DONE:
            return _done(kind, command, card)
        case State.REFUSED:
            return _refused(kind, command)
        case State.NOT_MADE | State.WITHDRAWN:
            return _not_made(kind, command)


def looks_of(command: Command) -> str:
    """How often the portal has looked at the practice, while that is of interest."""
    if command.state != State.UNCONFIRMED:
        return ""
    if not command.looks:
        return "The portal is about to look at the practice."
    looked = wording.count_of(command.looks, "time")
    return f"The portal has looked {looked} so far, and looks again by itself."


def slot_gone(command: Command) -> bool:
    """Whether somebody else has the slot, for certain. [BOOK-8]"""
    return (
        command.kind == Kind.BOOK
        and command.error_code == SLOT_GONE
        and command.state in {State.REFUSED, State.NOT_MADE}
    )


def changed_meanwhile(command: Command) -> bool:
    """Whether the practice refused a change because the appointment had changed. [AMEND-2]"""
    return (
        command.kind != Kind.BOOK
        and command.state == State.REFUSED
        and command.error_code == CHANGED_MEANWHILE
    )


def _sending(kind: AboutAppointment, command: Command) -> Standing:
    return Standing(
        "waiting",
        "Being sent",
        f"{ASKED_FOR[kind].capitalize()} is on its way to {command.practice.name}.",
        "One moment please, I am waiting for the practice's answer.",
        "Wait on this page: it follows by itself. Do not send it again.",
    )


def _unconfirmed(kind: AboutAppointment, command: Command) -> Standing:
    name = command.practice.name
    match kind:
        case Kind.BOOK:
            known = (
                f"The booking was sent, but {name} has not given a clear answer. The appointment "
                "may have been made, or not. The portal is looking at the practice to find out."
            )
            say = (
                "Your appointment is not confirmed yet. I will tell you as soon as it is. If we "
                "end the call before that, please do not count on it until you hear from us."
            )
            step = (
                "Do not book again. Wait here, or take a number to ring the patient back: the "
                "booking stays at the top of Bookings until it is settled."
            )
        case Kind.AMEND:
            known = (
                f"The change was sent, but {name} has not given a clear answer. The appointment "
                "stands; whether its text has changed is being looked up."
            )
            say = "Your appointment stands. I am still waiting to hear whether the note was added."
            step = "Wait here, or come back from Bookings. Do not send it again."
        case Kind.CANCEL:
            known = (
                f"The cancellation was sent, but {name} has not given a clear answer. The "
                "appointment may still stand. The portal is looking at the practice to find out."
            )
            say = (
                "The cancellation is not confirmed yet. If we end the call before it is, we will "
                "ring you back."
            )
            step = "Wait here, or come back from Bookings. Do not send it again."
    return Standing("waiting", "Not confirmed yet", known, say, step)


def _needs_attention(kind: AboutAppointment, command: Command) -> Standing:
    name, telephone = command.practice.name, command.practice.telephone
    if command.error_code == DIFFERENT:
        return Standing(
            "bad",
            "The practice recorded something else",
            f"{name} answered with an appointment that is not the one asked for. Both are below.",
            "Please do not count on this appointment yet. I have to speak to the practice first.",
            f"Ring {name} on {telephone} now and ask what they have for this patient.",
        )
    return Standing(
        "bad",
        "Somebody has to ring the practice",
        f"The portal could not find out whether {ASKED_FOR[kind]} was made at {name}.",
        "This is not confirmed. We will ring the practice, and then ring you back.",
        f"Ring {name} on {telephone} and ask whether they have it. Then tell your manager, who "
        "can close it here.",
    )


def _done(kind: AboutAppointment, command: Command, card: AppointmentCard) -> Standing:
    name = command.practice.name
    if command.error_code == BY_TELEPHONE:
        return Standing(
            "good",
            "Closed: the practice has it",
            command.sentence,
            "",
            "The portal has not seen it itself. Look at the patient's appointments there.",
        )
    match kind:
        case Kind.BOOK if card.cancelled:
            return Standing(
                "bad",
                "Booked, and cancelled since",
                f"{name} made the appointment, and it has been cancelled since.",
                "You do not have this appointment any more: it has been cancelled.",
                f"If the patient still needs one, search again, or ring {name}.",
            )
        case Kind.BOOK:
            return Standing("good", "Booked", f"{name} has confirmed the appointment.", "", "")
        case Kind.AMEND:
            return Standing(
                "good",
                "Changed",
                f"{name} has confirmed the change. Day, time and place are as they were.",
                f"Your note has been added. Your appointment is still on {card.day}, {card.time}.",
                "",
            )
        case Kind.CANCEL:
            return Standing(
                "good",
                "Cancelled",
                f"{name} has confirmed that the appointment is cancelled.",
                f"Your appointment on {card.day} at {card.start.time_label} with {name} is "
                "cancelled. You do not need to do anything else.",
                "",
            )


def _refused(kind: AboutAppointment, command: Command) -> Standing:
    name = command.practice.name
    if slot_gone(command):
        return _slot_gone(command)
    if changed_meanwhile(command):
        return Standing(
            "bad",
            "Somebody else changed it first",
            "The appointment was changed after you opened it, so nothing of yours was changed.",
            "One moment please, the appointment has just been changed.",
            "Look at what it says now and decide again.",
        )
    titles: dict[AboutAppointment, str] = {
        Kind.BOOK: "Not booked",
        Kind.AMEND: "Not changed",
        Kind.CANCEL: "Not cancelled",
    }
    says: dict[AboutAppointment, str] = {
        Kind.BOOK: "I could not book this appointment.",
        Kind.AMEND: "I could not change the note. Your appointment stands as it was.",
        Kind.CANCEL: "I could not cancel it. Your appointment still stands.",
    }
    return Standing(
        "bad",
        titles[kind],
        command.sentence or f"{name} did not accept it.",
        says[kind],
        command.next_step or f"Ring {name}.",
    )


def _slot_gone(command: Command) -> Standing:
    return Standing(
        "bad",
        "This slot has just been taken",
        f"Somebody else has {_when(command)} at {command.practice.name}. Nothing was booked.",
        "That time has just gone. Let me see what else there is.",
        "Choose from what is free there now. What you typed is kept.",
    )


def _not_made(kind: AboutAppointment, command: Command) -> Standing:
    name = command.practice.name
    if slot_gone(command):
        return _slot_gone(command)
    titles: dict[AboutAppointment, str] = {
        Kind.BOOK: "Not booked",
        Kind.AMEND: "Not changed",
        Kind.CANCEL: "Not cancelled",
    }
    says: dict[AboutAppointment, str] = {
        Kind.BOOK: "The appointment has not been made. Let me try again.",
        Kind.AMEND: "The note has not been added. Your appointment stands as it was.",
        Kind.CANCEL: "It has not been cancelled: your appointment still stands.",
    }
    if command.error_code == BY_TELEPHONE:
        return Standing(
            "bad", titles[kind], command.sentence, says[kind], "If it is still wanted, start again."
        )
    if command.error_code == PRACTICE_SILENT and kind == Kind.BOOK:
        says[kind] = "The appointment has not been made: the practice's system is not answering."
    looked = command.attempts.filter(purpose=Attempt.Purpose.LOOK).exists()
    known = (
        f"The portal has looked at {name}: it is not there, and can no longer arrive."
        if looked
        else f"{command.sentence} {name} has not received it."
    )
    if command.error_code == PRACTICE_SILENT:
        return Standing("bad", titles[kind], known, says[kind], command.next_step)
    step = "Try again." if kind == Kind.BOOK else "Open the appointment and try again."
    return Standing("bad", titles[kind], known, says[kind], f"{step} Or ring {name}.")


def _when(command: Command) -> str:
    start = command.start
    day = wording.short_date(start.local_date) if start.local_date else ""
    return f"{day} {start.time_label}".strip()

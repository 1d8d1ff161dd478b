"""In plain words: a booking, change or cancellation whose outcome is not certain."""

from datetime import timedelta

from django.utils import timezone

from booking_portal.appointments.messages.message import ASKED_FOR, AboutAppointment, StatusMessage
from booking_portal.appointments.shared import formatting
from booking_portal.commands.delivery.recovery import certain_by
from booking_portal.commands.models import Command
from booking_portal.commands.outcomes import is_contradictory
from booking_portal.commands.states import Kind
from booking_portal.commands.transitions import NUMBER_IN_USE
from booking_portal.commands.worklist.manual_close import (
    ANSWERED_OTHERWISE,
    CHANGE_NOT_CONFIRMED,
    DIFFERENT,
)

SETTLES_WITHIN = timedelta(seconds=30)
"""For the look that makes it certain, once a request can no longer arrive."""


def sending(kind: AboutAppointment, command: Command) -> StatusMessage:
    """On its way."""
    return StatusMessage(
        "waiting",
        "Being sent",
        f"{ASKED_FOR[kind].capitalize()} is on its way to {command.practice.name}.",
        "One moment please, I am waiting for the practice's answer.",
        "Wait on this page: it follows by itself. Do not send it again.",
    )


def unconfirmed(kind: AboutAppointment, command: Command) -> StatusMessage:
    """Sent, and nobody knows yet."""
    name = command.practice.name
    sent, answered = sent_how_often(command), answered_so(command)
    match kind:
        case Kind.BOOK:
            known = (
                f"The booking was sent{sent}, but {name} has not given a clear answer."
                f"{answered} The appointment may have been made, or not. The portal is looking at "
                "the practice to find out."
            )
            say = (
                "Your appointment is not confirmed yet. I will tell you as soon as it is. If we "
                "end the call before that, please do not count on it until you hear from us."
            )
            step = (
                "Do not book again. Do not book elsewhere yet either. Wait here, or end the call "
                "with a number to ring the patient back: the booking stays at the top of Bookings "
                "until it is settled."
            )
        case Kind.AMEND:
            known = (
                f"The change was sent{sent}, but {name} has not given a clear answer."
                f"{answered} The appointment stands; whether its text has changed is being looked "
                "up."
            )
            say = "Your appointment stands. I am still waiting to hear whether the note was added."
            step = "Wait here, or come back from Bookings. Do not send it again."
        case Kind.CANCEL:
            known = (
                f"The cancellation was sent{sent}, but {name} has not given a clear answer."
                f"{answered} The appointment may still stand. The portal is looking at the "
                "practice to find out."
            )
            say = (
                "The cancellation is not confirmed yet. If we end the call before it is, we will "
                "ring you back."
            )
            step = "Wait here, or come back from Bookings. Do not send it again."
    return StatusMessage("waiting", "Not confirmed yet", known, say, step)


def answered_so(command: Command) -> str:
    """What was answered and decides nothing, and when more is known; begins with a space. [ERR-2]

    The practice's own words are untrusted, masked and bounded.
    """
    parts = [""]
    if command.error_status is not None and command.sentence:
        parts.append(f"The answer was: {command.sentence}")
        if command.said:
            stop = "" if command.said.endswith((".", "!", "?")) else "."
            parts.append(f"In its own words: “{command.said}”{stop}")
        if is_contradictory(command.error_code, command.error_status):
            parts.append(
                "But an error like this can come after the practice has done it as well as before."
            )
    return " ".join([*parts, known_by(command)])


def known_by(command: Command) -> str:
    """When it is certain at the latest whether it was done."""
    until = certain_by(command) + SETTLES_WITHIN
    if until < timezone.now():
        return "It will be known as soon as the practice can be looked at again."
    clock = formatting.clock_on_day(formatting.whole_minute_after(until))
    return f"It will be known by {clock}, if the practice can be looked at by then."


def needs_attention(kind: AboutAppointment, command: Command) -> StatusMessage:
    """Only the practice itself can say."""
    name, telephone = command.practice.name, command.practice.telephone
    if command.error_code == CHANGE_NOT_CONFIRMED:
        return StatusMessage(
            "bad",
            "Change not confirmed",
            f"The appointment stands: day, time and place are as they were. But what {name} has "
            "for it does not say what was asked for. Both are below.",
            "Your appointment stands as it was. I cannot confirm yet that the practice has your "
            "note.",
            f"Compare both texts. If {name}'s says what it must, close it here. If not, ring them "
            f"on {telephone}, and close it with what they say.",
        )
    if command.error_code == DIFFERENT:
        return StatusMessage(
            "bad",
            "The practice recorded something else",
            f"{name} answered with an appointment that is not the one asked for. "
            + ("Both are below." if shows_difference(command) else "What was asked for is below."),
            "Please do not count on this appointment yet. I have to speak to the practice first.",
            f"Ring {name} on {telephone} now and ask what they have for this patient. Then close "
            "it here with what they say.",
        )
    if command.error_code == NUMBER_IN_USE:
        return StatusMessage(
            "bad",
            "Two bookings under one number",
            f"{name} has answered that it is booked, under a number that another booking has "
            "already. It may be that one of the two does not stand.",
            "Please do not count on this appointment yet. I have to speak to the practice first.",
            f"Ring {name} on {telephone} and ask what they have for this patient on that day. Then "
            "close it here with what they say.",
        )
    return StatusMessage(
        "bad",
        "Somebody has to ring the practice",
        f"The portal could not find out whether {ASKED_FOR[kind]} was made at {name}.",
        "This is not confirmed. We will ring the practice, and then ring you back.",
        f"Ring {name} on {telephone} and ask whether they have it. Then close it here with what "
        "they say.",
    )


def shows_difference(command: Command) -> bool:
    """Whether the page can show what was asked for beside what the practice answered. [BOOK-7]"""
    return command.error_code in ANSWERED_OTHERWISE and bool(command.result)


def sent_how_often(command: Command) -> str:
    """Says that it was sent more than once; the practice was seen not to have it in between."""
    if command.sends < 2:
        return ""
    times = "twice" if command.sends == 2 else f"{command.sends} times"
    return f" {times}, the last time because the practice did not have it"


BUSY = "Nothing new was sent: another change of this appointment is not finished yet. This is it."

"""Every state of every kind of command in plain words: known, to say, to do next."""

from datetime import datetime

from booking_portal.appointments.messages.final import (
    done,
    is_not_shown,
    not_made,
    not_shown,
    refused,
)
from booking_portal.appointments.messages.in_doubt import needs_attention, sending, unconfirmed
from booking_portal.appointments.messages.message import StatusMessage
from booking_portal.appointments.messages.registration import message_for_registration
from booking_portal.appointments.messages.withdrawn import found_later, message_for_withdrawn
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import AppointmentCard
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State

FOUND_LATER = Command.Resolution.FOUND_LATER


def message_for_command(command: Command, card: AppointmentCard) -> StatusMessage:
    """The words for where the command stands."""
    kind, state = Kind(command.kind), State(command.state)
    kept = kind is Kind.BOOK and state is State.DONE and command.told_at
    since = kind is Kind.BOOK and card.cancelled
    if is_not_shown(command) and not since:
        return not_shown(command)
    if command.withdrawn_at and state is not State.REFUSED and not kept:
        return message_for_withdrawn(command, card)
    if state is State.DONE and command.resolution == FOUND_LATER and not since:
        return found_later(command, card)
    if kind is Kind.REGISTER:
        return message_for_registration(command)
    match state:
        case State.SENDING:
            return sending(kind, command)
        case State.UNCONFIRMED:
            return unconfirmed(kind, command)
        case State.NEEDS_ATTENTION:
            return needs_attention(kind, command)
        case State.DONE:
            return done(kind, command, card)
        case State.REFUSED:
            return refused(kind, command)
        case State.NOT_MADE | State.WITHDRAWN:
            return not_made(kind, command)


HIDDEN = "Nothing about the patient, the practice or the appointment is shown here any more."
ASK_WHO_READS_THE_AUDIT_TRAIL = (
    "Give the reference below to whoever reads the audit trail: they can see which practice to "
    "ring. Then close it here"
)


def message_for_restricted_command(command: Command) -> StatusMessage:
    """What is said where nothing of the patient may be shown any more: not even why. [PDS-3]"""
    if command.state == State.NEEDS_ATTENTION:
        return StatusMessage(
            "bad",
            "Somebody has to find out how this ended",
            f"{HIDDEN} The portal could not settle what was asked for.",
            "",
            f"{ASK_WHO_READS_THE_AUDIT_TRAIL} with what the practice says.",
        )
    return StatusMessage(
        "bad",
        "Nothing about this patient is shown here",
        HIDDEN,
        "",
        "Follow your organisation's procedure for patients who cannot be found electronically. "
        "If you are unsure, ask your manager.",
    )


def outcome_checks_in_words(command: Command) -> str:
    """How often the portal has looked at the practice, while that is of interest."""
    if command.state != State.UNCONFIRMED:
        return ""
    if not command.looks:
        return "The portal is about to look at the practice."
    looked = formatting.count_of(command.looks, "time")
    return f"The portal has looked {looked} so far, and looks again by itself."


def resolution_in_words(command: Command) -> str:
    """How it became certain, where the practice's own answer is not all that is known."""
    if command.resolution in {"", Command.Resolution.ANSWERED}:
        return ""
    text = str(command.get_resolution_display())
    return f"{text[0].lower()}{text[1:]}"


def last_seen(command: Command) -> str:
    """When the practice last said how it stands: as last seen at hh:mm."""
    text = command.result.get("seen_at")
    instant = datetime.fromisoformat(text) if text else command.settled_at
    return formatting.clock_on_day(instant) if instant and command.result else ""

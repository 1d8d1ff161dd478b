"""Every state of every kind of command in plain words: known, to say, to do next."""

from booking_portal.appointments.presenters import wording
from booking_portal.appointments.presenters.cards import AppointmentCard
from booking_portal.appointments.presenters.registration_standings import standing_of_registration
from booking_portal.appointments.presenters.standing import Standing
from booking_portal.appointments.presenters.standings_ended import (
    changed_meanwhile,
    could_not_look,
    done,
    is_not_shown,
    not_made,
    not_shown,
    refused,
    slot_gone,
)
from booking_portal.appointments.presenters.standings_open import (
    needs_attention,
    sending,
    unconfirmed,
)
from booking_portal.appointments.presenters.standings_withdrawn import (
    found_later,
    standing_of_withdrawn,
)
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State

FOUND_LATER = Command.Resolution.FOUND_LATER

__all__ = [
    "changed_meanwhile",
    "could_not_look",
    "is_not_shown",
    "looks_of",
    "slot_gone",
    "standing_of",
    "standing_of_restricted",
]


def standing_of(command: Command, card: AppointmentCard) -> Standing:
    """The words for where the command stands."""
    kind, state = Kind(command.kind), State(command.state)
    kept = kind is Kind.BOOK and state is State.DONE and command.told_at
    since = kind is Kind.BOOK and card.cancelled
    if is_not_shown(command) and not since:
        return not_shown(command)
    if command.withdrawn_at and state is not State.REFUSED and not kept:
        return standing_of_withdrawn(command, card)
    if state is State.DONE and command.resolution == FOUND_LATER and not since:
        return found_later(command, card)
    if kind is Kind.REGISTER:
        return standing_of_registration(command)
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


def standing_of_restricted(command: Command) -> Standing:
    """What is said where nothing of the patient may be shown any more: not even why. [PDS-3]"""
    if command.state == State.NEEDS_ATTENTION:
        return Standing(
            "bad",
            "Somebody has to find out how this ended",
            f"{HIDDEN} The portal could not settle what was asked for.",
            "",
            f"{ASK_WHO_READS_THE_AUDIT_TRAIL} with what the practice says.",
        )
    return Standing(
        "bad",
        "Nothing about this patient is shown here",
        HIDDEN,
        "",
        "Follow your organisation's procedure for patients who cannot be found electronically. "
        "If you are unsure, ask your manager.",
    )


def looks_of(command: Command) -> str:
    """How often the portal has looked at the practice, while that is of interest."""
    if command.state != State.UNCONFIRMED:
        return ""
    if not command.looks:
        return "The portal is about to look at the practice."
    looked = wording.count_of(command.looks, "time")
    return f"The portal has looked {looked} so far, and looks again by itself."

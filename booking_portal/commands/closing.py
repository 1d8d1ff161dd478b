"""A person closes what the portal could not settle, after ringing the practice."""

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.commands.transitions import claimed_by_another, move

BY_TELEPHONE = "CLOSED_BY_TELEPHONE"
SPOKEN_TO_LIMIT = 100


class NotToClose(Exception):
    """Only what needs attention is closed by a person."""


def close(command: Command, *, made: bool, spoken_to: str, actor: Actor) -> Command:
    """Record what the practice said on the telephone: it has it, or it has not.

    `spoken_to` names who said so. The event is the closing person's own.

    Raises: NotPermitted, NotToClose, StateChanged (somebody was quicker).
    """
    actor.require(Permission.SETTLE_COMMANDS)
    if command.state != State.NEEDS_ATTENTION or not command.may_be_seen_by(actor):
        raise NotToClose
    said = "has it" if made else "does not have it"
    # The id that the practice first answered with may have turned out to be another booking's.
    known = "" if claimed_by_another(command, command.appointment_id) else command.appointment_id
    return move(
        command,
        State.DONE if made else State.NOT_MADE,
        reason=f"the practice said by telephone that it {said}",
        who=actor.who,
        error_code=BY_TELEPHONE,
        sentence=(
            f"{actor.user.full_name} rang the practice. {spoken_to} there said that it {said}."
        ),
        next_step="",
        appointment_id=known,
    )

"""A person closes what the portal could not settle, after ringing the practice."""

from enum import StrEnum
from typing import Any

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.outcome_check import SETTLES_AT_ONCE
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.commands.transitions import claimed_by_another, transition

DIFFERENT = "DIFFERENT_FROM_ASKED"
CHANGE_NOT_CONFIRMED = "CHANGE_NOT_CONFIRMED"
ANSWERED_OTHERWISE = frozenset({DIFFERENT, CHANGE_NOT_CONFIRMED})
SPOKEN_TO_LIMIT = 100


class ClosedAs(StrEnum):
    """What the practice said on the telephone; `AS_RECORDED`: not what was asked for, and kept."""

    MADE = "made"
    NOT_MADE = "not_made"
    AS_RECORDED = "as_recorded"


class NotToClose(Exception):
    """Only what needs attention is closed by a person."""


def may_close(command: Command, actor: Actor) -> bool:
    """Whoever settles for the organisation may, and whoever has said that they deal with it.

    So that a hub without a manager at night is not left with it.
    """
    mine = command.dealt_with_by(actor.user)
    return actor.may(Permission.SETTLE_COMMANDS) or (mine and actor.may(Permission.VIEW_WORKLIST))


def close_by_hand(
    command: Command,
    *,
    made: bool,
    spoken_to: str,
    actor: Actor,
    as_recorded: bool = False,
) -> Command:
    """Record what the practice said on the telephone: it has it, or it has not.

    `spoken_to` names who said so. `as_recorded`: it has what it answered with, which is not what
    was asked for, and the patient keeps that. The event is the closing person's own.

    Raises: NotPermitted, NotToClose, StateChanged (somebody was quicker).
    """
    if not may_close(command, actor):
        actor.require(Permission.SETTLE_COMMANDS)
    if command.state != State.NEEDS_ATTENTION or not command.may_be_seen_by(actor):
        raise NotToClose
    if as_recorded and not (made and command.error_code in ANSWERED_OTHERWISE):
        raise NotToClose
    if as_recorded and command.error_code == CHANGE_NOT_CONFIRMED:
        return _close_by_comparing(command, actor)
    said = "has it" if made else "does not have it"
    if as_recorded:
        said = "has what it answered with, and the patient keeps it"
    # The id that the practice first answered with may have turned out to be another booking's.
    known = "" if claimed_by_another(command, command.appointment_id) else command.appointment_id
    fields: dict[str, Any] = {}
    if command.error_code in ANSWERED_OTHERWISE and not as_recorded:
        fields["result"] = {}  # what the practice answered is not what it has now
    not_made = State.WITHDRAWN if command.withdrawn_at else State.NOT_MADE
    if not made and command.error_code != DIFFERENT and database_now() < command.request_dead_at:
        # The request may arrive after the call: the portal looks once more when it no longer can.
        fields["next_look_at"] = command.request_dead_at + SETTLES_AT_ONCE
    return transition(
        command,
        State.DONE if made else not_made,
        reason=f"the practice said by telephone that it {said}",
        who=actor.who,
        resolution=Command.Resolution.BY_TELEPHONE,
        sentence=(
            f"{actor.user.full_name} rang the practice. {spoken_to} there said that it {said}."
        ),
        next_step="",
        appointment_id=known,
        **fields,
    )


def _close_by_comparing(command: Command, actor: Actor) -> Command:
    """Somebody has read the text that the practice has, and it says what it must. [AMEND-1]"""
    name = actor.user.full_name
    return transition(
        command,
        State.DONE,
        reason="the practice's text says what it must",
        who=actor.who,
        resolution=Command.Resolution.BY_COMPARING,
        sentence=f"{name} has compared both texts: what the practice has says what it must.",
        next_step="",
    )

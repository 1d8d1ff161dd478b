"""Who deals with what needs a person, in words."""

from datetime import datetime

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.appointments.shared import formatting
from booking_portal.commands.callbacks import is_still_taken, was_taken
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.states import State


def owner_of(command: Command, actor: Actor | None = None) -> str:
    """Who deals with it, in words: also that nobody does yet."""
    taken = was_taken(command)
    owner = command.owner if taken or not needs_a_person(command) else None
    return who_deals(owner, command.taken_at if taken else None, actor)


def who_deals(owner: User | None, since: datetime | None, actor: Actor | None) -> str:
    """Who deals with something, as the actor is told."""
    if owner is None:
        return "Nobody is dealing with it yet"
    mine = actor is not None and owner.pk == actor.user.pk
    if since is not None and not is_still_taken(since):
        who = "You" if mine else owner.full_name
        return f"{who} took it on, {formatting.clock_on_day(since)}, and it is still open"
    when = f" since {formatting.clock_on_day(since)}" if since else ""
    if mine:
        return f"You are dealing with it{when}"
    return f"{owner.full_name} is dealing with it{when}"


def needs_a_person(command: Command) -> bool:
    return command.state == State.NEEDS_ATTENTION or command.made_though_withdrawn


def owner_of_saga(saga: Saga, stage: Stage, actor: Actor) -> str:
    """Who deals with what waits for a decision, in words; empty where nothing does."""
    if stage is not Stage.NEEDS_DECISION:
        return ""
    return who_deals(saga.owner, saga.taken_at, actor)

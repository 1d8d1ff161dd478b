"""Who rings the patient back, on which number, and who deals with what needs a person."""

from dataclasses import dataclass
from datetime import datetime

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.appointments.presenters import wording
from booking_portal.commands.follow_up.closing import may_close
from booking_portal.commands.models import Command
from booking_portal.commands.ringing_back import dealing_with, lasts, to_be_told, was_taken
from booking_portal.commands.states import Kind, State

WAITING = frozenset({State.UNCONFIRMED, State.NEEDS_ATTENTION})


@dataclass(frozen=True, slots=True)
class RingBack:
    """The ring-back of one command. `told` says who has told the patient, and when.

    `closes_then`: the actor may close the command once they have taken it.
    """

    number: str
    owner: str
    waiting: bool
    to_tell: bool
    may_take: bool
    closes_then: bool
    told: str

    @classmethod
    def of(cls, command: Command, actor: Actor, *, cancelled: bool) -> "RingBack | None":
        """None where nobody owes the patient a word, and nobody did.

        `cancelled`: the appointment is; of one that was withdrawn there is then nothing to tell.
        """
        waiting = command.state in WAITING
        over = command.kind == Kind.BOOK and bool(command.withdrawn_at) and cancelled
        to_tell = to_be_told(command) and not over
        if not (waiting or to_tell or command.told_at):
            return None
        mine = command.owner_id == actor.user.pk
        taken_by_me = mine and dealing_with(command)
        owes_a_call = mine and not _needs_a_person(command)
        may_take = (waiting or to_tell) and not (taken_by_me or owes_a_call)
        return cls(
            number=command.ring_back,
            owner=owner_of(command, actor),
            waiting=waiting,
            to_tell=to_tell,
            may_take=may_take,
            closes_then=may_take
            and command.state == State.NEEDS_ATTENTION
            and not may_close(command, actor),
            told=_told(command),
        )


def owner_of(command: Command, actor: Actor | None = None) -> str:
    """Who deals with it, in words: also that nobody does yet."""
    taken = was_taken(command)
    owner = command.owner if taken or not _needs_a_person(command) else None
    return who_deals(owner, command.taken_at if taken else None, actor)


def who_deals(owner: User | None, since: datetime | None, actor: Actor | None) -> str:
    """Who deals with something, as the actor is told."""
    if owner is None:
        return "Nobody is dealing with it yet"
    mine = actor is not None and owner.pk == actor.user.pk
    if since is not None and not lasts(since):
        who = "You" if mine else owner.full_name
        return f"{who} took it on, {wording.clock_on_day(since)}, and it is still open"
    when = f" since {wording.clock_on_day(since)}" if since else ""
    if mine:
        return f"You are dealing with it{when}"
    return f"{owner.full_name} is dealing with it{when}"


def cancel_it(command: Command, *, cancelled: bool) -> bool:
    """Whether a withdrawn booking stands at the practice, and nobody has said that it may."""
    return command.made_though_withdrawn and command.told_at is None and not cancelled


def _needs_a_person(command: Command) -> bool:
    return command.state == State.NEEDS_ATTENTION or command.made_though_withdrawn


def _told(command: Command) -> str:
    if command.told_at is None or command.told_by is None:
        return ""
    return f"{command.told_by.full_name} told the patient, {wording.clock_on_day(command.told_at)}."

"""Who rings the patient back, on which number, and who deals with what needs a person."""

from dataclasses import dataclass

from booking_portal.accounts.actor import Actor
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.owner import who_deals
from booking_portal.commands.callbacks import to_be_told
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.commands.worklist.manual_close import may_close
from booking_portal.commands.worklist.needs_person import needs_person

WAITING = frozenset({State.UNCONFIRMED, State.NEEDS_ATTENTION})


@dataclass(frozen=True, slots=True)
class CallbackPanel:
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
    def of(cls, command: Command, actor: Actor, *, cancelled: bool) -> "CallbackPanel | None":
        """None where nobody owes the patient a word, and nobody did.

        `cancelled`: the appointment is; of one that was withdrawn there is then nothing to tell.
        """
        waiting = command.state in WAITING
        over = command.kind == Kind.BOOK and bool(command.withdrawn_at) and cancelled
        to_tell = to_be_told(command) and not over
        if not (waiting or to_tell or command.told_at):
            return None
        owes_a_call = command.owner_id == actor.user.pk and not needs_person(command)
        mine = owes_a_call or command.dealt_with_by(actor.user)
        may_take = (waiting or to_tell) and not mine
        return cls(
            number=command.ring_back,
            owner=who_deals(command, actor),
            waiting=waiting,
            to_tell=to_tell,
            may_take=may_take,
            closes_then=may_take
            and command.state == State.NEEDS_ATTENTION
            and not may_close(command, actor),
            told=_told(command),
        )


def offers_to_cancel(command: Command, *, cancelled: bool) -> bool:
    """Whether a withdrawn booking stands at the practice, and nobody has said that it may."""
    return command.made_though_withdrawn and command.told_at is None and not cancelled


def _told(command: Command) -> str:
    if command.told_at is None or command.told_by is None:
        return ""
    return (
        f"{command.told_by.full_name} told the patient, {formatting.clock_on_day(command.told_at)}."
    )

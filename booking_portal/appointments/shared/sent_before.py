"""What was typed a second time, beside what had been sent before. [BOOK-8]"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from booking_portal.accounts.kept_for_page import Kept, Why
from booking_portal.accounts.models import User
from booking_portal.commands import saga_status
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.refusal_reasons import changed_meanwhile
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.states import UNSETTLED, Kind, State
from booking_portal.typed_input import words

LABELS = {
    "description": "What it is for",
    "comment": "Comment",
    "reason": "Why it is cancelled",
}
EMPTY = "Nothing"


def words_sent(command: Command) -> dict[str, str]:
    """The texts that were sent, or are to be sent, with the command or its two steps."""
    saga = command.saga
    if saga is None:
        return {name: command.payload[name] for name in LABELS if name in command.payload}
    steps = [step for step in saga.steps.all() if step.kind == Kind.BOOK]
    proposal = saga.proposal
    words = {"description": proposal.description, "comment": proposal.comment}
    if steps:
        words = {name: steps[0].payload[name] for name in words}
    return words | ({"reason": saga.cancellation_reason} if saga.cancellation_reason else {})


def not_sent(command: Command, typed: Mapping[str, str]) -> dict[str, str]:
    """Of what is typed now, the texts that are others than those that were sent."""
    sent = words_sent(command)
    plain = {name: words(text) for name, text in typed.items()}
    return {name: text for name, text in plain.items() if text != sent.get(name, text)}


@dataclass(frozen=True, slots=True)
class TypedRow:
    """One text: as it was sent first, and as it was typed then."""

    label: str
    sent: str
    typed: str


@dataclass(frozen=True, slots=True)
class SentBefore:
    """Says that the first text was sent and the second was not, and how to change it.

    `theirs`: the first was somebody else's, whose change was under way. `change`: the second can
    be put in by changing the appointment.
    """

    rows: tuple[TypedRow, ...]
    how: str
    change: bool
    theirs: bool

    @classmethod
    def of(
        cls,
        command: Command,
        kept: Kept | None,
        viewer: User,
        *,
        may_change: bool,
        in_next_try: bool,
    ) -> "SentBefore | None":
        """For the command that was sent (of two steps, the one that tells how it stands).

        `in_next_try`: the next try begins with what was typed second.
        """
        if kept is None or kept.why != Why.SENT_BEFORE:
            return None
        sent, now_there = words_sent(command), _now_there(command)
        others = [
            name
            for name in LABELS
            if name in sent
            and name in kept.typed
            and kept.text(name) not in (sent[name], now_there.get(name))
        ]
        if not others:
            return None
        rows = tuple(
            TypedRow(LABELS[name], sent[name] or EMPTY, kept.text(name) or EMPTY) for name in others
        )
        change = may_change and others != ["reason"]
        how = _how(command, change=change, in_next_try=in_next_try)
        asked_by = command.saga.user_id if command.saga else command.user_id
        return cls(rows, how, change, theirs=asked_by != viewer.pk)


def draft_of_next_try(command: Command) -> Proposal | None:
    """What the next try begins with, where nothing was made of the first and nothing goes on.

    While a person still decides about two steps, that is what they may send: not to be changed.
    """
    saga = command.saga
    if saga is None:
        failed = command.state not in {*UNSETTLED, State.DONE}
        return Proposal.objects.filter(pk=command.form_token).first() if failed else None
    if saga_status.stage_of(saga) is not Stage.FIRST_FAILED:
        return None
    return saga.proposal if saga_status.latest_of(saga.proposal) == saga else None


def _now_there(command: Command) -> Mapping[str, Any]:
    """The texts as they are at the practice by now, perhaps changed to what was typed second."""
    booking = _booked(command.saga) if command.saga else command
    return (booking.result if booking else None) or {}


def _booked(saga: Saga) -> Command | None:
    """The step that has made the new appointment."""
    made = (step for step in saga_status.steps_of(saga) if step.kind == Kind.BOOK)
    return next((step for step in made if step.state == State.DONE), None)


def _how(command: Command, *, change: bool, in_next_try: bool) -> str:
    saga = command.saga
    stage = saga_status.stage_of(saga) if saga else None
    if change:
        return "To put in what you typed second, change the appointment."
    if stage is Stage.NEEDS_DECISION:
        return (
            "Decide first how it goes on: that goes on with what was sent first. Then it can be "
            "changed from this page; or ring the practice."
        )
    if stage in saga_status.OPEN or command.state in UNSETTLED:
        return (
            "Do not send it again. Once it is certain, it can be changed from this page; or ring "
            "the practice."
        )
    if command.state == State.DONE or (saga and _booked(saga)):
        return "If what you typed second matters, ring the practice."
    if in_next_try or changed_meanwhile(command):
        return "Nothing was made of the first. What you typed second is kept for the next try."
    return "Nothing was made of the first. Copy what you typed second before you try again."

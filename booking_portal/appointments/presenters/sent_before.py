"""What was typed a second time, beside what had been sent before. [BOOK-8]"""

from collections.abc import Mapping
from dataclasses import dataclass

from booking_portal.accounts.kept_forms import Kept, Why
from booking_portal.commands.models import Command
from booking_portal.commands.states import UNSETTLED, Kind, State
from booking_portal.entered import words

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

    `change`: the second can be put in by changing the appointment.
    """

    rows: tuple[TypedRow, ...]
    how: str
    change: bool

    @classmethod
    def of(cls, command: Command, kept: Kept | None, *, may_change: bool) -> "SentBefore | None":
        """For the command that was sent (of two steps, the one that tells how it stands)."""
        if kept is None or kept.why != Why.SENT_BEFORE:
            return None
        sent = words_sent(command)
        now_there = command.result or {}  # changed since, perhaps to what was typed second
        rows = tuple(
            TypedRow(label, sent[name] or EMPTY, kept.text(name) or EMPTY)
            for name, label in LABELS.items()
            if name in sent
            and name in kept.typed
            and kept.text(name) not in (sent[name], now_there.get(name))
        )
        if not rows:
            return None
        change = may_change and {"description", "comment"} & set(kept.typed) != set()
        return cls(rows, _how(command, change=change), change)


def _how(command: Command, *, change: bool) -> str:
    if change:
        return "To put in what you typed second, change the appointment."
    if command.state in UNSETTLED:
        return (
            "Do not send it again. Once it is certain, it can be changed from this page; or ring "
            "the practice."
        )
    if command.state == State.DONE:
        return "If what you typed second matters, ring the practice."
    return "Nothing was made of the first. What you typed second is kept for the next try."

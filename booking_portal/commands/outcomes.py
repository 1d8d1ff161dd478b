"""What an answer to a write means for the command: nothing else decides its state.

Derived from the one table of errors (`gpconnect.error_table`): what the error is evidence of, with
code, origin and status held together, then which attempt it was, and whether a "no" may be about
our own earlier success. Success is not here: it means `done`. Everything that is not certain is
`unconfirmed`: the portal looks before it says anything. [BOOK-7, BOOK-8, AMEND-2, REG-3, ERR-1..5]
"""

from dataclasses import dataclass
from typing import Final

from booking_portal.commands.states import Kind, State
from gpconnect.error_evidence import failure, meaning, meaning_of
from gpconnect.error_table import NEVER_LEFT, REFUSALS, Says, row
from gpconnect.errors import AlreadyRegistered, GPConnectError, Origin, SlotGone, VersionConflict
from gpconnect.interactions import (
    AMEND_APPOINTMENT,
    BOOK_APPOINTMENT,
    CANCEL_APPOINTMENT,
    REGISTER_PATIENT,
    Interaction,
)

INTERACTION: Final[dict[Kind, Interaction]] = {
    Kind.BOOK: BOOK_APPOINTMENT,
    Kind.AMEND: AMEND_APPOINTMENT,
    Kind.CANCEL: CANCEL_APPOINTMENT,
    Kind.REGISTER: REGISTER_PATIENT,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state that an answer puts a command in, and why.

    `look_first`: the "no" may be about our own earlier success; the practice is looked at before
    it counts.
    """

    why: str
    state: State
    look_first: bool = False


_NEW: Final = Outcome("nothing was sent", State.NOT_MADE)
_NOT_THIS_TIME: Final = Outcome(
    "nothing was sent this time, which says nothing of the time before", State.UNCONFIRMED
)
_NO: Final = Outcome("it was refused, and nothing was done", State.REFUSED)
_NO_TO_THIS_TIME: Final = Outcome(
    "a no to this time, which says nothing of the time before", State.UNCONFIRMED
)
_PERHAPS_OURS: Final = Outcome(
    "the slot, the version or the place on the list has gone, perhaps to ourselves",
    State.UNCONFIRMED,
    look_first=True,
)
_OTHERWISE: Final = Outcome(Says.DONE_OTHERWISE.value, State.NEEDS_ATTENTION)

_TAKEN: Final = (SlotGone, AlreadyRegistered, VersionConflict)


def outcome_of(kind: Kind, error: GPConnectError, attempt: int) -> Outcome:
    """What an error of the command's `attempt`th send (from 1) means."""
    says = meaning_of(error)
    first = attempt == 1
    if says is Says.DONE_OTHERWISE:
        return _OTHERWISE
    if says in NEVER_LEFT:
        return _NEW if first else _NOT_THIS_TIME
    if says in REFUSALS | {Says.UNCLEAR} and _is_taken(kind, error.code):
        return _PERHAPS_OURS
    if says in REFUSALS:
        return _NO if first else _NO_TO_THIS_TIME
    return Outcome(says.value, State.UNCONFIRMED)


def _is_taken(kind: Kind, code: str) -> bool:
    """Whether what the command wants has gone: the slot, the version, the place on the list."""
    try:
        return issubclass(row(code, INTERACTION[kind]).kind, _TAKEN)
    except KeyError:
        return False


def refusal_of(kind: Kind, code: str, status: int | None) -> GPConnectError | None:
    """A practice's answer again, from what is kept of it; None where no table has its code."""
    try:
        return failure(code, origin=Origin.PRACTICE, interaction=INTERACTION[kind], status=status)
    except KeyError:
        return None


def never_left(code: str) -> bool:
    """Whether the code says that nothing has left for the practice."""
    return _says(code) in NEVER_LEFT


def said_no(code: str) -> bool:
    """Whether the last answer had the code of a "no": asking once more would not change it.

    Also one that contradicts itself, as a practice that fails at a request fails at it again.
    """
    return _says(code) in REFUSALS


def is_no(code: str, status: int | None) -> bool:
    """Whether code and status, as they are kept of an answer, agree that it was a "no". [ERR-2]"""
    try:
        return meaning(code, origin=None, status=status) in REFUSALS
    except KeyError:
        return False


def is_contradictory(code: str, status: int | None) -> bool:
    """Whether code and status contradict each other, so that nobody can tell what was done."""
    try:
        return meaning(code, origin=None, status=status) is Says.CONTRADICTORY
    except KeyError:
        return False


def _says(code: str) -> Says:
    try:
        return row(code).says
    except KeyError:
        return Says.UNCLEAR

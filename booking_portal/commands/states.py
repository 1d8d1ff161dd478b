"""The states of a command, what may follow what, and the one table that decides."""

from dataclasses import dataclass

from django.db import models

from gpconnect import errors


class Kind(models.TextChoices):
    """What a user asked a practice to do."""

    BOOK = "book", "Book"
    AMEND = "amend", "Amend"
    CANCEL = "cancel", "Cancel"
    REGISTER = "register", "Register"


class State(models.TextChoices):
    """Where a command stands. `done`, `refused`, `not made` and `withdrawn` are ends."""

    SENDING = "sending", "Being sent"
    UNCONFIRMED = "unconfirmed", "Not confirmed yet"
    NEEDS_ATTENTION = "needs_attention", "Needs attention"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    NOT_MADE = "not_made", "Not made"
    WITHDRAWN = "withdrawn", "Withdrawn"


UNSETTLED = frozenset({State.SENDING, State.UNCONFIRMED, State.NEEDS_ATTENTION})

MAY_FOLLOW: dict[State, frozenset[State]] = {
    State.SENDING: frozenset(State) - {State.SENDING},
    State.UNCONFIRMED: frozenset(State) - {State.UNCONFIRMED, State.SENDING},
    State.NEEDS_ATTENTION: frozenset({State.DONE, State.NOT_MADE, State.WITHDRAWN}),
    # Later evidence: a request that we thought dead, or had given up, has arrived after all.
    State.NOT_MADE: frozenset({State.DONE}),
    State.WITHDRAWN: frozenset({State.DONE}),
    State.DONE: frozenset(),
    State.REFUSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: for these kinds, an error of this class means this state."""

    kinds: frozenset[Kind]
    error: type[errors.GPConnectError]
    state: State


_ALL = frozenset(Kind)
_BOOK = frozenset({Kind.BOOK})
_CHANGES = frozenset({Kind.AMEND, Kind.CANCEL})
_REGISTER = frozenset({Kind.REGISTER})

# The first row that fits decides; no row, or an error whose outcome is not known: unconfirmed.
# Success is not in the table: it means `done`.
RULES = (
    Rule(_ALL, errors.DifferentFromAsked, State.NEEDS_ATTENTION),  # [BOOK-7]
    Rule(_ALL, errors.NotSent, State.NOT_MADE),
    Rule(_ALL, errors.InvalidRequest, State.NOT_MADE),
    Rule(_ALL, errors.DirectoryError, State.NOT_MADE),
    # Ours, by an earlier try? Look first. [BOOK-8, AMEND-2, REG-3]
    Rule(_BOOK, errors.SlotGone, State.UNCONFIRMED),
    Rule(_CHANGES, errors.VersionConflict, State.UNCONFIRMED),
    Rule(_REGISTER, errors.AlreadyRegistered, State.UNCONFIRMED),
    Rule(_ALL, errors.RefusedBySpine, State.REFUSED),
    Rule(_ALL, errors.Refused, State.REFUSED),
)


def verdict(kind: Kind, error: errors.GPConnectError) -> State:
    """The state that an error puts a command in; everything not in the table: unconfirmed."""
    for rule in RULES:
        if kind in rule.kinds and isinstance(error, rule.error):
            if rule.state is State.NEEDS_ATTENTION or error.outcome_known:
                return rule.state
            return State.UNCONFIRMED
    return State.UNCONFIRMED

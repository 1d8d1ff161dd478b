"""The kinds and states of a command, and what may follow what."""

from django.db import models

from booking_portal.accounts.roles import Permission


class Kind(models.TextChoices):
    """What a user asked a practice to do."""

    BOOK = "book", "Book"
    AMEND = "amend", "Amend"
    CANCEL = "cancel", "Cancel"
    REGISTER = "register", "Register"


PERMISSION = {
    Kind.BOOK: Permission.BOOK_APPOINTMENT,
    Kind.AMEND: Permission.AMEND_APPOINTMENT,
    Kind.CANCEL: Permission.CANCEL_APPOINTMENT,
    Kind.REGISTER: Permission.REGISTER_PATIENT,
}
"""What a user needs to ask for it, and the portal to send it again on their behalf."""


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

# Ends that later evidence may still turn: a request that was held to be dead has arrived.
LATE = frozenset({State.NOT_MADE, State.WITHDRAWN})

LOOKED_FOR = frozenset({State.SENDING, State.UNCONFIRMED, *LATE})
"""Those whose effect is looked for at the practice, whenever `next_look_at` says."""

MAY_FOLLOW: dict[State, frozenset[State]] = {
    State.SENDING: frozenset(State) - {State.SENDING},
    State.UNCONFIRMED: frozenset(State) - {State.UNCONFIRMED, State.SENDING},
    State.NEEDS_ATTENTION: frozenset({State.DONE, State.NOT_MADE, State.WITHDRAWN}),
    State.NOT_MADE: frozenset({State.DONE, State.NEEDS_ATTENTION}),
    State.WITHDRAWN: frozenset({State.DONE, State.NEEDS_ATTENTION}),
    State.DONE: frozenset(),
    State.REFUSED: frozenset(),
}

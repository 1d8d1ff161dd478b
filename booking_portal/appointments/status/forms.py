"""What people say about what is not settled: the practice's word, and a number to ring back."""

from typing import Any

from django import forms

from booking_portal.appointments.shared.text_forms import TextField
from booking_portal.commands.callbacks import NUMBER_LIMIT
from booking_portal.commands.models import Command
from booking_portal.commands.requests.amend_cancel import REASON_LIMIT
from booking_portal.commands.states import Kind
from booking_portal.commands.worklist.manual_close import (
    CHANGE_NOT_CONFIRMED,
    DIFFERENT,
    SPOKEN_TO_LIMIT,
    ClosedAs,
)
from booking_portal.forms import LineField, PlainForm, TelephoneField

OUTCOMES: dict[Kind, tuple[str, str]] = {
    Kind.BOOK: ("They have it: it is booked", "They do not have it: it is not booked"),
    Kind.AMEND: ("It is changed", "It is not changed: the appointment is as it was"),
    Kind.CANCEL: ("It is cancelled", "It is not cancelled: the appointment still stands"),
    Kind.REGISTER: ("The patient is registered there", "The patient is not registered there"),
}
"""What the practice may say, by kind: done, or not."""

PUT_RIGHT = "They have put it right: it is as asked for"
SAYS_ENOUGH = "Nobody was rung: what they have says what it must"
KEPT = "It stays as they recorded it, and the patient agrees"
TAKEN_OUT: dict[Kind, str] = {
    Kind.BOOK: "They have taken it out: nothing is booked",
    Kind.AMEND: "They have taken the change back: the appointment is as it was",
    Kind.CANCEL: "They have put it back: the appointment still stands",
    Kind.REGISTER: "They have taken it back: the patient is not registered there",
}
"""Where the practice had recorded something else."""


class CloseForm(PlainForm):
    """What the practice said on the telephone about what could not be settled."""

    outcome = forms.ChoiceField(label="What did the practice say?")
    spoken_to = LineField(
        label="Who at the practice said so?", max_length=SPOKEN_TO_LIMIT, required=False
    )

    def __init__(self, *args: Any, command: Command, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)
        outcome.choices = _choices(command)
        outcome.error_messages["required"] = "Choose what the practice said"
        self._compared = command.error_code == CHANGE_NOT_CONFIRMED

    def clean(self) -> dict[str, Any]:
        """Demands who said so, unless nobody at the practice had to."""
        cleaned: dict[str, Any] = super().clean() or {}
        nobody_rung = self._compared and cleaned.get("outcome") == ClosedAs.AS_RECORDED
        if not nobody_rung and "spoken_to" in cleaned and not cleaned["spoken_to"]:
            self.add_error("spoken_to", "Enter who at the practice said so")
        return cleaned


class CallbackForm(PlainForm):
    """The number to ring the patient back on; nothing where they have none."""

    ring_back = TelephoneField(
        label="Number to ring the patient back on",
        help_text="For this call only: it is not sent to the practice or to the national record. "
        "Leave it empty if there is none.",
        required=False,
        max_length=NUMBER_LIMIT,
        error_messages={"max_length": f"The number must be {NUMBER_LIMIT} characters or fewer"},
    )


def _choices(command: Command) -> list[tuple[str, str]]:
    kind = Kind(command.kind)
    made, not_made = OUTCOMES[kind]
    if command.error_code == CHANGE_NOT_CONFIRMED:
        return [
            (ClosedAs.AS_RECORDED.value, SAYS_ENOUGH),
            (ClosedAs.MADE.value, PUT_RIGHT),
            (ClosedAs.NOT_MADE.value, not_made),
        ]
    if command.error_code == DIFFERENT:
        return [
            (ClosedAs.MADE.value, PUT_RIGHT),
            (ClosedAs.AS_RECORDED.value, KEPT),
            (ClosedAs.NOT_MADE.value, TAKEN_OUT[kind]),
        ]
    return [(ClosedAs.MADE.value, made), (ClosedAs.NOT_MADE.value, not_made)]


class UndoForm(PlainForm):
    """Why the new appointment of a move is cancelled again. [CANCEL-1]"""

    reason = TextField(
        label="Why is the new one cancelled?",
        max_length=REASON_LIMIT,
        initial="The patient keeps the earlier booking",
        error_messages={"max_length": f"The reason must be {REASON_LIMIT} characters or fewer"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].error_messages["required"] = "Enter why the new one is cancelled"

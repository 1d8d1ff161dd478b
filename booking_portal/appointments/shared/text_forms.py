"""Texts for a practice. Limits are the practices'; nothing is cut silently. [BOOK-4]"""

from typing import Any

from django import forms

from booking_portal import typed_input
from booking_portal.commands.requests.amended_texts import is_unchanged
from booking_portal.commands.requests.booking import (
    CANNOT_BE_SENT,
    COMMENT_LIMIT,
    DESCRIPTION_LIMIT,
    can_be_sent,
)
from booking_portal.forms import PlainForm


class TextField(forms.CharField):
    """Text for a practice, counted as it is sent and as the counter beside it does. [BOOK-4]

    `kept` is what the practice itself has: left as it is, it may be of any length.
    """

    kept = ""

    def clean(self, value: Any) -> str:
        """The text. Raises: ValidationError."""
        return self.kept if is_unchanged(str(value or ""), self.kept) else str(super().clean(value))

    def __init__(self, **settings: Any) -> None:
        super().__init__(strip=False, **settings)

    def to_python(self, value: Any) -> str:
        """The text, composed, with a line break as one character."""
        return typed_input.words(str(super().to_python(value) or ""))

    def validate(self, value: str) -> None:
        super().validate(value)
        if not can_be_sent(value):
            raise forms.ValidationError(CANNOT_BE_SENT)


class TextsForm(PlainForm):
    """What the appointment is for. [BOOK-4]"""

    description = TextField(
        label="What is the appointment for?",
        max_length=DESCRIPTION_LIMIT,
        error_messages={
            "max_length": f"What the appointment is for must be {DESCRIPTION_LIMIT} characters "
            "or fewer"
        },
    )
    comment = TextField(
        label="Anything else the practice should know (optional)",
        required=False,
        max_length=COMMENT_LIMIT,
        error_messages={"max_length": f"The comment must be {COMMENT_LIMIT} characters or fewer"},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["description"].error_messages["required"] = (
            "Enter what the appointment is for, in a few words"
        )

"""What the check pages ask before a booking, and before a move."""

from typing import Any

from django import forms

from booking_portal.appointments.shared.text_forms import TextField, TextsForm
from booking_portal.commands.requests.amend_cancel import REASON_LIMIT


class BookForm(TextsForm):
    """Texts, and the user's word that differing records are the same person. [PDS-6]"""

    asked_anew = frozenset({"same_person"})
    same_person = forms.BooleanField(label="It is the same person", required=False)

    def __init__(self, *args: Any, must_acknowledge: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["same_person"]
        field.required = must_acknowledge
        field.error_messages["required"] = "Confirm with the patient that it is the same person"


class MoveForm(BookForm):
    """A booking, and why the old appointment is cancelled for it. [MOVE-1, CANCEL-1]

    `seen` is the version of the old appointment that the page showed. To cancel first, the user
    has to say that the patient accepts to be without one.
    """

    asked_anew = frozenset({"same_person", "seen", "understood"})
    seen = forms.CharField(required=False)
    reason = TextField(
        label="Why is the old one cancelled?",
        max_length=REASON_LIMIT,
        initial="Moved to another time",
        error_messages={"max_length": f"The reason must be {REASON_LIMIT} characters or fewer"},
    )
    understood = forms.BooleanField(label="The patient accepts it", required=False)

    def __init__(self, *args: Any, cancel_first: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].error_messages["required"] = "Enter why the old one is cancelled"
        self.fields["understood"].required = cancel_first
        self.fields["understood"].error_messages["required"] = (
            "Tell the patient that the old one is cancelled first, and ask whether they accept it"
        )

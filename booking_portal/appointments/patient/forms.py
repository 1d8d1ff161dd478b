"""What the pages of a patient's appointments ask: a range, new texts, a cancellation."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms

from booking_portal.appointments.shared.text_forms import TextField, TextsForm
from booking_portal.commands.requests.amend_cancel import REASON_LIMIT
from booking_portal.commands.requests.appointment_reads import LOOK_AHEAD
from booking_portal.forms import DateField, PlainForm
from gpconnect import london


class RangeForm(PlainForm):
    """From when until when to ask a practice for a patient's appointments. [RET-1]"""

    start = DateField(label="From", help_text="Today at the earliest", required=False)
    end = DateField(label="To", required=False)

    def clean(self) -> dict[str, Any]:
        """Demands London's dates from today on, in order."""
        cleaned: dict[str, Any] = super().clean() or {}
        start, end = cleaned.get("start") or london.today(), cleaned.get("end")
        if start < london.today():
            self.add_error("start", "From must be today or later: practices show nothing earlier")
        elif end is not None and end < start:
            self.add_error("end", "To must be the same as or after From")
        return cleaned

    def dates(self) -> tuple[date, date]:
        """First and last day to ask for: those typed, if they can be asked for, else as ever."""
        typed = self.cleaned_data if self.is_valid() else {}
        start = typed.get("start") or london.today()
        return start, typed.get("end") or start + LOOK_AHEAD


class SeenForm(PlainForm):
    """Carries which appointment, in which version, the user was looking at. [AMEND-2]"""

    asked_anew = frozenset({"seen", "form_token"})
    seen = forms.CharField()
    form_token = forms.UUIDField()


class AmendForm(TextsForm, SeenForm):
    """New texts for an appointment; `kept` are those that the practice has. [AMEND-1]"""

    def __init__(self, *args: Any, kept: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("description", "comment"):
            field = self.fields[name]
            assert isinstance(field, TextField)
            field.kept = kept[name]


class CancelForm(SeenForm):
    """Keep the appointment, which is the default, or cancel it with a reason. [CANCEL-1]"""

    decision = forms.ChoiceField(
        label="Cancel this appointment?",
        choices=(("keep", "No, keep it"), ("cancel", "Yes, cancel it")),
        initial="keep",
    )
    reason = TextField(label="Why is it cancelled?", required=False, max_length=REASON_LIMIT)

    def clean(self) -> dict[str, Any]:
        """Demands the reason of those who cancel."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("decision") == "cancel" and "reason" in cleaned and not cleaned["reason"]:
            self.add_error("reason", "Enter why the appointment is cancelled")
        return cleaned

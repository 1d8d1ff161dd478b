"""The forms of the booking screens. Limits are the practices'; nothing is cut silently. [BOOK-4]"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django import forms

from booking_portal import entered
from booking_portal.commands.booking import (
    CANNOT_BE_SENT,
    COMMENT_LIMIT,
    DESCRIPTION_LIMIT,
    can_be_sent,
)
from booking_portal.commands.changing import REASON_LIMIT
from booking_portal.commands.reading import LOOK_AHEAD
from booking_portal.commands.texts import is_left
from booking_portal.forms import DateField, PlainForm
from gpconnect import london

LONGEST_SEARCH = timedelta(weeks=8)
CHOOSE_DATES = "dates"
DAYS_AHEAD = {"today": (0, 0), "tomorrow": (1, 1), "7": (0, 6), "14": (0, 13), "28": (0, 27)}
WHEN = (
    ("today", "Today"),
    ("tomorrow", "Tomorrow"),
    ("7", "The next 7 days"),
    ("14", "The next 2 weeks"),
    ("28", "The next 4 weeks"),
    (CHOOSE_DATES, "Between two dates"),
)
DEFAULT_WHEN = "7"


class SearchForm(PlainForm):
    """Where and when to look for free slots. [SFS-1, SFS-4, SFS-8]"""

    when = forms.ChoiceField(label="When", choices=WHEN, required=False)
    start = DateField(label="From", required=False)
    end = DateField(label="To", required=False)
    practices = forms.MultipleChoiceField(
        label="Practices",
        error_messages={"required": "Choose at least one practice"},
    )

    def __init__(self, *args: Any, practices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["practices"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = practices
        field.error_messages["required"] = "Choose at least one practice"

    def clean(self) -> dict[str, Any]:
        """Adds `range`: London's first and last date, inclusive. [IG-6]"""
        cleaned: dict[str, Any] = super().clean() or {}
        when = cleaned.get("when") or DEFAULT_WHEN
        today = london.today()
        if when in DAYS_AHEAD:
            first, last = DAYS_AHEAD[when]
            cleaned["range"] = (today + timedelta(days=first), today + timedelta(days=last))
        elif not self.errors:
            self._check_dates(cleaned, today)
        return cleaned

    def _check_dates(self, cleaned: dict[str, Any], today: date) -> None:
        start, end = cleaned.get("start"), cleaned.get("end")
        if start is None:
            self.add_error("start", "Enter the first date to search")
        elif start < today:
            self.add_error("start", "From must be today or later")
        if end is None:
            self.add_error("end", "Enter the last date to search")
        if self.errors or start is None or end is None:
            return
        if end < start:
            self.add_error("end", "To must be the same as or after From")
        elif end - start > LONGEST_SEARCH:
            self.add_error("end", "Search at most 8 weeks at once")
        cleaned["range"] = (start, end)


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


class TextField(forms.CharField):
    """Text for a practice, counted as it is sent and as the counter beside it does. [BOOK-4]

    `kept` is what the practice itself has: left as it is, it may be of any length.
    """

    kept = ""

    def clean(self, value: Any) -> str:
        """The text. Raises: ValidationError."""
        return self.kept if is_left(str(value or ""), self.kept) else str(super().clean(value))

    def __init__(self, **settings: Any) -> None:
        super().__init__(strip=False, **settings)

    def to_python(self, value: Any) -> str:
        """The text, composed, with a line break as one character."""
        return entered.words(str(super().to_python(value) or ""))

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


class DayForm(PlainForm):
    """A day of the worklist."""

    day = DateField(label="Day", required=False)

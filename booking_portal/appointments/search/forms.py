"""Where and when to look for free slots, as the user asks it."""

from datetime import date, timedelta
from typing import Any

from django import forms

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

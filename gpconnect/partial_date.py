"""A date of which perhaps only the year, or year and month, is known. [PDS-9]"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

from gpconnect import london

_WRITTEN: Final = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT.+", re.ASCII)

Agreement = Literal["same", "compatible", "different"]


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A year, or a year and a month, or a whole date; London's. `str` writes it as FHIR does."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def read(cls, value: object) -> "PartialDate | None":
        """A FHIR date or dateTime; None for anything that is neither.

        A moment with an offset is the date that it has in London.
        """
        if not isinstance(value, str):
            return None
        text = value.strip()
        if _MOMENT.fullmatch(text):
            try:
                moment = datetime.fromisoformat(text)
                day = london.today(moment) if moment.tzinfo else moment.date()
            except (ValueError, OverflowError):
                return None
            return cls.of(day)
        match = _WRITTEN.fullmatch(text)
        if match is None:
            return None
        year, month, day_of_month = match.groups()
        try:
            date(int(year), int(month or 1), int(day_of_month or 1))
        except ValueError:
            return None
        return cls(
            int(year), int(month) if month else None, int(day_of_month) if day_of_month else None
        )

    @classmethod
    def of(cls, day: date) -> "PartialDate":
        """A whole date."""
        return cls(day.year, day.month, day.day)

    @property
    def whole(self) -> date | None:
        """The date, if it is a whole one."""
        if self.month is None or self.day is None:
            return None
        return date(self.year, self.month, self.day)

    @property
    def first(self) -> date:
        """The first day that it may be."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def last(self) -> date:
        """The last day that it may be."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def agreement(self, other: "PartialDate") -> Agreement:
        """`same` for two equal whole dates; `compatible` where no part that both have differs."""
        if self.whole and self.whole == other.whole:
            return "same"
        if self.first <= other.last and other.first <= self.last:
            return "compatible"
        return "different"

    def __str__(self) -> str:
        parts = (f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part))
        return "-".join(parts)

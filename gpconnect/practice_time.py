"""A time as a practice wrote it, and what may be believed of it. [SFS-6]"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, Literal

from gpconnect import london

_WRITTEN: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
_LONGEST: Final = 40  # characters of a text that is no time


@dataclass(frozen=True, slots=True)
class PracticeTime:
    """One moment of a practice's diary.

    `written` is the practice's text, `instant` the moment in UTC (None without a usable
    offset), `wall_clock` the naive time that the practice wrote and that is shown, and `doubt`
    says in plain words why the time cannot be relied on (None: sound). Compare and sort by
    `instant`, show `wall_clock`, never book what is `doubtful`.
    """

    written: str
    instant: datetime | None
    wall_clock: datetime | None
    doubt: str | None

    @classmethod
    def read(cls, text: str) -> "PracticeTime":
        """Read a FHIR dateTime or instant; whatever it says, this does not raise."""
        return _read(text)

    @property
    def doubtful(self) -> bool:
        return self.doubt is not None

    @property
    def zone_label(self) -> Literal["BST", "GMT", ""]:
        """Which of the two it is, in the hour that occurs twice; otherwise empty."""
        if self.doubt or self.wall_clock is None or self.instant is None:
            return ""
        if not london.occurs_twice(self.wall_clock):
            return ""
        return "BST" if london.offset_at(self.instant) else "GMT"

    @property
    def time_label(self) -> str:
        """The time to show: "09:00", or "01:30 BST" in the repeated hour; "" if unreadable."""
        if self.wall_clock is None:
            return ""
        return f"{self.wall_clock:%H:%M} {self.zone_label}".rstrip()

    @property
    def local_date(self) -> date | None:
        """The date that the practice wrote."""
        return self.wall_clock.date() if self.wall_clock else None


# A day's diary names the same few times over and over: reading each once is most of the cost.
@lru_cache(maxsize=16_384)
def _read(text: str) -> PracticeTime:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return PracticeTime(
            text[:_LONGEST], None, None, "The practice gave a time that cannot be read."
        )
    wall_text, offset_text = match.groups()
    try:
        wall_clock = datetime.fromisoformat(wall_text)
        if offset_text is None:
            return PracticeTime(
                text, None, wall_clock, "The practice did not say which time zone this time is in."
            )
        moment = datetime.fromisoformat(wall_text + offset_text)
        instant = moment.astimezone(UTC)
        sound = moment.utcoffset() == london.offset_at(instant)
    except (ValueError, OverflowError):
        return PracticeTime(text, None, None, "The practice gave a time that cannot be read.")
    doubt = None if sound else "The practice gave a time that is not UK time on that date."
    return PracticeTime(text, instant, wall_clock, doubt)

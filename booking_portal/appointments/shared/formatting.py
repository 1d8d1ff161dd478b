"""Dates and times in the words of the screens."""

from datetime import date, datetime, timedelta

from booking_portal.accounts.models import User
from gpconnect import london
from gpconnect.models import PracticeTime

NOT_GIVEN = "Not given"
NAMELESS_SERVICE = "Name not known"


def long_date(day: date) -> str:
    """Tuesday 24 November 2026."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_date(day: date) -> str:
    """Tue 24 Nov."""
    return f"{day:%a} {day.day} {day:%b}"


def clock(instant: datetime) -> str:
    """London's wall clock for an aware instant: 14:05."""
    return f"{instant.astimezone(london.LONDON):%H:%M}"


def clock_on_day(instant: datetime) -> str:
    """14:05 for an instant of today, otherwise with its day: 14:05 on Tue 24 Nov."""
    local = instant.astimezone(london.LONDON)
    if local.date() == london.today():
        return clock(instant)
    return f"{clock(instant)} on {short_date(local.date())}"


def whole_minute_after(instant: datetime) -> datetime:
    """The first whole minute that is not before it, for times by which something is promised."""
    minute = instant.replace(second=0, microsecond=0)
    return minute if minute == instant else minute + timedelta(minutes=1)


def who_and_when(who: User, instant: datetime) -> str:
    """Sam Patel, 14:05."""
    return f"{who.full_name}, {clock_on_day(instant)}"


def span(start: PracticeTime, end: PracticeTime, minutes: int | None) -> str:
    """18:40 to 18:50 (10 minutes), with whatever of it the practice gave. [SFS-5, SFS-6]"""
    text = start.time_label or NOT_GIVEN
    if end.time_label:
        text += f" to {end.time_label}"
    elif start.time_label:
        text += ", end not given"
    return f"{text} ({minutes} minutes)" if minutes else text


def day_of(time: PracticeTime) -> str:
    """The practice's date in full."""
    return long_date(time.local_date) if time.local_date else NOT_GIVEN


def gender_of(code: str | None) -> str:
    """A practitioner's gender; empty when not given."""
    return (code or "").capitalize()


def count_of(number: int, one: str, many: str = "") -> str:
    """1 slot, 2 slots."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"

"""Wall-clock time as GP practices write it: London's, with the offset in force. [SFS-1, IG-6]"""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox import clock

LONDON = ZoneInfo("Europe/London")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}")

_FIRST_YEAR, _LAST_YEAR = 1800, 9000


def now() -> datetime:
    """The sandbox's present moment as an aware London time."""
    return datetime.fromtimestamp(clock.now(), LONDON)


def today() -> date:
    """London's date, also between midnight and one o'clock in summer."""
    return now().date()


def at(day: date, hour: time) -> datetime:
    """The London wall-clock time `hour` on `day`, aware."""
    return datetime.combine(day, hour, LONDON)


def written(instant: float | datetime) -> str:
    """An instant (epoch seconds or aware) as `yyyy-mm-ddThh:mm:ss+hh:mm` in London time."""
    moment = datetime.fromtimestamp(instant, UTC) if isinstance(instant, int | float) else instant
    return moment.astimezone(LONDON).isoformat(timespec="seconds")


def written_with_wrong_offset(instant: float) -> str:
    """The right wall-clock time with the offset that London does not have on that date."""
    local = datetime.fromtimestamp(instant, LONDON)
    wrong = "+00:00" if local.utcoffset() else "+01:00"
    return local.strftime("%Y-%m-%dT%H:%M:%S") + wrong


def read_date(text: str) -> date:
    """A full `yyyy-mm-dd` date of this era's calendar. Raises ValueError for anything else."""
    if not _DATE.fullmatch(text):
        raise ValueError("not a date in the format yyyy-mm-dd")
    day = date.fromisoformat(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError("not a date that anybody could mean")
    return day


def read_date_time(text: str) -> datetime:
    """A `yyyy-mm-ddThh:mm:ss+hh:mm` time whose offset is London's at that moment.

    Raises ValueError for another format or an offset that London does not have then.
    """
    if not _DATE_TIME.fullmatch(text):
        raise ValueError("not a dateTime in the format yyyy-mm-ddThh:mm:ss+hh:mm")
    read_date(text[:10])
    moment = datetime.fromisoformat(text)
    if moment.astimezone(LONDON).utcoffset() != moment.utcoffset():
        raise ValueError("the offset is not that of UK local time on this date")
    return moment.astimezone(LONDON)


def start_of(day: date) -> datetime:
    """Midnight at the beginning of `day` in London."""
    return at(day, time())


def end_of(day: date) -> datetime:
    """Midnight at the end of `day` in London."""
    return at(day + timedelta(days=1), time())

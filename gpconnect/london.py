"""London's clock: the one that practices keep and users look at. [SFS-1, SFS-6, IG-6]

The server's own time zone never matters here.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def now_utc() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def today(now: datetime | None = None) -> date:
    """London's date at the aware instant `now` (the present one when left out). [IG-6]"""
    return (now or now_utc()).astimezone(LONDON).date()


def midnight(day: date) -> datetime:
    """The aware instant, in London's zone, at which `day` begins."""
    return datetime.combine(day, time(), LONDON)


def offset_at(instant: datetime) -> timedelta:
    """London's offset from UTC at an aware instant."""
    offset = instant.astimezone(LONDON).utcoffset()
    assert offset is not None  # an aware datetime always has one
    return offset


def occurs_twice(wall_clock: datetime) -> bool:
    """Whether a naive London time falls into the hour that is repeated in October."""
    first = wall_clock.replace(tzinfo=LONDON, fold=0)
    second = wall_clock.replace(tzinfo=LONDON, fold=1)
    # In the hour that spring leaves out the two differ as well, but the other way round.
    return first.utcoffset() > second.utcoffset()  # type: ignore[operator]


def written_with_offset(moment: datetime) -> str:
    """An aware moment as `yyyy-mm-ddThh:mm:ss+hh:mm` in London's time. [SFS-1]"""
    return moment.astimezone(LONDON).replace(microsecond=0).isoformat()

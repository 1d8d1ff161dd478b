"""Does what PDS holds count today? Periods count at both ends. [PDS-9, IG-6]"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from gpconnect.fhir import elements
from gpconnect.fhir.elements import Json
from gpconnect.partial_date import PartialDate

Value = TypeVar("Value")

# Uses by which FHIR says that a value is not used any more, whatever its period says.
_FORMER_USES = frozenset({"old", "maiden"})


class Standing(StrEnum):
    """Whether a value counts; the better ones come first."""

    CURRENT = "current"
    DOUBTFUL = "doubtful"  # its period cannot be read: shown, and never sent as certain
    ENDED = "ended"  # not any more: shown as the last known, where there is no other
    FUTURE = "future"  # not yet


@dataclass(frozen=True, slots=True)
class Dated(Generic[Value]):
    """A value with its standing today; `since` and `until` are the ends of its period, if known."""

    value: Value
    standing: Standing
    since: PartialDate | None = None
    until: PartialDate | None = None

    @property
    def counts(self) -> bool:
        """Whether it is current, as far as PDS lets one know."""
        return self.standing in {Standing.CURRENT, Standing.DOUBTFUL}

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorts the surest first, and of those the one that began last."""
        began = self.since.first if self.since else date.min
        ended = self.until.last if self.until and self.standing is Standing.ENDED else date.min
        return list(Standing).index(self.standing), -ended.toordinal(), -began.toordinal()


def dated(value: Value, entry: Json, today: date) -> Dated[Value]:
    """The value read from `entry`, with the standing that its period and use give it.

    `today` is London's. A period's ends belong to it; of a year or a month alone, FHIR takes the
    first day for the start and the last one for the end.
    """
    period = entry.get("period")
    ends = elements.mapping(period)
    since, until = PartialDate.read(ends.get("start")), PartialDate.read(ends.get("end"))
    if (elements.text(entry.get("use")) or "").casefold() in _FORMER_USES or (
        until and until.last < today
    ):
        standing = Standing.ENDED
    elif since and since.first > today:
        standing = Standing.FUTURE
    elif _unreadable(period, since, until):
        standing = Standing.DOUBTFUL
    else:
        standing = Standing.CURRENT
    return Dated(value, standing, since, until)


def _unreadable(period: object, since: PartialDate | None, until: PartialDate | None) -> bool:
    if period is None:
        return False
    ends = elements.mapping(period)
    return (
        (not ends and period not in ({}, []))
        or (ends.get("start") is not None and since is None)
        or (ends.get("end") is not None and until is None)
    )

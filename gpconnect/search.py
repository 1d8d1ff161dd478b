"""A search for free slots as the requests that it takes. [SFS-1..4]"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from gpconnect import london
from gpconnect.fhir import names
from gpconnect.fhir.checks import require
from gpconnect.identity import RequestingOrganisation
from gpconnect.models import SlotSearch

_DATES: Final = timedelta(days=14)  # that one request may touch
_DAY: Final = timedelta(days=1)
_LAST: Final = date.max - 2 * _DATES  # as far as the days can be counted on from
_INCLUDES: Final = (
    ("_include", "Slot:schedule"),
    ("_include:recurse", "Schedule:actor:Practitioner"),
    ("_include:recurse", "Schedule:actor:Location"),
    ("_include:recurse", "Location:managingOrganization"),
)

Parameters = tuple[tuple[str, str], ...]


def requests(search: SlotSearch, organisation: RequestingOrganisation) -> tuple[Parameters, ...]:
    """The parameters of each request of a search: one for every two weeks.

    Both ends are always sent as times in London, with the offset of that moment: a date alone is
    read by some practices as its whole day and by others as its midnight. [SFS-1]

    Raises: InvalidRequest for an empty range, a datetime without a zone, or a date with one.
    """
    filters = [("searchFilter", f"{names.ODS_CODE}|{organisation.ods_code}")]
    if organisation.type:
        filters.append(("searchFilter", f"{names.ORGANISATION_TYPE}|{organisation.type}"))
    return tuple(
        (
            ("start", f"ge{london.written_with_offset(start)}"),
            ("end", f"le{london.written_with_offset(end)}"),
            ("status", "free"),
            *_INCLUDES,
            *filters,
        )
        for start, end in _windows(*_moments(search))
    )


def _moments(search: SlotSearch) -> tuple[datetime, datetime]:
    """From when until when; of dates the end is the midnight after the last."""
    start, end = search.start, search.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        require(start.tzinfo and end.tzinfo, "search: a time without a zone")
        require(end.date() <= _LAST, "search: too far ahead")
        require(start < end, "search: empty")
        return start, end
    require(
        not isinstance(start, datetime) and not isinstance(end, datetime),
        "search: a date and a time",
    )
    require(end <= _LAST, "search: too far ahead")
    require(start <= end, "search: empty")
    return london.midnight(start), london.midnight(end + _DAY)


def _windows(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The range in parts of at most 14 dates, which end at London's midnights. [SFS-4]

    A slot must lie wholly inside a part, so one begins a day before the other ends: a slot across
    the midnight between them is not lost, and one in both is joined by its id.
    """
    while True:
        until = london.midnight(start.astimezone(london.LONDON).date() + _DATES)
        if end <= until:
            yield start, end
            return
        yield start, until
        start = until - _DAY

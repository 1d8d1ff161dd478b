"""A search for free slots as the requests that it takes. [SFS-1..4]"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from gpconnect import london
from gpconnect.fhir import names
from gpconnect.fhir.checks import require
from gpconnect.identity import RequestingOrganisation
from gpconnect.models import SlotSearch

_LONGEST: Final = timedelta(days=14)
_DAY: Final = timedelta(days=1)
_INCLUDES: Final = (
    ("_include", "Slot:schedule"),
    ("_include:recurse", "Schedule:actor:Practitioner"),
    ("_include:recurse", "Schedule:actor:Location"),
    ("_include:recurse", "Location:managingOrganization"),
)

Parameters = tuple[tuple[str, str], ...]


def requests(search: SlotSearch, organisation: RequestingOrganisation) -> tuple[Parameters, ...]:
    """The parameters of each request of a search: one for every two weeks.

    Raises: InvalidRequest for an empty range, a datetime without a zone, or a date with one.
    """
    filters = [("searchFilter", f"{names.ODS_CODE}|{organisation.ods_code}")]
    if organisation.type:
        filters.append(("searchFilter", f"{names.ORGANISATION_TYPE}|{organisation.type}"))
    return tuple(
        (("start", f"ge{start}"), ("end", f"le{end}"), ("status", "free"), *_INCLUDES, *filters)
        for start, end in _windows(search)
    )


def _windows(search: SlotSearch) -> Iterator[tuple[str, str]]:
    start, end = search.start, search.end
    if isinstance(start, datetime) and isinstance(end, datetime):
        require(start.tzinfo and end.tzinfo, "search: a time without a zone")
        require(start < end, "search: empty")
        for moment, until in _windows_of_time(start, end):
            yield london.written_with_offset(moment), london.written_with_offset(until)
    else:
        require(
            not isinstance(start, datetime) and not isinstance(end, datetime),
            "search: a date and a time",
        )
        require(start <= end, "search: empty")
        for day, last in _windows_of_dates(start, end):
            yield day.isoformat(), last.isoformat()


# A slot must lie wholly inside a window, so one window begins a day before the other ends: a
# slot across the midnight between them is not lost, and one in both is joined by its id.


def _windows_of_dates(start: date, end: date) -> Iterator[tuple[date, date]]:
    while end - start > _LONGEST:
        yield start, start + _LONGEST
        start += _LONGEST  # the whole of that day again
    yield start, end


def _windows_of_time(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while True:
        first_day = start.astimezone(london.LONDON).date()
        until = london.midnight(first_day + _LONGEST)
        if end <= until:
            yield start, end
            return
        yield start, until
        start = london.midnight(first_day + _LONGEST - _DAY)

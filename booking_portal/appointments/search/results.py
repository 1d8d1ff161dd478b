"""Search results: every slot by time, with all that the practice gave. [SFS-5..10]"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from booking_portal.appointments.search.availability_grid import (
    AvailabilityGrid,
    GridCell,
    PracticeAvailability,
    is_failed,
)
from booking_portal.appointments.search.filters import Filter, Narrowing
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.slot_list import DayOfSlots, days_of, still_to_come
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer
from booking_portal.slots.search import SearchResults


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """The page of one search."""

    title: str
    asked_at: str
    summary: str
    days: tuple[GridCell, ...]
    lines: tuple[PracticeAvailability, ...]
    filters: tuple[Filter, ...]
    narrowed: bool
    cleared: str
    groups: tuple[DayOfSlots, ...]
    any_offers: bool
    none: str
    not_searched: tuple[str, ...]
    any_joins: bool

    @classmethod
    def of(
        cls,
        results: SearchResults,
        practices: Mapping[str, Practice],
        encounter: Encounter,
        query: Mapping[str, str],
        carried: Mapping[str, str],
        not_searched: Iterable[str] = (),
    ) -> "ResultsPage":
        """The page for these results, narrowed by the query. Past slots are left out. [SFS-7]

        `carried` goes with every link of the page; `not_searched` names the practices that might
        have been asked and were not.
        """
        offers = still_to_come(results)
        narrowing = Narrowing.from_query(query, offers, carried)
        shown = narrowing.apply(offers)
        counted = narrowing.apply(offers, but=("practice", "day"))
        to_come = frozenset(offer.practice_ods for offer in offers)
        glance = AvailabilityGrid(counted, narrowing, to_come)
        groups = days_of(shown, practices, encounter)
        return cls(
            title=_range(results.start, results.end),
            asked_at=formatting.clock(results.asked_at),
            summary=(
                f"{formatting.count_of(len(offers), 'free slot')} at "
                f"{_having(offers)} of {formatting.count_of(len(results.practices), 'practice')}"
                + _but(results)
            ),
            days=glance.days(),
            lines=tuple(
                glance.line(result, practices[result.practice_ods], encounter)
                for result in results.practices
                if result.practice_ods in practices
            ),
            filters=narrowing.filters(offers, practices),
            narrowed=bool(narrowing.chosen),
            cleared=narrowing.cleared,
            groups=groups,
            any_offers=bool(offers),
            none=_none(results),
            not_searched=tuple(not_searched),
            any_joins=any(row.joins for group in groups for row in group.rows),
        )


def _but(results: SearchResults) -> str:
    """What is missing from the count, for the summary."""
    if any(is_failed(result) for result in results.practices):
        return ", not all answered"
    if not all(result.complete for result in results.practices):
        return ", not every answer could be read wholly"
    return ""


def _none(results: SearchResults) -> str:
    """What can be said when there is nothing to show: no more than was answered. [SFS-10]"""
    answered = [result for result in results.practices if not is_failed(result)]
    wholly = [result for result in answered if result.complete]
    if not answered:
        return (
            "No practice gave an answer to rely on, so it is not known what is free. Try again, "
            "or ring the practice."
        )
    if not wholly:
        return (
            "No practice's answer could be read wholly, and none of what could be read is free. "
            "There may be more: try again, or ring the practice."
        )
    if any(result.offers for result in answered):
        return "What was free on these dates has started since. Search again."
    who = (
        "No practice that answered wholly shares"
        if len(wholly) < len(results.practices)
        else "None of these practices shares"
        if len(wholly) > 1
        else "The practice does not share"
    )
    return (
        f"{who} a free slot with your organisation on these dates. A practice may have slots that "
        "it does not share: you can ring it."
    )


def _having(offers: list[Offer]) -> int:
    return len({offer.practice_ods for offer in offers})


def _range(start: date, end: date) -> str:
    if start == end:
        return formatting.long_date(start)
    return f"{formatting.short_date(start)} to {formatting.short_date(end)} {end.year}"

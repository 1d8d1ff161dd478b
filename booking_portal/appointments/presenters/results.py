"""Search results: every slot by time, with all that the practice gave. [SFS-5..10]"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from booking_portal.appointments.presenters import wording
from booking_portal.appointments.presenters.filters import Filter, Narrowing
from booking_portal.appointments.presenters.glance import Cell, Glance, PracticeLine, failed
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer, in_order
from booking_portal.slots.search import SearchResults
from gpconnect import london


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One free slot with all of SFS-5; what the practice did not give says so.

    `token` is the signed offer, empty when the slot cannot be booked; `why_not` says why.
    `location` is empty where it is named like the practice, `service` where there is none. `joins`
    is set when another slot of the results follows or precedes it. [BOOK-6]
    """

    token: str
    why_not: str
    joins: bool
    time: str
    until: str
    length: str
    channel: str
    slot_type: str
    schedule_type: str
    service: str
    practice: str
    location: str
    address: str
    practitioner: str
    gender: str
    role: str
    preferred_branch: bool


@dataclass(frozen=True, slots=True)
class DayOfSlots:
    """One day's slots in the order of their instants."""

    key: str
    label: str
    count: str
    rows: tuple[SlotRow, ...]


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """The page of one search."""

    title: str
    asked_at: str
    summary: str
    days: tuple[Cell, ...]
    lines: tuple[PracticeLine, ...]
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
        glance = Glance(counted, narrowing, to_come)
        groups = days_of(shown, practices, encounter)
        return cls(
            title=_range(results.start, results.end),
            asked_at=wording.clock(results.asked_at),
            summary=(
                f"{wording.count_of(len(offers), 'free slot')} at "
                f"{_having(offers)} of {wording.count_of(len(results.practices), 'practice')}"
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
    if any(failed(result) for result in results.practices):
        return ", not all answered"
    if not all(result.complete for result in results.practices):
        return ", not every answer could be read wholly"
    return ""


def _none(results: SearchResults) -> str:
    """What can be said when there is nothing to show: no more than was answered. [SFS-10]"""
    answered = [result for result in results.practices if not failed(result)]
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


def still_to_come(results: SearchResults) -> list[Offer]:
    """All offers of all practices by instant, without those that have started since."""
    now = london.now_utc()
    return in_order(
        [
            offer
            for result in results.practices
            for offer in result.offers
            if offer.start.instant is None or offer.start.instant > now
        ]
    )


def days_of(
    offers: Iterable[Offer], practices: Mapping[str, Practice], encounter: Encounter
) -> tuple[DayOfSlots, ...]:
    """The offers as rows by day; those without a readable date come last."""
    # A time in doubt may lie on another day than its instant says: the day shown decides.
    offers = sorted(offers, key=lambda offer: offer.start.local_date or date.max)
    joining = _joining(offers)
    branches = _preferred_branches(encounter)
    days = []
    for day, of_day in groupby(offers, key=lambda offer: offer.start.local_date):
        rows = tuple(
            _row(offer, practices, encounter.pk, joining, branches)
            for offer in of_day
            if offer.practice_ods in practices
        )
        days.append(
            DayOfSlots(
                key=day.isoformat() if day else "unknown",
                label=wording.long_date(day) if day else "Date cannot be read",
                count=wording.count_of(len(rows), "slot"),
                rows=rows,
            )
        )
    return tuple(days)


def _having(offers: list[Offer]) -> int:
    return len({offer.practice_ods for offer in offers})


def _range(start: date, end: date) -> str:
    if start == end:
        return wording.long_date(start)
    return f"{wording.short_date(start)} to {wording.short_date(end)} {end.year}"


def _joining(offers: list[Offer]) -> set[str]:
    """The slots (by their identity) that another one here follows or precedes. [BOOK-6]"""
    starts = {(_session(offer), offer.start.instant): offer for offer in offers}
    found: set[str] = set()
    for offer in offers:
        after = starts.get((_session(offer), offer.end.instant))
        if after is not None and not offer.doubt and not after.doubt:
            found |= {_identity(offer), _identity(after)}
    return found


def _session(offer: Offer) -> tuple[str, str, str, str]:
    return offer.practice_ods, offer.schedule_id, offer.delivery_channel, offer.slot_type


def _identity(offer: Offer) -> str:
    return f"{offer.practice_ods}/{offer.slot_id}"


def _preferred_branches(encounter: Encounter) -> set[tuple[str, str]]:
    """(practice, location) of the patient's preferred branches, as far as known. [SFS-9]"""
    return {
        (at.practice.ods_code, at.preferred_branch_id)
        for at in encounter.places.values()
        if at.preferred_branch_id
    }


def _row(
    offer: Offer,
    practices: Mapping[str, Practice],
    encounter_id: uuid.UUID,
    joining: set[str],
    branches: set[tuple[str, str]],
) -> SlotRow:
    why_not = offer.doubt or (
        "" if offer.location_id else "The practice gave no location, so it cannot be booked here."
    )
    minutes = offer.minutes
    practice = practices[offer.practice_ods]
    return SlotRow(
        token="" if why_not else offer.signed(encounter_id),
        why_not=why_not,
        joins=not why_not and _identity(offer) in joining,
        time=offer.start.time_label or offer.starts or wording.NOT_GIVEN,
        until=f"to {offer.end.time_label}" if offer.end.time_label else "",
        length=f"{minutes} minutes" if minutes else "",
        channel=offer.delivery_channel,
        slot_type=offer.slot_type,
        schedule_type=offer.schedule_type,
        service=offer.service_name or (offer.service_id and wording.NAMELESS_SERVICE),
        practice=f"{practice.name}, {practice.town}",
        location=_location(offer, practice),
        address=", ".join(offer.location_address),
        practitioner=offer.practitioner_name,
        gender=wording.gender_of(offer.practitioner_gender),
        role=offer.practitioner_role,
        preferred_branch=(offer.practice_ods, offer.location_id) in branches,
    )


def _location(offer: Offer, practice: Practice) -> str:
    if offer.location_name == practice.name:
        return ""
    return offer.location_name or "Location not given"

"""Free slots as a page lists them: by day, with all that the practice gave. [SFS-5..9]"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from booking_portal.appointments.shared import formatting
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
                label=formatting.long_date(day) if day else "Date cannot be read",
                count=formatting.count_of(len(rows), "slot"),
                rows=rows,
            )
        )
    return tuple(days)


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
        time=offer.start.time_label or offer.starts or formatting.NOT_GIVEN,
        until=f"to {offer.end.time_label}" if offer.end.time_label else "",
        length=f"{minutes} minutes" if minutes else "",
        channel=offer.delivery_channel,
        slot_type=offer.slot_type,
        schedule_type=offer.schedule_type,
        service=offer.service_name or (offer.service_id and formatting.NAMELESS_SERVICE),
        practice=f"{practice.name}, {practice.town}",
        location=_location(offer, practice),
        address=", ".join(offer.location_address),
        practitioner=offer.practitioner_name,
        gender=formatting.gender_of(offer.practitioner_gender),
        role=offer.practitioner_role,
        preferred_branch=(offer.practice_ods, offer.location_id) in branches,
    )


def _location(offer: Offer, practice: Practice) -> str:
    if offer.location_name == practice.name:
        return ""
    return offer.location_name or "Location not given"

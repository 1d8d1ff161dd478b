"""Narrowing search results: filters come by GET and cost no new request."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from booking_portal.appointments.shared import formatting
from booking_portal.practices.models import Practice
from booking_portal.safe_text import readable
from booking_portal.slots.offers import Offer

UNKNOWN = "-"


def part_of_day(offer: Offer) -> str:
    """Morning until 12:00, evening from 17:00, by the practice's wall clock."""
    if offer.start.wall_clock is None:
        return ""
    hour = offer.start.wall_clock.hour
    return "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"


def _day(offer: Offer) -> str:
    return offer.start.local_date.isoformat() if offer.start.local_date else ""


VALUE_OF: Mapping[str, Callable[[Offer], str]] = {
    "practice": lambda offer: offer.practice_ods,
    "day": _day,
    "part": part_of_day,
    "channel": lambda offer: readable(offer.delivery_channel),
    "role": lambda offer: readable(offer.practitioner_role),
    "gender": lambda offer: readable(offer.practitioner_gender),
    "type": lambda offer: readable(offer.slot_type),
    "service": lambda offer: readable(offer.service_name),
}
LABEL_OF = {
    "practice": "Practice",
    "day": "Day",
    "part": "Time of day",
    "channel": "How",
    "role": "Who",
    "gender": "Gender of who",
    "type": "Slot type",
    "service": "Service",
}
PARTS = ("morning", "afternoon", "evening")


@dataclass(frozen=True, slots=True)
class Option:
    """One value to choose in a filter."""

    value: str
    text: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter as a select; the first option means any."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The values chosen, by filter name; those that the results do not have are ignored."""

    chosen: Mapping[str, str]
    carried: Mapping[str, str]

    @classmethod
    def from_query(
        cls, query: Mapping[str, str], offers: Iterable[Offer], carried: Mapping[str, str]
    ) -> "Narrowing":
        """From a GET query; `carried` goes with every address, and narrows nothing."""
        offers = list(offers)
        found = {name: query.get(name, "") for name in VALUE_OF}
        return cls(
            {
                name: value
                for name, value in found.items()
                if value and value in _values(name, offers)
            },
            carried,
        )

    def apply(self, offers: Iterable[Offer], *, but: tuple[str, ...] = ()) -> list[Offer]:
        """The offers that fit, leaving some filters out of account."""
        wanted = [
            (VALUE_OF[name], "" if value == UNKNOWN else value)
            for name, value in self.chosen.items()
            if name not in but
        ]
        return [offer for offer in offers if all(of(offer) == value for of, value in wanted)]

    def query(self, **changes: str) -> str:
        """The query string with some filters set anew (or cleared with an empty text)."""
        merged = {**self.chosen, **changes, **self.carried}
        return "?" + urlencode({name: value for name, value in merged.items() if value})

    @property
    def cleared(self) -> str:
        """The query string without any filter."""
        return "?" + urlencode(self.carried)

    def filters(
        self, offers: Iterable[Offer], practices: Mapping[str, Practice]
    ) -> tuple[Filter, ...]:
        """Every filter with the values that the results have; few practices name services."""
        offers = list(offers)
        named = any(offer.service_name for offer in offers)
        return tuple(
            Filter(name, LABEL_OF[name], self._options(name, offers, practices))
            for name in VALUE_OF
            if name != "service" or named
        )

    def _options(
        self, name: str, offers: list[Offer], practices: Mapping[str, Practice]
    ) -> tuple[Option, ...]:
        current = self.chosen.get(name, "")
        values = sorted(_values(name, offers), key=_order(name, practices))
        return (
            Option("", "Any", not current),
            *(Option(value, _text(name, value, practices), value == current) for value in values),
        )


def _values(name: str, offers: Iterable[Offer]) -> set[str]:
    return {VALUE_OF[name](offer) or UNKNOWN for offer in offers}


def _order(name: str, practices: Mapping[str, Practice]) -> Callable[[str], tuple[bool, str]]:
    def order(value: str) -> tuple[bool, str]:
        text = str(PARTS.index(value)) if value in PARTS else value
        if name == "practice":
            text = _text(name, value, practices)
        return value == UNKNOWN, text

    return order


def _text(name: str, value: str, practices: Mapping[str, Practice]) -> str:
    if value == UNKNOWN:
        return formatting.NOT_GIVEN
    if name == "practice" and value in practices:
        return practices[value].name
    if name == "day":
        return formatting.short_date(date.fromisoformat(value))
    if name in {"part", "gender"}:
        return value.capitalize()
    return value

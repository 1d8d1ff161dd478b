"""What is free at which practice on which day, at a glance."""

from dataclasses import dataclass
from datetime import date

from booking_portal.appointments.search.filters import Narrowing
from booking_portal.appointments.shared import formatting
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer
from booking_portal.slots.search import PracticeResult


@dataclass(frozen=True, slots=True)
class GridCell:
    """How many slots one practice has on one day, with the link that shows just them."""

    count: int
    link: str
    current: bool
    label: str


@dataclass(frozen=True, slots=True)
class PracticeAvailability:
    """One practice at a glance. `note` says why nothing is counted, or what is missing."""

    ods_code: str
    name: str
    town: str
    telephone: str
    registered: bool
    note: str
    next_step: str
    reference: str
    failed: bool
    cells: tuple[GridCell, ...]
    total: GridCell


class AvailabilityGrid:
    """Counts of slots by practice and day.

    `to_come` are the practices with any slot that has not started yet, filters or not.
    """

    def __init__(self, offers: list[Offer], narrowing: Narrowing, to_come: frozenset[str]) -> None:
        self._narrowing = narrowing
        self._to_come = to_come
        self._practice = narrowing.chosen.get("practice", "")
        self._day = narrowing.chosen.get("day", "")
        self._counts: dict[tuple[str, str], int] = {}
        days: set[date] = set()
        for offer in offers:
            day = offer.start.local_date
            keys = [(offer.practice_ods, "")]
            if day is not None:
                days.add(day)
                keys += [(offer.practice_ods, day.isoformat()), ("", day.isoformat())]
            for key in keys:
                self._counts[key] = self._counts.get(key, 0) + 1
        self._days = sorted(days)

    def days(self) -> tuple[GridCell, ...]:
        """The heads of the columns."""
        return tuple(
            self._cell(
                "", day, formatting.short_date(day), f"All practices, {formatting.long_date(day)}"
            )
            for day in self._days
        )

    def line(
        self, result: PracticeResult, practice: Practice, encounter: Encounter
    ) -> PracticeAvailability:
        """One practice's row."""
        code = practice.ods_code
        return PracticeAvailability(
            ods_code=code,
            name=practice.name,
            town=practice.town,
            telephone=practice.telephone,
            registered=encounter.registered_practice_ods == code,
            note=_note(result, self._counts.get((code, ""), 0), to_come=code in self._to_come),
            next_step=result.next_step,
            reference=result.for_support,
            failed=is_failed(result),
            cells=tuple(
                self._cell(code, day, "", f"{practice.name}, {formatting.long_date(day)}")
                for day in self._days
            ),
            total=self._cell(code, None, "", f"{practice.name}, all days"),
        )

    def _cell(self, code: str, day: date | None, text: str, label: str) -> GridCell:
        on = day.isoformat() if day else ""
        count = self._counts.get((code, on), 0)
        link = self._narrowing.query(practice=code, day=on) + "#slots"
        chosen = (code, on) == (self._practice, self._day)
        return GridCell(count, link, chosen, text or label)


def _note(result: PracticeResult, counted: int, *, to_come: bool) -> str:
    """What to say of a practice: "none" only when it answered wholly. [SFS-10]"""
    if is_failed(result):
        return result.problem
    if not result.complete:
        return f"Part of the answer could not be read: there may be more. {result.problem}"
    if not result.offers:
        return "None shared with your organisation"
    if not to_come:
        return "What was free has started since"
    return "" if counted else "None with these filters"


def is_failed(result: PracticeResult) -> bool:
    """Whether the practice gave no answer to rely on."""
    return bool(result.error_code)

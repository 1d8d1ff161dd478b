"""What is free now at the practice whose slot has gone, nearest first. [BOOK-8]"""

from dataclasses import dataclass
from datetime import timedelta

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.slot_list import DayOfSlots, days_of, still_to_come
from booking_portal.commands.models import Command
from booking_portal.patients.models import Encounter
from booking_portal.slots.offers import Offer, in_order
from booking_portal.slots.search import SearchResults, keep_results, kept_results, search_all
from gpconnect import london

DAYS_AFTER = timedelta(days=6)
NEAREST = 12


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The nearest free slots; `groups` as on the results page.

    `problem`: why there are none, or that there may be more; `asked` the days asked for.
    """

    groups: tuple[DayOfSlots, ...]
    any_joins: bool
    asked_at: str
    asked: str
    search_id: str
    more: int
    problem: str
    next_step: str
    reference: str


def free_now(command: Command, encounter: Encounter, *, actor: Actor) -> Alternatives | None:
    """Search the command's practice from its day on; a reload soon after asks nobody anew.

    None when the user may not search.
    """
    if not actor.may(Permission.SEARCH_SLOTS):
        return None
    results = kept_results(encounter, command.pk)
    search_id = str(command.pk) if results else ""
    if results is None:
        first = max(command.day, london.today())
        results = search_all(
            [command.practice], first, first + DAYS_AFTER, encounter=encounter, actor=actor
        )
        search_id = keep_results(encounter, results, command.pk)
    return _nearest(results, command, encounter, search_id)


def _nearest(
    results: SearchResults, command: Command, encounter: Encounter, search_id: str
) -> Alternatives:
    gone = {offer.slot_id for offer in command.offers}
    offers = [offer for offer in still_to_come(results) if offer.slot_id not in gone]

    def distance(offer: Offer) -> timedelta:
        if offer.start.instant is None:
            return timedelta.max
        return abs(offer.start.instant - command.starts_at)

    nearest = in_order(sorted(offers, key=distance)[:NEAREST])
    practices = {command.practice.ods_code: command.practice}
    groups = days_of(nearest, practices, encounter)
    answer = results.practices[0]
    return Alternatives(
        groups=groups,
        any_joins=any(row.joins for group in groups for row in group.rows),
        asked_at=formatting.clock(results.asked_at),
        asked=(
            f"from {formatting.short_date(results.start)} to {formatting.short_date(results.end)}"
        ),
        search_id=search_id,
        more=len(offers) - len(nearest),
        problem=answer.problem,
        next_step=answer.next_step,
        reference=answer.for_support,
    )

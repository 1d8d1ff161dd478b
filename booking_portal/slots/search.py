"""Search practices for free slots, all at once. [SFS-1..10]

Pool threads do HTTP and reading only; the calling thread alone uses the database: it writes
the audit events that they wait for, and keeps what the directory said for the encounter.
"""

import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.cache import cache

from booking_portal import metrics
from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.integration import clients
from booking_portal.integration.exchange_audit import EventBatch
from booking_portal.integration.lookup_cache import service_names
from booking_portal.integration.systems import system_of
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import audit_subject_at, keep_located
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer, in_order, offer_of
from gpconnect import london
from gpconnect.errors import GPConnectError
from gpconnect.models import Endpoint, FreeSlots, SlotSearch
from gpconnect.transport import ExchangeObserver


@dataclass(frozen=True, slots=True)
class PracticeResult:
    """What one practice answered: offers, or why there are none to show.

    `reference` is the trace id that support staff ask for; empty where nothing was asked.
    """

    practice_ods: str
    offers: tuple[Offer, ...] = ()
    complete: bool = True
    problem: str = ""
    next_step: str = ""
    error_code: str = ""
    reference: str = ""

    @property
    def for_support(self) -> str:
        """What the sentences of an error call "the reference below"; empty without an error."""
        return f"{self.error_code} {self.reference}".strip() if self.error_code else ""

    def as_json(self) -> dict[str, Any]:
        """The result for the cache."""
        return {
            "practice_ods": self.practice_ods,
            "offers": [offer.as_json() for offer in self.offers],
            "complete": self.complete,
            "problem": self.problem,
            "next_step": self.next_step,
            "error_code": self.error_code,
            "reference": self.reference,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "PracticeResult":
        """The result that `as_json` stored."""
        offers = tuple(Offer.from_json(offer) for offer in kept["offers"])
        return cls(**kept | {"offers": offers})


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A finished search: which London dates (inclusive) were asked for, and what came back."""

    start: date
    end: date
    asked_at: datetime
    practices: tuple[PracticeResult, ...]

    def as_json(self) -> dict[str, Any]:
        """The results for the cache."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "asked_at": self.asked_at.isoformat(),
            "practices": [result.as_json() for result in self.practices],
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "SearchResults":
        """The results that `as_json` stored."""
        return cls(
            date.fromisoformat(kept["start"]),
            date.fromisoformat(kept["end"]),
            datetime.fromisoformat(kept["asked_at"]),
            tuple(PracticeResult.from_json(result) for result in kept["practices"]),
        )


def search_all(
    practices: list[Practice], start: date, end: date, *, encounter: Encounter, actor: Actor
) -> SearchResults:
    """Search, and wait for every practice; results come in the order of `practices`.

    Raises: as `search`.
    """
    asked_at = london.now_utc()
    found = {
        result.practice_ods: result
        for result in search(practices, start, end, encounter=encounter, actor=actor)
    }
    in_turn = tuple(found[practice.ods_code] for practice in practices)
    return SearchResults(start, end, asked_at, in_turn)


def search(
    practices: list[Practice], start: date, end: date, *, encounter: Encounter, actor: Actor
) -> Iterator[PracticeResult]:
    """Ask every practice for free slots from `start` to `end` (London's dates, inclusive).

    Yields each practice's result as it arrives; a broken practice costs the others nothing.

    Raises: NotPermitted, TraceTooOld; GPConnectError stays inside its practice's result.
    """
    actor.require(Permission.SEARCH_SLOTS)
    encounter.require_fresh_trace()
    return _ask_all(practices, SlotSearch(start, end), encounter, actor)


def keep_results(
    encounter: Encounter, results: SearchResults, search_id: uuid.UUID | None = None
) -> str:
    """Keep results for some minutes, and return their search id.

    The id is empty when they could not be kept: then show them at once.
    """
    made = str(search_id or uuid.uuid4())
    key = _key(encounter, made)
    cache.set(key, results.as_json(), settings.SEARCH_LIFETIME.total_seconds())
    return made if cache.has_key(key) else ""


def kept_results(encounter: Encounter, search_id: uuid.UUID) -> SearchResults | None:
    """The results under a search id, or None when they are gone: then search again."""
    found = cache.get(_key(encounter, str(search_id)))
    try:
        return None if found is None else SearchResults.from_json(found)
    except (KeyError, TypeError, ValueError):  # kept by an earlier version of the portal
        return None


def _ask_all(
    practices: list[Practice], wanted: SlotSearch, encounter: Encounter, actor: Actor
) -> Iterator[PracticeResult]:
    known = {
        at.practice.ods_code: at.endpoint for at in encounter.places.values() if at.holds_for(actor)
    }
    by_code = {practice.ods_code: practice for practice in practices}
    batch = EventBatch()
    running: dict[Future[_Answer], Practice] = {}
    for practice in practices:
        observer = batch.observer(actor.who, audit_subject_at(encounter, practice))
        future = _pool().submit(
            copy_context().run,  # the page's budget
            _ask,
            time.monotonic(),
            practice.ods_code,
            known.get(practice.ods_code),
            wanted,
            actor,
            observer,
        )
        future.add_done_callback(lambda _: batch.wake())
        running[future] = practice
    try:
        while running:
            batch.drain(seconds=1.0)
            for future in [future for future in running if future.done()]:
                practice = running.pop(future)
                yield _result(future, by_code[practice.ods_code], encounter, actor)
    finally:
        for future in running:
            future.cancel()
        batch.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a practice answered, where it was reached, and the names of its services by id."""

    endpoint: Endpoint
    found: FreeSlots
    services: Mapping[str, str]


def _ask(
    asked_at: float,
    ods_code: str,
    endpoint: Endpoint | None,
    wanted: SlotSearch,
    actor: Actor,
    observer: ExchangeObserver,
) -> "_Answer":
    """One practice's part, in a pool thread: no database here."""
    metrics.POOL.took(time.monotonic() - asked_at)
    if endpoint is None:
        endpoint = clients.directory().look_up(
            ods_code, observer=observer, deadlines=clients.page_deadlines()
        )
    client = clients.observed_client(actor, endpoint, observer)
    found = client.search_free_slots(wanted)
    return _Answer(endpoint, found, service_names(client, endpoint, found.slots))


def _result(
    future: "Future[_Answer]",
    practice: Practice,
    encounter: Encounter,
    actor: Actor,
) -> PracticeResult:
    try:
        answer = future.result()
    except GPConnectError as error:
        return PracticeResult(
            practice.ods_code,
            complete=False,
            problem=error.sentence,
            next_step=error.next_step,
            error_code=error.code,
            reference=error.trace_id or "",
        )
    keep_located(encounter, practice, answer.endpoint, actor=actor)
    now, system, found = london.now_utc(), system_of(answer.endpoint), answer.found
    offers = [offer_of(slot, practice.ods_code, system, answer.services) for slot in found.slots]
    to_come = [
        offer for offer in offers if offer.start.instant is None or offer.start.instant > now
    ]
    return PracticeResult(
        practice.ods_code, tuple(in_order(to_come)), found.complete, problem=" ".join(found.faults)
    )


def _key(encounter: Encounter, search_id: str) -> str:
    return f"search:{encounter.id}:{search_id}"


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.FEDERATION_POOL_SIZE, thread_name_prefix="practice")

"""When practices and their directory are asked, and what is not offered any more."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Proposal
from booking_portal.patients.models import Encounter
from booking_portal.slots.offers import Offer
from booking_portal.slots.search import PracticeResult, SearchResults, keep_results
from gpconnect import london
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def directory_questions(encounter_id: str) -> int:
    """How often the directory was asked for A20047 in an encounter."""
    asked = Event.objects.filter(
        kind=EventKind.EXCHANGE_ASKED, service="sds", practice_ods="A20047"
    )
    trace_ids = asked.filter(encounter_id=encounter_id).values_list("trace_id", flat=True)
    return len(set(trace_ids))


@pytest.mark.requirement("SDS-3")
def test_the_directory_is_asked_once_in_an_encounter_and_anew_in_the_next(
    counter: Counter,
) -> None:
    first = counter.traces()
    counter.searches("A20047")
    once = directory_questions(first)
    assert once > 0
    counter.searches("A20047")
    counter.chooses()
    counter.books()
    assert directory_questions(first) == once
    second = counter.traces()
    counter.searches("A20047")
    assert directory_questions(second) == once


@pytest.mark.requirement("BOOK-9")
def test_no_practice_is_written_to_before_the_booking_is_confirmed(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    assert counter.page.title.startswith("Check and book")
    assert {exchange["method"] for exchange in spine.exchanges()} == {"GET"}
    counter.books()
    written = [each["method"] for each in spine.exchanges() if each["method"] != "GET"]
    assert written == ["POST"]


@pytest.mark.requirement("SFS-7", "BOOK-1")
def test_a_slot_that_has_begun_is_not_offered_and_cannot_be_chosen(counter: Counter) -> None:
    counter.traces()
    begun = london.now_utc() - timedelta(minutes=5)
    past, future = (
        Offer(
            "A20047",
            name,
            london.written_with_offset(start),
            london.written_with_offset(start + timedelta(minutes=10)),
            location_id="1",
        )
        for name, start in (("past", begun), ("future", begun + timedelta(days=2)))
    )
    today = london.today()
    results = SearchResults(
        today, today, london.now_utc(), (PracticeResult("A20047", (past, future)),)
    )
    search_id = keep_results(Encounter.objects.get(pk=counter.encounter_id), results)
    page = counter.opens(reverse("slot-results", args=[counter.encounter_id, search_id]))
    encounter_id = uuid.UUID(counter.encounter_id)
    [offered] = counter.offered
    assert Offer.from_signed(offered, encounter_id).slot_id == "future"
    counter.sends(page.form("/slots/choose"), only=past.signed(encounter_id))
    assert counter.page.status == 409
    assert "This slot has already started." in counter.page.text
    assert not Proposal.objects.exists()

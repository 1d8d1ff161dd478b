"""Searching practices: what is free at a glance, what is doubtful, what did not answer."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from booking_portal.appointments.search.results import ResultsPage
from booking_portal.appointments.search.views import SEARCHES_KEPT
from booking_portal.commands.models import Proposal
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Federation, Practice
from booking_portal.slots.offers import Offer, follows, in_order
from booking_portal.slots.search import PracticeResult, SearchResults, keep_results
from gpconnect import london
from tests.portal.counter import Counter
from tests.portal.redis_server import RedisServer
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def offers_on(counter: Counter) -> list[Offer]:
    encounter_id = uuid.UUID(counter.encounter_id)
    return [Offer.from_signed(token, encounter_id) for token in counter.offered]


@pytest.mark.requirement("SFS-5", "SFS-8")
def test_every_slot_shows_all_that_the_practice_gave(counter: Counter) -> None:
    counter.traces()
    page = counter.searches("A20047", "C81007")
    assert {offer.practice_ods for offer in offers_on(counter)} == {"A20047", "C81007"}
    offer = offers_on(counter)[-1]
    for shown in (
        offer.start.time_label,
        f"{offer.minutes} minutes",
        offer.delivery_channel,
        offer.slot_type,
        offer.schedule_type,
        offer.location_address[0],
        offer.practitioner_role,
    ):
        assert shown in page.text


@pytest.mark.requirement("SFS-5")
def test_what_a_practice_does_not_give_is_said_not_to_be_given(counter: Counter) -> None:
    counter.traces()
    page = counter.searches("C81007")  # its treatment room has no practitioner
    nobody = [offer for offer in offers_on(counter) if not offer.practitioner_id]
    assert nobody
    assert "Name not given" in page.text


@pytest.mark.requirement("SFS-8")
def test_filters_narrow_what_is_shown_and_ask_nobody(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047", "C81007")
    everything, results = len(counter.offered), counter.page.address
    spine.clear_exchanges()
    counter.opens(f"{results}?channel=Telephone&practice=A20047")
    narrowed = offers_on(counter)
    assert 0 < len(narrowed) < everything
    assert {(offer.delivery_channel, offer.practice_ods) for offer in narrowed} == {
        ("Telephone", "A20047")
    }
    counter.opens(f"{results}?part=evening")
    assert min(offer.start.time_label for offer in offers_on(counter)) >= "17:00"
    counter.opens(f"{results}?channel=Pigeon")  # not a value of the results: ignored
    assert len(counter.offered) == everything
    assert spine.exchanges() == []


@pytest.mark.requirement("SFS-10")
def test_a_practice_that_does_not_answer_is_shown_as_such_with_its_telephone(
    counter: Counter, spine: Sandbox
) -> None:
    spine.fault(practice="D82104", use_case="search_slots", kind="refuse", times=None)
    counter.traces()
    page = counter.searches("A20047", "D82104")
    assert "No answer to rely on." in page.text
    assert "01632 960 230" in page.text
    assert "None shared with your organisation" not in page.text
    assert {offer.practice_ods for offer in offers_on(counter)} == {"A20047"}


@pytest.mark.requirement("SFS-6")
def test_a_slot_with_a_doubtful_time_is_shown_and_cannot_be_chosen(counter: Counter) -> None:
    counter.traces()
    page = counter.searches("D82104")  # its old telephone template gives a wrong offset
    assert "Not bookable here. The practice gave a time that is not UK time" in page.text
    assert not any(offer.doubt for offer in offers_on(counter))
    doubtful = Offer("D82104", "1", "2099-07-01T09:00:00+00:00", "2099-07-01T09:10:00+00:00")
    counter.sends(page.form("/slots/choose"), only=doubtful.signed(uuid.UUID(counter.encounter_id)))
    assert counter.page.status == 409
    assert "This slot cannot be booked here." in counter.page.text
    assert not Proposal.objects.exists()


@pytest.mark.requirement("SFS-1")
def test_the_last_day_is_found_where_a_date_alone_would_be_its_midnight(
    counter: Counter, spine: Sandbox
) -> None:
    """Case 16: F84047 reads `le2026-12-01` as the first moment of that day."""
    counter.traces()
    counter.searches("F84047")
    days = [offer.start.local_date for offer in offers_on(counter)]
    last = max(day for day in days if day is not None)
    of_that_day = days.count(last)
    typed = {
        f"{name}-{part}": str(getattr(last, part))
        for name in ("start", "end")
        for part in ("day", "month", "year")
    }
    form = counter.opens(reverse("search-slots", args=[counter.encounter_id])).form("/slots/")
    counter.sends(form, practices=["F84047"], when="dates", **typed)
    assert [offer.start.local_date for offer in offers_on(counter)] == [last] * of_that_day


@pytest.mark.requirement("SFS-9")
def test_the_patients_preferred_branch_is_marked(counter: Counter) -> None:
    counter.traces("9658218989")
    page = counter.searches("A20047")
    at_branch = [one for one in offers_on(counter) if "Branch" in one.location_name]
    assert page.html.count("Patient's preferred branch") == len(at_branch) > 0
    counter.traces()
    assert "Patient's preferred branch" not in counter.searches("A20047").html


def test_results_that_are_gone_offer_the_same_search_again(counter: Counter) -> None:
    counter.traces()
    counter.searches("C81007", when="7")
    page = counter.opens(reverse("slot-results", args=[counter.encounter_id, uuid.uuid4()]))
    assert page.status == 410
    again = counter.sends(page.form("/slots/"))
    assert again.title.startswith("Free slots")
    assert {offer.practice_ods for offer in offers_on(counter)} == {"C81007"}


def test_without_redis_results_are_shown_at_once_and_can_be_booked(
    counter: Counter, redis_server: RedisServer
) -> None:
    counter.traces()
    redis_server.goes_away()
    page = counter.searches("A20047")
    assert page.status == 200
    assert page.title.startswith("Free slots")
    counter.chooses()
    assert counter.page.title.startswith("Check and book")


@pytest.mark.requirement("IG-6")
def test_a_search_says_what_is_wrong_beside_the_field(counter: Counter) -> None:
    counter.traces()
    address = reverse("search-slots", args=[counter.encounter_id])
    page = counter.opens(address)
    nowhere = counter.sends(page.form("/slots/"), practices=[])
    assert nowhere.title.startswith("Error: ")
    assert "Choose at least one practice" in nowhere.text
    day = london.today() - timedelta(days=1)
    dates = {"start-day": str(day.day), "start-month": str(day.month), "start-year": str(day.year)}
    late = day + timedelta(days=80)
    dates |= {"end-day": str(late.day), "end-month": str(late.month), "end-year": str(late.year)}
    past = counter.sends(page.form("/slots/"), when="dates", **dates)
    assert "From must be today or later" in past.text
    dates["start-year"] = str(day.year + 2)
    assert (
        "same as or after From" in counter.sends(page.form("/slots/"), when="dates", **dates).text
    )


def test_an_offer_of_one_patients_page_cannot_be_used_on_anothers(counter: Counter) -> None:
    counter.traces("9658218865")
    counter.searches("A20047")
    stolen = counter.offered[-1]
    counter.traces()
    page = counter.searches("A20047")
    counter.sends(page.form("/slots/choose"), only=stolen)
    assert counter.page.status == 409
    assert "Choose a slot from the list again." in counter.page.text
    assert not Proposal.objects.exists()


@pytest.mark.requirement("BOOK-6")
def test_ticked_slots_that_do_not_follow_each_other_are_refused(counter: Counter) -> None:
    counter.traces()
    counter.searches("A20047")
    offers = offers_on(counter)
    apart = next(
        (a, b)
        for a, token in enumerate(offers)
        for b, other in enumerate(offers)
        if a < b and not follows(other, token)
    )
    tokens = counter.offered
    page = counter.ticks(tokens[apart[0]], tokens[apart[1]])
    assert page.status == 409
    assert "Slots booked together must follow each other without a gap" in page.text
    assert page.title.startswith("Error: Free slots")


@pytest.mark.requirement("BOOK-6")
def test_one_offer_follows_another_only_in_the_same_session() -> None:
    first = Offer("A20047", "1", "2026-10-25T01:30:00+01:00", "2026-10-25T01:40:00+01:00", "s")
    second = Offer("A20047", "2", "2026-10-25T01:40:00+01:00", "2026-10-25T01:50:00+01:00", "s")
    hour_later = Offer("A20047", "3", "2026-10-25T01:40:00+00:00", "2026-10-25T01:50:00+00:00", "s")
    elsewhere = Offer("A20047", "4", second.starts, second.ends, "t")
    assert follows(second, first)
    assert not follows(first, second)
    assert not follows(hour_later, first)
    assert not follows(elsewhere, first)
    assert in_order([hour_later, second, first]) == [first, second, hour_later]


@pytest.mark.requirement("SFS-10")
def test_none_is_said_only_when_the_practice_answered_wholly(
    practices: dict[str, Practice],
) -> None:
    today = london.today()
    results = SearchResults(
        today,
        today,
        london.now_utc(),
        (
            PracticeResult("A20047"),
            PracticeResult("B82617", complete=False, problem="A Slot could not be read."),
            PracticeResult("C81007", complete=False, problem="Away.", error_code="UNREACHABLE"),
        ),
    )
    lines = ResultsPage.of(results, practices, Encounter(), {}, {}).lines
    assert lines[0].note == "None shared with your organisation"
    assert "could not be read" in lines[1].note
    assert "None" not in lines[1].note + lines[2].note
    assert lines[2].failed


@pytest.mark.requirement("SFS-10")
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ((("A20047", ""), ("B82617", "")), "None of these practices shares a free slot"),
        ((("A20047", ""),), "The practice does not share a free slot with your organisation"),
        ((("A20047", ""), ("B82617", "part")), "No practice that answered wholly shares"),
        ((("A20047", ""), ("B82617", "away")), "No practice that answered wholly shares"),
        ((("A20047", "part"), ("B82617", "away")), "No practice's answer could be read wholly"),
        ((("A20047", "away"), ("B82617", "away")), "it is not known what is free"),
        ((("A20047", "past"),), "What was free on these dates has started since"),
    ],
)
def test_that_there_is_nothing_is_said_only_as_far_as_was_answered(
    answers: tuple[tuple[str, str], ...], said: str, practices: dict[str, Practice]
) -> None:
    past = Offer("A20047", "1", "2020-07-01T09:00:00+01:00", "2020-07-01T09:10:00+01:00")
    how: dict[str, dict[str, Any]] = {
        "": {},
        "part": {"complete": False, "problem": "A Slot could not be read."},
        "away": {"complete": False, "problem": "Away.", "error_code": "UNREACHABLE"},
        "past": {"offers": (past,)},
    }
    asked = tuple(PracticeResult(code, **how[kind]) for code, kind in answers)
    results = SearchResults(london.today(), london.today(), london.now_utc(), asked)
    page = ResultsPage.of(results, practices, Encounter(), {}, {})
    assert said in page.none
    assert ("No practice that answered shares" in page.none) is False
    if answers[0][1] == "past":
        assert page.lines[0].note == "What was free has started since"


@pytest.mark.requirement("SFS-10")
def test_where_no_practice_answers_nothing_is_said_of_what_is_free(
    counter: Counter, spine: Sandbox
) -> None:
    spine.fault(practice="D82104", use_case="search_slots", kind="refuse", times=None)
    counter.traces()
    page = counter.searches("D82104")
    assert "No practice gave an answer to rely on, so it is not known what is free." in page.text
    assert "shares a free slot" not in page.text


@pytest.mark.requirement("SFS-6")
def test_a_slot_whose_day_cannot_be_read_is_counted_all_the_same(
    practices: dict[str, Practice],
) -> None:
    offer = Offer("A20047", "1", "some time", "later")
    asked = (PracticeResult("A20047", (offer,)),)
    results = SearchResults(london.today(), london.today(), london.now_utc(), asked)
    [line] = ResultsPage.of(results, practices, Encounter(), {}, {}).lines
    assert (line.total.count, line.note) == (1, "")


def ticked(counter: Counter, query: str = "") -> list[str]:
    address = reverse("search-slots", args=[counter.encounter_id]) + query
    return counter.opens(address).form("/slots/").fields.get("practices", [])


@pytest.mark.requirement("SFS-8")
def test_a_search_belongs_to_its_patient(counter: Counter) -> None:
    """Case 19: nothing of one patient's search is in the next one's form."""
    counter.traces()  # registered at A20047
    everything = ticked(counter)
    page = counter.searches("C81007", when="today")
    assert "Not searched: Dr Legg's Surgery, Walford (the patient is registered here)" in page.text
    assert ticked(counter) == ["A20047", "C81007"]
    first = counter.encounter_id
    counter.traces("9658219748")  # registered at C81007
    assert sorted(ticked(counter)) == sorted(everything)
    form = counter.opens(reverse("search-slots", args=[counter.encounter_id])).form("/slots/")
    assert form.fields["when"] == ["7"]
    gone = counter.opens(reverse("slot-results", args=[counter.encounter_id, uuid.uuid4()]))
    assert "Repeat your last search" not in gone.text
    counter.encounter_id = first  # and back at the first, it is theirs again
    assert ticked(counter) == ["A20047", "C81007"]
    assert counter.page.form("/slots/").fields["when"] == ["today"]


@pytest.mark.requirement("SFS-8")
def test_the_registered_practice_is_ticked_whatever_the_link_asks_for(counter: Counter) -> None:
    counter.traces()
    assert ticked(counter, "?practice=C81007") == ["A20047", "C81007"]
    assert ticked(counter, "?tick=none") == []


def test_the_session_keeps_the_searches_of_few_patients(counter: Counter) -> None:
    first = counter.traces()
    counter.searches("C81007")
    for _ in range(SEARCHES_KEPT):
        counter.traces()
        counter.searches("C81007")
    kept_now = counter.client.session["searches"]
    assert len(kept_now) == SEARCHES_KEPT
    assert first not in kept_now


def test_a_registered_practice_that_cannot_be_asked_is_said_not_to_be(
    counter: Counter, federation: Federation
) -> None:
    federation.practices.remove(Practice.objects.get(ods_code="A20047"))
    counter.traces()
    page = counter.opens(reverse("search-slots", args=[counter.encounter_id]))
    assert "The patient's registered practice (code A20047) is not searched" in page.text
    page = counter.searches("C81007")
    assert "Not searched: the patient's registered practice (code A20047)" in page.text


def test_a_thousand_kept_slots_are_laid_out_without_asking_again(
    counter: Counter, practices: dict[str, Practice], spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    model = offers_on(counter)[0].as_json()
    start = london.now_utc() + timedelta(days=2)
    times = [london.written_with_offset(start + timedelta(minutes=10 * n)) for n in range(1001)]
    offers = tuple(
        Offer.from_json(
            model | {"slot_id": str(number), "starts": times[number], "ends": times[number + 1]}
        )
        for number in range(1000)
    )
    encounter = Encounter.objects.get(pk=counter.encounter_id)
    results = SearchResults(
        london.today(), london.today(), london.now_utc(), (PracticeResult("A20047", offers),)
    )
    search_id = keep_results(encounter, results)
    address = reverse("slot-results", args=[counter.encounter_id, search_id])
    spine.clear_exchanges()
    page = counter.client.get(address)
    assert page.content.count(b"app-choose") == 1000
    assert spine.exchanges() == []

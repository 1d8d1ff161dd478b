"""From a patient on the line to a booking that the practice holds."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from booking_portal.appointments.messages import patient_script
from booking_portal.appointments.shared import formatting
from booking_portal.appointments.shared.appointment_card import card_of_offers
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.requests.appointment_reads import LOOK_AHEAD
from booking_portal.commands.states import State
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import Offer, follows
from booking_portal.slots.search import kept_results
from gpconnect import london
from gpconnect.client import GPConnectClient
from gpconnect.models import Appointments
from tests.portal.appointments.search.test_search import offers_on
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("BOOK-1", "BOOK-7", "BOOK-10")
def test_the_receptionist_books_and_the_practice_has_it(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047", "C81007")
    offer = [one for one in offers_on(counter) if one.practice_ods == "A20047"][-1]
    counter.chooses(offers_on(counter).index(offer))
    check = counter.page
    assert f"Book ZELTHORPE, Ignatius Paul (Mr) with {offer.practitioner_name}" in check.text
    assert (
        "Staff at Riverside Extended Access Hub may see limited clinical information" in check.text
    )
    page = counter.books("Knee pain since Friday", "Uses a stick")
    assert counter.command.state == State.DONE
    for said in (
        "You have an appointment at Dr Legg's Surgery, Walford, on",
        f"at {offer.start.time_label}, for {offer.minutes} minutes",
        offer.practitioner_name,
        ", ".join(offer.location_address),
        "020 7946 0101",
        "Staff at Riverside Extended Access Hub may see limited clinical information",
    ):
        assert said in page.text
    [held] = spine.appointments("A20047", PATIENT)
    assert held["description"] == "Knee pain since Friday"
    assert held["comment"] == "Uses a stick"
    assert held["booked_by"] == "A1001"


@pytest.mark.requirement("RET-1")
def test_that_there_is_no_other_appointment_is_said_of_the_days_asked_for(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    page = counter.chooses()
    until = formatting.long_date(london.today() + LOOK_AHEAD)
    said = f"No other appointment at this practice. The practice was asked from today to {until}."
    assert said in page.text
    assert "Other practices were not asked." in page.text
    # a slot beyond that is looked at too: a clash with it must not be missed
    proposal = Proposal.objects.get()
    far = london.today() + LOOK_AHEAD + timedelta(days=30)
    for offer in proposal.offers:
        offer["starts"] = f"{far}{offer['starts'][10:]}"
        offer["ends"] = f"{far}{offer['ends'][10:]}"
    proposal.save()
    spine.clear_exchanges()
    page = counter.opens(page.address)
    assert f"from today to {formatting.long_date(far)}" in page.text
    [asked] = [one["raw_path"] for one in spine.exchanges() if "/Appointment?" in one["raw_path"]]
    assert f"start=le{far}" in asked


@pytest.mark.requirement("RET-1")
def test_where_the_list_cannot_be_read_wholly_nothing_is_said_not_to_be_there(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = GPConnectClient.patient_appointments

    def partly(*args: Any, **kwargs: Any) -> Appointments:
        return replace(ask(*args, **kwargs), faults=("One appointment could not be read.",))

    monkeypatch.setattr(GPConnectClient, "patient_appointments", partly)
    counter.traces()
    counter.searches("A20047")
    page = counter.chooses()
    assert "None that could be read at this practice." in page.text
    assert "No other appointment" not in page.text


@pytest.mark.requirement("BOOK-11")
@pytest.mark.parametrize(
    ("held", "said"),
    [
        (["020 7946 0999"], "The number it holds for you is 020 7946 0999."),
        ([], "It has shown us no number for you: tell me which it should ring."),
        (None, "I cannot see on which number."),
    ],
)
def test_the_number_it_holds_is_said_only_where_it_holds_one(
    held: list[str] | None, said: str
) -> None:
    offer = Offer(
        "A20047",
        "1",
        "2099-07-01T09:00:00+01:00",
        "2099-07-01T09:10:00+01:00",
        delivery_channel="Telephone",
    )
    assert (
        patient_script.how(card_of_offers([offer]), held) == f"The practice will ring you. {said}"
    )


def test_a_practice_that_was_not_asked_holds_no_numbers_for_all_that_is_known() -> None:
    assert PatientAtPractice(telephones=[]).numbers_held is None
    assert PatientAtPractice(patient_id="2", telephones=[]).numbers_held == []


@pytest.mark.requirement("BOOK-6")
def test_adjacent_slots_are_booked_together(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    offers, tokens = offers_on(counter), counter.offered
    first, second = next(
        (a, b)
        for a in range(len(offers))
        for b in range(len(offers))
        if follows(offers[b], offers[a]) and offers[a].starts[:10] > offers[0].starts[:10]
    )
    page = counter.ticks(tokens[second], tokens[first])
    assert "2 slots together" in page.text
    counter.books()
    assert counter.command.state == State.DONE, counter.page.text
    [held] = spine.appointments("A20047", PATIENT)
    assert sorted(held["slots"]) == sorted([offers[first].slot_id, offers[second].slot_id])
    assert held["start"] == offers[first].starts
    assert held["end"] == offers[second].ends


@pytest.mark.requirement("BOOK-4")
def test_texts_are_limited_beside_their_fields_and_never_cut(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    assert "Not for clinical letters or transfer of care" in counter.page.text
    page = counter.books("", "")
    assert page.title.startswith("Error: ")
    assert "Enter what the appointment is for" in page.text
    page = counter.books("x" * 101, "y" * 501)
    assert "must be 100 characters or fewer" in page.text
    assert "must be 500 characters or fewer" in page.text
    assert "x" * 101 in page.html
    assert spine.appointments("A20047", PATIENT) == []
    assert not Command.objects.exists()


@pytest.mark.requirement("BOOK-4")
def test_a_line_break_counts_as_one_character(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    counter.books("Knee", "a\r\n" * 249 + "ab")
    assert counter.command.state == State.DONE, counter.page.text
    assert len(spine.appointments("A20047", PATIENT)[0]["comment"]) == 500


def test_a_second_click_and_back_meet_the_same_command(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    check = counter.chooses()
    form = next(form for form in check.forms if "description" in form.fields)
    counter.sends(form, description="Knee pain")
    first = counter.command
    counter.sends(form, description="Knee pain again")
    assert counter.command == first
    counter.opens(check.address)
    assert counter.command == first
    assert len(spine.appointments("A20047", PATIENT)) == 1


@pytest.mark.requirement("BOOK-8")
def test_a_slot_that_has_gone_keeps_the_text_and_shows_what_is_free_now(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
    page = counter.books("Knee pain since Friday", "Uses a stick")
    gone = counter.command
    assert gone.state == State.REFUSED
    assert page.title.startswith("This slot has just been taken")
    assert "Free now at Dr Legg's Surgery" in page.text
    assert "020 7946 0101" in page.text
    assert gone.offers[0].slot_id not in {offer.slot_id for offer in offers_on(counter)}
    check = counter.chooses()
    assert "Knee pain since Friday" in check.html
    assert "Uses a stick" in check.html
    counter.books("Knee pain since Friday", "Uses a stick")
    assert counter.command.state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_what_is_free_now_is_asked_once_for_reloads(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
    page = counter.books()
    spine.clear_exchanges()
    counter.opens(page.address)
    assert "Free now at" in counter.page.text
    assert spine.exchanges() == []


@pytest.mark.requirement("ERR-1")
def test_a_practice_that_cannot_be_reached_gives_its_telephone_and_a_next_step(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("C81007")
    spine.fault(practice="C81007", use_case="*", kind="refuse", times=None)
    page = counter.chooses()
    assert page.status == 502
    assert "01632 960 220" in page.text
    assert "What to do next" in page.text
    assert not Command.objects.exists()


@pytest.mark.requirement("FIND-2")
def test_a_patient_without_a_record_there_is_not_booked(counter: Counter) -> None:
    counter.traces()
    counter.searches("F84047")
    page = counter.chooses()
    assert page.status == 409
    assert "The patient has no record at this practice" in page.text
    assert not Command.objects.exists()


@pytest.mark.requirement("FIND-2")
def test_a_sensitive_record_is_met_without_an_explanation(counter: Counter) -> None:
    counter.traces("9658220150")
    counter.searches("A20047")
    page = counter.chooses()
    assert page.status == 409
    assert "The patient has no record at this practice" in page.text
    assert "sensitive" not in page.text.lower()
    assert "020 7946 0101" in page.text


@pytest.mark.requirement("PDS-6")
def test_serious_differences_must_be_acknowledged(counter: Counter, spine: Sandbox) -> None:
    number = "9990000050"
    counter.traces(number)
    counter.searches("E83021")
    check = counter.chooses()
    assert "The practice's record differs" in check.text
    assert "23-Aug-1953" in check.text
    page = counter.books()
    assert "Confirm with the patient that it is the same person" in page.text
    assert not Command.objects.exists()
    counter.books(same_person="on")
    assert counter.command.state == State.DONE
    assert len(spine.appointments("E83021", number)) == 1
    assert (
        Event.objects.filter(kind=EventKind.DIFFERENCES_FOUND, outcome="acknowledged").count() == 1
    )


@pytest.mark.requirement("PDS-6")
def test_lesser_differences_are_shown_and_do_not_stop(counter: Counter) -> None:
    counter.traces("9990000042")
    counter.searches("D82104")
    check = counter.chooses()
    assert "The practice's record differs" in check.text
    assert "Is it the same person?" not in check.text
    counter.books()
    assert counter.command.state == State.DONE


def test_the_check_page_shows_what_the_patient_has_already(counter: Counter) -> None:
    counter.traces("9658218903")
    counter.arrives_at_booking("A20047")
    booked = counter.command
    counter.searches("A20047")
    page = counter.chooses()
    assert page.text.count("Dr Legg's Surgery: ") == 2  # the live one and ours; not the cancelled
    assert booked.start.time_label in page.text
    assert "One of these is on the same day." in page.text


def test_a_booking_of_ours_elsewhere_is_shown(
    counter: Counter, practices: dict[str, Practice]
) -> None:
    counter.traces()
    booked = counter.arrives_at_booking("A20047")
    Command.objects.filter(pk=booked.pk).update(practice=practices["G85119"])
    counter.searches("A20047")
    assert f"{practices['G85119'].name}: " in counter.chooses().text


@pytest.mark.requirement("PDS-4")
def test_nothing_is_offered_to_book_for_the_deceased(counter: Counter) -> None:
    counter.traces("9658220290")
    page = counter.searches("A20047")
    assert "app-choose" not in page.html
    offer = _first_offer(counter)
    counter.sends(page.form("/slots/choose"), only=offer)
    assert "PDS says that this patient has died" in counter.page.text
    assert not Proposal.objects.exists()


@pytest.mark.requirement("PDS-1")
def test_an_old_trace_stops_before_anything_is_sent(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    check = counter.chooses()
    old = timezone.now() - timedelta(hours=24, minutes=1)
    Encounter.objects.update(traced_at=old)
    spine.clear_exchanges()
    page = counter.opens(check.address)
    assert "Trace the patient again" in page.text
    assert spine.exchanges() == []
    page = counter.opens(reverse("search-slots", args=[counter.encounter_id]))
    counter.sends(page.form("/slots/"))
    assert "Trace the patient again" in counter.page.text
    assert spine.exchanges() == []


@pytest.mark.requirement("BOOK-11")
def test_a_telephone_slot_shows_the_number_that_the_practice_holds(counter: Counter) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.opens(f"{counter.page.address}?channel=Telephone")
    page = counter.chooses()
    held = Encounter.objects.get(pk=counter.encounter_id).at_practices.get().telephones
    assert held
    assert all(number in page.text for number in held)
    assert "If they want to be rung on another number" in page.text


@pytest.mark.requirement("BOOK-2")
def test_a_slot_without_a_practitioner_can_be_booked(counter: Counter, spine: Sandbox) -> None:
    number = "9990000026"
    counter.traces(number)
    counter.searches("C81007")
    nobody = [offer for offer in offers_on(counter) if not offer.practitioner_id][-1]
    counter.chooses(offers_on(counter).index(nobody))
    counter.books("Dressing")
    assert counter.command.state == State.DONE, counter.page.text
    assert "Dressing" in {one["description"] for one in spine.appointments("C81007", number)}


def _first_offer(counter: Counter) -> str:
    encounter = Encounter.objects.get(pk=counter.encounter_id)
    search_id = uuid.UUID(counter.page.address.rstrip("/").split("/")[-1])
    results = kept_results(encounter, search_id)
    assert results is not None
    return results.practices[0].offers[-1].signed(encounter.pk)

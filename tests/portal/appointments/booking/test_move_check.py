"""Moving an appointment through pages: kept while searching, checked, followed, decided."""

import re

import pytest
from django.urls import reverse

from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import PatientAtPractice
from tests.portal.counter import Counter, Page, names_a_place
from tests.sandbox_control import Json, Sandbox

pytestmark = pytest.mark.django_db

HERS = "9658218865"  # one appointment at A20047, booked by A1001
LEGG = "A20047"


def the_old(spine: Sandbox, practice: str = LEGG) -> Json:
    return next(one for one in spine.appointments(practice, HERS) if one["status"] == "booked")


def starts_moving(counter: Counter, spine: Sandbox) -> Page:
    """From the patient to the search for a new time."""
    counter.traces(HERS)
    old = the_old(spine)
    return counter.opens(reverse("move-appointment", args=[counter.encounter_id, LEGG, old["id"]]))


def searches_on(counter: Counter, *practices: str) -> Page:
    form = counter.page.form("/slots/")
    return counter.sends(form, when="14", practices=list(practices or [LEGG]))


def arrives_at_check(counter: Counter, spine: Sandbox, *practices: str) -> Page:
    starts_moving(counter, spine)
    searches_on(counter, *practices)
    return counter.chooses()


def moves(counter: Counter, **typed: str) -> Page:
    form = next(form for form in counter.page.forms if "reason" in form.fields)
    return counter.sends(form, **typed)


def statuses(spine: Sandbox) -> list[str]:
    return sorted(one["status"] for one in spine.appointments(LEGG, HERS))


@pytest.mark.requirement("MOVE-1")
def test_the_appointment_and_the_list_lead_to_moving(counter: Counter, spine: Sandbox) -> None:
    counter.traces(HERS)
    old = the_old(spine)
    where = [counter.encounter_id, LEGG]
    counter.opens(reverse("patient-appointments", args=where))
    system = PatientAtPractice.objects.get().system  # that the id is from
    start = reverse("move-appointment", args=[*where, system, old["id"]])
    assert start in counter.page.html
    assert start in counter.opens(reverse("appointment", args=[*where, old["id"]])).html
    page = counter.opens(start)
    assert page.title.startswith("Search for free slots")
    assert "You are moving:" in page.text
    assert "It is kept until the new one is booked." in page.text
    assert page.form("/slots/").fields["practices"] == [LEGG]


@pytest.mark.requirement("MOVE-1", "SFS-10")
def test_the_move_is_kept_through_results_filters_and_the_choice(
    counter: Counter, spine: Sandbox
) -> None:
    starts_moving(counter, spine)
    page = searches_on(counter, LEGG, "C81007")
    assert "You are moving:" in page.text
    address, token = page.address.split("?moving=")
    narrowing = next(form for form in page.forms if form.action == "#slots")
    assert len(narrowing.fields["moving"]) == 1
    links = re.findall(r'href="(\?[^"]*)"', page.html)
    assert links
    assert all("moving=" in link for link in links)
    page = counter.opens(f"{address}?part=morning&moving={token}")
    assert "You are moving:" in page.text
    counter.chooses()
    proposal = Proposal.objects.get()
    assert proposal.moving is not None
    assert proposal.moving["appointment_id"] == the_old(spine)["id"]


@pytest.mark.requirement("MOVE-1")
def test_two_tabs_move_two_things(counter: Counter, spine: Sandbox) -> None:
    page = starts_moving(counter, spine)
    moving = page.form("/slots/")
    plain = counter.opens(reverse("search-slots", args=[counter.encounter_id]))
    assert "You are moving:" not in plain.text
    counter.sends(plain.form("/slots/"), when="14", practices=[LEGG])
    counter.sends(moving, when="14", practices=[LEGG])
    assert "You are moving:" in counter.page.text
    counter.chooses()
    assert Proposal.objects.get().moving


def test_a_move_that_cannot_be_read_is_not_made_into_a_booking(counter: Counter) -> None:
    counter.traces(HERS)
    address = reverse("search-slots", args=[counter.encounter_id])
    page = counter.opens(f"{address}?moving=nonsense")
    assert page.status == 409
    assert "The move is not kept any more" in page.text


def test_a_move_of_another_encounter_is_not_taken(counter: Counter, spine: Sandbox) -> None:
    token = starts_moving(counter, spine).form("/slots/").fields["moving"][0]
    counter.traces()
    page = counter.opens(f"{reverse('search-slots', args=[counter.encounter_id])}?moving={token}")
    assert page.status == 409


@pytest.mark.requirement("MOVE-1", "BOOK-10", "CANCEL-1")
def test_the_check_page_shows_old_and_new_and_the_order(counter: Counter, spine: Sandbox) -> None:
    page = arrives_at_check(counter, spine)
    old = the_old(spine)
    assert page.title.startswith("Check and move")
    assert "Check with the patient, then move" in page.text
    assert "First the new one is booked." in page.text
    assert "Only when the practice has confirmed it, the old one is cancelled." in page.text
    assert (
        "Staff at Riverside Extended Access Hub may see limited clinical information" in page.text
    )
    assert names_a_place(page.text)
    form = next(form for form in page.forms if "reason" in form.fields)
    assert form.fields["description"] == [old["description"]]
    assert form.fields["reason"] == ["Moved to another time"]
    assert "One of these is on the same day" not in page.text
    assert "No other appointment at this practice" in page.text
    refused = moves(counter, reason="  ")
    assert "Enter why the old one is cancelled" in refused.text
    assert Command.objects.count() == 0


@pytest.mark.requirement("MOVE-1", "CANCEL-1", "BOOK-10")
def test_it_is_moved_and_confirmed_to_read_aloud(counter: Counter, spine: Sandbox) -> None:
    arrives_at_check(counter, spine)
    check = counter.page.address
    page = moves(counter, reason="Works late", description="Blood pressure")
    saga = Saga.objects.get()
    assert page.address == reverse("saga", args=[saga.pk])
    assert page.title.startswith("Moved")
    assert "Read to the patient" in page.text
    assert "You have an appointment at Dr Legg's Surgery" in page.text
    assert "Your old appointment, on" in page.text
    assert statuses(spine) == ["booked", "cancelled"]
    [gone] = [one for one in spine.appointments(LEGG, HERS) if one["status"] == "cancelled"]
    assert gone["cancellation_reason"] == "Works late"
    assert the_old(spine)["description"] == "Blood pressure"
    again = counter.opens(check)
    assert again.address == reverse("saga", args=[saga.pk])
    for command in Command.objects.all():
        step = counter.opens(reverse("command", args=[command.pk]))
        assert reverse("saga", args=[saga.pk]) in step.html


@pytest.mark.requirement("MOVE-1", "CANCEL-2")
def test_what_we_have_cancelled_since_is_not_read_aloud_as_moved(
    counter: Counter, spine: Sandbox
) -> None:
    arrives_at_check(counter, spine)
    moved = moves(counter).address
    new = the_old(spine)["id"]
    page = counter.opens(reverse("cancel-appointment", args=[counter.encounter_id, LEGG, new]))
    counter.sends(page.form("/cancel"), decision="cancel", reason="Feels better")
    assert statuses(spine) == ["cancelled", "cancelled"]
    page = counter.opens(moved)
    assert "has been cancelled since." in page.text
    assert "Read to the patient" not in page.text
    assert "You have an appointment" not in page.text


@pytest.mark.requirement("MOVE-1", "AMEND-2")
def test_what_somebody_changed_meanwhile_is_shown_before_anything_is_sent(
    counter: Counter, spine: Sandbox
) -> None:
    page = arrives_at_check(counter, spine)
    form = next(form for form in page.forms if "reason" in form.fields)
    old = the_old(spine)
    amend = counter.opens(
        reverse("amend-appointment", args=[counter.encounter_id, LEGG, old["id"]])
    )
    counter.sends(amend.form("/amend"), description="Something else")
    counter.page.address = page.address
    shown = counter.sends(form)
    assert shown.status == 409
    assert "Somebody changed the old appointment in the meantime" in shown.text
    assert Saga.objects.count() == 0
    assert moves(counter).title.startswith("Moved")


@pytest.mark.requirement("MOVE-1")
def test_the_first_step_is_not_certain_and_the_old_one_stands(
    counter: Counter, spine: Sandbox
) -> None:
    arrives_at_check(counter, spine)
    spine.fault(practice=LEGG, use_case="book", kind="hang_before", times=1)
    page = moves(counter)
    assert page.title.startswith("The new one is not confirmed yet")
    assert "Please do not count on the new one until you hear from us." in page.text
    step = counter.opens(reverse("command", args=[Command.objects.get().pk]))
    assert "Say to the patient" not in step.text  # only where both steps are told of
    rows = counter.opens(reverse("bookings"))
    assert "The new one is not confirmed yet" in rows.text
    assert page.address in rows.html
    assert "The old appointment is kept until the new one is certain." in page.text
    assert 'hx-trigger="every 2s"' in page.html
    assert '<noscript><meta http-equiv="refresh"' in page.html
    assert "If the call ends first" in page.text
    assert "The patient no longer wants this appointment" in page.text
    assert statuses(spine) == ["booked"]
    [poll] = re.findall(r'hx-get="([^"]+)"', page.html)
    assert counter.client.get(poll.replace("&amp;", "&")).status_code == 204
    Command.objects.update(looks=3)
    words = counter.client.get(poll.replace("&amp;", "&"))
    assert "3 times" in words.content.decode()
    Command.objects.update(state=State.REFUSED, error_code="ACCESS_DENIED")
    fresh = counter.client.get(poll.replace("&amp;", "&"))
    assert fresh.headers["HX-Refresh"] == "true"


def fails_to_cancel(counter: Counter, spine: Sandbox) -> Page:
    """Booked, and the practice then refuses for certain to cancel: a person decides."""
    arrives_at_check(counter, spine)
    spine.fault(practice=LEGG, use_case="cancel", kind="hang_before", times=1)
    moves(counter)
    cancelling = Command.objects.get(kind=Kind.CANCEL)
    Command.objects.filter(pk=cancelling.pk).update(
        state=State.NOT_MADE, sentence="The practice has not received it.", next_look_at=None
    )
    saga = Saga.objects.get()
    return counter.opens(reverse("saga", args=[saga.pk]))


@pytest.mark.requirement("MOVE-1")
def test_the_cancelling_is_not_certain_and_the_patient_is_told_of_the_new_one(
    counter: Counter, spine: Sandbox
) -> None:
    arrives_at_check(counter, spine)
    spine.fault(practice=LEGG, use_case="cancel", kind="hang_before", times=1)
    page = moves(counter)
    assert "The new one is booked, the old one is not cancelled for certain" in page.title
    assert "please come to that one" in page.text
    assert 'hx-trigger="every 2s"' in page.html
    assert "Cancel the old appointment now" not in page.text


@pytest.mark.requirement("MOVE-1")
def test_what_the_practice_says_on_the_telephone_ends_the_second_step(
    counter: Counter, spine: Sandbox
) -> None:
    arrives_at_check(counter, spine)
    spine.fault(practice=LEGG, use_case="cancel", kind="hang_before", times=1)
    moves(counter)
    Command.objects.filter(kind=Kind.CANCEL).update(
        state=State.NEEDS_ATTENTION, next_look_at=None, attention_at=database_now()
    )
    page = counter.opens(reverse("saga", args=[Saga.objects.get().pk]))
    assert "somebody has to ring the practice" in page.title
    assert "could not find out whether Dr Legg's Surgery has cancelled the old one" in page.text
    assert 'hx-trigger="every 2s"' not in page.html
    page = counter.sends(page.form("/take"))
    page = counter.sends(page.form("/close"), outcome="made", spoken_to="Jo at the desk")
    assert page.title.startswith("Moved")
    assert page.address == reverse("saga", args=[Saga.objects.get().pk])


@pytest.mark.requirement("MOVE-1")
def test_one_button_finishes(counter: Counter, spine: Sandbox) -> None:
    page = fails_to_cancel(counter, spine)
    assert "The new one is booked, and the old one still stands" in page.title
    assert statuses(spine) == ["booked", "booked"]
    form = page.form("/finish")
    page = counter.sends(form)
    assert page.title.startswith("Moved")
    assert statuses(spine) == ["booked", "cancelled"]
    assert counter.sends(form).title.startswith("Moved")  # a second click


@pytest.mark.requirement("MOVE-1", "CANCEL-1")
def test_one_button_undoes(counter: Counter, spine: Sandbox) -> None:
    page = fails_to_cancel(counter, spine)
    refused = counter.sends(page.form("/undo"), reason=" ")
    assert "Enter why the new one is cancelled" in refused.text
    page = counter.sends(page.form("/undo"))
    assert "Not moved: the old one is kept" in page.title
    [old] = [one for one in spine.appointments(LEGG, HERS) if one["status"] == "booked"]
    assert old["id"] == Saga.objects.get().old_appointment_id


@pytest.mark.requirement("MOVE-1")
def test_or_both_are_kept(counter: Counter, spine: Sandbox) -> None:
    page = fails_to_cancel(counter, spine)
    page = counter.sends(page.form("/keep"))
    assert "Both appointments are kept" in page.title
    assert statuses(spine) == ["booked", "booked"]


@pytest.mark.requirement("MOVE-1", "AMEND-2")
def test_a_change_of_the_old_one_is_shown_before_it_is_cancelled_by_hand(
    counter: Counter, spine: Sandbox
) -> None:
    page = fails_to_cancel(counter, spine)
    Saga.objects.update(old_version="0")
    page = counter.sends(page.form("/finish"))
    assert page.status == 409
    assert "Somebody has changed it in the meantime" in page.text
    assert statuses(spine) == ["booked", "booked"]
    assert counter.sends(page.form("/finish")).title.startswith("Moved")


@pytest.mark.requirement("MOVE-1", "BOOK-8")
def test_the_slot_has_gone_and_another_is_taken_with_everything_kept(
    counter: Counter, spine: Sandbox
) -> None:
    arrives_at_check(counter, spine)
    spine.fault(practice=LEGG, use_case="book", kind="slot_taken", times=1)
    page = moves(counter, description="Blood pressure")
    assert page.title.startswith("Not moved")
    assert "The old appointment stands." in page.text
    assert "Free now at Dr Legg's Surgery" in page.text
    assert statuses(spine) == ["booked"]
    page = counter.chooses(0)
    assert page.title.startswith("Check and move")
    form = next(form for form in page.forms if "reason" in form.fields)
    assert form.fields["description"] == ["Blood pressure"]
    assert moves(counter).title.startswith("Moved")
    assert statuses(spine) == ["booked", "cancelled"]


@pytest.mark.requirement("MOVE-1")
def test_moving_to_a_practice_that_does_not_know_the_patient_says_what_it_would_not_do(
    counter: Counter, spine: Sandbox
) -> None:
    page = arrives_at_check(counter, spine, "C81007")
    assert page.status == 409
    assert "This would not move the old appointment" in page.text


@pytest.mark.requirement("IG-1")
def test_another_organisation_does_not_see_it(
    counter: Counter, spine: Sandbox, organisations: object
) -> None:
    fails_to_cancel(counter, spine)
    saga = Saga.objects.get()
    Saga.objects.update(organisation=organisations["A1002"])  # type: ignore[index]
    for name in ("saga", "saga-state"):
        assert counter.client.get(reverse(name, args=[saga.pk])).status_code == 404
    for name in ("saga-finish", "saga-undo", "saga-keep"):
        assert counter.client.post(reverse(name, args=[saga.pk])).status_code == 404
    assert statuses(spine) == ["booked", "booked"]

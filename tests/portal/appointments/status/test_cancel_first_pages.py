"""Cancelling first, on pages: only after a refusal, only after a warning. [MOVE-1]

G85119 lets A1002 hold two slots a day.
"""

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.states import Kind, State
from booking_portal.slots.offers import Offer
from tests.portal.appointments.search.test_search import offers_on
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter, Page
from tests.portal.form_steps import NOT_SENT, signed_out, signs_in
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("MOVE-1")]

PRACTICE, HERS = "G85119", "9990000131"
WARNING = "The patient will have no appointment until the new one is booked."


@pytest.fixture
def counter(client: Client, locum: User, sign_in: SignIn, spine: Sandbox) -> Counter:
    """The locum, acting for A1002."""
    sign_in(client, locum)
    client.post(reverse("choose-organisation"), {"organisation": "A1002"})
    return Counter(client)


def of_one_day(counter: Counter) -> list[Offer]:
    """Free slots of a day that has four, from the results on the page."""
    offers = offers_on(counter)
    for date in sorted({offer.starts[:10] for offer in offers}, reverse=True):
        found = [offer for offer in offers if offer.starts[:10] == date]
        if len(found) >= 4:
            return found
    raise AssertionError("no day has four free slots")


def chooses(counter: Counter, wanted: Offer) -> Page:
    slots = [offer.slot_id for offer in offers_on(counter)]
    return counter.chooses(slots.index(wanted.slot_id))


def is_refused(counter: Counter) -> Page:
    """Two booked on a day, and the first of them moved to a third slot of it."""
    counter.traces(HERS)
    counter.searches(PRACTICE)
    day = of_one_day(counter)
    for offer in day[:2]:
        counter.searches(PRACTICE)
        chooses(counter, offer)
        counter.books("Check")
        assert counter.command.state == State.DONE, counter.page.text
    old = Command.objects.earliest("created_at")
    counter.opens(
        reverse("move-appointment", args=[counter.encounter_id, PRACTICE, old.appointment_id])
    )
    counter.sends(counter.page.form("/slots/"), when="14", practices=[PRACTICE])
    chooses(counter, day[2])
    return sends_move(counter)


def sends_move(counter: Counter, **typed: str) -> Page:
    form = next(form for form in counter.page.forms if "reason" in form.fields)
    return counter.sends(form, **typed)


def to_the_warning(counter: Counter) -> Page:
    proposal = Saga.objects.get().proposal
    address = reverse("check-booking", args=[counter.encounter_id, proposal.pk])
    assert f"{address}?cancel_first=1" in counter.page.html
    return counter.opens(f"{address}?cancel_first=1")


def test_after_a_refusal_it_is_offered_with_a_warning_and_done_when_accepted(
    counter: Counter, spine: Sandbox
) -> None:
    page = is_refused(counter)
    assert page.title.startswith("Not moved")
    assert "The old appointment stands." in page.text
    assert "Perhaps the practice takes no second booking" in page.text

    page = to_the_warning(counter)
    assert WARNING in page.text
    assert "First the old one is cancelled." in page.text
    page = sends_move(counter)
    assert "Tell the patient that the old one is cancelled first" in page.text
    assert not Command.objects.filter(kind=Kind.CANCEL).exists()

    page = sends_move(counter, understood="on")
    assert page.title.startswith("Moved"), page.text
    held = [one["status"] for one in spine.appointments(PRACTICE, HERS)]
    assert sorted(held) == ["booked", "booked", "cancelled"]


def test_after_a_sign_in_the_reason_comes_back_and_the_patients_word_is_asked_for_anew(
    counter: Counter, spine: Sandbox
) -> None:
    is_refused(counter)
    to_the_warning(counter)
    form = next(form for form in counter.page.forms if "reason" in form.fields)
    signed_out(counter)
    asked = counter.sends(form, reason="Works late", understood="on")
    chooses_organisation = signs_in(counter, asked, "locum")
    assert "Nothing was sent" in chooses_organisation.text
    back = counter.sends(chooses_organisation.forms[-1], organisation="A1002")
    assert NOT_SENT in back.text
    assert WARNING in back.text
    again = next(form for form in back.forms if "reason" in form.fields)
    assert again.fields["reason"] == ["Works late"]
    assert "understood" not in again.fields
    page = sends_move(counter)
    assert "Tell the patient that the old one is cancelled first" in page.text
    assert not Command.objects.filter(kind=Kind.CANCEL).exists()


def test_it_is_not_offered_without_a_refusal(counter: Counter, spine: Sandbox) -> None:
    is_refused(counter)
    Command.objects.filter(state=State.REFUSED).update(error_code="ACCESS_DENIED")
    saga = Saga.objects.get()
    page = counter.opens(reverse("saga", args=[saga.pk]))
    assert "Perhaps the practice takes no second booking" not in page.text
    address = reverse("check-booking", args=[counter.encounter_id, saga.proposal_id])
    assert counter.opens(f"{address}?cancel_first=1").address == reverse("saga", args=[saga.pk])


def test_the_slot_goes_in_between_and_another_one_makes_the_move_whole(
    counter: Counter, spine: Sandbox
) -> None:
    is_refused(counter)
    to_the_warning(counter)
    spine.fault(practice=PRACTICE, use_case="book", kind="slot_taken", times=1)
    page = sends_move(counter, understood="on")
    assert page.title.startswith("The patient has no appointment")
    assert "Book the new appointment now" not in page.text
    saga = page.address
    assert "The patient has no appointment" in counter.opens(reverse("bookings")).text

    counter.opens(saga)
    page = counter.chooses(0)
    assert page.title.startswith("Check and book")
    page = counter.books("Check")
    assert page.address == saga
    assert page.title.startswith("Moved"), page.text
    assert "The patient has no appointment" not in counter.opens(reverse("bookings")).text

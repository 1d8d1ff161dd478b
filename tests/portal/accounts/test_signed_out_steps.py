"""The sign-in ends before a move, a registration, an undoing or a release: all of it comes back."""

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.restores import hold
from booking_portal.commands.states import Kind
from tests.portal.appointments.booking.test_move_check import (
    HERS,
    LEGG,
    arrives_at_check,
    fails_to_cancel,
    statuses,
)
from tests.portal.appointments.booking.test_registration import (
    ELSEWHERE,
    chooses_for,
    register_form,
    sent_to_register,
)
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.form_steps import AGAIN, COMMENT, NOT_SENT, TEXT, signed_out, signs_in
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

FOLDED, OPEN = '<details class="nhsuk-details">', '<details class="nhsuk-details" open>'


@pytest.mark.requirement("MOVE-1")
def test_a_move_comes_back_with_its_texts_and_its_reason(counter: Counter, spine: Sandbox) -> None:
    page = arrives_at_check(counter, spine)
    form = next(form for form in page.forms if "reason" in form.fields)
    signed_out(counter)
    asked = counter.sends(form, description=TEXT, comment=COMMENT, reason="Works late & far")
    assert "elbow" not in asked.html
    back = signs_in(counter, asked)
    assert back.title.startswith("Check and move")
    assert NOT_SENT in back.text
    assert AGAIN in back.text
    assert "elbow" not in back.address
    assert "in the meantime" not in back.text
    again = next(form for form in back.forms if "reason" in form.fields)
    assert again.fields["description"] == [TEXT]
    assert again.fields["comment"] == [COMMENT]
    assert again.fields["reason"] == ["Works late & far"]
    assert not Saga.objects.exists()
    assert statuses(spine) == ["booked"]
    assert counter.sends(again).title.startswith("Moved")
    held = {one["status"]: one for one in spine.appointments(LEGG, HERS)}
    assert held["booked"]["description"] == TEXT
    assert held["cancelled"]["cancellation_reason"] == "Works late & far"


@pytest.mark.requirement("REG-1", "REG-2")
def test_a_registration_comes_back_with_what_the_patient_said(
    counter: Counter, spine: Sandbox
) -> None:
    chooses_for(counter, ELSEWHERE)
    form = register_form(counter)
    typed = {
        "description": TEXT,
        "comment": COMMENT,
        "line_1": "2 Harbour Row",
        "line_2": "Flat 3",
        "town": "Walford",
        "postcode": "zz99 3cz",
        "telephone": "01632 960 444",
        "email": "marisol@example.com",
        "language": "es",
        "interpreter": "on",
    }
    signed_out(counter)
    asked = counter.sends(form, **typed)
    assert "Harbour" not in asked.html
    back = signs_in(counter, asked)
    assert NOT_SENT in back.text
    assert AGAIN in back.text
    assert not any(word in back.address for word in ("Harbour", "960", "elbow", "marisol"))
    again = back.form("/register")
    assert {name: again.fields[name] for name in typed} == {
        name: [text] for name, text in typed.items()
    }
    assert again.fields["form_token"] != form.fields["form_token"]
    assert OPEN in back.html
    assert sent_to_register(spine) == []
    assert counter.sends(again).title.startswith("Registered and booked")
    [held] = spine.appointments(LEGG, ELSEWHERE)
    assert held["description"] == TEXT


@pytest.mark.requirement("REG-2")
def test_one_line_that_the_patient_said_is_not_hidden_when_it_comes_back(
    counter: Counter, spine: Sandbox
) -> None:
    chooses_for(counter, ELSEWHERE)
    form = register_form(counter)
    assert FOLDED in counter.page.html
    signed_out(counter)
    back = signs_in(counter, counter.sends(form, telephone="01632 960 444"))
    assert back.form("/register").fields["telephone"] == ["01632 960 444"]
    assert OPEN in back.html


@pytest.mark.requirement("MOVE-1", "CANCEL-1")
def test_an_undoing_comes_back_open_with_its_reason(counter: Counter, spine: Sandbox) -> None:
    form = fails_to_cancel(counter, spine).form("/undo")
    signed_out(counter)
    back = signs_in(counter, counter.sends(form, reason=TEXT))
    assert back.address.split("?")[0] == reverse("saga", args=[Saga.objects.get().pk])
    assert NOT_SENT in back.text
    assert AGAIN in back.text
    assert back.form("/undo").fields["reason"] == [TEXT]
    assert OPEN in back.html
    assert statuses(spine) == ["booked", "booked"]
    assert Command.objects.filter(kind=Kind.CANCEL).count() == 1
    page = counter.sends(back.form("/undo"))
    assert "Not moved: the old one is kept" in page.title
    [gone] = [one for one in spine.appointments(LEGG, HERS) if one["status"] == "cancelled"]
    assert gone["cancellation_reason"] == TEXT


@pytest.mark.requirement("MOVE-1")
@pytest.mark.parametrize("decision", ["finish", "keep"])
def test_a_decision_without_words_comes_back_to_its_page(
    counter: Counter, spine: Sandbox, decision: str
) -> None:
    form = fails_to_cancel(counter, spine).form(f"/{decision}")
    signed_out(counter)
    back = signs_in(counter, counter.sends(form))
    assert back.address.split("?")[0] == reverse("saga", args=[Saga.objects.get().pk])
    assert "Press the button again if it is still wanted." in back.text
    assert statuses(spine) == ["booked", "booked"]
    assert back.form(f"/{decision}")


def test_a_release_after_a_restore_comes_back_to_its_page(
    client: Client, manager: User, sign_in: SignIn, spine: Sandbox
) -> None:
    sign_in(client, manager)
    counter = Counter(client)
    counter.arrives_at_booking()
    hold.hold("told by a test")
    page = counter.opens(reverse("restored"))
    form = page.form("/release")
    signed_out(counter)
    back = signs_in(counter, counter.sends(form), "manager")
    assert back.address.split("?")[0] == reverse("restored")
    assert "Press the button again if it is still wanted." in back.text
    assert Restoration.objects.on_hold().exists()
    counter.sends(back.form("/release"))
    assert counter.page.text.count("Released")

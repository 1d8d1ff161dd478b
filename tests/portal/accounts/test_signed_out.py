"""The sign-in ends while a form is filled in: nothing is sent, and what was typed comes back."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import KeptForm, User
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.form_steps import AGAIN, COMMENT, NOT_SENT, TEXT, check_page, signed_out, signs_in
from tests.portal.unsettled import NEVER_ARRIVED, books_with, page_of, to_a_person
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


class TestSignedOut:
    def test_a_booking_comes_back_with_its_texts_and_says_that_nothing_was_booked(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        """Case 13."""
        form = check_page(counter)
        signed_out(counter)
        asked = counter.sends(form, description=TEXT, comment=COMMENT.replace("\n", "\r\n"))
        assert asked.title.startswith("Sign in")
        assert "Nothing was sent. You had been signed out" in asked.text
        assert "nothing was booked, changed or cancelled" in asked.text
        assert "elbow" not in asked.html
        assert "elbow" not in asked.address
        back = signs_in(counter, asked)
        assert back.title.startswith("Check and book")
        assert NOT_SENT in back.text
        assert AGAIN in back.text
        again = next(form for form in back.forms if "description" in form.fields)
        assert again.fields["description"] == [TEXT]
        assert again.fields["comment"] == [COMMENT]
        assert not Command.objects.exists()
        assert "elbow" not in back.address
        counter.sends(again)
        assert counter.command.state == State.DONE
        assert counter.command.payload["description"] == TEXT
        assert not KeptForm.objects.exists()

    def test_after_a_wrong_password_it_is_still_said_and_still_comes_back(
        self, counter: Counter
    ) -> None:
        form = check_page(counter)
        signed_out(counter)
        asked = counter.sends(form, description=TEXT)
        wrong = counter.sends(asked.form("/sign-in/"), login="receptionist", password="wrong")
        assert "Nothing was sent." in wrong.text
        back = signs_in(counter, wrong)
        assert AGAIN in back.text

    @pytest.mark.parametrize("page", ["amend-appointment", "cancel-appointment"])
    def test_a_change_comes_back(self, page: str, counter: Counter, spine: Sandbox) -> None:
        counter.traces("9658218865")
        [held] = spine.appointments("A20047", "9658218865")
        address = reverse(page, args=[counter.encounter_id, "A20047", held["id"]])
        sent_to = "/" + page.removesuffix("-appointment")
        form = counter.opens(address).form(sent_to)
        typed = (
            {"description": TEXT, "comment": COMMENT}
            if page == "amend-appointment"
            else {"decision": "cancel", "reason": TEXT}
        )
        signed_out(counter)
        back = signs_in(counter, counter.sends(form, **typed))
        assert NOT_SENT in back.text
        again = back.form(sent_to)
        for name, text in typed.items():
            assert again.fields[name] == [text]
        assert "in the meantime" not in back.text
        counter.sends(again)
        assert counter.command.state == State.DONE

    def test_what_somebody_changed_meanwhile_is_shown_with_what_was_typed(
        self, counter: Counter, clinician: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        counter.traces("9658218865")
        [held] = spine.appointments("A20047", "9658218865")
        address = reverse("amend-appointment", args=[counter.encounter_id, "A20047", held["id"]])
        form = counter.opens(address).form("/amend")
        other = Counter(Client())
        sign_in(other.client, clinician)
        other.traces("9658218865")
        theirs = reverse("amend-appointment", args=[other.encounter_id, "A20047", held["id"]])
        other.sends(other.opens(theirs).form("/amend"), description="Theirs", comment="")
        signed_out(counter)
        back = signs_in(counter, counter.sends(form, description=TEXT))
        assert "Somebody changed this appointment in the meantime" in back.text
        assert back.form("/amend").fields["description"] == [TEXT]

    def test_a_search_comes_back(self, counter: Counter) -> None:
        counter.traces()
        form = counter.opens(reverse("search-slots", args=[counter.encounter_id])).form("/slots/")
        signed_out(counter)
        typed: dict[str, Any] = {"when": "dates", "practices": ["C81007"]}
        typed |= {"start-day": "1", "start-month": "jan", "start-year": "20"}
        back = signs_in(counter, counter.sends(form, **typed))
        again = back.form("/slots/")
        assert NOT_SENT in back.text
        assert again.fields["practices"] == ["C81007"]
        assert again.fields["when"] == ["dates"]
        assert again.fields["start-month"] == ["jan"]

    @pytest.mark.parametrize("page", ["start", "find-patient"])
    def test_a_patient_to_be_found_comes_back(self, page: str, counter: Counter) -> None:
        form = counter.opens(reverse(page)).form("/patients/find")
        signed_out(counter)
        back = signs_in(
            counter,
            counter.sends(
                form,
                nhs_number="965 821 8873",
                **{"birth_date-day": "27", "birth_date-month": "11", "birth_date-year": "1962"},
            ),
        )
        assert NOT_SENT in back.text
        again = back.form("/patients/find")
        assert again.fields["nhs_number"] == ["965 821 8873"]
        assert again.fields["birth_date-year"] == ["1962"]
        assert "8873" not in back.address

    def test_closing_by_telephone_comes_back_to_the_bookings_page(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        command = to_a_person(books_with(counter, spine, NEVER_ARRIVED))
        counter.sends(counter.opens(page_of(command)).form("/take"))
        form = counter.opens(page_of(command)).form("/close")
        signed_out(counter)
        back = signs_in(counter, counter.sends(form, outcome="made", spoken_to="Mrs Tull"))
        assert urlsplit(back.address).path == page_of(command)
        assert NOT_SENT in back.text
        assert back.form("/close").fields["spoken_to"] == ["Mrs Tull"]
        assert back.form("/close").fields["outcome"] == ["made"]
        command.refresh_from_db()
        assert command.state == State.NEEDS_ATTENTION

    def test_a_form_with_mistakes_in_it_comes_back_to_the_page_that_has_it(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        """After a mistake the form is on the answer to a POST, whose address cannot be opened."""
        command = to_a_person(books_with(counter, spine, NEVER_ARRIVED))
        counter.sends(counter.opens(page_of(command)).form("/take"))
        wrong = counter.sends(counter.opens(page_of(command)).form("/close"), spoken_to="Mrs Tull")
        assert wrong.title.startswith("Error")
        signed_out(counter)
        back = signs_in(counter, counter.sends(wrong.form("/close"), outcome="made"))
        assert urlsplit(back.address).path == page_of(command)
        assert back.form("/close").fields["spoken_to"] == ["Mrs Tull"]

    def test_the_number_to_ring_back_comes_back(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        form = counter.opens(reverse("ring-back", args=[command.pk])).form("/ring-back")
        signed_out(counter)
        back = signs_in(counter, counter.sends(form, ring_back="07700 900123"))
        assert back.form("/ring-back").fields["ring_back"] == ["07700 900123"]

    def test_a_button_alone_comes_back_to_its_page(self, counter: Counter, spine: Sandbox) -> None:
        command = books_with(counter, spine)
        form = counter.opens(reverse("withdraw-command", args=[command.pk])).form("/withdraw")
        signed_out(counter)
        back = signs_in(counter, counter.sends(form))
        assert back.title.startswith("Withdraw this booking?")
        assert f"{NOT_SENT}: nothing was booked, changed or cancelled by it. Press" in back.text
        command.refresh_from_db()
        assert command.withdrawn_at is None

    def test_a_form_that_does_not_say_whose_it_is_keeps_nothing_and_says_so(
        self, counter: Counter
    ) -> None:
        form = check_page(counter)
        form.fields["whose"] = ["forged"]
        signed_out(counter)
        asked = counter.sends(form, description=TEXT)
        assert "Nothing was sent. You had been signed out" in asked.text
        assert "with what you typed" not in asked.text
        back = signs_in(counter, asked)
        assert "What you typed could not be kept." in back.text
        assert not KeptForm.objects.exists()

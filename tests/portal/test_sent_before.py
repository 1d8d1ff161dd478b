"""Back, and sent once more with another text: the first was sent, and both are shown."""

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import KeptForm, User
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.form_steps import COMMENT, TEXT, check_page, signed_out, signs_in
from tests.portal.unsettled import NEVER_ARRIVED, page_of
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


class TestSentBefore:
    """Back, and sent once more with another text: the first was sent, and both are shown."""

    def test_a_booking_says_which_text_was_sent_and_how_to_change_it(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        counter.sends(form, description="First", comment=COMMENT)
        first = counter.command
        page = counter.sends(form, description=TEXT, comment=COMMENT)
        assert counter.command == first
        assert "Your first text was sent, and not the second" in page.text
        assert f"What it is for First {TEXT}" in page.text
        assert "elbow" not in page.address
        assert "Typed second" in page.text
        assert "hearing" not in page.text.split("Typed second")[1].split("Change what it is")[0]
        [held] = spine.appointments("A20047", "9658218873")
        assert held["description"] == "First"
        link = next(part for part in page.html.split('"') if "/amend?again=" in part)
        change = counter.opens(link).form("/amend")
        assert (change.fields["description"], change.fields["comment"]) == ([TEXT], [COMMENT])
        counter.sends(change)
        [held] = spine.appointments("A20047", "9658218873")
        assert held["description"] == TEXT
        assert "Your first text was sent" not in counter.opens(page_of(first)).text

    def test_the_same_text_is_a_second_click_and_nothing_more(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        counter.sends(form, description=f" {TEXT}", comment=COMMENT)
        page = counter.sends(form, description=f"{TEXT} ", comment=COMMENT.replace("\n", "\r\n"))
        assert "Your first text was sent" not in page.text
        assert not KeptForm.objects.exists()

    def test_of_one_that_is_not_certain_it_is_said_when_it_can_be_changed(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice="A20047", use_case="book", kind=NEVER_ARRIVED, times=1)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert "Your first text was sent, and not the second" in page.text
        assert "Do not send it again. Once it is certain" in page.text
        assert "/amend?again=" not in page.html

    def test_of_one_that_was_refused_the_second_is_kept_for_the_next_try(
        self, counter: Counter, spine: Sandbox
    ) -> None:
        form = check_page(counter)
        spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
        counter.sends(form, description="First")
        page = counter.sends(form, description=TEXT)
        assert "What you typed second is kept for the next try." in page.text
        again = counter.chooses(0)
        filled = next(form for form in again.forms if "description" in form.fields)
        assert filled.fields["description"] == [TEXT]

    def test_a_change_and_a_cancellation_say_so_too(self, counter: Counter, spine: Sandbox) -> None:
        counter.traces("9658218865")
        [held] = spine.appointments("A20047", "9658218865")
        there = [counter.encounter_id, "A20047", held["id"]]
        address = reverse("amend-appointment", args=there)
        form = counter.opens(address).form(address)
        counter.sends(form, description="First", comment="")
        page = counter.sends(form, description=TEXT, comment="")
        assert f"What it is for First {TEXT}" in page.text
        assert "/amend?again=" in page.html
        address = reverse("cancel-appointment", args=there)
        form = counter.opens(address).form(address)
        counter.sends(form, decision="cancel", reason="First")
        page = counter.sends(form, decision="cancel", reason=TEXT)
        assert f"Why it is cancelled First {TEXT}" in page.text
        assert "If what you typed second matters, ring the practice." in page.text

    def test_a_second_text_after_the_sign_in_had_ended_is_not_lost_either(
        self, counter: Counter
    ) -> None:
        """The first went through; then back, another text, and the sign-in has ended."""
        form = check_page(counter)
        counter.sends(form, description="First")
        first = counter.command
        signed_out(counter)
        back = signs_in(counter, counter.sends(form, description=TEXT))
        assert counter.command == first
        assert f"What it is for First {TEXT}" in back.text

    def test_another_user_of_the_organisation_sees_nothing_of_the_second(
        self, counter: Counter, clinician: User, sign_in: SignIn
    ) -> None:
        form = check_page(counter)
        counter.sends(form, description="First")
        counter.sends(form, description=TEXT)
        other = Counter(Client())
        sign_in(other.client, clinician)
        page = other.opens(page_of(counter.command))
        assert "elbow" not in page.html

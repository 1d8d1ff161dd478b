"""What was typed is never lost, in a browser: signed out while booking, and sent in two tabs."""

import re

import pytest
from guardian.shortcuts import remove_perm

from booking_portal.accounts.models import Organisation, User
from booking_portal.accounts.roles import Permission
from demo.seed import password
from tests.journeys.journey import ORDINARY, Journey

TEXT = "Dad's elbow & wrist"


class Typing(Journey):
    def given_the_check_page(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()

    def when_the_sign_in_ends(self) -> None:
        self.desk.page.context.clear_cookies(name="sessionid")

    def when_i_sign_in_again(self) -> None:
        self.desk.fill("Username", "receptionist")
        self.desk.page.get_by_label("Password", exact=True).fill(password())
        self.desk.click("Sign in")

    def typed(self) -> str:
        return self.desk.page.get_by_label("What is the appointment for?").input_value()


class TestKept(Typing):
    @pytest.mark.requirement("BOOK-8", "IG-4")
    def test_signed_out_while_booking_the_texts_come_back(self) -> None:
        """Case 13."""
        self.given_the_check_page()
        self.when_the_sign_in_ends()
        self.when_i_book_it(TEXT)
        self.desk.sees_heading("Sign in")
        self.desk.sees(re.compile("nothing was booked, changed or cancelled by it"))
        self.when_i_sign_in_again()
        self.desk.sees_heading("Check with the patient, then book")
        self.desk.sees(re.compile("What you typed is in the form again"))
        assert self.typed() == TEXT
        self.then_the_practice_has_nothing_new(ORDINARY)
        self.desk.click(re.compile("^Book "))
        self.desk.sees_heading(re.compile("^Booked$"))
        self.then_the_practice_has(ORDINARY, description=TEXT)

    @pytest.mark.requirement("BOOK-8", "IG-4")
    def test_another_text_from_a_second_tab_is_shown_beside_the_one_sent(self) -> None:
        self.given_the_check_page()
        first, address = self.desk.page, self.desk.page.url
        second = self.desk.new_tab()
        self.desk.open(address)
        self.desk.turn_to(first)
        self.when_i_book_it("First")
        self.desk.sees_heading(re.compile("^Booked$"))
        self.desk.turn_to(second)
        self.when_i_book_it(TEXT)
        self.desk.sees_heading("Your first text was sent, and not the second")
        self.then_the_practice_has(ORDINARY, description="First")
        self.desk.click("Change what it is for", role="button")
        assert self.typed() == TEXT
        self.desk.click(re.compile("^Save the change"))
        self.desk.sees_heading(re.compile("^Changed$"))
        self.then_the_practice_has(ORDINARY, description=TEXT)

    @pytest.mark.requirement("BOOK-8", "IG-1", "IG-4")
    def test_without_the_permission_any_more_what_was_typed_can_be_copied(self) -> None:
        self.given_the_check_page()
        receptionist = User.objects.get(username="receptionist")
        hub = Organisation.objects.get(ods_code="A1001")
        remove_perm(Permission.BOOK_APPOINTMENT.value, receptionist, hub)
        self.when_i_book_it(TEXT)
        self.desk.sees_heading("You do not have permission to do this")
        self.desk.sees(re.compile("Nothing was sent"))
        self.desk.sees_heading("What you typed")
        self.desk.page.set_viewport_size({"width": 390, "height": 844})
        self.desk.check()
        box = self.desk.page.get_by_label("What it is for")
        assert box.input_value() == TEXT
        assert not box.is_editable()
        self.then_the_practice_has_nothing_new(ORDINARY)

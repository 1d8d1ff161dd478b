"""A receptionist books, amends and cancels at another practice."""

import re

import pytest

from booking_portal.commands.models import Command
from tests.journeys.journey import ANOTHER, ORDINARY, Journey

BOOKED, CHANGED, CANCELLED = (
    re.compile(f"^{word}$") for word in ("Booked", "Changed", "Cancelled")
)


class TestTheMainJob(Journey):
    @pytest.mark.requirement("BOOK-7", "BOOK-10", "AMEND-1", "CANCEL-1", "IG-4", "IG-5")
    def test_book_amend_and_cancel(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_come_as_far_as_booking()
        self.then_the_appointment_is_confirmed_to_read_aloud()
        made = self.then_the_practice_has(
            ORDINARY, status="booked", description="Blood pressure review", booked_by="A1001"
        )

        self.when_i_amend_it("Blood pressure and bloods")
        self.desk.sees_heading(CHANGED)
        self.then_the_practice_has(
            ORDINARY, status="booked", description="Blood pressure and bloods", slots=made["slots"]
        )

        self.when_i_open_the_cancel_page()
        self.then_keeping_is_the_default()
        self.when_i_cancel_it("The patient feels better")
        self.desk.sees_heading(CANCELLED)
        self.then_the_practice_has(
            ORDINARY, status="cancelled", cancellation_reason="The patient feels better"
        )

    def then_the_appointment_is_confirmed_to_read_aloud(self) -> None:
        self.desk.sees_heading(BOOKED)
        self.desk.sees_heading("Read to the patient")
        self.desk.sees(
            re.compile("Staff at Riverside Extended Access Hub may see limited clinical")
        )
        self.desk.sees("020 7946 0101")

    def when_i_amend_it(self, purpose: str) -> None:
        self.desk.follow("Change what it is for")
        self.desk.fill("What is the appointment for?", purpose)
        self.desk.click(re.compile("^Save the change"))

    def when_i_open_the_cancel_page(self) -> None:
        self.desk.follow("This patient's appointments at the practice")
        self.desk.follow(re.compile("Cancel"))

    def then_keeping_is_the_default(self) -> None:
        assert self.desk.page.get_by_label("No, keep it").is_checked()

    def when_i_cancel_it(self, reason: str) -> None:
        self.desk.page.get_by_label("Yes, cancel it").check()
        self.desk.fill("Why is it cancelled?", reason)
        self.desk.click("Continue")


class TestTwoPatientsInTwoTabs(Journey):
    @pytest.mark.requirement("IG-5")
    def test_each_tab_books_for_its_own_patient(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        first_tab = self.desk.page

        self.desk.new_tab()
        self.desk.open("/")
        self.given_i_have_found(ANOTHER)
        self.when_i_search_for_free_slots()
        second_tab = self.desk.page

        self.desk.turn_to(first_tab)
        self.when_i_choose_a_slot_at_dr_leggs()
        self.when_i_book_it("For the first patient")
        self.desk.sees_heading(BOOKED)
        self.then_the_banner_is_of(ORDINARY)

        self.desk.turn_to(second_tab)
        self.when_i_choose_a_slot_at_dr_leggs()
        self.when_i_book_it("For the second patient")
        self.desk.sees_heading(re.compile("Booked|This slot has just been taken"))
        self.then_the_banner_is_of(ANOTHER)

        self.then_the_practice_has(ORDINARY, description="For the first patient")
        # Both tabs showed the same slots: the second finds it gone, and books nothing for anyone.
        assert self.made_for(ANOTHER) == []

    def then_the_banner_is_of(self, nhs_number: str) -> None:
        shown = f"{nhs_number[:3]} {nhs_number[3:6]} {nhs_number[6:]}"
        assert self.desk.page.locator(".app-nhs-number").all_inner_texts() == [shown]


class TestTheClinician(Journey):
    @pytest.mark.requirement("RET-1", "RET-2")
    def test_sees_upcoming_appointments_first_and_books_a_follow_up(self) -> None:
        self.given_i_am_signed_in_as("clinician")
        self.when_i_look_for("9658218865", self.birth_date_of("9658218865"))
        self.desk.sees("Blood pressure follow up")
        self.desk.click(re.compile("^Book a follow-up at Dr Legg's"))
        self.when_i_choose_a_slot_at_dr_leggs()
        self.when_i_book_it("Follow-up")
        self.desk.sees_heading(BOOKED)
        assert Command.objects.get().practice.ods_code == "A20047"

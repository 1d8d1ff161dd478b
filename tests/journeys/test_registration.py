"""A patient whom the practice does not know: registered temporarily, and booked."""

import re

import pytest

from tests.journeys.journey import CHOOSE_AT_DR_LEGG, DR_LEGG, Journey

ELSEWHERE = "9324926233"
BOTH_DONE = re.compile("^Registered and booked$")


class TestRegisterAndBook(Journey):
    @pytest.mark.requirement("REG-1", "REG-3", "IG-4")
    def test_register_on_the_way_to_the_booking(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_choose_a_slot_where_the_patient_is_not_known()
        self.when_i_go_on_to_register()
        self.then_i_see_what_is_sent_and_what_it_means()
        self.when_i_add_what_the_patient_says()
        self.when_i_register_and_book()
        self.desk.sees_heading(BOTH_DONE)
        self.desk.sees_heading("Read to the patient")
        self.then_the_practice_has(ELSEWHERE, status="booked", booked_by="A1001")

    @pytest.mark.requirement("REG-3", "IG-4")
    def test_the_answer_is_lost_and_the_page_goes_on_by_itself(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("hang_after", "register")
        self.when_i_choose_a_slot_where_the_patient_is_not_known()
        self.when_i_go_on_to_register()
        self.when_i_register_and_book()
        self.desk.sees_heading("Not confirmed yet")
        self.desk.sees(re.compile("No appointment has been booked"))

        self.when_the_portal_looks_at_the_practice()
        self.when_the_portal_goes_on()
        self.desk.sees_heading(BOTH_DONE)
        self.desk.check()
        self.then_the_practice_has(ELSEWHERE, status="booked")

    @pytest.mark.long
    @pytest.mark.requirement("REG-1", "BOOK-8", "IG-4")
    def test_registered_and_the_slot_has_gone(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("slot_taken", "book")
        self.when_i_choose_a_slot_where_the_patient_is_not_known()
        self.when_i_go_on_to_register()
        self.when_i_register_and_book()
        self.desk.sees_heading("Registered, not booked")
        self.desk.sees(re.compile("that remains"))
        self.desk.page.get_by_role("button", name=re.compile("^Choose ")).first.click()
        self.desk.sees_heading("Check with the patient, then book")
        self.desk.click(re.compile("^Book "))
        self.desk.sees_heading(BOTH_DONE)
        self.then_the_practice_has(ELSEWHERE, status="booked", description="Knee pain")

    def when_i_choose_a_slot_where_the_patient_is_not_known(self) -> None:
        self.given_i_have_found(ELSEWHERE)
        self.when_i_search_for_free_slots()
        self.desk.choose_the_last(CHOOSE_AT_DR_LEGG)
        self.desk.sees_heading("The patient has no record at this practice")
        self.desk.check()

    def when_i_go_on_to_register(self) -> None:
        self.desk.click("Register and book")
        self.desk.sees_heading("Register temporarily at Dr Legg's Surgery, and book")

    def then_i_see_what_is_sent_and_what_it_means(self) -> None:
        self.desk.sees("PONTEVREL, Marisol")
        self.desk.sees(re.compile("The registered practice does not change"))
        self.desk.sees("If the booking fails afterwards, the registration remains.")
        assert self.sandbox.appointments(DR_LEGG, ELSEWHERE) == []

    def when_i_register_and_book(self) -> None:
        self.desk.fill("What is the appointment for?", "Knee pain")
        self.desk.click(re.compile("^Register and book PONTEVREL"))

    def when_i_add_what_the_patient_says(self) -> None:
        self.desk.page.get_by_text("Add what the patient says").click()
        self.desk.fill("Temporary telephone number", "01632 960 444")
        self.desk.page.get_by_label("Language").select_option("Spanish; Castilian")
        self.desk.page.get_by_label("They need an interpreter").check()
        self.desk.check()

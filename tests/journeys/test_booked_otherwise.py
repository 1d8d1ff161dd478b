"""The practice has booked it otherwise than asked for: told the patient before it is read out."""

import re

import pytest

from tests.journeys.journey import ORDINARY, Journey

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
KEEPS_IT = "The patient knows, and keeps it"


class Otherwise(Journey):
    def when_i_choose_a_slot_in_person_with_dr_legg(self) -> None:
        rows = self.desk.page.locator("li.app-slot", has_text="Harold Legg")
        row = rows.filter(has_text="In-person").last
        row.get_by_role("button", name=re.compile("^Choose ")).click()
        self.desk.check()
        self.desk.sees_heading("Check with the patient, then book")

    def when_it_is_booked_with(self, kind: str) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.given_the_practice_will(kind, "book")
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_in_person_with_dr_legg()
        self.when_i_book_it()
        self.desk.sees_heading(re.compile("^Booked$"))
        self.desk.sees_heading("Not all of it is as asked for")

    def then_it_is_told_first_and_read_out_then(self, label: str, asked: str, booked: str) -> None:
        for size in (DESK, PHONE):
            self.desk.page.set_viewport_size(size)  # type: ignore[arg-type]
            self.desk.check()
            self.desk.sees("Tell the patient, and ask whether they keep the appointment.")
            row = self.desk.page.get_by_role("row", name=re.compile(f"^{label}"))
            assert row.get_by_role("cell").all_inner_texts() == [asked, booked]
            self.desk.does_not_see("Read to the patient")
            self.desk.does_not_see("Print for the patient")
            self.then_nothing_is_wider_than_the_page()
        self.desk.click(KEEPS_IT)
        self.desk.sees_heading("Read to the patient")
        self.desk.sees(re.compile("^Ms Priya Nair has told the patient"))
        self.desk.does_not_see(KEEPS_IT)
        self.then_nothing_is_wider_than_the_page()
        self.desk.page.set_viewport_size(DESK)  # type: ignore[arg-type]
        self.desk.check()
        self.desk.sees("Print for the patient")

    def then_nothing_is_wider_than_the_page(self) -> None:
        assert self.desk.page.evaluate(
            "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )


class TestBookedOtherwise(Otherwise):
    @pytest.mark.requirement("BOOK-7", "IG-4")
    def test_by_telephone_instead_of_in_person_is_told_before_it_is_read_out(self) -> None:
        self.when_it_is_booked_with("other_channel")
        self.then_it_is_told_first_and_read_out_then("How", "In-person", "Telephone")
        self.desk.sees(re.compile("The practice will ring you"))
        self.then_the_practice_has(ORDINARY, status="booked")

    @pytest.mark.long
    @pytest.mark.requirement("BOOK-7", "CANCEL-2", "IG-4")
    def test_a_woman_instead_of_a_man_is_told_too_and_one_who_minds_cancels_it(self) -> None:
        self.when_it_is_booked_with("other_practitioner")
        self.desk.sees("Tell the patient, and ask whether they keep the appointment.")
        row = self.desk.page.get_by_role("row", name=re.compile("^Gender"))
        assert row.get_by_role("cell").all_inner_texts() == ["Male", "Female"]
        self.desk.follow("Cancel this appointment")
        self.desk.sees_heading("Cancel this appointment?")
        self.desk.page.get_by_label("Yes, cancel it").check()
        self.desk.fill("Why is it cancelled?", "Wants to see a man")
        self.desk.click("Continue")
        self.desk.sees_heading(re.compile("^Cancelled$"))
        self.then_the_practice_has(ORDINARY, status="cancelled")

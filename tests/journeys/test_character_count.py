"""The counter beside a text counts what the server and the practice count."""

import pytest
from playwright.sync_api import expect

from tests.journeys.journey import ORDINARY, Journey

FULL = "You have 0 characters remaining"
SAID = {
    "x" * 100: FULL,
    "x" * 101: "You have 1 character too many",
    "\U0001f642" * 100: FULL,  # emoji
    "e\u0301" * 100: FULL,  # accents
    "\n".join(["x"] * 50) + "y": FULL,
    "\n " + "x" * 100 + "\n": FULL,
    "\U0001f469\u200d\U0001f467": "You have 97 characters remaining",  # joined
}


class TestTheCounter(Journey):
    @pytest.mark.requirement("BOOK-4")
    def test_it_counts_characters(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        counter = self.desk.page.locator(".nhsuk-character-count__status").first
        for text, said in SAID.items():
            self.desk.fill("What is the appointment for?", "")
            expect(counter).to_have_text("You have 100 characters remaining")
            self.desk.fill("What is the appointment for?", text)
            expect(counter).to_have_text(said)

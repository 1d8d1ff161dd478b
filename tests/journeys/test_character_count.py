"""The counter beside a text counts what the server and the practice count."""

import pytest
from playwright.sync_api import expect

from tests.journeys.journey import ORDINARY, Journey

FULL = "You have 0 characters remaining"


class TestTheCounter(Journey):
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("x" * 100, FULL),
            ("x" * 101, "You have 1 character too many"),
            ("\U0001f642" * 100, FULL),
            ("e\u0301" * 100, FULL),
            ("\n".join(["x"] * 50) + "y", FULL),
            ("\n " + "x" * 100 + "\n", FULL),
            ("\U0001f469\u200d\U0001f467", "You have 97 characters remaining"),
        ],
        ids=["letters", "one more", "emoji", "accents", "line breaks", "blanks", "joined"],
    )
    @pytest.mark.requirement("BOOK-4")
    def test_it_counts_characters(self, text: str, said: str) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        self.desk.fill("What is the appointment for?", text)
        counter = self.desk.page.locator(".nhsuk-character-count__status").first
        expect(counter).to_have_text(said)

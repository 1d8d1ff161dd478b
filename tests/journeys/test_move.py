"""Moving an appointment: the new one is booked, and only then is the old one cancelled."""

import re
from datetime import timedelta

import pytest
from django.db.models import F

from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind
from tests.journeys.conftest import Desks
from tests.journeys.desk import Desk
from tests.journeys.journey import CHOOSE_AT_DR_LEGG, DR_LEGG, Journey

HERS = "9658218865"  # one appointment at Dr Legg's
LONG_AGO = timedelta(minutes=11)
BOOKED_NOT_CANCELLED = "The new one is booked, the old one is not cancelled for certain"
NEEDS_DECISION = "The new one is booked, and the old one still stands"


class Moves(Journey):
    """The steps of somebody who moves an appointment."""

    def when_i_choose_a_new_time(self) -> None:
        self.given_i_have_found(HERS)
        [old] = self.sandbox.appointments(DR_LEGG, HERS)
        self.old_id = old["id"]
        self.desk.follow(re.compile("^See their appointments at Dr Legg's"))
        self.desk.follow(re.compile("^Move to another time"))
        self.desk.sees(re.compile("^You are moving: .*, Dr Legg's Surgery"))
        self.when_i_search_at_dr_leggs()
        self.desk.sees(re.compile("It is kept until the new one is booked"))
        self.desk.choose_the_last(CHOOSE_AT_DR_LEGG)
        self.desk.check()
        self.desk.sees_heading("Check with the patient, then move")

    def then_i_see_old_and_new_and_what_happens_first(self) -> None:
        self.desk.sees_heading("From the old appointment to the new one")
        self.desk.sees(re.compile("First the new one is booked"))
        self.desk.sees(re.compile("Only when the practice has confirmed it, the old one"))
        assert self.desk.page.get_by_label("What is the appointment for?").input_value()

    def when_i_move_it(self, reason: str) -> None:
        self.desk.fill("Why is the old one cancelled?", reason)
        self.desk.click("Move the appointment")

    def when_the_cancelling_is_not_made(self) -> None:
        """The practice never gets the cancellation; it can no longer arrive, nor be sent again."""
        self.given_the_practice_will("hang_before", "cancel")
        self.when_i_choose_a_new_time()
        self.when_i_move_it("The patient works late")
        self.desk.sees_heading(BOOKED_NOT_CANCELLED)
        Command.objects.update(created_at=F("created_at") - LONG_AGO)
        Command.objects.filter(kind=Kind.CANCEL).update(
            next_look_at=database_now() - LONG_AGO, request_dead_at=database_now() - LONG_AGO
        )
        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading(NEEDS_DECISION)
        self.desk.check()

    def then_the_old_one_is(self, status: str) -> None:
        held = {one["id"]: one["status"] for one in self.sandbox.appointments(DR_LEGG, HERS)}
        assert held[self.old_id] == status


class TestMoving(Moves):
    @pytest.mark.requirement("MOVE-1", "CANCEL-1", "BOOK-10", "IG-4")
    def test_move_to_another_time(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_choose_a_new_time()
        self.then_i_see_old_and_new_and_what_happens_first()
        self.when_i_move_it("The patient works late")
        self.desk.sees_heading(re.compile("^Moved$"))
        self.desk.sees_heading("Read to the patient")
        self.desk.sees(re.compile("^Your old appointment, on .* is cancelled"))
        self.then_the_old_one_is("cancelled")
        self.then_the_practice_has(HERS, status="booked")

    @pytest.mark.requirement("MOVE-1", "IG-4")
    def test_the_cancelling_fails_and_one_button_finishes(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_the_cancelling_is_not_made()
        self.desk.click("Cancel the old appointment now")
        self.desk.sees_heading(re.compile("^Moved$"))
        self.then_the_old_one_is("cancelled")
        self.then_the_practice_has(HERS, status="booked")

    @pytest.mark.long
    @pytest.mark.requirement("MOVE-1", "IG-4")
    def test_the_cancelling_fails_and_the_move_is_undone(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_the_cancelling_is_not_made()
        self.desk.page.get_by_text("Or keep the old one, and cancel the new").click()
        self.desk.check()
        self.desk.click("Keep the old one: cancel the new")
        self.desk.sees_heading("Not moved: the old one is kept")
        self.then_the_old_one_is("booked")
        self.then_the_practice_has(HERS, status="cancelled")

    @pytest.mark.long
    @pytest.mark.requirement("MOVE-1", "BOOK-8", "IG-4")
    def test_the_slot_has_gone_and_another_one_is_moved_to(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("slot_taken", "book")
        self.when_i_choose_a_new_time()
        self.when_i_move_it("The patient works late")
        self.desk.sees_heading("Not moved")
        self.desk.sees(re.compile("The old appointment stands"))
        self.then_the_old_one_is("booked")
        self.desk.page.get_by_role("button", name=re.compile("^Choose ")).first.click()
        self.desk.sees_heading("Check with the patient, then move")
        self.when_i_move_it("The patient works late")
        self.desk.sees_heading(re.compile("^Moved$"))
        self.then_the_old_one_is("cancelled")
        self.then_the_practice_has(HERS, status="booked")

    @pytest.mark.requirement("MOVE-1", "IG-4")
    def test_the_new_one_is_not_certain_and_the_page_goes_on_by_itself(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("hang_after", "book")
        self.when_i_choose_a_new_time()
        self.when_i_move_it("The patient works late")
        self.desk.sees_heading("Not confirmed yet")
        self.desk.sees(re.compile("The old appointment is kept until the new one is certain"))
        self.then_the_old_one_is("booked")
        self.when_the_portal_looks_at_the_practice()
        self.when_the_portal_goes_on()
        self.desk.sees_heading(re.compile("^Moved$"))
        self.desk.check()
        self.then_the_old_one_is("cancelled")


class TestMovingWithoutJavaScript(Moves):
    @pytest.fixture(name="desk")
    def desk_without_scripts(self, desks: Desks) -> Desk:
        """A browser that runs no scripts (and so is not checked by axe)."""
        return desks.open(javascript=False)

    @pytest.mark.requirement("MOVE-1")
    def test_the_page_goes_on_by_itself(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("hang_after", "book")
        self.when_i_choose_a_new_time()
        self.when_i_move_it("The patient works late")
        self.desk.sees_heading("Not confirmed yet")
        self.when_the_portal_looks_at_the_practice()
        self.when_the_portal_goes_on()
        self.desk.sees_heading(re.compile("^Moved$"))
        self.then_the_old_one_is("cancelled")

"""What is not certain at once, from the click to the word to the patient: never lost or doubled."""

import re
from datetime import timedelta

import pytest
from django.db.models import F
from playwright.sync_api import expect

from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.commands.tasks import escalate_due
from booking_portal.commands.transitions import transition
from tests.journeys.conftest import Desks
from tests.journeys.desk import Desk
from tests.journeys.journey import ANOTHER, CHOOSE_AT_DR_LEGG, ORDINARY, Journey

BOOKED = re.compile("^Booked$")
LONG_AGO = timedelta(hours=1)


class Unsettled(Journey):
    """Steps around a booking whose answer was lost."""

    def given_a_booking_whose_answer_is_lost(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("status_500_after", "book")
        self.when_i_come_as_far_as_booking()
        self.desk.sees_heading("Not confirmed yet")

    def given_a_booking_that_never_arrives(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("status_502", "book")
        self.when_i_come_as_far_as_booking()
        self.desk.sees_heading("Not confirmed yet")

    def when_it_can_no_longer_arrive(self) -> None:
        """Nor be sent again by itself."""
        Command.objects.update(
            created_at=F("created_at") - LONG_AGO,
            request_dead_at=database_now() - LONG_AGO,
            next_look_at=database_now() - LONG_AGO,
        )

    def when_i_withdraw_it(self) -> None:
        self.desk.follow("The patient no longer wants this appointment")
        self.desk.sees_heading("Withdraw this booking?")
        self.desk.click("Yes, withdraw it")

    def when_only_a_person_can_find_out(self) -> None:
        """What the worker decides at the end of the appointment's day."""
        transition(
            self.command(),
            State.NEEDS_ATTENTION,
            reason="it could not be settled by the end of the day",
            by_system="settling",
            next_look_at=None,
        )

    def when_i_go_on_at(self, desk: Desk) -> None:
        """Turn to another person's browser."""
        self.desk = desk


class TestWhileTheUserWatches(Unsettled):
    @pytest.mark.requirement("BOOK-7", "ERR-1", "IG-4")
    def test_unconfirmed_then_confirmed(self) -> None:
        self.given_a_booking_whose_answer_is_lost()
        self.desk.sees_heading("If the call ends first")
        self.desk.sees(re.compile("^You are dealing with it"))
        self.then_the_practice_has(ORDINARY, status="booked")

        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading(BOOKED)  # nobody has loaded the page again
        self.desk.sees_heading("Tell the patient")
        self.desk.check()
        self.desk.click("The patient has been told")
        self.desk.sees_heading("The patient knows")
        self.then_the_practice_has(ORDINARY, status="booked")
        assert Event.objects.filter(kind=EventKind.PATIENT_TOLD).count() == 1

    @pytest.mark.long
    @pytest.mark.requirement("BOOK-7", "ERR-1", "IG-4")
    def test_unconfirmed_then_not_made(self) -> None:
        self.given_a_booking_that_never_arrives()
        self.when_it_can_no_longer_arrive()
        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading(re.compile("^Not booked$"))
        self.desk.check()
        self.desk.sees(re.compile("it is not there, and can no longer arrive"))
        self.then_the_practice_has_nothing_new(ORDINARY)

        self.desk.click("Try the same slot again")
        assert self.typed() == "Blood pressure review"
        self.desk.click(re.compile("^Book "))
        self.desk.sees_heading(BOOKED)
        self.then_the_practice_has(ORDINARY, status="booked")

    def test_another_number_to_ring_back_is_kept_while_the_page_goes_on(self) -> None:
        """What is typed is on a page of its own: nothing reloads it."""
        self.given_a_booking_whose_answer_is_lost()
        self.desk.follow("Change the number")
        self.desk.fill("Number to ring the patient back on", "ask his wife")
        self.when_the_portal_looks_at_the_practice()
        self.desk.click("Keep this number")
        self.desk.sees_heading("There is a problem")
        self.desk.fill("Number to ring the patient back on", "07700 900 999")
        self.desk.click("Keep this number")
        self.desk.sees_heading(BOOKED)
        self.desk.sees("07700 900 999")

    def typed(self) -> str:
        return self.desk.page.get_by_label("What is the appointment for?").input_value()


class TestWithdrawn(Unsettled):
    @pytest.mark.requirement("CANCEL-1", "IG-4")
    def test_withdrawn_made_after_all_and_cancelled(self) -> None:
        self.given_a_booking_whose_answer_is_lost()
        self.when_i_withdraw_it()
        self.desk.sees_heading("Withdrawn, and not settled yet")
        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading("It was made after all")
        self.desk.check()
        self.then_the_practice_has(ORDINARY, status="booked")

        self.desk.click("Cancel this appointment")
        self.desk.page.get_by_label("Yes, cancel it").check()
        self.desk.fill("Why is it cancelled?", "The patient has rung off")
        self.desk.click("Continue")
        self.desk.sees_heading(re.compile("^Cancelled$"))
        self.then_the_practice_has(ORDINARY, status="cancelled")
        self.desk.follow("Bookings")
        self.desk.does_not_see("It was made after all")

    @pytest.mark.long
    @pytest.mark.requirement("BOOK-7", "IG-4")
    def test_withdrawn_and_never_sent_again(self) -> None:
        self.given_a_booking_that_never_arrives()
        self.when_i_withdraw_it()
        Command.objects.update(
            request_dead_at=database_now() - LONG_AGO, next_look_at=database_now() - LONG_AGO
        )
        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading("Withdrawn, and not made")
        self.desk.check()
        self.then_the_practice_has_nothing_new(ORDINARY)
        assert self.command().sends == 1


class TestAPersonHasToRing(Unsettled):
    @pytest.mark.requirement("IG-4")
    def test_needs_attention_closed_by_the_manager(self, desks: Desks) -> None:
        self.given_a_booking_that_never_arrives()
        self.when_only_a_person_can_find_out()
        self.desk.sees_heading("Somebody has to ring the practice")
        self.desk.check()
        receptionists = self.desk

        self.when_i_go_on_at(desks.open())
        self.given_i_am_signed_in_as("manager")
        self.desk.follow("Bookings")
        self.desk.sees_heading("Somebody has to see to these")
        self.desk.sees("Nobody is dealing with it yet")
        self.desk.follow(re.compile("ZELTHORPE"))
        self.desk.sees(re.compile("Ring Dr Legg's Surgery on 020 7946 0101"))
        self.desk.click("I am dealing with it")
        self.desk.sees(re.compile("^You are dealing with it since"))
        self.desk.click("Close")
        self.desk.sees_heading("There is a problem")
        self.desk.page.get_by_label("They do not have it: it is not booked").check()
        self.desk.fill("Who at the practice said so?", "Mrs Tull")
        self.desk.click("Close")
        self.desk.sees_heading("Not booked")
        self.desk.sees(re.compile("Mrs Tull there said that it does not have it"))

        self.when_i_go_on_at(receptionists)
        self.desk.follow("Bookings")
        self.desk.sees_heading("Ring the patient back")

    @pytest.mark.requirement("IG-4")
    def test_what_nobody_takes_stands_out_on_every_page_of_the_manager(self, desks: Desks) -> None:
        self.given_a_booking_that_never_arrives()
        self.when_only_a_person_can_find_out()
        Command.objects.update(attention_at=database_now() - LONG_AGO)
        assert escalate_due() == 1  # the worker's tick
        self.when_i_go_on_at(desks.open())
        self.given_i_am_signed_in_as("manager")
        self.desk.sees(re.compile("1 booking needs somebody to see to it"))
        self.desk.follow("Find a patient")
        self.desk.sees(re.compile("1 booking needs somebody to see to it"))
        self.desk.follow("See which")
        self.desk.sees("Waiting too long")


class TestOneClickOneBooking(Unsettled):
    @pytest.mark.requirement("BOOK-8")
    def test_double_click(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        self.desk.fill("What is the appointment for?", "Blood pressure review")
        self.desk.page.get_by_role("button", name=re.compile("^Book ")).dblclick()
        self.desk.sees_heading(BOOKED)
        self.then_the_practice_has(ORDINARY, status="booked")
        assert self.command().sends == 1

    @pytest.mark.requirement("BOOK-8")
    def test_back_and_resubmit(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        first_tab, check_page = self.desk.page, self.desk.page.url
        self.desk.new_tab()
        self.desk.open(check_page)  # the same form once more
        self.desk.turn_to(first_tab)
        self.when_i_book_it()
        self.desk.sees_heading(BOOKED)
        booking = self.desk.page.url

        self.desk.page.go_back()
        self.desk.sees_heading(BOOKED)  # and not the form
        assert self.desk.page.url == booking

        self.desk.turn_to(next(tab for tab in first_tab.context.pages if tab != first_tab))
        self.when_i_book_it("Typed into the form that was left open")
        self.desk.sees_heading(BOOKED)
        assert self.desk.page.url == booking
        self.then_the_practice_has(ORDINARY, description="Blood pressure review")
        assert self.command().sends == 1

    @pytest.mark.requirement("BOOK-8", "IG-4")
    def test_two_browsers_one_slot(self, desks: Desks) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        first = self.desk
        self.when_i_go_on_at(desks.open())
        self.given_i_am_signed_in_as("clinician")
        self.given_i_have_found(ANOTHER)
        self.desk.follow("Search other practices or other dates")
        self.when_i_search_at_dr_leggs()
        self.when_i_choose_a_slot_at_dr_leggs()
        second = self.desk

        self.when_i_go_on_at(first)
        self.when_i_book_it("For the first patient")
        self.desk.sees_heading(BOOKED)
        self.when_i_go_on_at(second)
        self.when_i_book_it("For the second patient")
        self.desk.sees_heading("This slot has just been taken")
        self.then_the_practice_has_nothing_new(ANOTHER)

        self.desk.page.get_by_role("button", name=re.compile("^Choose ")).first.click()
        self.desk.sees_heading("Check with the patient, then book")
        typed = self.desk.page.get_by_label("What is the appointment for?")
        expect(typed).to_have_value("For the second patient")
        self.desk.click(re.compile("^Book "))
        self.desk.sees_heading(BOOKED)
        mine = self.then_the_practice_has(ANOTHER, description="For the second patient")
        theirs = self.then_the_practice_has(ORDINARY, description="For the first patient")
        assert set(mine["slots"]).isdisjoint(theirs["slots"])

    @pytest.mark.long
    @pytest.mark.requirement("BOOK-8", "IG-4")
    def test_a_second_booking_while_one_is_unsettled(self) -> None:
        self.given_a_booking_whose_answer_is_lost()
        self.desk.follow("Find another patient")
        self.when_i_look_for(ORDINARY, self.birth_date_of(ORDINARY))
        self.desk.sees(re.compile("Not settled yet"))
        self.when_i_search_for_free_slots()
        self.desk.choose_the_last(CHOOSE_AT_DR_LEGG)
        self.desk.sees_heading("Stop: this patient has a booking that is not settled")
        self.desk.check()
        self.desk.click("See how it stands")
        self.desk.sees_heading("Not confirmed yet")
        self.then_the_practice_has(ORDINARY, status="booked")
        assert Command.objects.count() == 1


class TestAtThePractice(Unsettled):
    @pytest.mark.long
    @pytest.mark.requirement("BOOK-7", "READ-1")
    def test_booked_then_cancelled_by_the_practice(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("cancelled_at_once", "book")
        self.when_i_come_as_far_as_booking()
        self.desk.sees_heading(BOOKED)  # as the practice had answered
        self.then_the_practice_has(ORDINARY, status="cancelled")

        Command.objects.update(settled_at=F("settled_at") - LONG_AGO)
        self.desk.open(self.desk.page.url)
        self.desk.sees_heading("Booked, and cancelled since")
        self.desk.sees(re.compile("You do not have this appointment any more"))


class TestWithoutJavaScript(Unsettled):
    @pytest.mark.requirement("IG-4")
    def test_the_page_follows_and_nothing_typed_is_wiped(self, desks: Desks) -> None:
        self.when_i_go_on_at(desks.open(javascript=False))
        self.given_a_booking_whose_answer_is_lost()
        self.desk.follow("Change the number")
        assert self.desk.page.locator("meta[http-equiv=refresh]").count() == 0
        self.desk.fill("Number to ring the patient back on", "07700 900 999")
        self.desk.click("Keep this number")
        self.desk.sees("07700 900 999")
        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading(BOOKED)  # by the page's own refresh

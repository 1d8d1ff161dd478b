"""What a receptionist sees when a practice, the network or the patient's record says no."""

import re

import pytest

from booking_portal.audit.models import Event, EventKind
from tests.journeys.conftest import Desks
from tests.journeys.desk import Desk
from tests.journeys.journey import (
    DR_LEGG,
    ORDINARY,
    RESTRICTED,
    WRONG_CHECK_DIGIT,
    Journey,
)


class TestBookingGoesWrong(Journey):
    @pytest.mark.requirement("BOOK-8")
    def test_the_slot_has_gone_meanwhile(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("slot_taken", "book")
        self.when_i_come_as_far_as_booking()
        self.desk.sees_heading("This slot has just been taken")
        self.then_the_practice_has_nothing_new(ORDINARY)

        self.when_i_choose_another_of_what_is_free()
        assert self.typed() == "Blood pressure review"
        self.desk.click(re.compile("^Book "))
        self.desk.sees_heading(re.compile("^Booked$"))
        self.then_the_practice_has(ORDINARY, status="booked")

    @pytest.mark.requirement("ERR-1")
    def test_the_practice_cannot_be_reached(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.given_the_practice_will("status_502", "search_slots", times=None)
        self.when_i_search_for_free_slots()
        self.desk.sees(re.compile("No answer to rely on"))
        self.desk.sees("020 7946 0101")
        self.desk.does_not_see(re.compile("Traceback|Internal Server Error"))

    @pytest.mark.requirement("ERR-1")
    def test_the_answer_never_comes_and_the_booking_is_found(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_the_practice_will("hang_after", "book")
        self.when_i_come_as_far_as_booking()
        self.desk.sees_heading("Not confirmed yet")
        self.desk.sees(re.compile("020 7946 0101"))
        self.then_the_practice_has(ORDINARY, status="booked")

        self.when_the_portal_looks_at_the_practice()
        self.desk.sees_heading(re.compile("^Booked$"))
        self.then_the_practice_has(ORDINARY, status="booked")

    def when_i_choose_another_of_what_is_free(self) -> None:
        self.desk.page.get_by_role("button", name=re.compile("^Choose ")).first.click()
        self.desk.sees_heading("Check with the patient, then book")

    def typed(self) -> str:
        return self.desk.page.get_by_label("What is the appointment for?").input_value()


class TestThePatientIsNotFound(Journey):
    @pytest.mark.requirement("PDS-3")
    def test_a_restricted_patient_nothing_is_sent_and_nothing_shown(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_look_for(RESTRICTED, self.birth_date_of(RESTRICTED))
        self.desk.sees("This patient cannot be booked through the portal")
        self.then_no_practice_was_asked()
        assert self.desk.page.locator(".app-patient").count() == 0
        assert Event.objects.filter(kind=EventKind.BLOCKED, nhs_number=RESTRICTED).count() == 1

    @pytest.mark.requirement("PDS-8")
    def test_a_wrong_birth_date_shows_nothing(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_look_for(ORDINARY, "1999-01-01")
        self.desk.sees(re.compile("does not match the national record"))
        self.then_no_practice_was_asked()
        assert self.desk.page.locator(".app-patient").count() == 0

    @pytest.mark.requirement("FIND-1")
    def test_an_invalid_number_is_said_beside_the_field(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_look_for(WRONG_CHECK_DIGIT, "1962-11-27")
        self.desk.sees_heading("There is a problem")
        beside = self.desk.page.locator(".nhsuk-form-group--error", has_text="NHS number")
        assert "valid" in beside.inner_text() or "check" in beside.inner_text().lower()
        assert self.desk.page.title().startswith("Error: ")
        self.then_no_practice_was_asked()


class TestNoPermission(Journey):
    @pytest.mark.requirement("IG-1")
    def test_an_auditor_cannot_look_for_patients(self) -> None:
        self.given_i_am_signed_in_as("auditor")
        self.desk.open("/patients/find")
        self.desk.sees_heading("You do not have permission to do this")
        assert Event.objects.filter(kind=EventKind.NOT_PERMITTED, username="auditor").exists()
        self.then_no_practice_was_asked()


class TestWithoutJavaScript(Journey):
    @pytest.fixture(name="desk")
    def desk_without_scripts(self, desks: Desks) -> Desk:
        """A browser that runs no scripts (and so is not checked by axe)."""
        return desks.open(javascript=False)

    @pytest.mark.requirement("BOOK-7")
    def test_the_whole_booking_works(self) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.when_i_come_as_far_as_booking()
        self.desk.sees_heading(re.compile("^Booked$"))
        self.then_the_practice_has(ORDINARY, status="booked")
        assert self.sandbox.appointments(DR_LEGG, ORDINARY)

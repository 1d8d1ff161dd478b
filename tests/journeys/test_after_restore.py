"""After a restore from a backup: what a manager sees, and releases."""

import pytest
from django.test import Client

from booking_portal.accounts.models import Organisation, User
from booking_portal.commands.restores.hold import hold
from booking_portal.commands.restores.reconciliation import reconcile_due
from booking_portal.commands.send_hold import on_hold
from tests.journeys.journey import DR_LEGG, Journey
from tests.portal.counter import Counter

BOOKED_BEFORE = "9658218903"  # one appointment to come at Dr Legg's, booked by the hub


class TestAfterARestore(Journey):
    @pytest.mark.requirement("IG-4")
    def test_a_manager_sees_what_was_found_and_releases(self) -> None:
        self.given_the_patient_was_met_at_the_practice()
        hold("the backup of 3 May, 02:00")
        while reconcile_due():
            pass
        self.given_i_am_signed_in_as("manager")
        self.desk.sees("nothing is sent by itself until a manager releases it")
        self.desk.follow("Bookings")
        self.desk.sees(
            "The practice holds this appointment, booked by us, and our record does not."
        )
        self.desk.follow("See what was found")
        self.desk.sees_heading("After a restore from a backup")
        self.desk.sees("the backup of 3 May, 02:00")
        self.desk.sees("1 of 1 compared")
        self.desk.page.set_viewport_size({"width": 390, "height": 844})
        self.desk.check()
        self.desk.click("Seen")
        self.desk.sees("None that nobody has seen to.")
        self.desk.click("Release")
        self.desk.sees("released by Mrs Helen Castell")
        self.desk.does_not_see("until a manager releases it")
        assert not on_hold(Organisation.objects.get(ods_code="A1001"))
        assert not on_hold(Organisation.objects.get(ods_code="A1002")), "nothing to reconcile"

    def given_the_patient_was_met_at_the_practice(self) -> None:
        counter = Counter(Client())
        counter.client.force_login(
            User.objects.get(username="receptionist"),
            "allauth.account.auth_backends.AuthenticationBackend",
        )
        counter.traces(BOOKED_BEFORE)
        counter.opens(f"/encounters/{counter.encounter_id}/appointments/{DR_LEGG}/")

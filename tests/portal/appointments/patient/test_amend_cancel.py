"""The patient's appointments: seen, amended, cancelled; what somebody else did meanwhile."""

from datetime import timedelta
from urllib.parse import unquote

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.appointments.shared import formatting
from booking_portal.commands.models import Command
from booking_portal.commands.requests.appointment_reads import LOOK_AHEAD
from booking_portal.commands.states import Kind, State
from gpconnect import london
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter, Page, names_a_place
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

HERS = "9658218865"  # one appointment at A20047, booked by A1001
PRACTICES_OWN = "9658218881"


def open_appointment(counter: Counter, spine: Sandbox, page: str, number: str = HERS) -> Page:
    counter.traces(number)
    [held] = spine.appointments("A20047", number)
    return counter.opens(reverse(page, args=[counter.encounter_id, "A20047", held["id"]]))


@pytest.mark.requirement("RET-1", "RET-2")
def test_all_of_the_patients_appointments_are_shown_as_what_they_are(counter: Counter) -> None:
    counter.traces("9658218903")
    page = counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
    to_come, cancelled = page.text.split("Cancelled", 1)
    assert "From today, the earliest day that a practice shows" in to_come
    assert "Telephone advice, new date" in to_come
    assert names_a_place(page.text)
    assert "by Riverside Extended Access Hub" in to_come
    assert "Patient asked for another day" in cancelled
    assert page.html.count("/cancel") == 1  # what is cancelled offers no action


def test_the_user_chooses_the_days_and_reads_which_were_asked_for(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces(HERS)
    address = reverse("patient-appointments", args=[counter.encounter_id, "A20047"])
    page = counter.opens(address)
    until = london.today() + LOOK_AHEAD
    assert f"the earliest day that a practice shows, to {formatting.long_date(until)}" in page.text
    assert "Other days were not asked for." in page.text
    start, end = london.today() + timedelta(days=300), london.today() + timedelta(days=301)
    boxes = {
        f"{name}-{part}": str(getattr(day, part))
        for name, day in (("start", start), ("end", end))
        for part in ("day", "month", "year")
    }
    spine.clear_exchanges()
    later = Page(counter.client.get(address, boxes), address)
    between = f"From {formatting.long_date(start)} to {formatting.long_date(end)}"
    assert f"None. {between}." in later.text
    [asked] = [one["raw_path"] for one in spine.exchanges() if "/Appointment?" in one["raw_path"]]
    assert f"start=ge{start}&start=le{end}" in unquote(asked)
    past = Page(counter.client.get(address, boxes | {"start-year": "2020"}), address)
    assert "From must be today or later" in past.text
    assert "From today, the earliest day" in past.text
    turned = Page(counter.client.get(address, boxes | {"end-year": str(start.year - 1)}), address)
    assert "To must be the same as or after From" in turned.text


def test_what_could_not_be_read_of_an_appointment_is_not_said_not_to_be_given(
    counter: Counter, spine: Sandbox
) -> None:
    cache.clear()
    for use_case in ("read_location", "read_practitioner"):
        spine.fault(practice="A20047", use_case=use_case, kind="status_500", times=None)
    counter.traces("9658218903")
    page = counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
    for said in ("Place could not be read", "Address could not be read", "Name could not be read"):
        assert said in page.text
    assert "Location not given" not in page.text
    assert "Name not given" not in page.text


def test_the_encounters_part_holds_only_what_is_to_come(counter: Counter) -> None:
    counter.traces("9658218903")
    address = reverse("patient-appointments", args=[counter.encounter_id, "A20047"])
    page = counter.opens(f"{address}?fragment=1")
    assert "<html" not in page.html
    assert "Telephone advice, new date" in page.text
    assert "Patient asked for another day" not in page.text


@pytest.mark.requirement("AMEND-1")
def test_amending_changes_the_two_texts_and_nothing_else(counter: Counter, spine: Sandbox) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    [before] = spine.appointments("A20047", HERS)
    assert before["description"] in page.html
    page = counter.sends(page.form("/amend"), description="Blood pressure", comment="Ground floor")
    assert counter.command.state == State.DONE, page.text
    assert "Changed" in page.title
    assert names_a_place(page.text)
    [after] = spine.appointments("A20047", HERS)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"description", "comment", "version"}
    assert (after["description"], after["comment"]) == ("Blood pressure", "Ground floor")


@pytest.mark.requirement("BOOK-10")
@pytest.mark.parametrize("page", ["amend-appointment", "cancel-appointment"])
def test_the_patient_is_told_who_may_see_what_before_a_change(
    page: str, counter: Counter, spine: Sandbox
) -> None:
    text = open_appointment(counter, spine, page).text
    assert (
        "Staff at Riverside Extended Access Hub may see limited clinical information with this "
        "appointment: what it is for and any comment, not only its date, time and place. If you "
        "do not want that, tell me now" in text
    )
    assert "If they say no, do not" in text


@pytest.mark.requirement("CANCEL-2")
def test_an_appointment_that_the_practice_made_can_be_cancelled(
    counter: Counter, spine: Sandbox
) -> None:
    page = open_appointment(counter, spine, "cancel-appointment", PRACTICES_OWN)
    page = counter.sends(page.form("/cancel"), decision="cancel", reason="Feels better")
    assert counter.command.state == State.DONE, page.text
    assert "is cancelled. You do not need to do anything else." in page.text
    [held] = spine.appointments("A20047", PRACTICES_OWN)
    assert held["status"] == "cancelled"
    assert held["cancellation_reason"] == "Feels better"


@pytest.mark.requirement("CANCEL-1")
def test_the_cancel_page_keeps_the_appointment_unless_told_otherwise(
    counter: Counter, spine: Sandbox
) -> None:
    page = open_appointment(counter, spine, "cancel-appointment")
    assert page.form("/cancel").fields["decision"] == ["keep"]
    kept = counter.sends(page.form("/cancel"), reason="Feels better")
    assert kept.title.startswith("Appointment on")
    refused = counter.sends(page.form("/cancel"), decision="cancel", reason="  ")
    assert "Enter why the appointment is cancelled" in refused.text
    assert not Command.objects.exists()
    assert spine.appointments("A20047", HERS)[0]["status"] == "booked"


@pytest.mark.requirement("AMEND-2")
def test_what_changed_meanwhile_is_shown_and_the_user_decides_again(
    counter: Counter, spine: Sandbox, client: Client, clinician: User, sign_in: SignIn
) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    colleague = Counter(Client())
    sign_in(colleague.client, clinician)
    theirs = open_appointment(colleague, spine, "amend-appointment")
    colleague.sends(theirs.form("/amend"), description="Asked to bring a sample", comment="")
    assert colleague.command.state == State.DONE

    met = counter.sends(page.form("/amend"), description="Blood pressure, please", comment="")
    assert met.status == 409
    assert "Somebody changed this appointment in the meantime" in met.text
    assert "Blood pressure follow up" in met.text
    assert "Asked to bring a sample" in met.text
    assert "Blood pressure, please" in met.html
    assert spine.appointments("A20047", HERS)[0]["description"] == "Asked to bring a sample"

    counter.sends(met.form("/amend"))
    assert counter.command.state == State.DONE
    assert spine.appointments("A20047", HERS)[0]["description"] == "Blood pressure, please"


def test_a_cancellation_meanwhile_ends_the_change(
    counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    colleague = Counter(Client())
    sign_in(colleague.client, clinician)
    theirs = open_appointment(colleague, spine, "cancel-appointment")
    colleague.sends(theirs.form("/cancel"), decision="cancel", reason="Not needed")
    met = counter.sends(page.form("/amend"), description="Too late", comment="")
    assert met.status == 409
    assert "This appointment is cancelled already. Nothing was sent." in met.text
    assert "020 7946 0101" in met.text


def test_the_same_form_sent_twice_is_one_command(counter: Counter, spine: Sandbox) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    counter.sends(page.form("/amend"), description="Once", comment="")
    first = counter.command
    counter.sends(page.form("/amend"), description="Twice", comment="")
    assert counter.command == first
    assert spine.appointments("A20047", HERS)[0]["description"] == "Once"


@pytest.mark.requirement("BOOK-4")
def test_limits_hold_for_a_change_too(counter: Counter, spine: Sandbox) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    over = counter.sends(page.form("/amend"), description="x" * 101, comment="y" * 501)
    assert "must be 100 characters or fewer" in over.text
    assert "must be 500 characters or fewer" in over.text
    assert not Command.objects.exists()


def test_a_form_of_another_appointment_is_refused(counter: Counter, spine: Sandbox) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    form = page.form("/amend")
    form.fields["seen"] = ["forged"]
    met = counter.sends(form, description="Anything", comment="")
    assert met.status == 409
    assert "This page is out of date" in met.text
    assert not Command.objects.exists()


def test_an_unconfirmed_change_says_that_the_appointment_stands(
    counter: Counter, spine: Sandbox
) -> None:
    page = open_appointment(counter, spine, "amend-appointment")
    spine.fault(practice="A20047", use_case="amend", kind="status_502", times=1)
    met = counter.sends(page.form("/amend"), description="Blood pressure", comment="")
    assert (counter.command.kind, counter.command.state) == (Kind.AMEND, State.UNCONFIRMED)
    assert "Your appointment stands." in met.text
    assert "020 7946 0101" in met.text


def test_texts_that_a_practice_joins_are_shown_as_it_holds_them(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces("9990000212")
    counter.arrives_at_booking("H86030", description="Medication question, again")
    assert counter.command.state == State.DONE, counter.page.text
    assert "Medication question, again" in counter.page.text

"""A command's page follows until the outcome is certain; who may see what."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.middleware import SESSION_KEY
from booking_portal.accounts.models import Organisation, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.delivery.recovery import settle
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def unconfirmed(counter: Counter, spine: Sandbox) -> Command:
    """A booking that the practice made and whose answer was lost on the way."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    assert command.state == State.UNCONFIRMED, counter.page.text
    return command


def poll(counter: Counter, command: Command, **shown: str | int) -> Any:
    address = reverse("command-state", args=[command.pk])
    return counter.client.get(address, shown, headers={"HX-Request": "true"})


def test_an_unconfirmed_booking_says_what_is_known_and_what_to_tell(
    counter: Counter, unconfirmed: Command
) -> None:
    page = counter.page
    assert page.title.startswith("Not confirmed yet")
    assert "The appointment may have been made, or not." in page.text
    assert "“Your appointment is not confirmed yet." in page.text
    assert "Do not book again." in page.text
    assert "020 7946 0101" in page.text
    assert 'hx-trigger="every 2s"' in page.html
    assert '<noscript><meta http-equiv="refresh"' in page.html


def test_the_page_follows_without_a_reload(counter: Counter, unconfirmed: Command) -> None:
    same = poll(counter, unconfirmed, state="unconfirmed", looks=0)
    assert same.status_code == 204
    looked = poll(counter, unconfirmed, state="unconfirmed", looks=7)
    assert b"This page follows by itself" in looked.content
    settle(unconfirmed)
    settled = poll(counter, unconfirmed, state="unconfirmed", looks=0)
    assert settled.headers["HX-Refresh"] == "true"
    page = counter.opens(counter.page.address)
    assert page.title.startswith("Booked")
    assert "hx-trigger" not in page.html
    assert "http-equiv" not in page.html


def test_another_booking_for_the_patient_meets_a_stop_page(
    counter: Counter, unconfirmed: Command, spine: Sandbox
) -> None:
    counter.searches("C81007")
    spine.clear_exchanges()
    page = counter.chooses()
    assert page.status == 409
    assert "Stop: this patient has a booking that is not settled" in page.text
    assert "020 7946 0101" in page.text
    assert reverse("command", args=[unconfirmed.pk]) in page.html
    assert Command.objects.count() == 1


def test_a_booking_not_made_can_be_tried_again_with_its_text(
    counter: Counter, spine: Sandbox
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="hang_before", times=1)
    command = counter.arrives_at_booking(description="Knee pain since Friday")
    long_ago = timezone.now() - timedelta(hours=1)  # too long to be sent again by itself
    Command.objects.update(request_dead_at=long_ago, created_at=long_ago)
    command.refresh_from_db()
    assert settle(command).state == State.NOT_MADE
    page = counter.opens(reverse("command", args=[command.pk]))
    assert "it is not there, and can no longer arrive" in page.text
    assert "020 7946 0101" in page.text
    check = counter.sends(page.form("/slots/choose"))
    assert "Knee pain since Friday" in check.html
    counter.books("Knee pain since Friday")
    assert counter.command.state == State.DONE
    assert len(spine.appointments("A20047", PATIENT)) == 1


def test_a_booking_that_differs_is_an_alarm_with_both_sides(
    counter: Counter, unconfirmed: Command
) -> None:
    result = {"id": "99", "status": "booked", "starts": unconfirmed.starts, "ends": "2099-01-01"}
    Command.objects.update(
        state=State.NEEDS_ATTENTION, error_code="DIFFERENT_FROM_ASKED", result=result
    )
    page = counter.opens(counter.page.address)
    assert "The practice recorded something else" in page.text
    assert "What was asked for" in page.text
    assert "What the practice answered" in page.text
    assert "Ring Dr Legg's Surgery on 020 7946 0101 now" in page.text
    assert "hx-trigger" not in page.html


def test_opening_a_booking_reads_it_again_at_the_practice(counter: Counter, spine: Sandbox) -> None:
    command = counter.arrives_at_booking()
    address = counter.page.address
    earlier = timezone.now() - timedelta(hours=2)
    Command.objects.update(settled_at=earlier)
    page = counter.opens(
        reverse("cancel-appointment", args=[counter.encounter_id, "A20047", command.appointment_id])
    )
    counter.sends(page.form("/cancel"), decision="cancel", reason="Feels better")
    page = counter.opens(address)
    assert page.title.startswith("Booked, and cancelled since")
    assert "As last seen at the practice at" in page.text


@pytest.mark.requirement("ERR-2")
def test_a_booking_that_cannot_be_read_again_is_not_told_as_certain(
    counter: Counter, spine: Sandbox
) -> None:
    counter.arrives_at_booking()
    Command.objects.update(settled_at=timezone.now() - timedelta(hours=2))
    spine.fault(practice="A20047", use_case="read", kind="refuse", times=None)
    page = counter.opens(counter.page.address)
    assert page.title.startswith("Could not be looked at just now")
    assert "had confirmed this appointment" in page.text
    assert "As last seen at the practice at" in page.text
    assert "Read to the patient" not in page.text


def test_a_colleague_sees_the_booking_and_is_asked_to_find_the_patient(
    counter: Counter, clinician: User, sign_in: SignIn, spine: Sandbox
) -> None:
    command = counter.arrives_at_booking()
    colleague = Counter(Client())
    sign_in(colleague.client, clinician)
    spine.clear_exchanges()
    page = colleague.opens(reverse("command", args=[command.pk]))
    assert page.status == 200
    assert "ZELTHORPE, Ignatius Paul (Mr)" in page.text
    assert "Find this patient to see how it stands" in page.text
    assert spine.exchanges() == []


def test_the_worklist_has_what_is_not_settled_first_and_the_days_bookings(
    counter: Counter, unconfirmed: Command
) -> None:
    page = counter.opens(reverse("bookings"))
    assert "Not confirmed yet" in page.text.split("Today,")[0]
    settle(unconfirmed)
    page = counter.opens(f"{reverse('bookings')}?day={unconfirmed.day.isoformat()}")
    assert "ZELTHORPE, Ignatius Paul (Mr)" in page.text
    assert "As last seen at" in page.text
    assert "every booking, change and cancellation has a certain outcome" in page.text
    other_day = unconfirmed.day + timedelta(days=1)
    page = counter.opens(f"{reverse('bookings')}?day={other_day.isoformat()}")
    assert "has booked no appointment for this day" in page.text


def every_address(encounter_id: str, command: Command) -> dict[str, str]:
    """Each booking screen by name, for this encounter and command."""
    there = [encounter_id, "A20047"]
    one = [*there, command.appointment_id or "1"]
    return {
        "search-slots": reverse("search-slots", args=[encounter_id]),
        "slot-results": reverse("slot-results", args=[encounter_id, command.pk]),
        "check-booking": reverse("check-booking", args=[encounter_id, command.form_token]),
        "register-patient": reverse("register-patient", args=[encounter_id, command.form_token]),
        "patient-appointments": reverse("patient-appointments", args=there),
        "appointment": reverse("appointment", args=one),
        "amend-appointment": reverse("amend-appointment", args=one),
        "cancel-appointment": reverse("cancel-appointment", args=one),
        "bookings": reverse("bookings"),
        "command": reverse("command", args=[command.pk]),
        "command-state": reverse("command-state", args=[command.pk]),
    }


@pytest.mark.requirement("IG-1")
@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_no_booking_screen_opens_without_the_permission_for_it(
    counter: Counter, role: str, sign_in: SignIn, spine: Sandbox
) -> None:
    command = counter.arrives_at_booking()
    outsider = Client()
    sign_in(outsider, User.objects.get(username=role))
    spine.clear_exchanges()
    addresses = every_address(counter.encounter_id, command)
    for name, address in addresses.items():
        assert outsider.get(address).status_code == 403, name
    for name in ("search-slots", "check-booking", "amend-appointment", "cancel-appointment"):
        assert outsider.post(addresses[name]).status_code == 403, name
    assert outsider.post(reverse("choose-slot", args=[counter.encounter_id])).status_code == 403
    refused = Event.objects.filter(kind=EventKind.NOT_PERMITTED, username=role)
    assert refused.count() == len(addresses) + 5
    assert spine.exchanges() == []


def test_no_booking_screen_opens_without_a_sign_in(counter: Counter) -> None:
    command = counter.arrives_at_booking()
    nobody = Client()
    for name, address in every_address(counter.encounter_id, command).items():
        answer: Any = nobody.get(address)
        assert answer.status_code == 302, name
        assert answer.url.startswith(reverse("account_login")), name


@pytest.mark.requirement("IG-1")
def test_another_organisation_sees_nothing_of_it(
    counter: Counter, locum: User, sign_in: SignIn, organisations: dict[str, Organisation]
) -> None:
    command = counter.arrives_at_booking()
    stranger = Client()
    sign_in(stranger, locum)
    session = stranger.session
    session[SESSION_KEY] = organisations["A1002"].pk
    session.save()
    for name, address in every_address(counter.encounter_id, command).items():
        expected = 200 if name == "bookings" else 404
        answer = stranger.get(address)
        assert answer.status_code == expected, name
        assert b"ZELTHORPE" not in answer.content, name


@pytest.mark.requirement("ERR-1")
def test_a_refusal_gives_the_trace_id_for_support(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500", times=1)
    spine.clear_exchanges()
    command = counter.arrives_at_booking()
    sent = spine.exchanges()[-1]
    headers = {name.lower(): value for name, value in sent["headers"]}
    assert headers["ssp-traceid"] in counter.page.text
    assert str(command.pk)[:8] in counter.page.text

"""Appointments that are neither booked nor cancelled, or have no sound end: as what they are."""

from typing import Any

import pytest
from django.urls import reverse

from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.portal.clocks import settled
from tests.portal.counter import Counter
from tests.portal.unsettled import page_of
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("RET-1", "RET-2", "READ-1")]

HERS = "9658218865"  # one appointment at A20047, booked by A1001
STATUSES = [
    ("pending", "Not yet accepted"),
    ("proposed", "Proposed"),
    ("arrived", "Arrived"),
    ("fulfilled", "Attended"),
    ("noshow", "Did not attend"),
    ("entered-in-error", "Entered in error"),
    ("waitlist", "Waitlist"),
]


def rewritten(counter: Counter, spine: Sandbox, **elements: Any) -> list[str]:
    """Her appointment with other elements; the arguments of its addresses."""
    counter.traces(HERS)
    [held] = spine.appointments("A20047", HERS)
    spine.rewrite("A20047", held["id"], **elements)
    return [counter.encounter_id, "A20047", held["id"]]


@pytest.mark.parametrize(("status", "words"), STATUSES)
def test_another_status_is_shown_and_offers_nothing(
    counter: Counter, spine: Sandbox, status: str, words: str
) -> None:
    address = rewritten(counter, spine, status=status)
    page = counter.opens(reverse("patient-appointments", args=address[:2]))
    assert words in page.text
    assert f"The practice has it as “{words}”, not as booked" in page.text
    for action in ("amend", "cancel", "move"):
        assert f"/{action}" not in page.html
    page = counter.opens(reverse("appointment", args=address))
    assert f"Status {words}" in page.text
    assert f"The practice has it as “{words}”, not as booked" in page.text
    for action in ("amend", "cancel", "move"):
        assert f"/{action}" not in page.html
        met = counter.opens(reverse(f"{action}-appointment", args=address))
        assert met.status == 409
        assert f"The practice has this appointment as “{words}”, not as booked." in met.text
        assert "Nothing was sent" not in met.text  # it was only opened
    assert not Command.objects.exists()


def test_one_without_an_end_can_be_changed(counter: Counter, spine: Sandbox) -> None:
    address = rewritten(counter, spine, end=None)
    page = counter.opens(reverse("appointment", args=address))
    assert "end not given" in page.text
    assert "Do not rely on this time" not in page.text
    assert "/cancel" in page.html


def test_one_that_ends_before_it_starts_says_so(counter: Counter, spine: Sandbox) -> None:
    address = rewritten(counter, spine, end="2020-01-06T09:00:00+00:00")
    for name, arguments in (("appointment", address), ("patient-appointments", address[:2])):
        page = counter.opens(reverse(name, args=arguments))
        assert "The practice gave an end that is not after the start." in page.text
        assert "minutes)" not in page.text
    assert "-10 minutes" not in page.text


@pytest.mark.requirement("BOOK-8")
@pytest.mark.parametrize("status", ["arrived", "fulfilled", "noshow"])
def test_what_has_become_of_a_found_booking_is_no_alarm(
    counter: Counter, spine: Sandbox, status: str
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    [held] = spine.appointments("A20047", command.nhs_number)
    spine.rewrite("A20047", held["id"], status=status)
    assert settled(command).state == State.DONE
    page = counter.opens(page_of(command))
    assert page.title.startswith("Booked, and shown otherwise now")
    assert "Read to the patient" not in page.text


@pytest.mark.requirement("BOOK-7")
def test_a_found_booking_that_is_not_accepted_is_an_alarm(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    [held] = spine.appointments("A20047", command.nhs_number)
    spine.rewrite("A20047", held["id"], status="pending")
    assert settled(command).state == State.NEEDS_ATTENTION

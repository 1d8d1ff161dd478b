"""Texts that come back otherwise than they were sent: no doubt on the appointment. [BOOK-7]"""

import pytest
from django.urls import reverse

from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.states import Kind, State
from tests.portal.clocks import settled
from tests.portal.counter import PATIENT, Counter, Page, names_a_place
from tests.portal.unsettled import page_of
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BOOK-7", "AMEND-1")]

WISH = "Dad's elbow & wrist"


def amends(counter: Counter, description: str, comment: str = "") -> Page:
    """Book, then change what the appointment is for."""
    booked = counter.arrives_at_booking()
    return amends_again(counter, booked, description, comment)


def amends_again(counter: Counter, booked: Command, description: str, comment: str = "") -> Page:
    address = [counter.encounter_id, booked.practice.ods_code, booked.appointment_id]
    page = counter.opens(reverse("amend-appointment", args=address))
    return counter.sends(page.form("/amend"), description=description, comment=comment)


def keeps(spine: Sandbox, kind: str, use_case: str = "amend") -> None:
    """The practice writes the texts its own way, once."""
    spine.fault(practice="A20047", use_case=use_case, kind=kind, times=1)


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("encoded_text", "Dad&amp;#x27;s elbow &amp;amp; wrist"),
        ("upper_case_text", "DAD'S ELBOW & WRIST"),
    ],
)
def test_a_change_written_the_practices_own_way_is_made(
    counter: Counter, spine: Sandbox, kind: str, kept: str
) -> None:
    """Case 5."""
    counter.arrives_at_booking()
    keeps(spine, kind)
    page = amends_again(counter, counter.command, WISH)
    assert counter.command.state == State.DONE, page.text
    assert page.title.startswith("Changed")
    assert "do not count on this appointment" not in page.text
    assert "The practice writes the text its own way. The words are the same." in page.text
    assert f"What it is for {WISH} {kept}" in page.text
    assert "What was asked for What the practice has" in page.text


def test_a_booking_whose_texts_come_back_otherwise_is_booked(
    counter: Counter, spine: Sandbox
) -> None:
    keeps(spine, "shortened_text", "book")
    command = counter.arrives_at_booking(description="Elbow, since the fall")
    assert command.state == State.DONE
    page = counter.page
    assert page.title.startswith("Booked")
    assert "Read to the patient" in page.text
    assert "The appointment is not affected." in page.text
    assert "Elbow, since the fall Elbow, sin" in page.text


@pytest.mark.parametrize("kind", ["shortened_text", "unchanged_text", "other_digit_text"])
def test_a_change_that_did_not_come_back_is_not_confirmed_and_the_appointment_stands(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    counter.arrives_at_booking()
    keeps(spine, kind)
    page = amends_again(counter, counter.command, "Ring 07700 900982")
    command = counter.command
    assert (command.state, command.error_code) == (State.NEEDS_ATTENTION, "CHANGE_NOT_CONFIRMED")
    assert page.title.startswith("Change not confirmed")
    assert "The appointment stands: day, time and place are as they were." in page.text
    assert "Your appointment stands as it was." in page.text
    assert "do not count on this appointment" not in page.text
    asked, answered = page.text.split("What the practice answered")
    assert "Ring 07700 900982" in asked.split("What was asked for")[1]
    [held] = spine.appointments("A20047", PATIENT)
    assert held["description"] in answered
    assert names_a_place(answered)


def test_what_the_practice_has_may_say_enough(counter: Counter, spine: Sandbox) -> None:
    counter.arrives_at_booking()
    keeps(spine, "shortened_text")
    page = amends_again(counter, counter.command, "Dressing, by the nurse")
    page = counter.sends(page.form("/take"))
    page = counter.sends(page.form("/close"), outcome="made")
    assert "Enter who at the practice said so" in page.text
    page = counter.sends(page.form("/close"), outcome="as_recorded")
    assert counter.command.state == State.DONE
    assert page.title.startswith("Left as the practice has it")
    assert "has compared both texts" in page.text
    assert "Dressing, by the nurse" in page.text
    assert "Dressing, b" in page.text


def test_what_was_asked_for_shows_what_was_asked_for(counter: Counter, spine: Sandbox) -> None:
    """Not yet known, and not made: of a change, its own text stands there and not the old."""
    counter.arrives_at_booking(description="Before")
    keeps(spine, "status_502")
    page = amends_again(counter, counter.command, "After", "And more")
    assert counter.command.state == State.UNCONFIRMED
    asked = page.text.split("What was asked for")[1]
    assert "After" in asked
    assert "And more" in asked
    assert "Before" not in asked


@pytest.mark.parametrize("kind", ["encoded_text", "upper_case_text", "replaced_text"])
def test_a_change_that_is_found_later_is_known_by_its_words(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    counter.arrives_at_booking()
    booked = counter.command
    keeps(spine, kind)
    amends_again(counter, booked, "Zoë’s elbow & wrist")
    command = counter.command
    Command.objects.filter(pk=command.pk).update(state=State.UNCONFIRMED, result={})
    assert settled(command).state == State.DONE
    page = counter.opens(page_of(command))
    assert page.title.startswith("Changed")
    assert "Zoë’s elbow & wrist" in page.text


def test_a_change_that_a_look_cannot_confirm_shows_both_texts(
    counter: Counter, spine: Sandbox
) -> None:
    counter.arrives_at_booking()
    booked = counter.command
    keeps(spine, "shortened_text")
    amends_again(counter, booked, "Dressing, by the nurse")
    command = counter.command
    Command.objects.filter(pk=command.pk).update(
        state=State.UNCONFIRMED, result={}, error_code="CONNECTION_LOST"
    )
    command.refresh_from_db()
    assert settled(command).state == State.UNCONFIRMED  # it may still arrive
    after = settled(command, dead=True)
    assert (after.state, after.error_code) == (State.NEEDS_ATTENTION, "CHANGE_NOT_CONFIRMED")
    page = counter.opens(page_of(command))
    asked, answered = page.text.split("What the practice answered")
    assert "Dressing, by the nurse" in asked
    assert "Dressing, b" in answered


def test_a_change_sent_twice_is_never_said_to_have_been_somebody_elses(
    counter: Counter, spine: Sandbox
) -> None:
    """The first was made and its answer lost; the second met the version that it had made."""
    counter.arrives_at_booking()
    booked = counter.command
    keeps(spine, "shortened_text")
    amends_again(counter, booked, "Dressing, by the nurse")
    command = counter.command
    Command.objects.filter(pk=command.pk).update(
        state=State.UNCONFIRMED,
        result={},
        error_code="VERSION_CONFLICT",
        error_status=409,
        sends=2,
    )
    Attempt.objects.create(command=command, purpose="send", outcome="VERSION_CONFLICT", status=409)
    command.refresh_from_db()
    after = settled(command)
    assert (after.kind, after.state) == (Kind.AMEND, State.NEEDS_ATTENTION)
    assert after.error_code == "CHANGE_NOT_CONFIRMED"


def test_a_found_booking_is_not_doubted_for_its_texts(counter: Counter, spine: Sandbox) -> None:
    keeps(spine, "shortened_text", "book")
    command = counter.arrives_at_booking(description="Elbow, since the fall")
    Command.objects.filter(pk=command.pk).update(
        state=State.UNCONFIRMED, result={}, appointment_id=""
    )
    assert settled(command).state == State.DONE

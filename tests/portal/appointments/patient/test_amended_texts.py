"""Texts that a practice has joined: each back in its box, and nothing has to be cut. [BOOK-4]"""

import re

import pytest
from django.urls import reverse

from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.portal.counter import Counter, Page
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BOOK-4", "AMEND-1", "MOVE-1")]

AT_H86030 = "9990000212"  # where texts are joined
DESCRIPTION = (
    "Blood test results and medication question, please ring after the school run " + "d" * 23
)
COMMENT = " ".join(["Uses a wheelchair; needs the ground floor room."] * 20)[:497] + " 42"


def booked(counter: Counter) -> list[str]:
    """An appointment with both texts as long as they may be; the arguments of its addresses."""
    assert (len(DESCRIPTION), len(COMMENT)) == (100, 500)
    counter.traces(AT_H86030)
    counter.searches("H86030")
    counter.chooses()
    counter.books(DESCRIPTION, COMMENT)
    assert counter.command.state == State.DONE
    return [counter.encounter_id, "H86030", counter.command.appointment_id]


def texts_in(page: Page) -> tuple[str, str]:
    form = next(form for form in page.forms if "description" in form.fields)
    [description], [comment] = form.fields["description"], form.fields["comment"]
    return description, comment


def test_our_own_texts_come_back_apart_to_change_them(counter: Counter, spine: Sandbox) -> None:
    """Case 6."""
    address = booked(counter)
    [held] = [one for one in spine.appointments("H86030", AT_H86030) if one["id"] == address[2]]
    assert len(held["description"]) == 603
    page = counter.opens(reverse("amend-appointment", args=address))
    assert texts_in(page) == (DESCRIPTION, COMMENT)
    assert "The boxes have them as your organisation sent them." in page.text
    counter.sends(page.form("/amend"), comment="Comes with a carer")
    assert counter.command.state == State.DONE, counter.page.text
    page = counter.opens(reverse("amend-appointment", args=address))
    assert texts_in(page) == (DESCRIPTION, "Comes with a carer")


def test_our_own_texts_come_back_apart_to_move_it(counter: Counter, spine: Sandbox) -> None:
    """Case 6, and the move page compares slot type and session too."""
    address = booked(counter)
    counter.opens(reverse("move-appointment", args=address))
    form = counter.page.form("/slots/")
    page = counter.sends(form, practices=["H86030"], when="28")
    page = counter.sends(counter.page.form("/slots/choose"), only=counter.offered[0])
    assert texts_in(page) == (DESCRIPTION, COMMENT)
    assert re.search(r"Slot type \w", page.text)
    assert re.search(r"Session \w", page.text)


def test_somebody_elses_long_text_is_divided_between_the_boxes(
    counter: Counter, spine: Sandbox
) -> None:
    address = booked(counter)
    Command.objects.update(organisation=Command.objects.get().organisation, payload={})
    Command.objects.all().update(state=State.NOT_MADE)  # as if it were not ours
    page = counter.opens(reverse("amend-appointment", args=address))
    assert texts_in(page) == (DESCRIPTION, COMMENT)
    assert "It is all here, divided between both boxes." in page.text
    counter.sends(page.form("/amend"))
    assert counter.command.state == State.DONE


def test_a_text_too_long_for_both_boxes_can_be_left_as_it_is(
    counter: Counter, spine: Sandbox
) -> None:
    address = booked(counter)
    longer = f"{DESCRIPTION} and {COMMENT} and more\r\nand more. "
    spine.rewrite("H86030", address[2], description=longer.replace("\r\n", "\n").strip()[:603])
    Command.objects.all().update(state=State.NOT_MADE)
    page = counter.opens(reverse("amend-appointment", args=address))
    assert texts_in(page)[0] == longer.replace("\r\n", "\n").strip()[:603]
    assert "You can leave it as it is" in page.text
    shorter = counter.sends(page.form("/amend"), description=texts_in(page)[0] + " x")
    assert "must be 100 characters or fewer" in shorter.text
    counter.sends(page.form("/amend"))
    assert counter.command.state == State.DONE, counter.page.text
    [held] = [one for one in spine.appointments("H86030", AT_H86030) if one["id"] == address[2]]
    assert held["description"] == texts_in(page)[0]


def test_what_somebody_has_changed_since_is_not_overwritten_by_our_own(
    counter: Counter, spine: Sandbox
) -> None:
    address = booked(counter)
    spine.rewrite("H86030", address[2], description="Seen by the nurse already")
    page = counter.opens(reverse("amend-appointment", args=address))
    assert texts_in(page) == ("Seen by the nurse already", "")

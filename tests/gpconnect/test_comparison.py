"""Which field of an answer is not what was asked for, one at a time."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gpconnect import comparison
from gpconnect.models import Appointment, Booking, BookingOrganisation, PracticeTime, SlotChoice

NINE, HALF_PAST = "2031-06-02T09:00:00+01:00", "2031-06-02T09:30:00+01:00"
TEN_PAST, NINE_IN_UTC = "2031-06-02T09:10:00+01:00", "2031-06-02T08:00:00Z"
HALF_PAST_IN_UTC = "2031-06-02T08:30:00+00:00"
NO_TIME, NO_OTHER_TIME = "2031-06-02T09:00:00", "2031-06-02T09:00"  # without an offset: doubtful

ASKED = Booking(
    patient_id="2",
    slots=(SlotChoice("s1", NINE, TEN_PAST), SlotChoice("s2", TEN_PAST, HALF_PAST)),
    location_id="l1",
    description="Dressing",
    organisation=BookingOrganisation("A1001", "Hub", "01632 960201"),
    created=datetime(2031, 6, 1, tzinfo=UTC),
)


def at(written: str) -> PracticeTime:
    return PracticeTime.read(written)


HELD = Appointment(
    "a1",
    "3",
    "booked",
    at(NINE),
    at(HALF_PAST),
    "Dressing",
    slot_ids=("s1", "s2"),
    patient_id="2",
    location_id="l1",
)


@pytest.mark.requirement("BOOK-7")
@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({}, ()),
        ({"start": at(NINE_IN_UTC), "end": at(HALF_PAST_IN_UTC)}, ()),
        ({"slot_ids": ("s2", "s1")}, ()),
        ({"description": "Other words"}, ()),  # texts cast no doubt on the appointment
        ({"status": "pending"}, ("status",)),
        ({"status": "cancelled"}, ("status",)),
        ({"patient_id": "3"}, ("patient",)),
        ({"patient_id": None}, ("patient",)),
        ({"slot_ids": ("s1",)}, ("slots",)),
        ({"slot_ids": ("s1", "s2", "s3")}, ("slots",)),
        ({"slot_ids": ()}, ("slots",)),
        ({"start": at(TEN_PAST)}, ("start",)),
        ({"start": at(NO_TIME)}, ("start",)),
        ({"end": at(TEN_PAST)}, ("end",)),
        ({"location_id": "l2"}, ("location",)),
        ({"location_id": None}, ("location",)),
        ({"status": "pending", "location_id": "l2"}, ("status", "location")),
    ],
)
def test_an_answer_to_a_booking_is_held_against_what_was_asked(
    changes: dict[str, Any], differs: tuple[str, ...]
) -> None:
    assert comparison.differences_from_booking(ASKED, replace(HELD, **changes)) == differs


# What a practice says of an appointment that was to be changed: (before, after, differs).
SAID_AGAIN = [
    ({}, {}, ()),
    ({}, {"version": "4", "description": "Other words", "comment": "More"}, ()),
    ({}, {"start": at(NINE_IN_UTC), "end": at(HALF_PAST_IN_UTC)}, ()),
    ({}, {"slot_ids": ("s2", "s1")}, ()),
    ({}, {"id": "a2"}, ("id",)),
    ({}, {"patient_id": "3"}, ("patient",)),
    ({}, {"patient_id": None}, ("patient",)),
    ({}, {"start": at(TEN_PAST)}, ("start",)),
    ({}, {"start": at("")}, ("start",)),
    ({}, {"end": at(TEN_PAST)}, ("end",)),
    ({}, {"location_id": "l2"}, ("location",)),
    ({}, {"slot_ids": ("s1",)}, ("slots",)),
    # What either side leaves out is no difference.
    ({}, {"end": at(""), "location_id": None, "slot_ids": ()}, ()),
    (
        {"end": at(""), "location_id": None, "slot_ids": ()},
        {"end": at(HALF_PAST), "location_id": "l1", "slot_ids": ("s1", "s2")},
        (),
    ),
    # Times without an offset are the same only as written.
    ({"start": at(NO_TIME), "end": at(NO_TIME)}, {}, ()),
    ({"start": at(NO_TIME)}, {"start": at(NO_OTHER_TIME)}, ("start",)),
    ({"start": at(NO_TIME)}, {"start": at(NINE)}, ("start",)),
    ({}, {"end": at(NO_TIME)}, ("end",)),
]


@pytest.mark.requirement("AMEND-1", "CANCEL-1")
@pytest.mark.parametrize(("before", "after", "differs"), SAID_AGAIN)
def test_an_answer_to_a_change_is_held_against_what_was_there(
    before: dict[str, Any], after: dict[str, Any], differs: tuple[str, ...]
) -> None:
    was = replace(HELD, **before)
    now = replace(was, **after)
    assert comparison.differences_from_amendment(was, now) == differs
    gone = replace(now, status="cancelled", cancellation_reason="Another reason")
    assert comparison.differences_from_cancellation(was, gone) == differs


@pytest.mark.requirement("AMEND-1", "CANCEL-1")
def test_an_amendment_keeps_the_status_and_a_cancellation_changes_it() -> None:
    cancelled, begun = replace(HELD, status="cancelled"), replace(HELD, status="arrived")
    assert comparison.differences_from_amendment(HELD, cancelled) == ("status",)
    assert comparison.differences_from_amendment(begun, begun) == ()
    assert comparison.differences_from_cancellation(HELD, HELD) == ("status",)
    assert comparison.differences_from_cancellation(HELD, begun) == ("status",)


@pytest.mark.requirement("BOOK-4", "AMEND-1")
@pytest.mark.parametrize(
    ("description", "comment", "says"),
    [
        ("Dressing", "Left arm", True),
        ("Dressing", None, False),
        (None, "Left arm", False),
        (None, None, False),
        ("Dressing", "Right arm", False),
        ("Dressings", "Left arm", False),
    ],
)
def test_an_appointment_says_what_was_to_be_said(
    description: str | None, comment: str | None, says: bool
) -> None:
    held = replace(HELD, description=description, comment=comment)
    assert comparison.says(held, "Dressing", "Left arm") is says
    assert comparison.says(replace(held, comment=None), "Dressing", None) is (
        description == "Dressing"
    )

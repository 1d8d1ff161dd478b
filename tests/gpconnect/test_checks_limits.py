"""Just inside a rule is sent, just outside is not: every check before sending, at its border."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from gpconnect import errors
from gpconnect.fhir import checks
from gpconnect.models import (
    Address,
    Appointment,
    Booking,
    BookingOrganisation,
    ContactPoint,
    PracticeTime,
    Registration,
    SlotChoice,
)

NOW = datetime(2031, 6, 2, 7, 59, 59, tzinfo=UTC)
TODAY = date(2031, 6, 2)
HUB = BookingOrganisation("A1001", "Hub", "01632 960201")
UNLIKE = "slots: of different schedules, channels or types"


def at(minutes: int) -> str:
    """So many minutes after a second from `NOW`, in London's time."""
    moment = NOW + timedelta(seconds=1, hours=1, minutes=minutes)
    return f"{moment:%Y-%m-%dT%H:%M:%S}+01:00"


def slot(identity: str = "s1", start: int = 0, end: int = 10, **changes: Any) -> SlotChoice:
    made = SlotChoice(identity, at(start), at(end), "c1", "Telephone", "GP")
    return replace(made, **changes)


BOOKING = Booking("2", (slot(),), "l1", "Dressing", HUB, created=NOW)


@pytest.mark.requirement("BOOK-1", "BOOK-3", "BOOK-4", "BOOK-6", "RES-1", "SFS-6")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"patient_id": "x" * 64, "location_id": "A-b.9", "practitioner_id": "..a"},
        {"description": "é" * 100, "comment": "x" * 500},
        {"description": "two\nlines\tand a tab"},
        {"delivery_channel": "In-person", "practitioner_role": "A nurse"},
        {"practitioner_role_code": "R0260", "identifier": "urn:uuid:1"},
        {"practitioner_role_code": "two words"},
        {"organisation": replace(HUB, ods_code="A" * 12, type="aec")},
        {"slots": (slot(), slot("s2", 10, 20), slot("s3", 20, 21))},
    ],
)
def test_a_booking_within_the_rules_is_sent(changes: dict[str, Any]) -> None:
    checks.booking(replace(BOOKING, **changes), NOW)


@pytest.mark.requirement("BOOK-1", "BOOK-3", "BOOK-4", "BOOK-6", "RES-1", "SFS-6")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"patient_id": "x" * 65}, "patient"),
        ({"patient_id": "..."}, "patient"),
        ({"location_id": "é"}, "location"),
        ({"practitioner_id": ""}, "practitioner"),
        ({"description": "x" * 101}, "description: more than 100 characters"),
        ({"description": "\t \n"}, "description"),
        ({"comment": ""}, "comment"),
        ({"comment": "x" * 501}, "comment: more than 500 characters"),
        ({"delivery_channel": ""}, "delivery channel"),
        ({"delivery_channel": "In  person"}, "delivery channel"),
        ({"practitioner_role": ""}, "practitioner role"),
        ({"practitioner_role_code": " R0260"}, "practitioner role"),
        ({"identifier": " "}, "identifier"),
        ({"created": datetime(2031, 6, 2)}, "created: without a time zone"),  # noqa: DTZ001
        ({"organisation": replace(HUB, ods_code="A" * 13)}, "booking organisation: ODS code"),
        ({"organisation": replace(HUB, ods_code="A-1")}, "booking organisation: ODS code"),
        ({"organisation": replace(HUB, name=None)}, "booking organisation: name"),
        ({"organisation": replace(HUB, telephone=None)}, "booking organisation: telephone"),
        ({"organisation": replace(HUB, type="")}, "booking organisation: type"),
        ({"slots": ()}, "slots"),
        ({"slots": (slot("s/1"),)}, "slot"),
        ({"slots": (slot(), slot(start=10, end=20))}, "slots: the same one twice"),
        ({"slots": (slot(start=10, end=20), slot("s2", 0, 10))}, "slots: not adjacent"),
        ({"slots": (slot(), slot("s2", 10, 20), slot("s3", 21, 30))}, "slots: not adjacent"),
        ({"slots": (slot(), slot("s2", 9, 20))}, "slots: not adjacent"),
        ({"slots": (slot(end=0),)}, "slots: end before start"),
        ({"slots": (slot(), slot("s2", 10, 10))}, "slots: end before start"),
        ({"slots": (slot(start=-10, end=0),)}, "slots: in the past"),
        ({"slots": (slot(end=-10),)}, "slots: end before start"),
        ({"slots": (replace(slot(), start=at(0)[:-6]),)}, "slots: doubtful time"),
        ({"slots": (replace(slot(), end=at(10)[:-6]),)}, "slots: doubtful time"),
        ({"slots": (slot(), slot("s2", 10, 20, schedule_id="c2"))}, UNLIKE),
        ({"slots": (slot(), slot("s2", 10, 20, delivery_channel=None))}, UNLIKE),
        ({"slots": (slot(), slot("s2", 10, 20), slot("s3", 20, 30, service_type="N"))}, UNLIKE),
    ],
)
def test_a_booking_outside_a_rule_is_refused_by_the_name_of_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        checks.booking(replace(BOOKING, **changes), NOW)
    assert caught.value.diagnostics == field


@pytest.mark.requirement("BOOK-6")
def test_what_begins_now_has_begun() -> None:
    begins_now = replace(BOOKING, slots=(slot(),))
    checks.booking(begins_now, NOW)
    with pytest.raises(errors.InvalidRequest) as caught:
        checks.booking(begins_now, NOW + timedelta(seconds=1))
    assert caught.value.diagnostics == "slots: in the past"


HELD = Appointment(
    "a1", "!#~", "booked", PracticeTime.read(at(0)), PracticeTime.read(at(10)),
    raw={"resourceType": "Appointment"},
)  # fmt: skip


@pytest.mark.requirement("AMEND-1", "AMEND-2", "CANCEL-1")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({"status": "arrived"}, None),
        ({"start": PracticeTime.read("2031-06-01T09:00:00")}, None),  # doubtful: not known to be
        ({"id": ".."}, "id"),
        ({"version": None}, "version"),
        ({"version": ""}, "version"),
        ({"version": '3"'}, "version"),
        ({"version": "3 4"}, "version"),
        ({"version": "é"}, "version"),
        ({"status": "cancelled"}, "status: cancelled already"),
        ({"start": PracticeTime.read("2031-06-02T08:59:59+01:00")}, "start: in the past"),
        ({"raw": {}}, "the appointment as last read"),
        ({"intact": False}, "the appointment as last read"),
    ],
)
def test_only_a_future_appointment_as_last_read_can_be_changed(
    changes: dict[str, Any], field: str | None
) -> None:
    appointment = replace(HELD, **changes)
    if field is None:
        checks.changeable(appointment, NOW)
        return
    with pytest.raises(errors.InvalidRequest) as caught:
        checks.changeable(appointment, NOW)
    assert caught.value.diagnostics == field


REGISTRATION = Registration("9324926233", "Pontevrel", ("Marisol",), date(1969, 9, 21))


def phone(use: str | None, value: str = "01632 960201") -> ContactPoint:
    return ContactPoint("phone", value, use)


def email(use: str | None, value: str = "a@example.org") -> ContactPoint:
    return ContactPoint("email", value, use)


@pytest.mark.requirement("REG-2")
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"birth_date": TODAY},
        *({"gender": gender} for gender in ("male", "female", "other", "unknown")),
        {"language": "en"},
        {"language": "cy", "interpreter_required": True},
        {"home_address": Address((" ", "1 High Street")), "temporary_address": Address(city="Y")},
        {"telecoms": (phone("home"), phone("work"), phone("mobile"), phone("temp"))},
        *({"telecoms": (phone(use), email("home"))} for use in ("home", "work", "mobile", "temp")),
        *({"telecoms": (email(use),)} for use in ("home", "work", "mobile")),
    ],
)
def test_a_registration_within_the_rules_is_sent(changes: dict[str, Any]) -> None:
    checks.registration(replace(REGISTRATION, **changes), TODAY)


@pytest.mark.requirement("REG-2")
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"family": ""}, "family name"),
        ({"given": ()}, "given name"),
        ({"given": "Marisol"}, "given name"),
        ({"given": ("Marisol", " ")}, "given name"),
        ({"birth_date": TODAY + timedelta(days=1)}, "birth date: in the future"),
        ({"birth_date": datetime(1969, 9, 21, tzinfo=UTC)}, "birth date: with a time"),
        ({"gender": "Female"}, "gender"),
        ({"language": "english"}, "language"),
        ({"interpreter_required": True}, "language: needed by an interpreter"),
        ({"home_address": Address(("", " "))}, "home address"),
        ({"temporary_address": Address()}, "temporary address"),
        ({"home_address": Address(("1 High\x07 Street",))}, "home address"),
        ({"telecoms": (phone("home"), phone("home", "2"))}, "telecom: more than one of a use"),
        ({"telecoms": (email("home"), email("work"))}, "telecom: more than one of a use"),
        ({"telecoms": (phone("home", " "),)}, "telecom"),
        ({"telecoms": (email("home", "a\x00"),)}, "telecom"),
        ({"telecoms": (ContactPoint("sms", "1", "home"),)}, "telecom: system"),
        ({"telecoms": (phone(None),)}, "telecom: use"),
        ({"telecoms": (email("old"),)}, "telecom: use"),
        ({"telecoms": (email("temp"),)}, "telecom: temporary e-mail"),
    ],
)
def test_a_registration_outside_a_rule_is_refused_by_the_name_of_its_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(errors.InvalidRequest) as caught:
        checks.registration(replace(REGISTRATION, **changes), TODAY)
    assert caught.value.diagnostics == field


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("\x08", False), ("a\x0bb", False), ("a\x0cb", False), ("a\x1fb", False),
        ("a\x7fb", False), ("a\ud800b", False),
        ("a\tb", True), ("a\nb", True), ("a\rb", True), ("a b", True), ("a\x80b", True),
    ],
)  # fmt: skip
def test_a_control_character_is_no_text(text: str, sent: bool) -> None:
    if sent:
        assert checks.words(text, "text") == text
        return
    with pytest.raises(errors.InvalidRequest):
        checks.words(text, "text")


def test_what_is_checked_is_given_back_as_it_is() -> None:
    assert checks.logical_id("A-1.b") == "A-1.b"
    assert checks.ods_code("a20047") == "a20047"
    assert checks.description("Dressing") == "Dressing"
    assert checks.comment("Left arm") == "Left arm"
    for check, field in ((checks.logical_id, "id"), (checks.ods_code, "ODS code")):
        with pytest.raises(errors.InvalidRequest) as caught:
            check("")
        assert caught.value.diagnostics == field

"""A booking and a registration as sent: every code that a `required` value set binds. [RES-4]"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from gpconnect.fhir import resource_builders
from gpconnect.models import (
    Address,
    Booking,
    BookingOrganisation,
    ContactPoint,
    Registration,
    SlotChoice,
)
from tests.gpconnect.required_bindings import BINDINGS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "required-bindings.md"
PLACE = Address(("1 High Street",), "Anytown", postcode="ZZ1 1ZZ")
BOOKING = Booking(
    patient_id="2",
    slots=(SlotChoice("1", "2027-01-04T09:00:00+00:00", "2027-01-04T09:10:00+00:00"),),
    location_id="1",
    practitioner_id="1",
    description="Knee pain",
    organisation=BookingOrganisation("A1001", "A hub", "01632 960001", "urgent-care"),
    created=datetime(2027, 1, 1, tzinfo=UTC),
    delivery_channel="In-person",
)
REGISTRATION = Registration(
    nhs_number="9324926233",
    family="Pontevrel",
    given=("Marisol",),
    birth_date=date(1969, 9, 21),
    gender="female",
    home_address=PLACE,
    temporary_address=PLACE,
    telecoms=(
        *(ContactPoint("phone", "01632 960001", use) for use in ("home", "work", "mobile", "temp")),
        ContactPoint("email", "marisol@example.com", "home"),
    ),
    language="q4",
    interpreter_required=True,
)


def coded(value: Any, path: str) -> Iterator[tuple[str, str | None, Any]]:
    """Every text and coding as (path, system, code)."""
    if isinstance(value, list):
        for each in value:
            yield from coded(each, path)
    elif isinstance(value, dict):
        for coding in value.get("coding", ()):
            yield path, coding.get("system"), coding.get("code")
        for name, each in value.items():
            yield from coded(each, f"{path}.{name}")
    else:
        yield path, None, value


def sent() -> list[tuple[str, str | None, Any]]:
    """All codes of a booking and a registration with everything that may be sent."""
    patient = resource_builders.registration(REGISTRATION)["parameter"][0]["resource"]
    booking = resource_builders.appointment_to_book(BOOKING, "https://example.nhs.uk/id")
    return [*coded(booking, "Appointment"), *coded(patient, "Patient")]


def page() -> str:
    """docs/required-bindings.md."""
    lines = [
        "# Required bindings",
        "",
        "Every code of a booking and a registration, as sent, that an official profile (1.2.7)",
        "binds with strength `required`. Held by `tests/gpconnect/test_required_bindings.py`.",
        "",
        "| element | profile | value set | system | sent |",
        "|---|---|---|---|---|",
    ]
    everything = sent()
    for one in BINDINGS:
        codes = [str(code) for path, system, code in everything
                 if path == one.path and system == one.system]  # fmt: skip
        lines.append(
            f"| `{one.path}` | {one.profile} | {one.value_set} | {one.system or 'FHIR'} "
            f"| {', '.join(dict.fromkeys(codes))} |"
        )
    return "\n".join(lines) + "\n"


@pytest.mark.requirement("RES-4", "REG-2", "BOOK-2")
@pytest.mark.parametrize("binding", BINDINGS, ids=lambda one: one.path)
def test_what_is_sent_is_in_the_official_value_set(binding: Any) -> None:
    found = [
        (system, code)
        for path, system, code in sent()
        if path == binding.path and (binding.system is None or system or code is None)
    ]
    assert found
    for system, code in found:
        assert system == binding.system
        assert code in binding.codes


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page()

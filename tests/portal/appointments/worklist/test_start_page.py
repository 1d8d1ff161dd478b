"""Two starting points, and what is on them. [IG-1]"""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.models import Organisation, User
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from booking_portal.practices.models import Practice
from gpconnect import london
from tests.portal.appointments.patient.test_patient_page import encounter_of
from tests.portal.conftest import SignIn
from tests.portal.pages import text_of, title_of

pytestmark = pytest.mark.django_db


def command_of(user: User, starts_at: datetime, **facts: Any) -> Command:
    """A command as booking would have stored it."""
    encounter = encounter_of(user, "A1001")
    now = timezone.now()
    return Command.objects.create(
        **{
            "kind": Kind.BOOK,
            "state": State.DONE,
            "form_token": uuid.uuid4(),
            "encounter": encounter,
            "organisation": Organisation.objects.get(ods_code="A1001"),
            "user": user,
            "practice": Practice.objects.get(ods_code="A20047"),
            "actor": {},
            "organisation_asid": "200000000101",
            "asid": "200000000201",
            "service_root": "https://provider.sandbox.test/A20047/STU3/1/gpconnect",
            "nhs_number": encounter.nhs_number,
            "patient_id": "1",
            "payload": {"offers": [offered(starts_at)], "description": "Knee pain", "comment": ""},
            "starts": london.written_with_offset(starts_at),
            "starts_at": starts_at,
            "appointment_id": str(uuid.uuid4()),
            "send_deadline": now,
            "request_dead_at": now,
            "settled_at": now,
            "result": returned(starts_at, "booked"),
        }
        | facts
    )


def offered(starts_at: datetime) -> dict[str, str]:
    """The slot that was chosen."""
    return {
        "practice_ods": "A20047",
        "slot_id": "1",
        "starts": london.written_with_offset(starts_at),
        "ends": london.written_with_offset(starts_at + timedelta(minutes=10)),
    }


def returned(starts_at: datetime, status: str) -> dict[str, str]:
    """What the practice said of it."""
    return {
        "id": "1",
        "status": status,
        "starts": london.written_with_offset(starts_at),
        "ends": london.written_with_offset(starts_at + timedelta(minutes=10)),
    }


def noon_today() -> datetime:
    return london.midnight(london.today()) + timedelta(hours=12)


def test_a_receptionist_starts_with_the_patient_box_and_todays_bookings(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    command_of(receptionist, noon_today())
    command_of(receptionist, noon_today() + timedelta(days=2), nhs_number="9658218881")
    sign_in(client, receptionist)

    page = client.get(reverse("start"))

    assert title_of(page).startswith("Start")
    text = text_of(page)
    assert "Who is on the line?" in text
    assert "12:00" in text
    assert "ZELTHORPE, Ignatius Paul (Mr)" in text
    assert "Booked" in text
    assert "As last seen" in text
    assert text.count("Dr Legg's Surgery, Walford") == 1


def test_what_is_not_settled_comes_first(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    command = command_of(
        receptionist,
        noon_today() + timedelta(days=3),
        state=State.UNCONFIRMED,
        settled_at=None,
        result={},
    )
    sign_in(client, receptionist)

    page = client.get(reverse("start"))

    text = text_of(page)
    assert text.index("Not settled yet (1)") < text.index("Who is on the line?")
    assert "Not confirmed" in text
    assert reverse("command", args=[command.pk]) in page.content.decode()


def test_a_booking_that_was_cancelled_since_shows_so_once(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    booked = command_of(receptionist, noon_today())
    command_of(
        receptionist,
        noon_today(),
        kind=Kind.CANCEL,
        appointment_id=booked.appointment_id,
        settled_at=timezone.now() + timedelta(minutes=5),
        result=returned(noon_today(), "cancelled"),
    )
    sign_in(client, receptionist)
    text = text_of(client.get(reverse("start")))
    assert text.count("Dr Legg's Surgery, Walford") == 1
    assert "Booked, and cancelled since" in text


@pytest.mark.requirement("IG-1")
def test_another_organisations_bookings_are_not_there(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    command_of(receptionist, noon_today(), organisation=Organisation.objects.get(ods_code="A1002"))
    sign_in(client, receptionist)
    assert "None for" in text_of(client.get(reverse("start")))


def test_a_clinician_starts_with_the_patient_in_front_of_them(
    client: Client, clinician: User, receptionist: User, sign_in: SignIn
) -> None:
    command_of(receptionist, noon_today())
    mine = encounter_of(clinician, "A1001")
    sign_in(client, clinician)

    page = client.get(reverse("start"))

    assert "Who is in front of you?" in text_of(page)
    assert "booked by Riverside" not in text_of(page)
    assert reverse("encounter", args=[mine.pk]) in page.content.decode()


@pytest.mark.parametrize(
    ("username", "links"),
    [
        ("receptionist", ["Find a patient", "Bookings"]),
        ("manager", ["Find a patient", "Bookings", "Administration"]),
        ("auditor", ["Audit"]),
    ],
)
def test_the_navigation_has_what_the_role_can_open(
    username: str, links: list[str], client: Client, sample: None, sign_in: SignIn
) -> None:
    sign_in(client, User.objects.get(username=username))
    page = client.get(reverse("start"), follow=True).content.decode()
    shown = page.split("nhsuk-header__navigation-list")[1].split("</ul>")[0]
    for link in ("Find a patient", "Bookings", "Audit", "Administration"):
        assert (link in shown) == (link in links)

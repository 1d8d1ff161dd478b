"""The synthetic patients of the official consumer tests, by screen, at Dr Legg's Surgery.

The same by command line: tests/command_line/test_official_patients.py.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from tests.portal.conftest import SignIn
from tests.portal.pages import find, text_of
from tests.sandbox_control import Sandbox

DR_LEGG = "A20047"
ORDINARY = (
    "9658218865",
    "9658218873",
    "9658218881",
    "9658218903",
    "9658218989",
    "9658218997",
    "9658219004",
    "9658219012",
    "9658220169",  # has not consented to sharing the record, which is not about appointments
)

Find = Callable[[str], Any]


@pytest.fixture
def find_patient(client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox) -> Find:
    """Sends the form for a patient of the sandbox, with their birth date."""
    sign_in(client, receptionist)
    born = {one["nhs_number"]: one["birth_date"] for one in spine.patients()}

    def sent(number: str) -> Any:
        year, month, day = born.get(number, "1970-01-01").split("-")
        return find(client, number, f"{day}-{month}-{year}")

    return sent


def at_dr_leggs(client: Client, found: Any) -> Any:
    """The page of the found patient's appointments at Dr Legg's."""
    assert found.status_code == 302, text_of(found)
    encounter_id = found.url.rstrip("/").rsplit("/", 1)[1]
    return client.get(reverse("patient-appointments", args=[encounter_id, DR_LEGG]))


@pytest.mark.requirement("FIND-1", "RET-1")
@pytest.mark.parametrize("number", ORDINARY)
def test_an_ordinary_patients_appointments_are_shown(
    number: str, client: Client, find_patient: Find, spine: Sandbox
) -> None:
    page = at_dr_leggs(client, find_patient(number))

    assert page.status_code == 200
    text = text_of(page)
    held = [one for one in spine.appointments(DR_LEGG, number) if one["status"] == "booked"]
    assert all(one["description"] in text for one in held if one["description"])


@pytest.mark.requirement("FIND-2")
@pytest.mark.parametrize(
    "number",
    [
        pytest.param("9324926233", id="no record"),
        pytest.param("9658220150", id="sensitive"),
        pytest.param("9658219748", id="inactive"),
    ],
)
def test_a_patient_without_an_active_record_is_not_found_there(
    number: str, client: Client, find_patient: Find
) -> None:
    page = at_dr_leggs(client, find_patient(number))

    text = text_of(page)
    assert "no active record" in text
    assert "020 7946 0101" in text


@pytest.mark.requirement("PDS-4")
def test_a_deceased_patient_is_shown_as_such_and_nothing_can_be_booked(
    client: Client, find_patient: Find
) -> None:
    found = find_patient("9658220290")
    page = client.get(found.url)

    assert "deceased" in text_of(page)
    assert "Search for free slots" not in text_of(page)


@pytest.mark.requirement("PDS-4")
def test_a_superseded_number_is_replaced_by_the_current_one(
    client: Client, find_patient: Find
) -> None:
    page = client.get(find_patient("9658220223").url)

    assert "The NHS number has changed." in text_of(page)
    assert "999 000 0018" in text_of(page)
    assert "965 822 0223" not in text_of(page)


@pytest.mark.requirement("PDS-3", "PDS-4", "FIND-1")
@pytest.mark.parametrize(
    ("number", "says"),
    [
        pytest.param("9658220142", "cannot be booked through the portal", id="restricted"),
        pytest.param("9476718943", "no patient with this NHS number", id="not on PDS"),
        pytest.param("9999999991", "not a valid NHS number", id="wrong check digit"),
    ],
)
def test_others_are_not_found_and_no_practice_is_asked(
    number: str, says: str, find_patient: Find, spine: Sandbox
) -> None:
    page = find_patient(number)

    assert says in text_of(page)
    assert spine.exchanges() == []

"""What a practice says of itself and its people, on a page beside an appointment. [READ-2]"""

import re

import pytest
from django.urls import reverse

from booking_portal.audit.models import Event
from tests.portal.counter import Counter, Page
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("READ-2")]

FULL, HIS = "K83015", "9990000239"


def opens(counter: Counter, spine: Sandbox, ods: str, nhs_number: str) -> Page:
    """From the appointment's page to what is more about it."""
    counter.traces(nhs_number)
    there = next(one for one in spine.appointments(ods, nhs_number) if one["status"] == "booked")
    address = reverse("appointment", args=[counter.encounter_id, ods, there["id"]])
    [link] = re.findall(r'href="([^"]+/about)"', counter.opens(address).html)
    page = counter.opens(link)
    assert f'href="{link.removesuffix("about")}"' in page.html
    return page


def test_every_element_that_the_practice_fills_is_shown(counter: Counter, spine: Sandbox) -> None:
    page = opens(counter, spine, FULL, HIS)
    person, rest = page.text.split("Who it is with ")[1].split(" The service ")
    for said in (
        "Name Dr Tomasz Brzozowski",
        "Gender Male",
        "Languages English Polish",
        "Record in use Yes",
        "SDS user id 555000306215",
        "SDS role profile id 955000306215",
    ):
        assert said in person
    service, practice = rest.split(" The practice ", 1)
    assert service == "Name Fenwick Extended Access Hub Directory of Services id 1000000123"
    for said in (
        "Name Larkspur Meadow Surgery",
        "Also known as The Meadow",
        f"ODS code {FULL}",
        "Type GP practice",
        "Part of Fenshire Rural Primary Care Network",
        "Main location Larkspur Meadow Surgery",
        "Telephone, work 01632 960 290",
        "Fax 01632 960 299",
        "E-mail reception@k83015.example.nhs.uk",
        "Website https://k83015.example.nhs.uk/",
        "Address Larkspur House",
        "Former address 2 Former Row",
        "Open since 01-Apr-1998",
        "Record in use Yes",
    ):
        assert said in practice


def test_a_practice_that_gives_little_is_shown_with_what_it_gives(
    counter: Counter, spine: Sandbox
) -> None:
    page = opens(counter, spine, "A20047", "9658218903")
    assert "The practice Name Dr Legg's Surgery ODS code A20047" in page.text
    assert "The service" not in page.text


@pytest.mark.requirement("ERR-5")
def test_what_cannot_be_read_says_so_and_hides_nothing_else(
    counter: Counter, spine: Sandbox
) -> None:
    for use_case in ("find_organisation", "read_practitioner"):
        spine.fault(practice=FULL, use_case=use_case, kind="status_500", times=None)
    page = opens(counter, spine, FULL, HIS)
    assert "Who it is with Record It could not be read" in page.text
    assert "The service Name Fenwick Extended Access Hub" in page.text
    assert "The practice Record It could not be read" in page.text


@pytest.mark.requirement("PDS-6", "IG-1")
def test_it_is_for_the_patients_own_appointment(counter: Counter, spine: Sandbox) -> None:
    other = next(one for one in spine.appointments("A20047", "9658218903"))
    counter.traces("9658218873")
    address = reverse("about-appointment", args=[counter.encounter_id, "A20047", other["id"]])
    page = counter.opens(address)
    assert page.status == 409
    assert "Who it is with" not in page.text
    assert Event.objects.filter(outcome="another patient's appointment").exists()

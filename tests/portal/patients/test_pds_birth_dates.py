"""Birth dates of which PDS has a part or none, and deaths. [PDS-8, PDS-9]"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command
from booking_portal.patients.models import Encounter
from tests.portal.counter import Counter
from tests.portal.pages import find, opened, text_of, typed
from tests.portal.pds_records import (
    BORN,
    ELSEWHERE,
    ORDINARY,
    page_of,
    pds_has,
    the_way_to_register,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


class TestPartialBirthDates:
    """Case 3, and its kind: a part of a date is not a wrong date."""

    NAMES = (("family", "Zelthorpe"), ("given", "Ignatius"))

    def find(self, signed_in: Client, **more: str) -> Any:
        return signed_in.post(reverse("find-patient"), typed(BORN, nhs_number=ORDINARY, **more))

    @pytest.mark.requirement("PDS-8", "PDS-9")
    @pytest.mark.parametrize("birth_date", ["1962", "1962-11"])
    def test_it_is_said_with_a_way_on(
        self, signed_in: Client, spine: Sandbox, birth_date: str
    ) -> None:
        pds_has(spine, birthDate=birth_date)
        page = find(signed_in, ORDINARY, BORN)
        assert "no full date of birth" in text_of(page)
        assert "does not match" not in text_of(page)
        assert "ZELTHORPE" not in text_of(page).upper()
        assert 'name="family"' in page.content.decode()
        assert 'name="postcode"' not in page.content.decode()
        assert Encounter.objects.count() == 0
        assert Event.objects.filter(kind=EventKind.BLOCKED, nhs_number=ORDINARY).exists()

        page = self.find(signed_in, **dict(self.NAMES))
        assert page.status_code == 302, text_of(page)
        shown = page_of(signed_in, Encounter.objects.get())
        year = "Nov-1962" if "-" in birth_date else "1962"
        assert f"Born {year} (no full date in the national record)" in shown
        assert "age" not in shown.split("Gender")[0].split("Born")[1]
        assert "has no full date of birth of the patient, and a registration needs it" in shown

    @pytest.mark.requirement("PDS-8", "PDS-9")
    def test_without_any_birth_date_the_postcode_is_asked_for_too(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        home = {"use": "home", "line": ["9 Now Street"], "postalCode": "ZZ2 2ZZ"}
        pds_has(spine, birthDate=None, address=[home])
        page = find(signed_in, ORDINARY, BORN)
        assert "family name, first name and postcode" in text_of(page)
        assert 'name="postcode"' in page.content.decode()
        page = self.find(signed_in, **dict(self.NAMES), postcode="ZZ1 1ZZ")
        assert page.status_code == 200
        assert "do not match the national record" in text_of(page)
        page = self.find(signed_in, **dict(self.NAMES), postcode="zz2 2zz")
        assert page.status_code == 302
        assert "Born Not given" in page_of(signed_in, Encounter.objects.get())

    @pytest.mark.requirement("PDS-8", "PDS-9")
    def test_with_nothing_to_go_by_nobody_is_shown(self, signed_in: Client, spine: Sandbox) -> None:
        pds_has(spine, birthDate=None)
        page = self.find(signed_in, **dict(self.NAMES), postcode="ZZ2 2ZZ")
        assert page.status_code == 200
        assert "too little besides to be sure" in text_of(page)
        assert "Ring the practice to book" in text_of(page)
        assert Encounter.objects.count() == 0

    @pytest.mark.requirement("PDS-8", "PDS-9")
    @pytest.mark.parametrize(
        ("born", "family", "given"),
        [
            ("1961", "Zelthorpe", "Ignatius"),
            ("1962-10", "Zelthorpe", "Ignatius"),
            ("1962", "Zelthorp", "Ignatius"),
            ("1962", "Zelthorpe", "Paul"),
        ],
    )
    def test_what_disagrees_shows_nothing(
        self, signed_in: Client, spine: Sandbox, born: str, family: str, given: str
    ) -> None:
        pds_has(spine, birthDate=born)
        page = self.find(signed_in, family=family, given=given)
        assert page.status_code == 200
        assert "match" in text_of(page)
        assert "Ignatius" not in text_of(page)
        assert Encounter.objects.count() == 0

    @pytest.mark.requirement("PDS-8", "PDS-9")
    def test_somebody_with_one_name_is_known_by_it_and_the_postcode(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        home = {"use": "home", "line": ["9 Now Street"], "postalCode": "ZZ2 2ZZ"}
        pds_has(
            spine,
            birthDate="1962",
            name=[{"use": "usual", "given": ["Suharnix"]}],
            address=[home],
        )
        assert 'name="postcode"' in find(signed_in, ORDINARY, BORN).content.decode()
        page = self.find(signed_in, family="", given="Suharnix", postcode="ZZ22ZZ")
        assert page.status_code == 302, text_of(page)

    @pytest.mark.requirement("PDS-9", "REG-2")
    def test_nobody_is_registered_without_a_whole_one(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(
            spine,
            ELSEWHERE,
            birthDate="1969",
            name=[{"use": "usual", "family": "Pontevrel", "given": ["Marisol"]}],
        )
        asked = typed("21-09-1969", nhs_number=ELSEWHERE, family="Pontevrel", given="Marisol")
        assert signed_in.post(reverse("find-patient"), asked).status_code == 302
        _, page = the_way_to_register(signed_in, Encounter.objects.get())
        assert "has no full date of birth of the patient" in page.text
        assert "Register and book" not in page.text
        assert Command.objects.count() == 0

    @pytest.mark.requirement("PDS-6", "PDS-9")
    def test_a_practices_whole_date_is_shown_beside_a_year(
        self, signed_in: Client, spine: Sandbox
    ) -> None:
        pds_has(spine, birthDate="1962")
        self.find(signed_in, **dict(self.NAMES))
        counter = Counter(signed_in)
        counter.encounter_id = str(Encounter.objects.get().pk)
        counter.searches("A20047")
        page = counter.chooses()
        assert page.status == 200
        assert "1962-11-27" in page.text or "27-Nov-1962" in page.text
        form = next(form for form in page.forms if "description" in form.fields)
        assert "acknowledge" not in form.fields


class TestDeaths:
    @pytest.mark.requirement("PDS-4", "IG-5")
    @pytest.mark.parametrize(
        ("died", "sentence", "born"),
        [
            ("2024-02-19T00:00:00+00:00", "Died on 19-Feb-2024.", "(age at death 61y)"),
            ("2024-02-19", "Died on 19-Feb-2024.", "(age at death 61y)"),
            ("2024-02", "Died in Feb-2024.", ""),
            ("2024", "Died in 2024.", ""),
            ("unknown", "It gives no date of death.", ""),
            ("1950-01-01", "Died on 01-Jan-1950.", ""),
        ],
    )
    def test_the_date_is_said_and_no_age_runs_on(
        self, signed_in: Client, spine: Sandbox, died: str, sentence: str, born: str
    ) -> None:
        pds_has(spine, deceasedDateTime=died)
        shown = page_of(signed_in, opened(signed_in, ORDINARY, BORN))
        assert sentence in shown
        assert "PDS records this patient as deceased" in shown
        assert "(age 6" not in shown
        assert f"Born 27-Nov-1962 {born}".strip() in shown
        assert "Search for free slots" not in shown

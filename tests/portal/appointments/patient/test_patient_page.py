"""The patient's page and what guards every page about a patient. [PDS-1, IG-1, IG-5, IG-6]"""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.models import Organisation, User
from booking_portal.patients.models import Encounter
from booking_portal.patients.presenters import PatientBanner, age, born, full_name
from booking_portal.patients.trace_fields import TracedName
from tests.portal.conftest import SignIn
from tests.portal.pages import ORDINARY, opened, text_of
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def encounter_of(user: User, ods_code: str, **facts: object) -> Encounter:
    """An encounter as tracing would have stored it."""
    return Encounter.objects.create(
        user=user,
        organisation=Organisation.objects.get(ods_code=ods_code),
        **{
            "nhs_number": ORDINARY[0],
            "trace": {
                "family": "Zelthorpe",
                "given": ["Ignatius", "Paul"],
                "title": "Mr",
                "gender": "male",
                "birth_date": "1962-11-27",
                "registered_practice": "A20047",
            },
            "traced_at": timezone.now(),
        }
        | facts,
    )


def page_of(client: Client, encounter: Encounter) -> Any:
    return client.get(reverse("encounter", args=[encounter.pk]))


class TestWhoSeesIt:
    @pytest.mark.requirement("IG-1")
    def test_another_users_encounter_is_not_there(
        self, client: Client, receptionist: User, clinician: User, sign_in: SignIn
    ) -> None:
        encounter = encounter_of(clinician, "A1001")
        sign_in(client, receptionist)
        page = page_of(client, encounter)
        assert page.status_code == 404
        assert "ZELTHORPE" not in text_of(page)

    @pytest.mark.requirement("IG-1")
    def test_ones_own_at_another_organisation_offers_to_switch_back(
        self, client: Client, locum: User, sign_in: SignIn
    ) -> None:
        encounter = encounter_of(locum, "A1002")
        sign_in(client, locum)
        client.post(reverse("choose-organisation"), {"organisation": "A1001"})

        page = page_of(client, encounter)

        assert page.status_code == 409
        assert "You opened this patient for Northgate Out-of-Hours Service" in text_of(page)
        assert "ZELTHORPE" not in text_of(page)
        back = {"organisation": "A1002", "next": reverse("encounter", args=[encounter.pk])}
        switched = client.post(reverse("choose-organisation"), back, follow=True)
        assert "ZELTHORPE" in text_of(switched)

    @pytest.mark.requirement("IG-1")
    def test_an_auditor_does_not_see_patients_pages(
        self, client: Client, auditor: User, sign_in: SignIn
    ) -> None:
        encounter = encounter_of(auditor, "A1001")
        sign_in(client, auditor)
        assert page_of(client, encounter).status_code == 403

    def test_an_encounter_that_never_was_is_not_there(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        sign_in(client, receptionist)
        assert client.get(reverse("encounter", args=[uuid.uuid4()])).status_code == 404


class TestTrace:
    @pytest.mark.requirement("PDS-1")
    def test_an_old_trace_leaves_only_tracing_again(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        old = timezone.now() - timedelta(hours=24, minutes=1)
        encounter = encounter_of(receptionist, "A1001", traced_at=old)
        sign_in(client, receptionist)

        page = page_of(client, encounter)

        assert "Trace again" in text_of(page)
        assert reverse("search-slots", args=[encounter.pk]) not in page.content.decode()

    @pytest.mark.requirement("PDS-1")
    def test_nothing_is_sent_on_an_old_trace(
        self, client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        old = timezone.now() - timedelta(hours=24, minutes=1)
        encounter = encounter_of(receptionist, "A1001", traced_at=old)
        sign_in(client, receptionist)

        page = client.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))

        assert "Trace the patient again" in text_of(page)
        assert reverse("trace-again", args=[encounter.pk]) in page.content.decode()
        assert spine.exchanges() == []

    @pytest.mark.requirement("PDS-1")
    def test_tracing_again_renews_it(
        self, client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        old = timezone.now() - timedelta(hours=30)
        encounter = encounter_of(receptionist, "A1001", traced_at=old)
        sign_in(client, receptionist)

        page = client.post(reverse("trace-again", args=[encounter.pk]), follow=True)

        assert "The patient has been traced again." in text_of(page)
        encounter.refresh_from_db()
        assert encounter.trace_is_fresh

    @pytest.mark.requirement("PDS-3")
    def test_a_patient_who_has_become_restricted_is_shown_no_more(
        self, client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        encounter = encounter_of(receptionist, "A1001", nhs_number="9658220142")
        sign_in(client, receptionist)

        page = client.post(reverse("trace-again", args=[encounter.pk]))

        assert page.status_code == 403
        assert "cannot be booked through the portal" in text_of(page)
        assert "ZELTHORPE" not in text_of(page)
        after = page_of(client, encounter)
        assert "ZELTHORPE" not in text_of(after)

    def test_it_is_not_renewed_by_a_link(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        encounter = encounter_of(receptionist, "A1001")
        sign_in(client, receptionist)
        assert client.get(reverse("trace-again", args=[encounter.pk])).status_code == 405


class TestWhatItOffers:
    def test_a_receptionist_begins_with_the_search(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        encounter = encounter_of(receptionist, "A1001")
        sign_in(client, receptionist)

        page = page_of(client, encounter)

        assert "Search for free slots" in text_of(page)
        assert "See their appointments at Dr Legg's Surgery" in text_of(page)
        assert "Thornby Health Centre" in text_of(page)

    def test_a_clinician_begins_at_the_registered_practice(
        self, client: Client, clinician: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        sign_in(client, clinician)
        encounter = opened(client, "9658218881", "14-06-1988")

        page = page_of(client, encounter)
        there = reverse("patient-appointments", args=[encounter.pk, "A20047"])

        assert "Book a follow-up at Dr Legg's Surgery" in text_of(page)
        assert f'hx-get="{there}?fragment=1"' in page.content.decode()
        fragment = client.get(f"{there}?fragment=1", headers={"HX-Request": "true"})
        assert fragment.status_code == 200
        assert "<html" not in fragment.content.decode()
        assert "Review with GP" in text_of(fragment)

    def test_a_clinician_sees_what_is_free_there_with_one_press(
        self, client: Client, clinician: User, sign_in: SignIn, spine: Sandbox
    ) -> None:
        sign_in(client, clinician)
        encounter = opened(client, *ORDINARY)
        page = client.get(reverse("encounter", args=[encounter.pk]))
        search = reverse("search-slots", args=[encounter.pk])
        assert f'action="{search}"' in page.content.decode()

        found = client.post(search, {"when": "14", "practices": "A20047"}, follow=True)

        assert found.status_code == 200
        assert "Dr Harold Legg" in text_of(found)

    def test_a_practice_outside_the_federations_is_said_to_be_so(
        self, client: Client, receptionist: User, sign_in: SignIn
    ) -> None:
        encounter = encounter_of(receptionist, "A1001")
        encounter.trace["registered_practice"] = "Y99999"
        encounter.save()
        sign_in(client, receptionist)
        assert "cannot ask through this portal" in text_of(page_of(client, encounter))


class TestBanner:
    @pytest.mark.requirement("IG-5")
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            (TracedName("Zelthorpe", ("Ignatius", "Paul"), "Mr"), "ZELTHORPE, Ignatius Paul (Mr)"),
            (TracedName("O'Zynthar", ("Bríd",), ""), "O'ZYNTHAR, Bríd"),
            (TracedName("Twynnshaw", (), "Mrs"), "TWYNNSHAW (Mrs)"),
        ],
    )
    def test_the_name_is_whole(self, name: TracedName, shown: str) -> None:
        assert full_name(name) == shown

    @pytest.mark.requirement("IG-5")
    @pytest.mark.parametrize(
        ("born_on", "today", "shown"),
        [
            (date(1962, 11, 27), date(2026, 11, 26), "63y"),
            (date(1962, 11, 27), date(2026, 11, 27), "64y"),
            (date(2024, 2, 29), date(2026, 2, 28), "23m"),
            (date(2024, 2, 29), date(2026, 3, 1), "2y"),
            (date(2026, 11, 1), date(2026, 11, 20), "2w"),
        ],
    )
    def test_the_age_is_counted_by_the_calendar(
        self, born_on: date, today: date, shown: str
    ) -> None:
        assert age(born_on, today) == shown

    def test_an_unknown_birth_date_is_not_guessed(self) -> None:
        assert born(None, date(2026, 1, 1)) == "Not given"

    @pytest.mark.requirement("IG-6")
    def test_the_age_is_londons_at_half_past_midnight_in_summer(self, receptionist: User) -> None:
        encounter = encounter_of(receptionist, "A1001")
        encounter.trace["birth_date"] = "2000-07-15"
        banner = PatientBanner.of(encounter, datetime(2026, 7, 14, 23, 30, tzinfo=UTC))
        assert banner.born == "15-Jul-2000 (age 26y)"

    @pytest.mark.requirement("PDS-1")
    @pytest.mark.parametrize(
        ("hours", "warning"), [(22.9, ""), (23.1, "Trace again soon"), (24.1, "more than 24 hours")]
    )
    def test_it_warns_in_the_last_hour(
        self, hours: float, warning: str, receptionist: User
    ) -> None:
        now = timezone.now()
        encounter = encounter_of(receptionist, "A1001", traced_at=now - timedelta(hours=hours))
        shown = PatientBanner.of(encounter, now).warning
        assert warning in shown
        assert bool(warning) == bool(shown)


@pytest.mark.requirement("PDS-6")
def test_a_practice_that_answers_with_an_error_is_named_with_its_telephone(
    client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox
) -> None:
    sign_in(client, receptionist)
    encounter = opened(client, *ORDINARY)
    spine.fault(practice="A20047", use_case="*", kind="status_500", times=None)

    page = client.get(reverse("patient-appointments", args=[encounter.pk, "A20047"]))

    assert "Dr Legg's Surgery: telephone 020 7946 0101" in text_of(page)
    assert "What to do next" in text_of(page)
    assert "Reference for support" in text_of(page)

"""Finding the patient: every way it can end. [PDS-2..4, PDS-7, PDS-8]"""

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.patients.models import Encounter
from tests.portal.conftest import SignIn
from tests.portal.pages import (
    DECEASED,
    NOT_ON_PDS,
    ORDINARY,
    RESTRICTED,
    SUPERSEDED,
    find,
    opened,
    text_of,
    title_of,
    typed,
)
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in(client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox) -> None:
    sign_in(client, receptionist)


def nothing_is_shown(page: object, *names: str) -> bool:
    text = text_of(page).lower()
    return not any(name.lower() in text for name in names)


@pytest.mark.requirement("PDS-2", "PDS-8", "IG-5")
def test_number_and_birth_date_open_the_patient(client: Client) -> None:
    encounter = opened(client, "965 821 8873", ORDINARY[1])

    page = client.get(reverse("encounter", args=[encounter.pk]))

    text = text_of(page)
    assert "ZELTHORPE, Ignatius Paul (Mr)" in text
    assert "27-Nov-1962" in text
    assert "Male" in text
    assert "965 821 8873" in text
    assert "Dr Legg's Surgery" in text
    assert "9658218873" not in page.request["PATH_INFO"]
    event = Event.objects.get(kind=EventKind.ENCOUNTER_OPENED)
    assert (event.nhs_number, event.username) == (ORDINARY[0], "receptionist")


@pytest.mark.requirement("PDS-8")
def test_with_a_wrong_birth_date_nothing_is_shown_and_it_is_audited(client: Client) -> None:
    page = find(client, ORDINARY[0], "27-11-1961")

    assert title_of(page).startswith("Error: Find a patient")
    assert "does not match the national record" in text_of(page)
    assert nothing_is_shown(page, "Zelthorpe", "Ignatius", "27-Nov", "Legg", "1962")
    assert not Encounter.objects.exists()
    assert Event.objects.get(kind=EventKind.BLOCKED).outcome == "birth date differs from PDS"


@pytest.mark.requirement("PDS-3")
@pytest.mark.parametrize("number", ["9658220142", "9990000069", "9990000077", "9990000085"])
def test_for_a_restricted_patient_nothing_is_shown_and_nothing_is_sent(
    number: str, client: Client, spine: Sandbox
) -> None:
    person = next(one for one in spine.patients() if one["nhs_number"] == number)
    day = "-".join(reversed(person["birth_date"].split("-")))

    page = find(client, number, day)

    assert page.status_code == 403
    text = text_of(page)
    assert "cannot be booked through the portal" in text
    assert "Follow your organisation's procedure" in text
    assert "restricted" not in text.lower()
    assert nothing_is_shown(page, person["family"], person["given"][0], "Surgery", number)
    assert spine.exchanges() == []
    assert not Encounter.objects.exists()
    assert Event.objects.filter(kind=EventKind.BLOCKED, outcome="restricted on PDS").count() == 1


@pytest.mark.requirement("PDS-3")
def test_a_restricted_patient_looks_the_same_with_a_wrong_birth_date(client: Client) -> None:
    right = text_of(find(client, *RESTRICTED))
    assert text_of(find(client, RESTRICTED[0], "01-01-1950")) == right


@pytest.mark.requirement("FIND-1")
@pytest.mark.parametrize("number", ["9999999991", "965821887", "96582188733", "abc"])
def test_an_invalid_number_is_refused_beside_its_box_and_nothing_is_asked(
    number: str, client: Client
) -> None:
    page = find(client, number, ORDINARY[1])

    assert 'href="#nhs_number"' in page.content.decode()
    assert 'id="nhs_number-error"' in page.content.decode()
    assert "not a valid NHS number" in text_of(page)
    assert not Event.objects.filter(kind=EventKind.EXCHANGE_ASKED).exists()


@pytest.mark.requirement("PDS-4")
def test_a_number_that_pds_does_not_know_is_said_beside_its_box(client: Client) -> None:
    page = find(client, *NOT_ON_PDS)
    assert "has no patient with this NHS number" in text_of(page)
    assert 'id="nhs_number-error"' in page.content.decode()
    assert not Encounter.objects.exists()


@pytest.mark.requirement("PDS-4")
def test_an_invalidated_number_is_said_beside_its_box(client: Client) -> None:
    page = find(client, "9990000115", "31-10-1977")
    assert "withdrawn" in text_of(page)
    assert not Encounter.objects.exists()


@pytest.mark.requirement("PDS-4")
def test_a_superseded_number_is_replaced_by_the_current_one(client: Client) -> None:
    encounter = opened(client, SUPERSEDED[0], SUPERSEDED[1])

    page = text_of(client.get(reverse("encounter", args=[encounter.pk])))

    assert encounter.nhs_number == SUPERSEDED[2]
    assert "The NHS number has changed" in page
    assert "999 000 0018" in page
    assert "965 822 0223" not in page


@pytest.mark.requirement("PDS-4")
def test_a_deceased_patient_is_shown_as_such_and_cannot_be_booked(client: Client) -> None:
    encounter = opened(client, *DECEASED)

    page = client.get(reverse("encounter", args=[encounter.pk]))

    assert "PDS records this patient as deceased" in text_of(page)
    assert reverse("search-slots", args=[encounter.pk]) not in page.content.decode()


@pytest.mark.requirement("ERR-1")
def test_when_pds_is_away_the_page_says_so_and_keeps_what_was_typed(
    client: Client, spine: Sandbox
) -> None:
    spine.fault(service="pds", use_case="*", kind="status_500", times=None)

    page = find(client, *ORDINARY)

    assert "What to do next" in text_of(page)
    assert "Reference for support" in text_of(page)
    assert ORDINARY[0] in page.content.decode()
    assert not Encounter.objects.exists()


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ("30-2-1980", "Date of birth must be a real date"),
        ("-2-1980", "Date of birth must include a day"),
        ("1-1-80", "the year must have 4 numbers"),
        ("1-1-2999", "Date of birth must be in the past"),
        ("--", "Enter the date of birth"),
    ],
)
def test_a_date_that_is_none_is_said_beside_its_boxes(
    boxes: str, message: str, client: Client
) -> None:
    page = find(client, ORDINARY[0], boxes)

    assert message in text_of(page)
    assert 'href="#birth_date-day"' in page.content.decode()


def test_a_month_may_be_typed_as_a_name(client: Client) -> None:
    assert opened(client, ORDINARY[0], "27-Nov-1962").nhs_number == ORDINARY[0]


class TestByName:
    """[PDS-7]"""

    @pytest.mark.requirement("PDS-7")
    def test_name_and_birth_date_open_the_one_patient(self, client: Client) -> None:
        form = typed(ORDINARY[1], family="Zelthorpe", given="Ignatius", gender="male")

        page = client.post(reverse("find-patient-by-name"), form, follow=True)

        assert "ZELTHORPE, Ignatius Paul (Mr)" in text_of(page)
        assert Encounter.objects.get().nhs_number == ORDINARY[0]

    @pytest.mark.requirement("PDS-7")
    def test_nobody_is_shown_when_several_match(self, client: Client) -> None:
        form = typed("06-06-1959", family="Twynnshaw", gender="female")

        page = client.post(reverse("find-patient-by-name"), form)

        assert "More than one patient matches" in text_of(page)
        assert nothing_is_shown(page, "Edith", "Edna", "999 000")
        assert not Encounter.objects.exists()

    @pytest.mark.requirement("PDS-7")
    def test_nobody_is_shown_when_none_matches(self, client: Client) -> None:
        form = typed("01-01-1950", family="Nosuchname", gender="female")
        page = client.post(reverse("find-patient-by-name"), form)
        assert "No patient matches these details" in text_of(page)

    @pytest.mark.requirement("PDS-3")
    def test_a_restricted_patient_is_not_shown_either(self, client: Client, spine: Sandbox) -> None:
        form = typed(RESTRICTED[1], family="Ildrethane", given="Sunniva", gender="female")
        page = client.post(reverse("find-patient-by-name"), form)
        assert nothing_is_shown(page, "965 822 0142", "Surgery")
        assert not Encounter.objects.exists()
        assert spine.exchanges() == []

    def test_what_is_missing_is_said_beside_its_box(self, client: Client) -> None:
        page = client.post(reverse("find-patient-by-name"), {})
        assert "Enter the family name" in text_of(page)
        assert 'href="#family"' in page.content.decode()


@pytest.mark.requirement("IG-1", "IG-2")
def test_without_the_permission_nothing_is_asked_and_the_refusal_is_audited(
    client: Client, auditor: User, sign_in: SignIn
) -> None:
    sign_in(client, auditor)

    page = find(client, *ORDINARY)

    assert page.status_code == 403
    assert "You do not have permission" in text_of(page)
    refusal = Event.objects.get(kind=EventKind.NOT_PERMITTED)
    assert (refusal.username, refusal.outcome) == ("auditor", "trace_patient")
    assert not Event.objects.filter(kind=EventKind.EXCHANGE_ASKED).exists()

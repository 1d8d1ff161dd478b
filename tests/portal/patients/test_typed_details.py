"""What users type or paste, on the pages: read as they mean it, or said beside the box."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.patients.models import Encounter
from tests.portal.conftest import SignIn
from tests.portal.pages import ORDINARY, find, opened, text_of, typed
from tests.sandbox_control import Sandbox

NUMBER = ORDINARY[0]
OTHER = "9658218881"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _signed_in(client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox) -> None:
    sign_in(client, receptionist)


def by_name(client: Client, birth_date: str, **others: str) -> Any:
    """Send the form "Find a patient by name"; the response, followed."""
    return client.post(reverse("find-patient-by-name"), typed(birth_date, **others), follow=True)


def nothing_was_sent() -> bool:
    return not Event.objects.filter(kind=EventKind.EXCHANGE_ASKED).exists()


@pytest.mark.parametrize(
    "pasted",
    [
        "965\u200b8218873",
        "965\u2013821\u20138873",
        "9658218873,",
        "\ufeff965\u00a0821\u00a08873\u200b",
        "965\u2011821\u22128873",
        "\u202a9658218873\u202c",
        "(965 821 8873).",
        "\u201c9658218873\u201d",
        "NHS No: 965 821 8873",
        "ZELTHORPE, Ignatius, born 27-Nov-1962, NHS number 965 821 8873",
        "\uff19\uff16\uff15 \uff18\uff12\uff11 \uff18\uff18\uff17\uff13",
        "965\t821\t8873",
        "965.821.8873",
        "9658218873 9658218873",
        "9658218873 (tel. 07700 900 982)",
    ],
)
@pytest.mark.requirement("FIND-1")
def test_a_number_is_read_however_it_is_pasted(pasted: str, client: Client) -> None:
    """Case 10."""
    assert opened(client, pasted, ORDINARY[1]).nhs_number == NUMBER


@pytest.mark.parametrize(
    "pasted",
    [
        f"{NUMBER} {OTHER}",
        f"{NUMBER}/{OTHER}",
        f"{NUMBER}{OTHER}",
        f"NHS {NUMBER}, was {OTHER}",
        f"{NUMBER} or 9658218874",
        "965 821 8873 01 02 1980",
        f"{NUMBER} 07700 900 982",
    ],
)
@pytest.mark.requirement("FIND-1")
def test_of_two_numbers_none_is_picked(pasted: str, client: Client) -> None:
    page = find(client, pasted, ORDINARY[1])
    assert 'id="nhs_number-error"' in page.content.decode()
    assert "There is more than one number here" in text_of(page)
    assert nothing_was_sent()


@pytest.mark.parametrize("pasted", ["96582I8873", "965 821 887", "965 821 88733", "9658218873O"])
@pytest.mark.requirement("FIND-1")
def test_what_is_no_number_is_not_mended(pasted: str, client: Client) -> None:
    page = find(client, pasted, ORDINARY[1])
    assert "This is not a valid NHS number" in text_of(page)
    assert nothing_was_sent()


@pytest.mark.parametrize(
    "boxes",
    [
        ("27", "11", "1962"),
        ("27th", "Nov.", "1962"),
        (" 27\u200b", "november", "\uff11\uff19\uff16\uff12"),
        ("27/11/1962", "", ""),
        ("", "", "27.11.1962"),
        ("27 November 1962", "", ""),
        ("27th of November, 1962", "", ""),
        ("27\u2011Nov\u20111962 (64y)", "", ""),
        ("DOB: 27-Nov-1962", "", ""),
        ("1962-11-27", "", ""),
        ("27111962", "", ""),
        ("19621127", "", ""),
    ],
)
@pytest.mark.requirement("PDS-8")
def test_a_date_is_read_in_the_usual_ways(boxes: tuple[str, ...], client: Client) -> None:
    names = ("birth_date-day", "birth_date-month", "birth_date-year")
    form = dict(zip(names, boxes, strict=True)) | {"nhs_number": NUMBER}
    page = client.post(reverse("find-patient"), form)
    assert page.status_code == 302, text_of(page)
    assert Encounter.objects.get().birth_date == date(1962, 11, 27)


@pytest.mark.parametrize(
    ("boxes", "said"),
    [
        (("27", "11", "62"), "Date of birth: the year must have 4 numbers"),
        (("27/11/62", "", ""), "Date of birth: the year must have 4 numbers"),
        (("27/11", "", ""), "Date of birth must include a month and year"),
        (("27/11/1962 or 28/11/1962", "", ""), "Date of birth must include a month and year"),
        (("11/27/1962", "", ""), "Date of birth must include a month and year"),
        (("27", "Novel", "1962"), "Date of birth must be a real date"),
        (("2_7", "11", "1962"), "Date of birth must be a real date"),
        (("27/11/1162", "", ""), "Date of birth: the year must be from 1850"),
    ],
)
@pytest.mark.requirement("PDS-8")
def test_a_date_that_could_be_two_is_not_guessed(
    boxes: tuple[str, ...], said: str, client: Client
) -> None:
    names = ("birth_date-day", "birth_date-month", "birth_date-year")
    form = dict(zip(names, boxes, strict=True)) | {"nhs_number": NUMBER}
    page = client.post(reverse("find-patient"), form)
    assert said in text_of(page)
    assert nothing_was_sent()


@pytest.mark.parametrize(
    "family",
    [
        "O\u2019Zynthar",
        "O\u2018Zynthar",
        "O\u02bcZynthar",
        "o`zynthar,",
        " O'Zyn\u00adthar\u00a0",
        "O'Zyn*",
    ],
)
@pytest.mark.requirement("PDS-7")
def test_a_name_is_found_whatever_its_apostrophe(family: str, client: Client) -> None:
    """Case 11."""
    page = by_name(client, "17-03-1961", family=family)
    assert "O'ZYNTHAR, Bríd" in text_of(page)


@pytest.mark.parametrize("given", ["Bri\u0301d", "Bríd", "BRÍD", "Br*"])
@pytest.mark.requirement("PDS-7")
def test_an_accent_is_one_however_it_was_made(given: str, client: Client) -> None:
    page = by_name(client, "17-03-1961", family="O'Zynthar", given=given)
    assert "O'ZYNTHAR, Bríd" in text_of(page)


@pytest.mark.parametrize("family", ["Vandermolenquist\u2013Ashgrenaugh", "Vandermolenquist - Ash*"])
@pytest.mark.requirement("PDS-7")
def test_a_dash_in_a_name_is_a_hyphen(family: str, client: Client) -> None:
    page = by_name(client, "02-11-1985", family=family)
    assert "VANDERMOLENQUIST-ASHGRENAUGH" in text_of(page)


@pytest.mark.parametrize(
    ("family", "given", "born"),
    [
        ("Zelthorpe", "Ignatius Paul", ORDINARY[1]),
        ("Zelthorpe", " Ignatius\u00a0 Paul, ", ORDINARY[1]),
        ("Ombersquill", "John Paul", "08-02-1964"),
    ],
)
@pytest.mark.requirement("PDS-7")
def test_two_first_names_are_sent_as_two_or_as_one(
    family: str, given: str, born: str, client: Client
) -> None:
    """Case 11: PDS wants each given name by itself, and a compound one whole."""
    assert family.upper() in text_of(by_name(client, born, family=family, given=given))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"family": "O*"}, "Family name: enter at least 2 letters or numbers before *"),
        ({"family": "*Zynthar"}, "Family name: enter at least 2 letters or numbers before *"),
        ({"family": "Z" * 36}, "Family name must be 35 characters or fewer"),
        ({"given": "Paul I*"}, "First name: enter at least 2 letters or numbers before *"),
        ({"given": "I" * 36}, "First name must be 35 characters or fewer"),
        ({"postcode": "L*"}, "home address: enter at least 2 letters or numbers before *"),
        ({"family": "Zel\x07thorpe"}, "Family name has a character that cannot be searched for"),
    ],
)
@pytest.mark.requirement("PDS-7")
def test_what_pds_cannot_search_for_is_said_beside_the_box(
    form: dict[str, str], said: str, client: Client
) -> None:
    """Case 11: a slip of the user's is no fault of a system's, and nothing is sent for it."""
    page = by_name(client, ORDINARY[1], **({"family": "Zelthorpe"} | form))
    assert said in text_of(page)
    assert f'id="{next(iter(form))}-error"' in page.content.decode()
    assert nothing_was_sent()


@pytest.mark.requirement("PDS-7")
def test_thirty_five_letters_are_searched_for(client: Client) -> None:
    page = by_name(client, ORDINARY[1], family="Z" * 35, given=f"{'I' * 35} {'P' * 35}")
    assert "No patient matches these details" in text_of(page)


@pytest.mark.requirement("PDS-7")
def test_a_postcode_may_be_pasted_and_cut_short(client: Client, spine: Sandbox) -> None:
    for postcode in ("XE9\u00a09ZZ, ", "xe*"):
        form = {"family": "Nosuchname", "postcode": postcode}
        assert "No patient matches these details" in text_of(by_name(client, "01-01-1950", **form))

"""How the tests use pages: what a person types, and what they read."""

import html
import re
from typing import Any

from django.test import Client
from django.urls import reverse

from booking_portal.patients.models import Encounter

ORDINARY = ("9658218873", "27-11-1962")
SUPERSEDED = ("9658220223", "06-05-1983", "9990000018")
DECEASED = ("9658220290", "19-07-1931")
RESTRICTED = ("9658220142", "13-10-1991")
NOT_ON_PDS = ("9476718943", "11-11-1949")


def typed(birth_date: str, **others: str) -> dict[str, str]:
    """A form with the birth date in its three boxes; `birth_date` is day-month-year."""
    day, month, year = birth_date.split("-")
    boxes = {"birth_date-day": day, "birth_date-month": month, "birth_date-year": year}
    return boxes | others


def find(client: Client, number: str, birth_date: str) -> Any:
    """Send the form "Find a patient"; the response, not followed."""
    return client.post(reverse("find-patient"), typed(birth_date, nhs_number=number))


def opened(client: Client, number: str, birth_date: str) -> Encounter:
    """Find the patient and return the encounter that this opened."""
    response = find(client, number, birth_date)
    assert response.status_code == 302, text_of(response)
    encounter_id = response.url.rstrip("/").rsplit("/", 1)[1]
    return Encounter.objects.get(pk=encounter_id)


def text_of(response: Any) -> str:
    """What a person reads on the page: without markup, white space made one space."""
    page = response.content.decode()
    page = re.sub(r"<(script|style|svg|head).*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"</?(strong|a|b|em|span)( [^>]*)?>", "", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def title_of(response: Any) -> str:
    """The page's title."""
    found = re.search(r"<title[^>]*>(.*?)</title>", response.content.decode(), re.DOTALL)
    assert found is not None
    return html.unescape(found[1])

"""Patients as PDS has them for a test, and the way to register them at a practice."""

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from booking_portal.patients.models import Encounter
from gpconnect import london
from tests.portal.counter import Counter, Page
from tests.portal.pages import text_of
from tests.sandbox_control import Sandbox

ORDINARY, BORN = "9658218873", "27-11-1962"
ELSEWHERE = "9324926233"  # unknown at A20047
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"


def in_days(days: int) -> str:
    return (london.today() + timedelta(days=days)).isoformat()


def pds_has(spine: Sandbox, number: str = ORDINARY, **changes: Any) -> None:
    """An unrestricted patient at PDS; an element of None is left out."""
    record = {
        "resourceType": "Patient",
        "id": number,
        "meta": {"security": [{"code": "U"}]},
        "gender": "male",
        "birthDate": "1962-11-27",
        "name": [{"use": "usual", "family": "Zelthorpe", "given": ["Ignatius"]}],
        **changes,
    }
    spine.pds_answers({name: value for name, value in record.items() if value is not None})


def page_of(client: Client, encounter: Encounter) -> str:
    page = client.get(reverse("encounter", args=[encounter.pk]))
    assert page.status_code == 200
    return text_of(page)


def sent_to_register(spine: Sandbox) -> Any:
    """The patient of the one registration that was sent."""
    [sent] = [
        json.loads(exchange["body"])["parameter"][0]["resource"]
        for exchange in spine.exchanges()
        if exchange["raw_path"].endswith("$gpc.registerpatient")
    ]
    return sent


def the_way_to_register(client: Client, encounter: Encounter) -> tuple[Counter, Page]:
    """To the page that says that the practice has no record of the patient."""
    counter = Counter(client)
    counter.encounter_id = str(encounter.pk)
    counter.searches("A20047")
    return counter, counter.chooses()


def register_page(counter: Counter) -> Page:
    return counter.opens(counter.page.address.split("?")[0] + "register")


def registers(client: Client, encounter: Encounter, **filled_in: str) -> tuple[Page, Page]:
    """The page before registering, and the one after."""
    counter, _ = the_way_to_register(client, encounter)
    before = register_page(counter)
    after = counter.sends(before.form("/register"), description="Knee pain", **filled_in)
    assert after.title.startswith("Registered and booked"), after.text
    return before, after

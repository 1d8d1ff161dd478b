"""Practices answer oddly: what can be shown is shown, and a fault is not an outage."""

import re

import pytest
from django.db import DataError, IntegrityError, ProgrammingError
from django.test import Client
from django.urls import reverse

from booking_portal.audit import trail
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command
from booking_portal.patients.models import Encounter, PatientAtPractice
from tests.portal.counter import Counter
from tests.portal.pages import text_of
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


@pytest.mark.requirement("PDS-6", "FIND-1", "ERR-1")
@pytest.mark.parametrize("kind", ["two_records", "other_patient"])
def test_records_that_are_not_certainly_this_patients_stop_that_practice_and_no_other(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    """Case 1."""
    spine.fault(practice="A20047", use_case="find_patient", kind=kind)
    counter.traces()
    counter.searches("A20047")
    page = counter.chooses()
    assert page.status == 409
    assert "The practice's record may not be this patient's" in page.text
    assert not Command.objects.exists()
    blocked = Event.objects.filter(kind=EventKind.BLOCKED).latest("pk")
    assert (blocked.practice_ods, blocked.nhs_number) == ("A20047", "9658218873")
    assert not PatientAtPractice.objects.exclude(patient_id="").exists()

    page = counter.searches("A20047", "C81007")
    assert page.status == 200
    encounter = Encounter.objects.get(pk=counter.encounter_id)
    assert {at.practice.ods_code for at in encounter.at_practices.all()} == {"A20047", "C81007"}


@pytest.mark.requirement("ERR-5", "SFS-10")
def test_a_byte_of_latin_1_in_clinicians_names_hides_no_slot(
    counter: Counter, spine: Sandbox
) -> None:
    """Case 8."""
    counter.traces()
    counter.searches("A20047")
    offered = len(counter.offered)
    spine.fault(practice="A20047", use_case="search_slots", kind="latin_1")
    page = counter.searches("A20047")
    assert len(counter.offered) == offered > 0
    assert "\N{REPLACEMENT CHARACTER}" in page.text
    assert "No answer to rely on" not in page.text


@pytest.mark.requirement("ERR-1", "SFS-10")
@pytest.mark.parametrize("kind", ["status_500", "status_502"])
def test_where_a_reference_is_promised_there_is_one(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    """Case 8: the practice's line of the results has the trace id that support staff ask for."""
    counter.traces()
    spine.fault(practice="D82104", use_case="search_slots", kind=kind)
    page = counter.searches("A20047", "D82104")
    [answered] = Event.objects.filter(
        kind=EventKind.EXCHANGE_ANSWERED, practice_ods="D82104", interaction_id__contains="slot"
    )
    assert f"Reference for support: {answered.error_code} {answered.trace_id}" in page.text


@pytest.mark.requirement("ERR-1", "IG-3")
@pytest.mark.parametrize("fault", [DataError, IntegrityError, ProgrammingError])
def test_a_fault_of_the_portals_own_is_no_outage(
    counter: Counter,
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: type[Exception],
) -> None:
    client.raise_request_exception = False
    counter.traces()

    def fails(*args: object, **kwargs: object) -> None:
        raise fault("value too long: SUHARNIX 9658218873")

    monkeypatch.setattr(trail, "record_all", fails)
    address = reverse("search-slots", args=[counter.encounter_id])
    response = client.post(address, {"practices": ["A20047"], "when": "7"})
    assert response.status_code == 500
    text = text_of(response)
    assert "Something went wrong in the booking portal" in text
    assert "cannot reach its records" not in text
    reference = re.search(r"Reference for support: ([0-9a-f]{8})", text)
    assert reference is not None
    [line] = [each for each in caplog.messages if reference[1] in each]
    assert fault.__name__ in line
    assert not re.search("SUHARNIX|9658218873", caplog.text)

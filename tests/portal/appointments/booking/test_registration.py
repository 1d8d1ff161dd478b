"""Registering a patient temporarily on the way to a booking, through pages. [REG-1..3]"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from guardian.shortcuts import remove_perm

from booking_portal.accounts.models import Organisation, User
from booking_portal.accounts.roles import Permission
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.sagas import orchestrator
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter
from tests.portal.clocks import settled
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter, Form, Page, names_a_place
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

ELSEWHERE, INACTIVE = "9324926233", "9658219748"
SENSITIVE_AT_THEIR_OWN = "9658220150"
SUPERSEDED, CURRENT = "9658220223", "9990000018"
CALLED_A_DUPLICATE = "9990000190"
LONG_AGO = timedelta(minutes=11)
OFFER = "Register and book"


def chooses_for(counter: Counter, patient: str, practice: str = "A20047") -> Page:
    """A slot for a patient whom the practice may not know."""
    counter.traces(patient)
    counter.searches(practice)
    return counter.chooses()


def register_address(page: Page) -> str:
    return page.address.split("?")[0] + "register"


def register_form(counter: Counter) -> Form:
    """From the page that says "no record" to the form."""
    return counter.opens(register_address(counter.page)).form("/register")


def registers(counter: Counter, **typed: str) -> Page:
    """Registers and books; `typed` over what the appointment is for."""
    return counter.sends(register_form(counter), **{"description": "Knee pain", **typed})


def registration() -> Command:
    return Command.objects.filter(kind=Kind.REGISTER).latest("created_at")


def booking() -> Command:
    return Command.objects.filter(kind=Kind.BOOK).latest("created_at")


def saga_page() -> str:
    return reverse("saga", args=[Saga.objects.get().pk])


def sent_to_register(spine: Sandbox) -> list[Any]:
    """The patients that registrations have sent."""
    return [
        json.loads(exchange["body"])["parameter"][0]["resource"]
        for exchange in spine.exchanges()
        if exchange["raw_path"].endswith("$gpc.registerpatient")
    ]


@pytest.mark.requirement("REG-1", "REG-2", "REG-3")
def test_a_patient_whom_the_practice_does_not_know_is_registered_and_booked(
    counter: Counter, spine: Sandbox
) -> None:
    page = chooses_for(counter, ELSEWHERE)
    assert page.status == 409
    assert "The patient has no record at this practice" in page.text
    assert OFFER in page.text
    assert "Their registered practice does not change." in page.text

    page = counter.opens(register_address(page))
    assert "The registered practice does not change: it stays" in page.text
    assert "If the booking fails afterwards, the registration remains." in page.text
    assert "932 492 6233" in page.text
    assert "PONTEVREL, Marisol" in page.text
    assert "Register and book PONTEVREL, Marisol (Mrs) at Dr Legg's Surgery" in page.text
    assert (
        "Staff at Riverside Extended Access Hub may see limited clinical information" in page.text
    )
    assert names_a_place(page.text)
    assert sent_to_register(spine) == []

    page = counter.sends(page.form("/register"), description="Knee pain", comment="Uses a stick")
    assert page.address == saga_page()
    assert page.title.startswith("Registered and booked")
    assert "You have an appointment at Dr Legg's Surgery" in page.text
    [held] = spine.appointments("A20047", ELSEWHERE)
    assert registration().state == booking().state == State.DONE
    assert registration().patient_id == booking().patient_id
    assert (held["description"], held["comment"]) == ("Knee pain", "Uses a stick")
    assert len(sent_to_register(spine)) == 1


@pytest.mark.requirement("REG-2")
def test_what_is_sent_is_pds_and_what_the_patient_said(counter: Counter, spine: Sandbox) -> None:
    page = chooses_for(counter, ELSEWHERE)
    typed = {
        "line_1": "2 Harbour Row",
        "town": "Walford",
        "postcode": "zz99 3cz",
        "telephone": "01632 960 444",
        "email": "marisol@example.com",
        "language": "es",
        "interpreter": "on",
        "family": "Somebody else",  # not a field: the identity is PDS's
    }
    page = registers(counter, **typed)
    assert page.title.startswith("Registered and booked"), page.text
    [sent] = sent_to_register(spine)
    assert sent["name"] == [{"use": "official", "family": "Pontevrel", "given": ["Marisol"]}]
    assert sent["birthDate"] == "1969-09-21"
    assert sent["gender"] == "female"
    by_use = {address["use"]: address for address in sent["address"]}
    assert by_use["home"]["line"]
    assert by_use["temp"]["line"] == ["2 Harbour Row"]
    assert by_use["temp"]["postalCode"] == "ZZ99 3CZ"
    phones = [point["use"] for point in sent["telecom"] if point["system"] == "phone"]
    assert "temp" in phones
    assert len(phones) == len(set(phones)) > 1
    assert [each["value"] for each in sent["telecom"] if each["system"] == "email"] == [
        "marisol@example.com"
    ]
    [spoken] = sent["extension"]
    parts = {part["url"]: part for part in spoken["extension"]}
    assert parts["language"]["valueCodeableConcept"]["coding"][0]["code"] == "es"
    assert parts["interpreterRequired"]["valueBoolean"] is True


def test_what_is_typed_wrongly_is_said_beside_it_and_nothing_is_sent(
    counter: Counter, spine: Sandbox
) -> None:
    chooses_for(counter, ELSEWHERE)
    page = registers(
        counter,
        description="",
        town="Walford",
        telephone="12",
        email="nobody",
        interpreter="on",
    )
    assert "Enter what the appointment is for, in a few words" in page.text
    assert "Enter the first line of the temporary address" in page.text
    assert "Enter a telephone number" in page.text
    assert "Enter an e-mail address" in page.text
    assert "Choose the language" in page.text
    assert 'value="Walford"' in page.html
    assert sent_to_register(spine) == []
    assert Command.objects.count() == 0


@pytest.mark.requirement("REG-1")
def test_an_inactive_record_is_made_active_again(counter: Counter, spine: Sandbox) -> None:
    chooses_for(counter, INACTIVE)
    assert registers(counter).title.startswith("Registered and booked")
    assert len(spine.appointments("A20047", INACTIVE)) == 1


@pytest.mark.requirement("REG-3")
def test_the_current_number_is_sent_for_a_superseded_one(counter: Counter, spine: Sandbox) -> None:
    page = chooses_for(counter, SUPERSEDED, "D82104")
    assert OFFER in page.text
    page = registers(counter)
    assert page.title.startswith("Registered and booked"), page.text
    [sent] = sent_to_register(spine)
    assert sent["identifier"][0]["value"] == CURRENT


@pytest.mark.requirement("REG-3")
def test_a_duplicate_is_looked_for_once_more_and_never_registered_again(
    counter: Counter, spine: Sandbox
) -> None:
    check = chooses_for(counter, CALLED_A_DUPLICATE, "C81007").address
    form = register_form(counter)
    spine.clear_exchanges()
    page = counter.sends(form, description="Knee pain")
    assert page.title.startswith("Not registered")
    assert "The practice has the patient on its list already." in page.text
    assert "looked once more" in page.text
    assert "Do not register again" in page.text
    assert registration().state == State.REFUSED
    paths = [one["raw_path"].split("?")[0].rsplit("/", 1)[1] for one in spine.exchanges()]
    assert paths == ["Patient", "$gpc.registerpatient", "Patient"]

    page = counter.opens(check)
    assert OFFER not in page.text
    assert "does not show them" in page.text
    page = counter.opens(register_address(page))
    assert OFFER not in page.text
    assert len(sent_to_register(spine)) == 1


@pytest.mark.requirement("REG-1")
def test_nobody_is_registered_at_their_own_practice(counter: Counter, spine: Sandbox) -> None:
    page = chooses_for(counter, SENSITIVE_AT_THEIR_OWN)
    assert "The patient has no record at this practice" in page.text
    assert OFFER not in page.text
    assert "The patient is registered at this practice" in page.text
    encounter_id, proposal_id = page.address.strip("/").split("?")[0].rstrip("/").split("/")[1::2]
    counter.client.post(
        reverse("register-patient", args=[encounter_id, proposal_id]),
        {
            "form_token": "7b1f0a52-56f3-4b0e-8a51-2f6d5f6b8c11",
            "description": "Knee pain",
        },
    )
    assert sent_to_register(spine) == []
    assert Event.objects.filter(
        kind=EventKind.BLOCKED, outcome="not registered: RegisteredHere"
    ).exists()


@pytest.mark.requirement("REG-3")
def test_a_registration_whose_answer_is_lost_is_settled_and_the_booking_goes_on(
    counter: Counter, spine: Sandbox
) -> None:
    check = chooses_for(counter, ELSEWHERE).address
    form = register_form(counter)
    spine.fault(practice="A20047", use_case="register", kind="hang_after", times=1)
    page = counter.sends(form, description="Knee pain")
    command = registration()
    assert command.state == State.UNCONFIRMED
    assert page.title.startswith("Not confirmed yet")
    assert "No appointment has been booked." in page.text
    assert 'hx-trigger="every 2s"' in page.html

    again = counter.sends(form, description="Knee pain")  # back, and sent once more
    assert again.address == saga_page()
    assert counter.opens(check).address == saga_page()
    assert "Temporary registration" in counter.opens(reverse("bookings")).text.split("Today,")[0]
    assert counter.opens(reverse("encounter", args=[counter.encounter_id])).status == 200

    assert settled(command).state == State.DONE
    assert command.patient_id
    assert orchestrator.continue_due() == 1
    page = counter.opens(saga_page())
    assert page.title.startswith("Registered and booked"), page.text
    assert booking().patient_id == command.patient_id
    assert len(sent_to_register(spine)) == 1


@pytest.mark.requirement("REG-3")
def test_one_that_never_arrived_is_not_made_only_when_it_can_no_longer_arrive(
    counter: Counter, spine: Sandbox
) -> None:
    check = chooses_for(counter, ELSEWHERE).address
    form = register_form(counter)
    spine.fault(practice="A20047", use_case="register", kind="hang_before", times=1)
    counter.sends(form, description="Knee pain")
    command = registration()
    assert settled(command).state == State.UNCONFIRMED
    assert counter.opens(check).address == saga_page()

    Command.objects.update(created_at=database_now() - LONG_AGO)  # too long to be sent again
    assert settled(command, dead=True).state == State.NOT_MADE
    page = counter.opens(saga_page())
    assert page.title.startswith("Not registered")
    assert "the request can no longer arrive" in page.text
    assert check.split("?")[0] in page.html
    page = counter.opens(check)
    assert OFFER in page.text
    form = register_form(counter)
    assert form.fields["description"] == ["Knee pain"]
    assert counter.sends(form).title.startswith("Registered and booked")
    assert len(sent_to_register(spine)) == 2
    assert Command.objects.filter(kind=Kind.REGISTER, state=State.DONE).count() == 1


@pytest.mark.requirement("REG-1")
def test_the_registration_remains_when_the_booking_then_fails(
    counter: Counter, spine: Sandbox
) -> None:
    chooses_for(counter, ELSEWHERE)
    spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
    page = registers(counter)
    assert page.title.startswith("Registered, not booked")
    assert "that remains" in page.text
    assert booking().state == State.REFUSED
    check = counter.sends(page.form("/slots/choose"), only=counter.offered[0])
    assert check.title.startswith("Check and book")
    assert "Knee pain" in check.html
    page = counter.sends(next(form for form in check.forms if "description" in form.fields))
    assert page.address == saga_page()
    assert page.title.startswith("Registered and booked")
    assert len(sent_to_register(spine)) == 1


@pytest.mark.requirement("REG-3", "ERR-1")
def test_a_refusal_is_explained_and_may_be_tried_again(counter: Counter, spine: Sandbox) -> None:
    check = chooses_for(counter, ELSEWHERE).address
    counter.opens(register_address(counter.page))
    opened = Encounter.objects.get(pk=counter.encounter_id)
    opened.trace["born"] = "1970-01-02"  # as if PDS had been put right since
    opened.save()
    page = counter.sends(counter.page.form("/register"), description="Knee pain")
    assert page.title.startswith("Not registered")
    assert "The practice could not match the patient with the national record." in page.text
    assert "No appointment has been booked." in page.text
    assert OFFER in counter.opens(check).text


@pytest.mark.requirement("IG-1")
def test_it_needs_the_permission(
    counter: Counter,
    receptionist: User,
    organisations: dict[str, Organisation],
    spine: Sandbox,
) -> None:
    remove_perm(Permission.REGISTER_PATIENT.value, receptionist, organisations["A1001"])
    page = chooses_for(counter, ELSEWHERE)
    assert "The patient has no record at this practice" in page.text
    assert OFFER not in page.text
    assert counter.opens(register_address(page)).status == 403
    assert sent_to_register(spine) == []


@pytest.mark.requirement("IG-2")
def test_a_registration_is_audited_from_the_store_to_the_end(
    counter: Counter, spine: Sandbox
) -> None:
    chooses_for(counter, ELSEWHERE)
    registers(counter)
    command = registration()
    told = [
        (event.kind, event.outcome)
        for event in Event.objects.filter(command_id=command.pk).order_by("id")
    ]
    assert told[0] == (EventKind.COMMAND_STORED, "register")
    assert told[-1] == (EventKind.COMMAND_MOVED, "done")


def test_an_organisation_registers_a_patient_once_at_a_time(
    counter: Counter, clinician: User, sign_in: SignIn, spine: Sandbox
) -> None:
    chooses_for(counter, ELSEWHERE)
    mine = register_form(counter)
    colleague = Counter(Client())
    sign_in(colleague.client, clinician)
    chooses_for(colleague, ELSEWHERE)
    theirs = register_form(colleague)
    spine.fault(practice="A20047", use_case="register", kind="hang_before", times=1)
    counter.sends(mine, description="Knee pain")
    page = colleague.sends(theirs, description="Knee pain")
    assert OFFER not in page.text
    assert Command.objects.count() == 1
    assert len(sent_to_register(spine)) == 1

"""Another practitioner or channel than asked for: said, and told first where minded. [BOOK-7]"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter, Page
from tests.portal.unsettled import colleague, page_of
from tests.sandbox_control import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("BOOK-7")]

READ_ALOUD = "Read to the patient"
KEEPS = "The patient knows, and keeps it"


def books_with(counter: Counter, spine: Sandbox, *kinds: str) -> tuple[Command, Page]:
    """Book a slot that names its practitioner; the practice makes it otherwise."""
    for kind in kinds:
        spine.fault(practice="A20047", use_case="book", kind=kind, times=1)
    counter.traces()
    counter.searches("A20047")
    counter.chooses(named_slot(counter))
    counter.books()
    return counter.command, counter.page


def named_slot(counter: Counter) -> int:
    """The place in the list of the last slot in person with Dr Legg, a man."""
    rows = [row.split("<li")[-1] for row in counter.page.html.split('name="only"')[:-1]]
    places = [n for n, row in enumerate(rows) if "Harold Legg" in row and "In-person" in row]
    return places[-1]


def named(command: Command) -> str:
    return str(command.payload["offers"][0]["practitioner_name"])


def test_another_practitioner_is_said_and_shown(counter: Counter, spine: Sandbox) -> None:
    """Case 7: of the same gender and role, nobody has to be asked."""
    command, page = books_with(counter, spine, "practitioner_alike")
    assert command.state == State.DONE
    assert page.title.startswith("Booked")
    assert "Not all of it is as asked for" in page.text
    asked = named(command)
    row = page.text.split("Asked for Booked With ")[1]
    assert row.startswith(f"{asked} ")
    another = row.removeprefix(f"{asked} ").split(" Booked")[0].split(" The ")[0]
    assert READ_ALOUD in page.text
    read = page.text.split(READ_ALOUD)[1].split("What it is for")[0]
    assert asked not in read
    assert another.split()[-1] in read or "with" in read
    assert KEEPS not in page.text


@pytest.mark.parametrize("kind", ["other_practitioner", "other_channel"])
def test_what_a_patient_may_mind_is_told_before_anything_is_read_aloud(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    command, page = books_with(counter, spine, kind)
    assert command.state == State.DONE
    assert page.title.startswith("Booked")
    assert READ_ALOUD not in page.text
    assert "Print for the patient" not in page.text
    assert "Your appointment" not in page.text  # the slip
    assert "Cancel this appointment" in page.text
    if kind == "other_channel":
        assert "How In-person Telephone" in page.text
    else:
        assert "Gender Male Female" in page.text

    page = counter.sends(page.form("/acknowledge"))
    assert READ_ALOUD in page.text
    assert "has told the patient" in page.text
    read = page.text.split(READ_ALOUD)[1]
    if kind == "other_channel":
        assert "The practice will ring you." in read
    else:
        assert named(command) not in read.split("What it is for")[0]
    event = Event.objects.get(kind=EventKind.OTHERWISE_ACKNOWLEDGED)
    assert (event.command_id, event.nhs_number) == (command.pk, PATIENT)
    command.refresh_from_db()
    assert command.acknowledged is not None


def test_a_word_about_what_was_shown_before_is_not_taken(counter: Counter, spine: Sandbox) -> None:
    """The practice has arranged it anew between the page and the click."""
    command, page = books_with(counter, spine, "other_channel")
    form = page.form("/acknowledge")
    result = command.result | {"delivery_channel": "Video"}
    Command.objects.filter(pk=command.pk).update(result=result)
    page = counter.sends(form)
    assert "This has changed since you opened it." in page.text
    assert READ_ALOUD not in page.text
    assert not Event.objects.filter(kind=EventKind.OTHERWISE_ACKNOWLEDGED).exists()


def test_what_changes_after_the_patient_was_told_is_told_anew(
    counter: Counter, spine: Sandbox
) -> None:
    command, page = books_with(counter, spine, "other_channel")
    counter.sends(page.form("/acknowledge"))
    command.refresh_from_db()
    Command.objects.filter(pk=command.pk).update(
        result=command.result | {"delivery_channel": "Video"}
    )
    page = counter.opens(page_of(command))
    assert READ_ALOUD not in page.text
    assert "How In-person Video" in page.text


def test_whoever_cannot_look_up_the_person_reads_nothing_out(
    counter: Counter, spine: Sandbox, clinician: User, sign_in: SignIn
) -> None:
    """A colleague without the patient's record: of whom nobody knows the gender, it may differ."""
    command, _ = books_with(counter, spine, "practitioner_alike")
    page = colleague(clinician, sign_in).opens(page_of(command))
    assert READ_ALOUD not in page.text
    assert named(command) not in page.text.split("The appointment")[-1]


def test_nobody_else_may_say_that_the_patient_knows(
    counter: Counter, spine: Sandbox, auditor: User, sign_in: SignIn, client: Client
) -> None:
    command, page = books_with(counter, spine, "other_channel")
    seen = page.form("/acknowledge").fields["seen"]
    other = Client()
    sign_in(other, auditor)
    response: Any = other.post(reverse("acknowledge-command", args=[command.pk]), {"seen": seen})
    assert response.status_code == 403
    command.refresh_from_db()
    assert command.acknowledged is None


def test_a_booking_as_asked_for_needs_nobodys_word(counter: Counter, spine: Sandbox) -> None:
    command, page = books_with(counter, spine)
    assert "Not all of it is as asked for" not in page.text
    assert named(command) in page.text.split(READ_ALOUD)[1]
    response: Any = counter.client.post(
        reverse("acknowledge-command", args=[command.pk]), {"seen": ""}
    )
    assert response.status_code == 302
    assert not Event.objects.filter(kind=EventKind.OTHERWISE_ACKNOWLEDGED).exists()


@pytest.mark.requirement("MOVE-1")
def test_a_moved_appointment_is_read_aloud_when_the_patient_knows(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces("9658218865")  # one appointment at A20047
    [old] = spine.appointments("A20047", "9658218865")
    counter.opens(reverse("move-appointment", args=[counter.encounter_id, "A20047", old["id"]]))
    counter.sends(counter.page.form("/slots/"), when="14", practices=["A20047"])
    counter.chooses(named_slot(counter))
    spine.fault(practice="A20047", use_case="book", kind="other_channel", times=1)
    form = next(form for form in counter.page.forms if "reason" in form.fields)
    page = counter.sends(form)
    assert "/steps/" in page.address, page.text
    assert "How In-person Telephone" in page.text
    assert READ_ALOUD not in page.text
    page = counter.sends(page.form("/acknowledge"))
    assert READ_ALOUD in page.text
    assert "has told the patient" in page.text

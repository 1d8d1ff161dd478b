"""J84021, whose system does what was measured on the official Demonstrator, through the pages."""

import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from booking_portal.commands.models import Command, Saga
from booking_portal.commands.restore_models import Reconciliation
from booking_portal.commands.restores import hold
from booking_portal.commands.states import Kind, State
from tests.portal.appointments.booking.test_registration import registers
from tests.portal.clocks import set_clocks, settled
from tests.portal.counter import Counter, Page
from tests.portal.unsettled import page_of
from tests.sandbox_control import Json, Sandbox

pytestmark = pytest.mark.django_db

HERE = "J84021"
HERS = "9990000220"  # one appointment here, booked by A1001
ELSEWHERE = "9324926233"  # no record here


@pytest.fixture
def hers(counter: Counter) -> Counter:
    """The counter with the practice's own patient on the line."""
    counter.traces(HERS)
    return counter


def the_old(spine: Sandbox) -> Json:
    return next(one for one in spine.appointments(HERE, HERS) if one["status"] == "booked")


def books(counter: Counter, number: int = -1, **texts: str) -> Command:
    counter.searches(HERE)
    counter.chooses(number)
    counter.books(**texts)
    return counter.command


def opens(counter: Counter, page: str, appointment_id: str) -> Page:
    return counter.opens(reverse(page, args=[counter.encounter_id, HERE, appointment_id]))


def test_tomorrow_is_found(hers: Counter) -> None:
    page = hers.searches(HERE, when="tomorrow")
    assert hers.offered, page.text


@pytest.mark.requirement("BOOK-7")
def test_letters_that_the_practice_lost_cast_no_doubt_on_the_booking(hers: Counter) -> None:
    command = books(hers, description="Łukasz’ ear")
    assert command.state == State.DONE
    assert "Łukasz’ ear" in hers.page.text
    assert "?ukasz? ear" in hers.page.text


@pytest.mark.requirement("AMEND-2")
def test_a_change_can_be_followed_by_another_and_by_cancelling(
    hers: Counter, spine: Sandbox
) -> None:
    old = the_old(spine)["id"]
    for description in ("First words", "Other words"):
        page = opens(hers, "amend-appointment", old)
        hers.sends(page.form("/amend"), description=description, comment="")
        assert hers.command.state == State.DONE, hers.page.text
    page = opens(hers, "cancel-appointment", old)
    hers.sends(page.form("/cancel"), decision="cancel", reason="Feels better")
    assert hers.command.state == State.DONE, hers.page.text
    [gone] = spine.appointments(HERE, HERS)
    assert (gone["status"], gone["description"]) == ("cancelled", "Other words")


@pytest.mark.requirement("MOVE-1")
def test_an_appointment_is_moved(hers: Counter, spine: Sandbox) -> None:
    page = opens(hers, "move-appointment", the_old(spine)["id"])
    hers.sends(page.form("/slots/"), when="14", practices=[HERE])
    hers.chooses()
    form = next(form for form in hers.page.forms if "reason" in form.fields)
    hers.sends(form, reason="Cannot come that day", description="Back pain")
    assert Saga.objects.get().kind == Saga.Kind.MOVE
    assert {command.state for command in Command.objects.all()} == {State.DONE}, hers.page.text
    held = spine.appointments(HERE, HERS)
    assert sorted(one["status"] for one in held) == ["booked", "cancelled"]


@pytest.mark.requirement("REG-1")
def test_a_patient_from_elsewhere_is_registered_and_booked(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces(ELSEWHERE)
    counter.searches(HERE)
    counter.chooses()
    registers(counter, description="Sore throat")
    states = dict(Command.objects.values_list("kind", "state"))
    assert states == {Kind.REGISTER: State.DONE, Kind.BOOK: State.DONE}, counter.page.text
    assert len(spine.appointments(HERE, ELSEWHERE)) == 1


@pytest.mark.requirement("ERR-2")
def test_a_no_under_500_after_saving_is_found(hers: Counter, spine: Sandbox) -> None:
    before = len(spine.appointments(HERE, HERS))
    command = books(hers, description="Hearing test", comment="Hard of hearing 🦻")
    assert (command.state, command.error_code) == (State.UNCONFIRMED, "BAD_REQUEST")
    assert "Not booked" not in hers.page.text
    assert settled(command).state == State.DONE
    assert len(spine.appointments(HERE, HERS)) == before + 1


@pytest.mark.requirement("ERR-2")
def test_a_no_under_500_before_saving_ends_as_not_made(hers: Counter, spine: Sandbox) -> None:
    before = spine.appointments(HERE, HERS)
    command = books(hers, description="Sore knee 🦵")
    assert command.state == State.UNCONFIRMED
    assert settled(command, dead=True).state == State.NOT_MADE
    assert spine.appointments(HERE, HERS) == before


@pytest.mark.requirement("BOOK-8")
def test_a_slot_that_has_gone_is_said_to_have_gone(hers: Counter, spine: Sandbox) -> None:
    hers.searches(HERE)
    hers.chooses()
    spine.fault(practice=HERE, use_case="book", kind="slot_taken", times=1)
    hers.books("Knee pain")
    assert hers.command.state == State.REFUSED
    assert "no longer free" in hers.page.text, hers.page.text


class TestAfterItsNightlyReset:
    """The practice has forgotten what was booked, and its ids come round again."""

    @pytest.mark.requirement("ERR-2")
    def test_an_old_booking_is_not_shown_any_more(self, hers: Counter, spine: Sandbox) -> None:
        command = books(hers)
        spine.start_again(HERE)
        page = opens(hers, "appointment", command.appointment_id)
        assert "The practice does not show this appointment any more" in page.text
        set_clocks(command, settled_at=-2 * 60 * 60)
        assert "You have an appointment" not in hers.opens(page_of(command)).text

    def test_an_id_that_has_come_round_is_for_a_person(self, hers: Counter, spine: Sandbox) -> None:
        spine.start_again(HERE)
        first = books(hers)
        spine.start_again(HERE)
        second = books(hers, number=0)
        assert (first.appointment_id, first.state) == ("3", State.DONE)
        assert (second.state, second.error_code) == (State.NEEDS_ATTENTION, "NUMBER_IN_USE")
        assert "under a number that another booking has already" in hers.page.text
        assert "Ring Foxglove Lane Surgery" in hers.page.text
        # What the old booking's number leads to is another appointment, and shown as such.
        set_clocks(first, settled_at=-2 * 60 * 60)
        page = hers.opens(page_of(first))
        assert "does not show" in page.text
        assert "You have an appointment" not in page.text
        first.refresh_from_db()
        assert first.result["starts"] == first.starts  # another's is not kept as this one's

    @pytest.mark.requirement("ERR-2")
    def test_reconciling_counts_as_missing_what_another_has_the_number_of(
        self, hers: Counter, spine: Sandbox, capsys: pytest.CaptureFixture[str]
    ) -> None:
        spine.start_again(HERE)
        first = books(hers)
        spine.start_again(HERE)
        second = books(hers, number=0)
        assert second.error_code == "NUMBER_IN_USE"
        hold.hold("a test")
        call_command("reconcile")
        assert re.search(r"A1001 +1 +0 +0 +1 +0 +0\n", capsys.readouterr().out)
        assert Reconciliation.objects.get().missing == [str(first.pk)]
        hers.opens(reverse("patient-appointments", args=[hers.encounter_id, HERE]))
        first.refresh_from_db()
        assert first.not_shown_at is not None  # though its number is in the list
        assert first.result["starts"] == first.starts

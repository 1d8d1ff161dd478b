"""Recovery, in each order that two looks, a late answer and a death can come in."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.delivery import outcome_check, sender
from booking_portal.commands.delivery.recovery import settle
from booking_portal.commands.models import Command
from booking_portal.commands.states import Kind, State
from gpconnect import answers
from gpconnect.client import GPConnectClient
from gpconnect.models import Appointment, Appointments
from tests.portal.clocks import set_clocks, settled
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

DAY = 24 * 60 * 60


def as_before_sending(command: Command) -> Command:
    """The command again as it was the moment before it was sent."""
    Command.objects.filter(pk=command.pk).update(
        state=State.SENDING, result={}, settled_at=None, error_code=""
    )
    if command.kind == Kind.BOOK:
        Command.objects.filter(pk=command.pk).update(appointment_id="")
    return set_clocks(command, send_deadline=60)


def opens_change(counter: Counter, command: Command, change: str) -> None:
    """The page that amends or cancels the command's appointment."""
    counter.opens(
        f"/encounters/{counter.encounter_id}/appointments/"
        f"{command.practice.ods_code}/{command.appointment_id}/{change}"
    )


@pytest.fixture
def answers_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let practices answer a retrieval otherwise: each appointment, or the whole, changed."""

    def changed(
        each: Callable[[Appointment], Appointment] = lambda one: one, faults: tuple[str, ...] = ()
    ) -> None:
        ask = GPConnectClient.patient_appointments

        def retrieve(*args: Any, **kwargs: Any) -> Appointments:
            told = ask(*args, **kwargs)
            return Appointments(tuple(each(one) for one in told.appointments), faults)

        monkeypatch.setattr(GPConnectClient, "patient_appointments", retrieve)

    return changed


@pytest.mark.requirement("RET-1")
def test_a_day_that_is_over_proves_nothing(counter: Counter, spine: Sandbox) -> None:
    """Practices show nothing before today: not finding yesterday's booking is no evidence."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    set_clocks(command, starts_at=-2 * DAY, request_dead_at=-1)
    Command.objects.filter(pk=command.pk).update(payload=command.payload | {"offers": []})
    command.refresh_from_db()
    settled(command)
    assert command.state == State.NEEDS_ATTENTION


@pytest.mark.requirement("BOOK-8", "SFS-10")
def test_slot_gone_is_not_final_while_part_of_the_answer_cannot_be_read(
    counter: Counter, spine: Sandbox, answers_with: Callable[..., None]
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
    answers_with(faults=("One appointment could not be read.",))
    counter.books()
    assert counter.command.state == State.UNCONFIRMED


@pytest.mark.requirement("BOOK-8")
def test_a_worker_that_was_quicker_with_a_slot_that_has_gone_breaks_nothing(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    spine.fault(practice="A20047", use_case="book", kind="slot_taken", times=1)
    see = outcome_check._see

    def overtaken(command: Command, *others: Any) -> Any:
        Command.objects.filter(pk=command.pk).update(state=State.REFUSED)
        return see(command, *others)

    monkeypatch.setattr(outcome_check, "_see", overtaken)
    page = counter.books()
    assert page.status == 200
    assert counter.command.state == State.REFUSED


def test_an_answer_that_came_after_the_sweep_still_counts(
    counter: Counter,
    spine: Sandbox,
    receptionist: User,
    acting_for: Callable[..., Actor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The practice's own word is better evidence than the sweep's not knowing."""
    ask = GPConnectClient.book_appointment

    def slowly(*args: Any, **kwargs: Any) -> Appointment:
        booked = ask(*args, **kwargs)
        Command.objects.update(state=State.UNCONFIRMED)
        return booked

    monkeypatch.setattr(GPConnectClient, "book_appointment", slowly)
    assert counter.arrives_at_booking().state == State.DONE


@pytest.mark.requirement("BOOK-7")
def test_an_alarm_that_came_after_the_sweep_is_still_raised(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = sender._perform

    def slowly(*args: Any, **kwargs: Any) -> Any:
        try:
            return send(*args, **kwargs)
        finally:
            Command.objects.update(state=State.UNCONFIRMED)

    monkeypatch.setattr(sender, "_perform", slowly)
    monkeypatch.setattr(
        "gpconnect.comparison.differences_from_booking", lambda asked, got: ("location",)
    )
    assert counter.arrives_at_booking().state == State.NEEDS_ATTENTION


@pytest.mark.requirement("BOOK-7")
@pytest.mark.parametrize(
    "otherwise",
    [
        lambda one: replace(one, location_id="another-branch"),
        lambda one: replace(one, slot_ids=("another-slot",)),
    ],
    ids=["another place", "another slot"],
)
def test_what_is_found_is_compared_like_an_answer(
    counter: Counter,
    spine: Sandbox,
    answers_with: Callable[..., None],
    otherwise: Callable[[Appointment], Appointment],
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    answers_with(lambda one: replace(otherwise(one), identifiers=(str(command.pk),)))
    settled(command)
    assert command.state == State.NEEDS_ATTENTION
    page = counter.opens(f"/bookings/{command.pk}/")
    assert "The practice recorded something else" in page.text


def test_another_commands_appointment_is_not_taken_for_ours(
    counter: Counter, spine: Sandbox, answers_with: Callable[..., None]
) -> None:
    """Same patient, slot and organisation; but the practice gives another booking's id back."""
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    other = Command.objects.get(pk=command.pk)
    other.pk, other.form_token, other.state = uuid.uuid4(), uuid.uuid4(), State.REFUSED
    other.save(force_insert=True)
    answers_with(lambda one: replace(one, identifiers=(str(other.pk),)))
    settled(command)
    assert command.state == State.UNCONFIRMED


@pytest.mark.requirement("AMEND-1", "BOOK-4")
@pytest.mark.parametrize(
    ("asked", "now_there"),
    [
        (("Knee pain", ""), ("Knee pain", "By somebody else")),
        (("Knee", ""), ("Knee pain today", "")),
        (("Knee", "Left"), ("Knee pain, not the left one. Left message", "")),
    ],
)
def test_somebody_elses_text_is_not_taken_for_ours(
    counter: Counter,
    spine: Sandbox,
    clinician: User,
    sign_in: SignIn,
    asked: tuple[str, str],
    now_there: tuple[str, str],
) -> None:
    """Our amendment never arrived; another hub's did, with our words among theirs."""
    elsewhere = Membership.objects.get(user=clinician)
    elsewhere.organisation = Organisation.objects.get(ods_code="A1002")
    elsewhere.save()
    booked = counter.arrives_at_booking()
    opens_change(counter, booked, "amend")
    spine.fault(practice="A20047", use_case="amend", kind="hang_before", times=1)
    counter.sends(counter.page.form("/amend"), description=asked[0], comment=asked[1])
    ours = counter.command
    colleague = Counter(Client())
    sign_in(colleague.client, clinician)
    colleague.traces()
    opens_change(colleague, booked, "amend")
    colleague.sends(colleague.page.form("/amend"), description=now_there[0], comment=now_there[1])
    assert colleague.command.state == State.DONE
    assert settled(ours).state == State.UNCONFIRMED  # ours may have been there in between
    set_clocks(ours, request_dead_at=-1)
    assert settled(ours).state == State.NEEDS_ATTENTION  # and nobody can tell by looking


@pytest.mark.requirement("AMEND-2", "ERR-4")
@pytest.mark.parametrize("change", ["amend", "cancel"])
def test_a_conflict_with_our_own_success_is_success(
    counter: Counter,
    spine: Sandbox,
    receptionist: User,
    acting_for: Callable[..., Actor],
    change: str,
) -> None:
    """Something on the way sent the request twice: the second is answered 409."""
    booked = counter.arrives_at_booking()
    opens_change(counter, booked, change)
    typed = {"description": "Something else", "comment": "And this"}
    if change == "cancel":
        typed = {"decision": "cancel", "reason": "Feels better"}
    counter.sends(counter.page.form(f"/{change}"), **typed)
    command = as_before_sending(counter.command)
    again = sender.send(command, actor=acting_for(receptionist, "A1001"))
    assert again.state == State.DONE


@pytest.mark.requirement("AMEND-2")
def test_a_conflict_with_somebody_elses_change_is_refused_at_once(
    counter: Counter, spine: Sandbox, receptionist: User, acting_for: Callable[..., Actor]
) -> None:
    booked = counter.arrives_at_booking()
    opens_change(counter, booked, "amend")
    counter.sends(counter.page.form("/amend"), description="Something else", comment="")
    command = as_before_sending(counter.command)
    Command.objects.filter(pk=command.pk).update(
        payload=command.payload | {"description": "Never arrived"}
    )
    command.refresh_from_db()
    again = sender.send(command, actor=acting_for(receptionist, "A1001"))
    assert (again.state, again.error_code) == (State.REFUSED, "VERSION_CONFLICT")


@pytest.mark.requirement("IG-1")
def test_a_role_that_was_taken_away_is_not_used_to_settle(
    counter: Counter, spine: Sandbox, receptionist: User
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    membership = Membership.objects.get(user=receptionist)
    membership.role = "auditor"
    membership.save()
    spine.clear_exchanges()
    settled(command)
    assert command.state == State.NEEDS_ATTENTION
    assert spine.exchanges() == []
    assert Event.objects.filter(kind=EventKind.NOT_PERMITTED, command_id=None).exists()


def test_a_person_was_quicker_while_the_role_was_taken_away(
    counter: Counter, spine: Sandbox, receptionist: User
) -> None:
    spine.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)
    command = counter.arrives_at_booking()
    membership = Membership.objects.get(user=receptionist)
    membership.role = "auditor"
    membership.save()
    stale = Command.objects.get(pk=command.pk)
    Command.objects.filter(pk=command.pk).update(state=State.NEEDS_ATTENTION)
    assert settle(stale).state == State.NEEDS_ATTENTION


@pytest.mark.requirement("AMEND-2")
def test_a_version_that_only_the_etag_says_is_enough(
    counter: Counter, spine: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked = counter.arrives_at_booking()
    read = answers.resource

    def without_version(*args: Any, **kwargs: Any) -> Any:
        resource = read(*args, **kwargs)
        if resource["resourceType"] != "Appointment":
            return resource
        meta = {name: value for name, value in resource["meta"].items() if name != "versionId"}
        return dict(resource) | {"meta": meta}

    monkeypatch.setattr(answers, "resource", without_version)
    opens_change(counter, booked, "cancel")
    counter.sends(counter.page.form("/cancel"), decision="cancel", reason="Feels better")
    assert counter.command.state == State.DONE
    assert spine.appointments("A20047", PATIENT)[0]["status"] == "cancelled"


@pytest.mark.requirement("BOOK-7")
def test_a_booking_that_we_cancelled_is_not_listed_as_booked(
    counter: Counter, spine: Sandbox
) -> None:
    booked = counter.arrives_at_booking()
    opens_change(counter, booked, "cancel")
    counter.sends(counter.page.form("/cancel"), decision="cancel", reason="Feels better")
    assert counter.command.state == State.DONE
    page = counter.opens(f"/bookings/?day={booked.day.isoformat()}")
    assert "Booked, and cancelled since" in page.text


def test_how_long_settling_waits_is_bounded(counter: Counter, spine: Sandbox) -> None:
    spine.fault(practice="A20047", use_case="book", kind="hang_before", times=1)
    command = counter.arrives_at_booking()
    Command.objects.filter(pk=command.pk).update(looks=50_000)
    command.refresh_from_db()
    settled(command)
    assert command.next_look_at is not None
    assert command.next_look_at - command.created_at < timedelta(minutes=3)

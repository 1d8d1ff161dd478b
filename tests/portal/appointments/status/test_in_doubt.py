"""What is contradictory, not there, or not to be looked at: on the pages and in `reconcile`."""

import importlib
import re
import uuid
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.appointments.shared import formatting
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.delivery.outbox import SEND_WINDOW
from booking_portal.commands.delivery.recovery import certain_by
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.restore_models import Reconciliation
from booking_portal.commands.restores import hold
from booking_portal.commands.states import Kind, State
from booking_portal.integration import clients
from gpconnect import london
from tests.portal.appointments.booking.test_registration import registers
from tests.portal.clocks import set_clocks, settled
from tests.portal.counter import Counter
from tests.portal.saga_steps import Clerk
from tests.portal.unsettled import changes_with, page_of, to_a_person
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db

Resolution = Command.Resolution
KNOWN_BY = re.compile(r"It will be known by (\d\d:\d\d)")
NOT_SHOWN = "The practice does not show this appointment any more"


def refused_under_500(counter: Counter, spine: Sandbox, kind: str, **more: Any) -> Command:
    spine.fault(practice="A20047", use_case="book", kind=kind, times=1, **more)
    return counter.arrives_at_booking()


def old_booking(counter: Counter) -> Command:
    """A confirmed booking of days to come that nobody has looked at for a while."""
    return set_clocks(counter.arrives_at_booking(), settled_at=-3600)


# Case 14


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("kind", "state"),
    [("refusal_500_after", State.DONE), ("refusal_500", State.NOT_MADE)],
)
def test_a_refusing_code_under_500_is_looked_for_and_not_believed(
    counter: Counter, spine: Sandbox, kind: str, state: State
) -> None:
    command = refused_under_500(counter, spine, kind, words="Column 9658218873 <b>too long</b>")
    assert command.state == State.UNCONFIRMED
    page = counter.page
    assert page.title.startswith("Not confirmed yet")
    assert "The practice's system did not accept the request." in page.text
    assert "In its own words: “" in page.text
    assert re.search(r"In its own words: “[^”]*[^.!?]”\. ", page.text)
    assert "Column [number]" in page.text
    assert "<b>too" not in page.html
    assert "Do not book again. Do not book elsewhere yet either." in page.text
    assert KNOWN_BY.search(page.text)
    assert (command.error_code, command.error_status) == ("BAD_REQUEST", 500)

    after = settled(command, dead=True)
    assert after.state == state
    assert after.error_code == "BAD_REQUEST", "what the practice said stays"
    found = state == State.DONE
    assert after.resolution == (Resolution.FOUND if found else Resolution.NOT_FOUND)
    assert (after.sends, len(spine.appointments("A20047", "9658218873"))) == (1, int(found))
    page = counter.opens(page_of(command))
    assert page.title.startswith("Booked" if found else "Not booked")
    assert ("How it ended: found at the practice" in page.text) is found
    moved = Event.objects.filter(kind=EventKind.COMMAND_MOVED, command_id=command.pk).latest("id")
    assert moved.detail["resolution"] == after.resolution


@pytest.mark.requirement("ERR-2")
def test_a_slot_that_is_gone_under_500_is_not_certainly_gone(
    counter: Counter, spine: Sandbox
) -> None:
    command = refused_under_500(counter, spine, "refusal_500")
    Command.objects.filter(pk=command.pk).update(error_code="DUPLICATE_REJECTED")
    command.refresh_from_db()
    settled(command, dead=True)
    page = counter.opens(page_of(command))
    assert page.title.startswith("Not booked")
    assert "Somebody else has" not in page.text


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize("kind", [Kind.AMEND, Kind.CANCEL])
@pytest.mark.parametrize(
    ("fault", "state"), [("refusal_500_after", State.DONE), ("refusal_500", State.NOT_MADE)]
)
def test_a_change_that_is_refused_under_500_is_looked_for(
    counter: Counter, spine: Sandbox, kind: Kind, fault: str, state: State
) -> None:
    command = changes_with(counter, spine, kind, fault)
    assert "The practice's system did not accept the request." in counter.page.text
    assert settled(command, dead=True).state == state


@pytest.mark.requirement("ERR-2", "MOVE-1")
def test_what_was_answered_to_a_moves_second_step_is_shown(clerk: Clerk, spine: Sandbox) -> None:
    old = clerk.books()
    spine.fault(practice="A20047", use_case="cancel", kind="refusal_500_after", times=1)
    saga = clerk.moves(old).saga
    assert saga is not None
    page = clerk.counter.opens(reverse("saga", args=[saga.pk]))
    assert page.title.startswith("The new one is booked, the old one is not cancelled for certain")
    assert "The answer was: The practice's system did not accept the request." in page.text
    assert KNOWN_BY.search(page.text)


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize("kind", ["refusal_500", "status_500", "status_502"])
def test_when_it_will_be_known_is_said_whatever_was_answered(
    counter: Counter, spine: Sandbox, kind: str
) -> None:
    """One that may be sent once more is certain later; the page gives the later time at once."""
    command = refused_under_500(counter, spine, kind)
    said = KNOWN_BY.search(counter.page.text)
    assert said is not None
    refused = kind == "refusal_500"
    seconds = settings.SEND_AGAIN_WINDOW_SECONDS + settings.REQUEST_LIFETIME_SECONDS
    again = command.created_at + timedelta(seconds=seconds) + SEND_WINDOW
    last = command.request_dead_at if refused else again
    a_look = timedelta(seconds=30)
    assert said[1] == formatting.clock(last + a_look + timedelta(seconds=59, microseconds=999_999))
    spine.fault(practice="A20047", use_case="book", kind=kind, times=1)
    command = set_clocks(
        command, request_dead_at=-1, created_at=-(settings.SEND_AGAIN_WINDOW_SECONDS - 2)
    )
    promised = certain_by(command)
    sent_again = settled(command)
    assert sent_again.sends == (1 if refused else 2)
    assert sent_again.request_dead_at <= promised
    if not refused:
        page = counter.opens(reverse("withdraw-command", args=[command.pk]))
        counter.sends(page.form("/withdraw"))
        assert "is withdrawn" in counter.page.text
        assert KNOWN_BY.search(counter.page.text)


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("second", "minute"), [(0, 31), (30, 31), (30.000001, 32), (59, 32), (59.999999, 32)]
)
def test_the_minute_that_is_said_is_never_before_it_is_known(
    counter: Counter, spine: Sandbox, second: float, minute: int
) -> None:
    """The screens give whole minutes, and a look takes some seconds: half a minute, rounded up."""
    command = refused_under_500(counter, spine, "refusal_500")
    tomorrow = datetime.combine(london.today() + timedelta(days=1), time(9, 30), london.LONDON)
    dead_at = tomorrow + timedelta(seconds=second)
    Command.objects.filter(pk=command.pk).update(request_dead_at=dead_at)
    page = counter.opens(page_of(command))
    assert f"It will be known by 09:{minute} on " in page.text


@pytest.mark.requirement("ERR-2")
def test_contradictory_answers_never_open_the_breaker(counter: Counter, spine: Sandbox) -> None:
    counter.traces()
    counter.searches("A20047")
    spine.fault(practice="A20047", use_case="search_slots", kind="refusal_500", times=None)
    for _ in range(settings.BREAKER_FAILURES + 1):
        counter.searches("A20047")
    assert clients.not_answering(["A20047"]) == {}
    spine.clear_faults()
    spine.fault(practice="A20047", use_case="search_slots", kind="status_500", times=None)
    for _ in range(settings.BREAKER_FAILURES + 1):
        counter.searches("A20047")
    assert list(clients.not_answering(["A20047"])) == ["A20047"]


# Case 15


@pytest.mark.requirement("ERR-2", "READ-1")
def test_a_booking_that_the_practice_does_not_show_is_said_to_be_so_everywhere(
    counter: Counter, spine: Sandbox
) -> None:
    command = old_booking(counter)
    spine.fault(practice="A20047", use_case="read", kind="not_found", times=None)
    page = counter.opens(page_of(command))
    assert page.title.startswith(NOT_SHOWN)
    assert "Ring them" in page.text
    assert "020 7946 0101" in page.text
    for wrong in ("Read to the patient", "You have an appointment", "cancelled", "not exist"):
        assert wrong not in page.text
    command.refresh_from_db()
    assert (command.state, command.error_code) == (State.DONE, "")

    page = counter.opens(f"{reverse('bookings')}?day={command.day.isoformat()}")
    assert NOT_SHOWN in page.text

    there = [counter.encounter_id, "A20047", command.appointment_id]
    for way in ("appointment", "amend-appointment", "cancel-appointment", "move-appointment"):
        page = counter.opens(reverse(way, args=there))
        assert page.status == 409, way
        assert NOT_SHOWN in page.text
        assert "Nothing was sent" not in page.text  # it was only opened
        assert "Ring them" in page.text
        assert "020 7946 0101" in page.text

    spine.clear_faults()
    page = counter.opens(page_of(command))
    assert page.title.startswith("Booked")
    assert "Read to the patient" in page.text


@pytest.mark.requirement("ERR-2", "READ-1")
def test_what_the_patients_list_shows_is_not_missing_any_more(
    counter: Counter, spine: Sandbox
) -> None:
    command = old_booking(counter)
    spine.fault(practice="A20047", use_case="read", kind="not_found", times=None)
    counter.opens(page_of(command))
    assert Command.objects.exclude(not_shown_at=None).count() == 1
    counter.opens(reverse("patient-appointments", args=[counter.encounter_id, "A20047"]))
    assert Command.objects.exclude(not_shown_at=None).count() == 0


@pytest.mark.requirement("ERR-2", "ERR-5")
@pytest.mark.parametrize("fault", ["not_found_bare", "status_500", "status_502", "refuse"])
def test_what_could_not_be_looked_at_is_neither_booked_nor_gone(
    counter: Counter, spine: Sandbox, fault: str
) -> None:
    command = old_booking(counter)
    spine.fault(practice="A20047", use_case="read", kind=fault, times=None)
    page = counter.opens(page_of(command))
    assert page.title.startswith("Could not be looked at just now")
    for wrong in ("Read to the patient", "You have an appointment", NOT_SHOWN, "not exist"):
        assert wrong not in page.text
    command.refresh_from_db()
    assert command.not_shown_at is None
    spine.clear_faults()
    assert counter.opens(page_of(command)).title.startswith("Booked")


@pytest.mark.requirement("READ-1")
def test_an_appointment_that_has_begun_is_not_missed(counter: Counter, spine: Sandbox) -> None:
    command = set_clocks(counter.arrives_at_booking(), starts_at=-600)
    spine.fault(practice="A20047", use_case="read", kind="not_found", times=None)
    args = [counter.encounter_id, "A20047", command.appointment_id]
    page = counter.opens(reverse("appointment", args=args))
    assert NOT_SHOWN not in page.text
    assert "The appointment has begun" in page.text


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize("kind", [Kind.BOOK, Kind.AMEND, Kind.CANCEL])
@pytest.mark.parametrize("looked", ["not_found", "not_found_bare"])
def test_a_404_in_a_look_decides_nothing(
    counter: Counter, spine: Sandbox, kind: Kind, looked: str
) -> None:
    if kind is Kind.BOOK:
        command = refused_under_500(counter, spine, "status_500_after")
    else:
        command = changes_with(counter, spine, kind)
    spine.fault(practice="A20047", use_case="*", kind=looked, times=None)
    assert settled(command).state == State.UNCONFIRMED
    dead = settled(command, dead=True)
    if looked == "not_found":  # the practice says so itself: a person asks it by telephone
        assert dead.state == State.NEEDS_ATTENTION
    else:  # nobody could look: on until the end of the appointment's day
        assert dead.state == State.UNCONFIRMED
        dead = settled(set_clocks(command, starts_at=-2 * 24 * 60 * 60))
        assert dead.state == State.NEEDS_ATTENTION
    assert dead.resolution == ""


@pytest.mark.requirement("ERR-2", "REG-3")
def test_a_404_about_the_patient_settles_no_registration(counter: Counter, spine: Sandbox) -> None:
    counter.traces("9324926233")
    counter.searches("A20047")
    counter.chooses()
    spine.fault(practice="A20047", use_case="register", kind="refusal_500_after", times=1)
    registers(counter)
    command = Command.objects.get(kind=Kind.REGISTER)
    assert command.state == State.UNCONFIRMED
    assert "The practice's system did not accept the request." in counter.page.text
    assert "do not book elsewhere yet" in counter.page.text
    assert KNOWN_BY.search(counter.page.text)
    spine.fault(practice="A20047", use_case="find_patient", kind="not_found", times=None)
    assert settled(command, dead=True).state == State.NEEDS_ATTENTION


@pytest.mark.requirement("ERR-2", "ERR-4", "AMEND-2")
@pytest.mark.parametrize(
    ("looked", "state"), [("not_found", State.UNCONFIRMED), ("drip", State.DONE)]
)
def test_a_404_makes_no_refusal_of_a_conflict_that_may_be_our_own(
    counter: Counter, spine: Sandbox, looked: str, state: State
) -> None:
    booked = counter.arrives_at_booking()
    where = [counter.encounter_id, "A20047", booked.appointment_id]
    page = counter.opens(reverse("cancel-appointment", args=where))
    spine.fault(practice="A20047", use_case="cancel", kind="own_409", times=1)
    at_first = {"practice": "A20047", "use_case": "read", "seconds": 0}
    spine.fault(**at_first, kind="drip", times=1)  # read before it is cancelled, and all is well
    spine.fault(**at_first, kind=looked, times=None)
    counter.sends(page.form("/cancel"), decision="cancel", reason="Better")
    assert counter.command.state == state
    assert counter.command.error_code == "VERSION_CONFLICT"


@pytest.mark.requirement("ERR-2", "ERR-4", "AMEND-2")
@pytest.mark.parametrize(
    ("changed", "state"), [(False, State.DONE), (True, State.REFUSED)], ids=["ours", "another"]
)
def test_a_409_without_a_word_is_a_conflict_only_where_the_version_is_another(
    counter: Counter, spine: Sandbox, changed: bool, state: State
) -> None:
    command = changes_with(counter, spine, Kind.CANCEL, "status_500")
    Command.objects.filter(pk=command.pk).update(
        error_code="HTTP_409",
        error_status=409,
        payload=command.payload | ({"version": "another"} if changed else {}),
    )
    command.refresh_from_db()
    assert settled(command).state == state  # sent again where nothing stands against it


@pytest.mark.requirement("ERR-2")
def test_reconcile_counts_as_missing_what_the_practice_says_it_does_not_show(
    counter: Counter, spine: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    first = counter.arrives_at_booking()
    others = [another_booking(first, number) for number in range(10)]
    another_booking(first, 10, starts_at=london.now_utc() - timedelta(days=1))
    begun_today = another_booking(first, 11, starts_at=this_day())
    hold.hold("a test")
    spine.reset()  # the practice has lost them all
    spine.fault(practice="A20047", use_case="read", kind="not_found", times=None)
    call_command("reconcile")
    said = capsys.readouterr().out
    assert re.search(r"A1001 +1 +0 +0 +11 +0 +0\n", said), said
    assert "missing at A20047: 11, which may be one fault" in said
    part = Reconciliation.objects.get()
    assert set(part.missing) == {str(first.pk), *(str(one.pk) for one in others)}
    assert part.begun == 1
    assert str(begun_today.pk) not in part.missing
    assert "begun, and not shown any more, as need not be: 1" in said
    page = counter.opens("/bookings/restored/")
    assert "11 of our bookings to come the practice does not show any more: ring them" in page.text
    assert "11 at Dr Legg's Surgery" in page.text
    assert counter.opens(page_of(first)).title.startswith(NOT_SHOWN)


@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("use_case", "kind"),
    [("read", "not_found_bare"), ("read", "status_500"), ("retrieve", "not_found"),
     ("find_patient", "not_found")],
)  # fmt: skip
def test_reconcile_does_not_count_as_missing_what_could_not_be_looked_at(
    counter: Counter,
    spine: Sandbox,
    capsys: pytest.CaptureFixture[str],
    use_case: str,
    kind: str,
) -> None:
    command = counter.arrives_at_booking()
    hold.hold("a test")
    spine.reset()
    spine.fault(practice="A20047", use_case=use_case, kind=kind, times=None)
    if use_case == "find_patient":
        command.encounter.at_practices.update(patient_id="")
    with pytest.raises(SystemExit):
        call_command("reconcile")
    assert re.search(r"A1001 +0 +0 +0 +0 +0 +1\n", capsys.readouterr().out)
    command.refresh_from_db()
    assert command.not_shown_at is None


def another_booking(command: Command, number: int, **facts: Any) -> Command:
    """A confirmed booking like that one, of an appointment that the practice has lost."""
    other = Command.objects.get(pk=command.pk)
    fresh = {"slot_key": f"slot {number}", "appointment_id": f"lost-{number}"}
    for name, value in (fresh | facts).items():
        setattr(other, name, value)
    other.pk, other.form_token = uuid.uuid4(), uuid.uuid4()
    other.save(force_insert=True)
    return other


def this_day() -> datetime:
    """The first instant of London's day: it has begun, and is today's."""
    return datetime.combine(london.today(), time(), london.LONDON)


# How a command ended is a field of its own


def test_what_was_kept_in_one_column_is_taken_apart(counter: Counter) -> None:
    migration = importlib.import_module("booking_portal.commands.migrations.0011_how_it_ended")
    command = counter.arrives_at_booking()
    sent = command.attempts.get(purpose=Attempt.Purpose.SEND)
    Attempt.objects.filter(pk=sent.pk).update(outcome="INTERNAL_SERVER_ERROR", status=500)
    for former, resolution in (
        ("FOUND_LATER", Resolution.FOUND_LATER),
        ("CLOSED_BY_TELEPHONE", Resolution.BY_TELEPHONE),
        ("CLOSED_BY_COMPARING", Resolution.BY_COMPARING),
    ):
        Command.objects.update(error_code=former, resolution="", error_status=None)
        migration.take_apart(apps, None)
        command.refresh_from_db()
        assert command.resolution == resolution
        assert (command.error_code, command.error_status) == ("INTERNAL_SERVER_ERROR", 500)
        migration.put_together(apps, None)
        command.refresh_from_db()
        assert command.error_code == former
    Command.objects.update(error_code="", resolution="")
    migration.take_apart(apps, None)
    command.refresh_from_db()
    assert command.resolution == Resolution.ANSWERED
    Attempt.objects.create(command=command, purpose=Attempt.Purpose.LOOK, outcome="FOUND")
    Command.objects.update(resolution="")
    migration.take_apart(apps, None)
    command.refresh_from_db()
    assert command.resolution == Resolution.FOUND


def test_closed_by_telephone_keeps_what_the_practice_said(
    counter: Counter, spine: Sandbox, manager: User, sign_in: Any
) -> None:
    command = to_a_person(refused_under_500(counter, spine, "refusal_500"))
    sign_in(counter.client, manager)
    page = counter.opens(page_of(command))
    counter.sends(page.form("/close"), outcome="not_made", spoken_to="Ann")
    command.refresh_from_db()
    assert (command.state, command.error_code) == (State.NOT_MADE, "BAD_REQUEST")
    assert command.resolution == Resolution.BY_TELEPHONE
    assert "Ann there said that it does not have it" in counter.opens(page_of(command)).text

"""After a restore: nothing is sent by itself, and what the practices have comes to light."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from booking_portal.accounts.models import Membership, Organisation, User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import send_hold
from booking_portal.commands.models import Command
from booking_portal.commands.restore_models import Reconciliation, Restoration, Stray
from booking_portal.commands.restores import hold
from booking_portal.commands.restores.reconciliation import NOBODY_MAY_LOOK, reconcile_due
from booking_portal.commands.states import State
from booking_portal.commands.tasks import settle_due
from booking_portal.patients.models import Encounter
from tests.connections import forget_connections
from tests.own_database import OwnDatabase
from tests.portal.clocks import set_clocks
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.monitor import health
from tests.sandbox_control import Sandbox

OTHER = "9658218903"
THIRD = "9658218881"


@pytest.fixture
def sample(own_database: OwnDatabase) -> None:
    """Everything of demo/sample.json, in a database that can be restored."""


@pytest.fixture
def managers_desk(manager: User, sign_in: SignIn, counter: Counter) -> Counter:
    counter = Counter(Client())
    sign_in(counter.client, manager)
    return counter


def writes(spine: Sandbox) -> list[str]:
    return [one["method"] for one in spine.exchanges() if one["method"] != "GET"]


def a_tick() -> None:
    """One round of the worker."""
    settle_due()
    while reconcile_due():
        pass


def on_hold() -> set[str]:
    return set(Restoration.objects.on_hold().values_list("organisation__ods_code", flat=True))


def everybody() -> set[str]:
    return set(Organisation.objects.values_list("ods_code", flat=True))


def test_a_restored_dump_is_noticed_reconciled_and_released(
    counter: Counter,
    managers_desk: Counter,
    spine: Sandbox,
    own_database: OwnDatabase,
    tmp_path: Path,
) -> None:
    a_tick()
    cancelled = counter.arrives_at_booking()
    spine.fault(practice="A20047", use_case="book", kind="status_500", times=1)
    counter.traces(OTHER)
    not_made = counter.arrives_at_booking()
    spine.fault(practice="B82617", use_case="book", kind="status_500_after", times=1)
    counter.traces("9324926233")
    unconfirmed = counter.arrives_at_booking("B82617")
    assert not_made.state == unconfirmed.state == State.UNCONFIRMED
    counter.traces(THIRD)  # found at the practice, nothing booked yet
    counter.searches("A20047")
    counter.chooses()
    a_tick()

    own_database.dump(tmp_path / "backup")
    counter.books("Not in the backup")
    forgotten = counter.command
    counter.traces(PATIENT)
    there = f"/encounters/{counter.encounter_id}/appointments/A20047/{cancelled.appointment_id}"
    page = counter.opens(f"{there}/cancel")
    counter.sends(page.form("/cancel"), decision="cancel", reason="Better")
    assert counter.command.state == State.DONE

    own_database.restore(tmp_path / "backup")

    assert send_hold.on_hold(), "from the first moment on"
    set_clocks(not_made, request_dead_at=-1, next_look_at=-1)
    set_clocks(unconfirmed, next_look_at=-1)
    spine.clear_exchanges()
    a_tick()
    assert on_hold() == {"A1001"}
    assert writes(spine) == []
    noted = Event.objects.filter(kind=EventKind.RESTORED, organisation_ods="A1001").get()
    assert noted.detail["reason"]
    assert not Command.objects.filter(pk=forgotten.pk).exists()
    not_made.refresh_from_db()
    assert not_made.state != State.DONE
    unconfirmed.refresh_from_db()
    assert unconfirmed.state == State.DONE
    cancelled.refresh_from_db()
    assert cancelled.result["status"] == "cancelled"
    stray = Stray.objects.get(nhs_number=THIRD)
    assert stray.appointment_id == forgotten.appointment_id
    [seeded] = Stray.objects.exclude(pk=stray.pk)  # "booked by us" too, before there was a portal
    assert seeded.nhs_number == OTHER

    page = counter.opens("/")
    assert "nothing is sent by itself until a manager releases it" in page.text
    page = counter.opens("/bookings/restored/")
    assert "booked by us, and our record does not" in page.text
    assert "A manager releases it" in page.text
    for ending in ("release", f"{stray.pk}/seen"):
        assert counter.client.post(f"/bookings/restored/{ending}").status_code == 403
    assert on_hold() == {"A1001"}

    page = managers_desk.opens("/bookings/restored/")
    page = managers_desk.sends(page.form(f"{seeded.pk}/seen"))
    assert page.text.count("booked by us, and our record does not") == 1
    page = managers_desk.sends(page.form(f"{stray.pk}/seen"))
    assert "None that nobody has seen to" in page.text
    seen = Event.objects.filter(kind=EventKind.COMMAND_TAKEN).latest("id")
    assert (seen.username, seen.appointment_id) == ("manager", forgotten.appointment_id)
    page = managers_desk.sends(page.form("/release"))
    assert "released by Mrs Helen Castell" in page.text
    assert on_hold() == set()
    assert Event.objects.get(kind=EventKind.RELEASED).username == "manager"
    assert "until a manager releases it" not in managers_desk.opens("/").text


def test_what_was_not_made_goes_again_only_when_released(
    counter: Counter, manager: User, spine: Sandbox, acting_for: Callable[..., object]
) -> None:
    a_tick()
    spine.fault(practice="A20047", use_case="book", kind="status_500", times=1)
    command = counter.arrives_at_booking()
    call_command("after_restore", "--reason", "the backup of this morning")
    set_clocks(command, request_dead_at=-1, next_look_at=-1)
    spine.clear_exchanges()
    assert settle_due() == 1
    assert writes(spine) == []
    command.refresh_from_db()
    assert command.state == State.NOT_MADE
    spine.fault(practice="A20047", use_case="book", kind="status_500", times=1)
    counter.traces(OTHER)
    other = counter.arrives_at_booking()
    call_command("release", "--as", "manager", "--organisation", "A1001")
    set_clocks(other, request_dead_at=-1, next_look_at=-1)
    spine.clear_exchanges()
    settle_due()
    assert writes(spine) == ["POST"]
    other.refresh_from_db()
    assert other.state == State.DONE


def test_a_disk_that_was_set_back_is_noticed(
    counter: Counter, own_database: OwnDatabase, tmp_path: Path
) -> None:
    counter.arrives_at_booking()
    a_tick()
    before = send_hold.database_identity()
    own_database.copy_disk(tmp_path / "disk")
    for _ in range(2):
        assert not hold.watch_for_restore()
    own_database.set_disk_back(tmp_path / "disk")
    assert send_hold.database_identity() == before, "only the count tells"
    assert hold.watch_for_restore()
    assert "older than when it was last seen" in Restoration.objects.all()[0].reason
    assert not hold.watch_for_restore(), "once is enough"


def test_a_database_made_anew_from_a_backup_is_noticed(
    counter: Counter, own_database: OwnDatabase, tmp_path: Path
) -> None:
    counter.arrives_at_booking()
    a_tick()
    cache.clear()  # Redis has forgotten everything
    own_database.dump(tmp_path / "backup")
    own_database.move_to_another(tmp_path / "backup")
    assert send_hold.on_hold()
    assert hold.watch_for_restore()
    assert on_hold() == {"A1001"}


def test_a_machine_that_was_set_back_with_its_redis_is_noticed_by_the_file_outside(
    counter: Counter, own_database: OwnDatabase, tmp_path: Path, settings: Settings
) -> None:
    settings.RESTORE_MARK_FILE = tmp_path / "elsewhere" / "mark"
    settings.RESTORE_MARK_FILE.parent.mkdir()
    counter.arrives_at_booking()
    for _ in range(2):
        assert not hold.watch_for_restore()
    in_redis = cache.get(send_hold.MARK_KEY)
    own_database.copy_disk(tmp_path / "disk")
    for _ in range(2):
        assert not hold.watch_for_restore()
    own_database.set_disk_back(tmp_path / "disk")
    cache.set(send_hold.MARK_KEY, in_redis, None)
    assert send_hold.on_hold(), "from the first moment on"
    assert hold.watch_for_restore()
    assert "older than when it was last seen" in Restoration.objects.all()[0].reason
    assert not hold.watch_for_restore(), "once is enough"


@pytest.mark.parametrize("content", [None, "", "not a number"])
def test_a_file_outside_that_tells_nothing_is_said_and_holds_nothing_up(
    counter: Counter, tmp_path: Path, settings: Settings, content: str | None
) -> None:
    settings.RESTORE_MARK_FILE = tmp_path / "elsewhere" / "mark"
    if content is not None:
        settings.RESTORE_MARK_FILE.parent.mkdir()
        settings.RESTORE_MARK_FILE.write_text(content)
    for _ in range(2):
        assert not hold.watch_for_restore()
    assert not send_hold.on_hold()
    settling = health()[1]["parts"]["settling"]
    assert (settling["state"], settling["outside_mark"]) == ("degraded", "away")


def test_a_standby_that_takes_over_with_everything_is_no_restore(
    counter: Counter, own_database: OwnDatabase
) -> None:
    for _ in range(2):
        assert not hold.watch_for_restore()
    counter.arrives_at_booking()
    before = send_hold.database_identity()
    own_database.promote()
    assert send_hold.database_identity() != before
    assert not send_hold.on_hold()
    assert not hold.watch_for_restore()
    assert not hold.watch_for_restore()
    assert on_hold() == set()


@pytest.mark.parametrize("forgotten", ["the last booking", "the last ticks", "by Redis"])
def test_a_standby_of_which_it_is_not_known_that_nothing_is_lost_is_a_restore(
    counter: Counter, own_database: OwnDatabase, tmp_path: Path, forgotten: str
) -> None:
    counter.arrives_at_booking()
    for _ in range(2):
        assert not hold.watch_for_restore()
    own_database.copy_disk(tmp_path / "disk")
    if forgotten == "the last booking":
        counter.traces(OTHER)
        counter.arrives_at_booking()
    elif forgotten == "the last ticks":
        assert not hold.watch_for_restore()
    else:
        cache.clear()
    own_database.set_disk_back(tmp_path / "disk")
    own_database.promote()
    assert send_hold.on_hold()
    assert hold.watch_for_restore()
    assert on_hold() == {"A1001"}


def test_who_has_nothing_to_reconcile_is_not_on_hold(
    counter: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.arrives_at_booking()
    call_command("after_restore", "--reason", "a test")
    assert on_hold() == {"A1001"}
    said = capsys.readouterr().out
    assert "A1001: on hold, 1 to reconcile" in said
    assert f"{len(everybody()) - 1} with nothing to reconcile: not on hold" in said
    others = Event.objects.filter(kind=EventKind.RESTORED).exclude(organisation_ods="A1001")
    assert {event.detail["on_hold"] for event in others} == {False}


def test_an_operator_releases_only_where_nobody_of_the_organisation_may(
    counter: Counter, manager: User, managers_desk: Counter
) -> None:
    counter.arrives_at_booking()
    hold.hold("a test")
    by_operator = ("release", "--operator", "Ann Operator", "--organisation", "A1001")
    with pytest.raises(CommandError, match="Give your name"):
        call_command(*by_operator)
    with pytest.raises(CommandError, match="manager may release it"):
        call_command(*by_operator, "--reason", "no manager")
    assert on_hold() == {"A1001"}
    Membership.objects.filter(user=manager).update(is_active=False)
    call_command(*by_operator, "--reason", "no manager")
    assert on_hold() == set()
    told = Event.objects.get(kind=EventKind.RELEASED)
    assert (told.user_name, told.by_system) == ("Ann Operator", "operator")
    assert told.detail["reason"] == "no manager"
    assert "released by who runs the portal" in counter.opens("/bookings/restored/").text


def test_redis_that_was_emptied_is_no_restore(counter: Counter) -> None:
    for _ in range(3):
        assert not hold.watch_for_restore()
        cache.clear()
    assert not send_hold.on_hold()


def test_a_restart_or_a_crash_of_the_database_is_no_restore(
    counter: Counter, own_database: OwnDatabase
) -> None:
    a_tick()
    own_database.kill()
    own_database.start()
    connection.close()
    assert not hold.watch_for_restore()
    assert not send_hold.on_hold()


def test_what_cannot_be_reached_is_said_and_tried_again(
    counter: Counter, spine: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    command = counter.arrives_at_booking()
    hold.hold("a test")
    spine.fault(practice="A20047", use_case="*", kind="refuse", times=None)
    with pytest.raises(SystemExit) as ended:
        call_command("reconcile")
    assert ended.value.code == 1
    assert "not reached: 1 x " in capsys.readouterr().out
    page = counter.opens("/bookings/restored/")
    assert "0 of 1 compared, 1 still to come by themselves" in page.text

    spine.clear_faults()
    forget_connections()
    call_command("reconcile")
    said = capsys.readouterr().out
    assert re.search(r"A1001 +1 +0 +0 +0 +0 +0\n", said), said
    for secret in (PATIENT, "Zelthorpe", command.appointment_id):
        assert secret.casefold() not in said.casefold()
    assert "1 of 1 compared" in counter.opens("/bookings/restored/").text


def test_a_booking_that_the_practice_does_not_know_any_more_is_named(
    counter: Counter, spine: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    command = counter.arrives_at_booking()
    spine.reset()  # the practice, too, has gone back to a backup
    hold.hold("a test")
    call_command("reconcile")
    assert re.search(r"A1001 +1 +0 +0 +1 +0 +0\n", capsys.readouterr().out)
    page = counter.opens("/bookings/restored/")
    assert f'href="/bookings/{command.pk}/"' in page.html


@pytest.mark.requirement("IG-1")
def test_nobody_without_the_right_to_look_is_used_to_look(
    counter: Counter, receptionist: User, spine: Sandbox
) -> None:
    counter.arrives_at_booking()
    hold.hold("a test")
    receptionist.is_active = False
    receptionist.save()
    spine.clear_exchanges()
    a_tick()
    assert spine.exchanges() == []
    assert Reconciliation.objects.get().outcome == NOBODY_MAY_LOOK


@pytest.mark.requirement("PDS-3")
def test_nothing_is_shown_of_a_patient_who_is_restricted_by_now(
    counter: Counter, managers_desk: Counter, spine: Sandbox
) -> None:
    counter.traces(OTHER)
    counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/")
    hold.hold("a test")
    a_tick()
    page = managers_desk.opens("/bookings/")
    assert "our record does not" in page.text
    Encounter.objects.filter(nhs_number=OTHER).forget_patient()
    for address in ("/bookings/", "/bookings/restored/"):
        assert "our record does not" not in managers_desk.opens(address).text


def test_who_may_not_settle_may_not_release(counter: Counter) -> None:
    counter.arrives_at_booking()
    hold.hold("a test")
    with pytest.raises(CommandError, match="The role does not include"):
        call_command("release", "--as", "receptionist", "--organisation", "A1001")
    with pytest.raises(CommandError, match="no role at this organisation"):
        call_command("release", "--as", "manager", "--organisation", "A20047")
    assert on_hold() == {"A1001"}
    with pytest.raises(CommandError):
        call_command("after_restore", "--reason", " ")


def test_a_hold_that_is_said_twice_is_one_hold(counter: Counter) -> None:
    counter.arrives_at_booking()
    hold.hold("first")
    a_tick()
    hold.hold("second")
    held = Restoration.objects.get(organisation__ods_code="A1001")
    assert held.reason == "second"
    assert held.parts.get().outcome == ""
    assert Event.objects.filter(kind=EventKind.RESTORED, organisation_ods="A1001").count() == 2

"""The drill: back up, lose, restore, after_restore, reconcile, release. `make drill` shows it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from booking_portal.commands.models import Command
from booking_portal.commands.restore_models import Restoration, Stray
from booking_portal.commands.restores import hold
from tests.own_database import OwnDatabase
from tests.portal.counter import Counter

FORGOTTEN_PATIENT = "9658218881"

Say = Callable[[str], None]


@pytest.fixture
def sample(own_database: OwnDatabase) -> None:
    """Everything of demo/sample.json, in a database that can be restored."""


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Prints one step, and before it what the commands have printed; with the seconds so far."""
    began = time.monotonic()

    def step(what: str) -> None:
        printed = capsys.readouterr().out
        with capsys.disabled():
            for line in printed.splitlines():
                print(f"      | {line}")  # noqa: T201 - the drill reports to a terminal
            print(f"{time.monotonic() - began:5.1f} {what}")  # noqa: T201

    return step


def test_the_drill(counter: Counter, own_database: OwnDatabase, tmp_path: Path, say: Say) -> None:
    hold.watch_for_restore()
    kept = counter.arrives_at_booking()
    counter.traces(FORGOTTEN_PATIENT)
    counter.searches("A20047")
    counter.chooses()
    hold.watch_for_restore()
    say("a booking is made, and another patient's begun")
    own_database.dump(tmp_path / "backup")
    say("backed up")
    counter.books("Not in the backup")
    forgotten = counter.command
    say("the other patient's booking is made")

    own_database.restore(tmp_path / "backup")
    assert Command.objects.filter(pk=kept.pk).exists()
    assert not Command.objects.filter(pk=forgotten.pk).exists()
    say("lost, and restored: the first booking is known, the other forgotten")
    assert hold.watch_for_restore()
    say(f"noticed by itself: {Restoration.objects.on_hold()[0].reason}")
    call_command("after_restore", "--reason", "the drill")
    say("manage.py after_restore")
    call_command("reconcile")
    found = Stray.objects.get(appointment_id=forgotten.appointment_id)
    assert found.nhs_number == FORGOTTEN_PATIENT
    say("manage.py reconcile: the forgotten booking is found at the practice")
    call_command("release", "--as", "manager", "--organisation", "A1001")
    assert not Restoration.objects.on_hold().exists()
    say("manage.py release: things are sent by themselves again")

"""The database is lost between the practice's answer and our record, at a terminal."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from pytest_django import Settings

from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from tests.command_line.terminal import Terminal
from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.sandbox_control import Sandbox

PATIENT = "9658218873"


@pytest.mark.requirement("ERR-1", "BOOK-7")
def test_a_confirmed_booking_is_told_as_such(
    own_database: OwnDatabase,
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    settings.WRITE_DEADLINE_SECONDS = 60.0
    terminal = Terminal(capsys, monkeypatch)
    slot = terminal.free_slot()
    sandbox.fault(practice="A20047", use_case="book", kind="held_after", times=1)

    def dies_before_the_answer() -> None:
        assert until(lambda: any(fault["happened"] for fault in sandbox.faults()))
        own_database.kill()
        sandbox.clear_faults()

    with ThreadPoolExecutor(1) as beside:
        died = beside.submit(dies_before_the_answer)
        told = terminal.about(PATIENT, "book", "--slot", slot, "--description", "Sore throat")
        died.result()

    assert told.status == 1
    assert (told.error["code"], told.error["outcome_known"]) == ("RECORD_BEHIND", True)
    assert "The practice has confirmed it" in told.error["sentence"]
    own_database.start()
    command = Command.objects.get(pk=told.error["detail"]["command"])
    assert command.state == State.SENDING, "settling brings it up to date"
    assert len(sandbox.appointments("A20047", PATIENT)) == 1

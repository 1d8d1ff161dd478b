"""What the command line says of a write: the advice of writes, never that of reads."""

import pytest

from booking_portal.commands.models import Command
from tests.command_line.terminal import Terminal
from tests.sandbox_control import Json, Sandbox

PATIENT = "9658218873"
NO_RECORD = "9324926233"


def loses(sandbox: Sandbox, use_case: str) -> None:
    """The practice does it, and its answer is dropped on the way."""
    sandbox.fault(practice="A20047", use_case=use_case, kind="reset_after", times=1)


def is_told_as_a_write(error: Json, look: str) -> None:
    step = error["next_step"]
    assert step.startswith("Do not send it again.")
    assert "try again" not in step
    assert look in step
    [command] = Command.objects.filter(state="unconfirmed")
    assert f"/bookings/{command.pk}/" in step
    assert (error["origin"], error["status"], error["outcome_known"]) == ("network", None, False)


@pytest.mark.requirement("ERR-1")
def test_a_booking_whose_answer_is_lost(terminal: Terminal, sandbox: Sandbox) -> None:
    """Case 17."""
    flags = ("--slot", terminal.free_slot(), "--description", "Cough")
    loses(sandbox, "book")

    error = terminal.about(PATIENT, "book", *flags).error

    is_told_as_a_write(error, "look at the patient's appointments there")
    assert len(sandbox.appointments("A20047", PATIENT)) == 1


@pytest.mark.requirement("ERR-1")
def test_people_read_the_same(terminal: Terminal, sandbox: Sandbox) -> None:
    """Case 17."""
    flags = ("--slot", terminal.free_slot(), "--description", "Cough")
    loses(sandbox, "book")

    told = terminal.about(PATIENT, "book", *flags, json_wanted=False).err

    assert "What to do: Do not send it again." in told
    assert "Came from: network" in told
    assert "Outcome known: NO: the practice may have done it" in told


@pytest.mark.requirement("ERR-1")
def test_a_change_whose_answer_is_lost(terminal: Terminal, sandbox: Sandbox) -> None:
    appointment = terminal.books(PATIENT)["appointment"]["id"]
    loses(sandbox, "amend")

    error = terminal.about(PATIENT, "amend", "--id", appointment, "--comment", "Late").error

    is_told_as_a_write(error, "use case read-appointment")


@pytest.mark.requirement("ERR-1")
def test_a_cancellation_whose_answer_is_lost(terminal: Terminal, sandbox: Sandbox) -> None:
    appointment = terminal.books(PATIENT)["appointment"]["id"]
    loses(sandbox, "cancel")

    error = terminal.about(PATIENT, "cancel", "--id", appointment, "--reason", "Better").error

    is_told_as_a_write(error, "It may be cancelled")


@pytest.mark.requirement("ERR-1", "REG-3")
def test_a_registration_whose_answer_is_lost(terminal: Terminal, sandbox: Sandbox) -> None:
    loses(sandbox, "register")

    error = terminal.about(NO_RECORD, "register-patient").error

    is_told_as_a_write(error, "use case find-patient")


@pytest.mark.requirement("ERR-1")
def test_an_unchecked_registration_whose_answer_is_lost(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    loses(sandbox, "register")

    error = terminal.about(PATIENT, "register-patient", "--unchecked").error

    assert error["next_step"].startswith("Do not send it again.")
    assert (error["origin"], error["outcome_known"]) == ("network", False)


@pytest.mark.requirement("ERR-1")
def test_a_failure_after_which_nobody_knows(terminal: Terminal, sandbox: Sandbox) -> None:
    flags = ("--slot", terminal.free_slot(), "--description", "Cough")
    sandbox.fault(practice="A20047", use_case="book", kind="status_500_after", times=1)

    error = terminal.about(PATIENT, "book", *flags).error

    assert (error["origin"], error["status"]) == ("practice", 500)
    assert error["next_step"].startswith("Do not send it again.")


@pytest.mark.requirement("REG-1", "REG-3")
def test_who_is_registered_twice_is_registered_already(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    """Case 18: as on the screens, what the practice shows comes before what it once said."""
    registered = terminal.about(NO_RECORD, "register-patient").result
    sandbox.clear_exchanges()

    told = terminal.about(NO_RECORD, "register-patient")

    assert told.error["code"] == "PATIENT_AT_PRACTICE_ALREADY"
    assert "already registered there" in told.error["sentence"]
    assert told.document["result"]["registered"] is False
    assert told.document["result"]["patient"]["id"] == registered["patient"]["id"]
    assert not any("registerpatient" in each["raw_path"] for each in sandbox.exchanges())
    assert Command.objects.count() == 1

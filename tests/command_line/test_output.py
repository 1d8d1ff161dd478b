"""How the answer is told: tables for people, one JSON document for programs, an exit status."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.core.management import BaseCommand, load_command_class
from django.db import connection
from pytest_django import Settings

from booking_portal.command_line import output
from booking_portal.command_line.answers import Answer
from booking_portal.command_line.problems import problem_of
from booking_portal.command_line.use_case_table import USE_CASES, UseCase
from gpconnect.errors import PracticeFailed
from tests.command_line.terminal import Terminal
from tests.sandbox_control import Sandbox

ROOT = Path(__file__).resolve().parents[2]
PATIENT = "9658218873"
WHO = ("--as", "receptionist", "--organisation", "A1001")
WHERE = ("--practice", "A20047")
ERROR_FIELDS = {
    "code",
    "sentence",
    "next_step",
    "origin",
    "status",
    "trace_id",
    "outcome_known",
    "detail",
}


def test_people_get_a_table(terminal: Terminal) -> None:
    told = terminal.runs("check-practice", json_wanted=False)

    lines = told.out.splitlines()
    assert told.status == 0
    assert lines[0] == "Practice: A20047"
    heading = next(line for line in lines if "Milliseconds" in line)
    row = next(line for line in lines if "Slot search" in line)
    assert heading.index("Outcome") == row.index("ok")
    assert told.err == ""


@pytest.mark.requirement("ERR-1")
def test_people_get_a_sentence_the_next_step_and_the_trace_id(terminal: Terminal) -> None:
    told = terminal.runs("read-location", "--id", "nowhere", json_wanted=False)

    assert (told.status, told.out) == (1, "")
    code, *rest = told.err.splitlines()
    assert code.endswith(".")
    assert any(line.strip().startswith("What to do: ") for line in rest)
    assert any(line.strip().startswith("Trace id: ") for line in rest)
    assert "  Outcome known: yes" in rest


@pytest.mark.requirement("ERR-1")
def test_a_problem_as_json_has_every_field(terminal: Terminal) -> None:
    told = terminal.runs("read-location", "--id", "nowhere")

    assert set(told.document) == {"use_case", "ok", "error"}
    assert set(told.error) == ERROR_FIELDS
    assert told.err == ""


def test_what_a_practice_wrote_cannot_steer_the_terminal() -> None:
    answer = Answer({"description": "red \x1b[31m\x9b2Jalert\nnext"})

    assert output.for_people(answer) == "Description: red \ufffd[31m\ufffd2Jalert next"
    assert output.document("x", answer).isascii()
    assert json.loads(output.document("x", answer))["result"] == answer.result


def command() -> BaseCommand:
    return load_command_class("booking_portal.command_line", "gpconnect")


@pytest.mark.parametrize("use_case", USE_CASES.values(), ids=list(USE_CASES))
def test_every_use_case_has_help_with_an_example_that_parses(use_case: UseCase) -> None:
    program, name, *flags = shlex.split(use_case.whole_example)

    parsed = command().create_parser(program, name).parse_args(flags)

    assert parsed.use_case == use_case.name
    assert parsed.username == "receptionist"


@pytest.mark.parametrize(
    "arguments",
    [
        ("capability", *WHO),
        ("capability", *WHO, *WHERE, "--slot", "1"),
        ("search-slots", *WHO, *WHERE, "--from", "tomorrow"),
        ("fly", *WHO, *WHERE),
        (),
    ],
    ids=["flag missing", "flag not its own", "no date", "no use case of ours", "no use case"],
)
def test_wrong_use_is_status_2_and_told_like_every_problem(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit) as as_json:
        command().run_from_argv(["manage.py", "gpconnect", *arguments, "--json"])
    told = capsys.readouterr()
    assert (as_json.value.code, told.err) == (2, "")
    assert json.loads(told.out)["error"]["code"] == "WRONG_USE"

    with pytest.raises(SystemExit) as for_people:
        command().run_from_argv(["manage.py", "gpconnect", *arguments])
    told = capsys.readouterr()
    assert (for_people.value.code, told.out) == (2, "")
    assert told.err.startswith("WRONG_USE: ")


# As a program of its own


class Program:
    """Runs `manage.py gpconnect` as a process."""

    def __init__(self) -> None:
        address = urlsplit(os.environ["DATABASE_URL"])
        test_database = address._replace(path=f"/{connection.settings_dict['NAME']}")
        self.environment = os.environ | {
            "DATABASE_URL": urlunsplit(test_database),
            "DJANGO_SETTINGS_MODULE": "booking_portal.settings.test",
        }

    def runs(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run(
            [sys.executable, "manage.py", "gpconnect", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **{"stdin": subprocess.DEVNULL} | more,
        )


@pytest.fixture
def program(committed_sample: None, sandbox: Sandbox) -> Program:
    """`manage.py gpconnect`, on the tests' database with the demo's accounts in it."""
    return Program()


def test_success_is_status_0_with_one_document_and_nothing_else(program: Program) -> None:
    ran = program.runs("capability", *WHO, *WHERE, "--json")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["ok"] is True


def test_a_problem_is_status_1_with_one_document_and_nothing_else(program: Program) -> None:
    ran = program.runs("read-location", *WHO, *WHERE, "--id", "nowhere", "--json")

    assert (ran.returncode, ran.stderr) == (1, "")
    assert set(json.loads(ran.stdout)["error"]) == ERROR_FIELDS


@pytest.mark.requirement("SSP-3")
def test_production_with_test_settings_does_nothing(program: Program) -> None:
    program.environment["DJANGO_SETTINGS_MODULE"] = "booking_portal.settings.production"

    ran = program.runs("capability", *WHO, *WHERE, "--json")

    assert ran.returncode == 1
    assert json.loads(ran.stdout)["error"]["code"] == "NOT_CONFIGURED"


def test_on_a_terminal_the_number_is_prompted_for_beside_the_answer(program: Program) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "wb", buffering=0) as keyboard, os.fdopen(theirs, "rb") as terminal:
        keyboard.write(f"{PATIENT}\n".encode())
        ran = program.runs("trace", *WHO, "--json", stdin=terminal)

    assert (ran.returncode, ran.stderr) == (0, "NHS number: ")
    assert json.loads(ran.stdout)["result"]["nhs_number"] == PATIENT


@pytest.mark.parametrize("use_case", USE_CASES.values(), ids=list(USE_CASES))
def test_the_page_names_every_use_case_with_its_own_flags(use_case: UseCase) -> None:
    page = (ROOT / "docs" / "command-line.md").read_text()

    rows = [line for line in page.splitlines() if line.startswith("|")]
    (row,) = [line for line in rows if f"`{use_case.name}`" in line.split("|")[1]]

    assert set(re.findall(r"`--([a-z-]+)`", row)) == {*use_case.needs, *use_case.takes}
    for permission in use_case.permissions:
        assert permission.label.lower() in row.lower()


@pytest.mark.requirement("READ-2")
def test_what_the_practice_said_is_told_outside_production_only(
    terminal: Terminal, sandbox: Sandbox, settings: Settings
) -> None:
    words = "Mr Zelthorpe, 965 821 8873: no such session\x1b[2J"
    sandbox.fault(practice="A20047", use_case="retrieve", kind="status_500", words=words)
    told = terminal.about(PATIENT, "appointments", json_wanted=False)
    assert "What the other side said: Unexpected internal server error. Mr [name]" in told.err
    assert "[number]: no such session[2J" in told.err
    assert "\x1b" not in told.err
    settings.REAL_PATIENTS = True
    assert "said" not in problem_of(PracticeFailed("X", diagnostics=words), writes=False).detail


@pytest.mark.requirement("READ-2")
def test_what_the_practice_said_of_a_write_is_told_too(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    slot = terminal.free_slot()
    words = "Session of Mr Zelthorpe, 965 821 8873, is locked"
    sandbox.fault(practice="A20047", use_case="book", kind="status_500", words=words, times=1)
    error = terminal.about(PATIENT, "book", "--slot", slot, "--description", "Cough").error
    assert error["detail"]["said"].endswith("Session of Mr [name], [number], is locked")

"""What is typed after a flag: read as on the screens, or said with what is expected instead."""

import json

import pytest
from django.core.management import load_command_class

from tests.command_line.terminal import Terminal
from tests.sandbox_control import Sandbox

PATIENT = "9658218873"
WHO = ("--as", "receptionist", "--organisation", "A1001", "--practice", "A20047")


@pytest.mark.parametrize(
    ("arguments", "said", "example"),
    [
        (("trace", "--birth-date", "27/11/62"), "--birth-date: the year has to have 4", "1962"),
        (("trace", "--birth-date", "soon"), "--birth-date: this is not a date", "27/11/1962"),
        (("search-slots", "--to", "31/2/2030"), "--to: this is not a date", "yyyy-mm-dd"),
        (("read-location", "--id", "a/b"), "--id: this is not an id", "for example 1584"),
        (("read-location", "--id", ""), "--id: it is empty", "--id 17"),
        (("book", "--slot", "a b"), "--slot: this is not an id", "for example 1584"),
        (("find-organisation",), "required: --identifier", "find-organisation --as"),
        (("capability", "--practice", "A/2"), "--practice: this is not an ODS code", "A20047"),
        (("capability", "--slot", "1"), "--slot 1", "manage.py gpconnect capability --as"),
        (("fly",), "'fly'", "search-slots"),
    ],
)
@pytest.mark.requirement("ERR-1")
def test_wrong_use_says_which_argument_what_is_expected_and_an_example(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str, example: str
) -> None:
    use_case, *flags = arguments
    command = load_command_class("booking_portal.command_line", "gpconnect")
    with pytest.raises(SystemExit) as ended:
        command.run_from_argv(["manage.py", "gpconnect", use_case, *WHO, *flags, "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (ended.value.code, error["code"]) == (2, "WRONG_USE")
    assert said in error["sentence"]
    assert example in error["sentence"] + error["next_step"]


@pytest.mark.parametrize(
    ("use_case", "flags", "said", "example"),
    [
        ("book", ("--slot", "1", "--description", "x" * 101), "--description: it has 101", "Sore"),
        ("book", ("--slot", "1", "--description", " "), "--description: it is empty", "Sore"),
        (
            "book",
            ("--slot", "1", "--description", "x", "--comment", "x" * 501),
            "--comment: it has 501 characters, and may have 500",
            "wheelchair",
        ),
        ("cancel", ("--id", "1", "--reason", " "), "--reason: it is empty", "feels better"),
        ("cancel", ("--id", "1", "--reason", "x" * 301), "--reason: it has 301", "better"),
        ("amend", ("--id", "1", "--description", "a\x07b"), "--description: it has a", "Sore"),
        ("appointments", ("--from", "2020-01-01"), "--from has passed", "--from 20"),
        ("search-slots", ("--from", "2099-01-02", "--to", "2099-01-01"), "--to has to", "--to 20"),
    ],
)
@pytest.mark.requirement("ERR-1", "BOOK-4")
def test_what_a_practice_cannot_take_is_said_before_anybody_is_asked(
    terminal: Terminal,
    sandbox: Sandbox,
    use_case: str,
    flags: tuple[str, ...],
    said: str,
    example: str,
) -> None:
    about = ("--nhs-number", PATIENT) if use_case != "search-slots" else ()
    error = terminal.runs(use_case, *about, *flags).error
    assert said in error["sentence"]
    assert example in error["next_step"]
    assert not [each for each in sandbox.exchanges() if "/Appointment" in each["raw_path"]]


@pytest.mark.parametrize(
    "number", ["NHS No: 965\u2013821\u20138873,", "965\u200b8218873", "\uff19658218873"]
)
@pytest.mark.requirement("FIND-1")
def test_a_number_and_a_date_are_read_as_on_the_screens(terminal: Terminal, number: str) -> None:
    """Case 10."""
    for date in ("27/11/1962", "27 Nov 1962", "1962-11-27"):
        told = terminal.about(number, "trace", "--birth-date", date)
        assert told.result["nhs_number"] == PATIENT
    assert terminal.about("-", "trace", typed=f"{number}\n").result["nhs_number"] == PATIENT


@pytest.mark.parametrize("flags", [(), ("--unchecked",)])
@pytest.mark.requirement("FIND-1")
def test_of_two_numbers_none_is_used(
    terminal: Terminal, sandbox: Sandbox, flags: tuple[str, ...]
) -> None:
    error = terminal.about(f"{PATIENT} 9658218881", "find-patient", *flags).error
    assert error["code"] == "SEVERAL_NHS_NUMBERS"
    assert "--nhs-number" in error["sentence"]
    assert sandbox.exchanges() == []


def test_names_and_numbers_are_printed_as_people_read_them(terminal: Terminal) -> None:
    told = [
        terminal.about(PATIENT, "find-patient", "--unchecked", json_wanted=False).out,
        terminal.about(PATIENT, "read-patient", json_wanted=False).out,
    ]
    for out in told:
        assert "ZELTHORPE, Ignatius Paul (Mr)" in out
        assert "965 821 8873" in out
        assert "'family'" not in out
    clinician = terminal.runs("read-practitioner", "--id", "2", json_wanted=False).out
    assert "Name: Dr Harold Legg" in clinician
    listed = terminal.runs("find-practitioner", "--identifier", "555000004711", json_wanted=False)
    assert "Dr Harold Legg" in listed.out
    assert "{" not in listed.out

"""Every step of reaching a practice, with its result and time."""

import pytest

from tests.command_line.terminal import Terminal
from tests.sandbox_control import Json, Sandbox

STEPS = ["SDS record", "ASID", "Capability statement", "Slot search"]


@pytest.mark.requirement("SSP-7")
def test_a_sound_practice_passes_every_step(terminal: Terminal) -> None:
    steps = terminal.runs("check-practice").result["steps"]

    assert [step["step"] for step in steps] == STEPS
    assert {step["outcome"] for step in steps} == {"ok"}
    assert all(isinstance(step["milliseconds"], int) for step in steps)
    assert steps[0]["result"] == "https://provider.sandbox.test/A20047/STU3/1/gpconnect"
    assert steps[1]["result"] == "200000000201"
    assert steps[2]["version"] == "1.2.7"
    assert steps[3]["slots"] > 0


@pytest.mark.requirement("SDS-4")
@pytest.mark.parametrize(
    ("practice", "outcomes"),
    [
        ("Z99999", ["failed", "not tried", "not tried", "not tried"]),
        ("J87601", ["failed", "not tried", "not tried", "not tried"]),
        ("K88602", ["failed", "not tried", "not tried", "not tried"]),
        ("L89603", ["ok", "failed", "not tried", "not tried"]),
        ("M90604", ["ok", "failed", "not tried", "not tried"]),
    ],
)
def test_a_bad_directory_record_is_named(
    terminal: Terminal, practice: str, outcomes: list[str]
) -> None:
    terminal.practice = practice

    told = terminal.runs("check-practice")

    assert told.status == 1
    assert outcomes_of(told.document["result"]) == outcomes
    assert told.error["detail"]["practice"] == practice
    assert told.error["detail"]["check"]


@pytest.mark.requirement("ERR-3")
def test_a_practice_without_an_agreement_is_reached_by_nobody(terminal: Terminal) -> None:
    terminal.username, terminal.organisation, terminal.practice = "locum", "A1002", "B82617"

    told = terminal.runs("check-practice")

    assert told.error["origin"] == "ssp"
    assert outcomes_of(told.document["result"])[:2] == ["ok", "ok"]
    assert outcomes_of(told.document["result"])[3] == "failed"


def test_one_broken_step_does_not_hide_the_next(terminal: Terminal, sandbox: Sandbox) -> None:
    sandbox.fault(practice="A20047", use_case="*", kind="status_500", times=1)

    told = terminal.runs("check-practice")

    assert outcomes_of(told.document["result"]) == ["ok", "ok", "failed", "ok"]
    assert told.document["result"]["steps"][2]["trace_id"] == told.error["trace_id"]


@pytest.mark.requirement("IG-1")
def test_an_administrator_may_check_a_practice_and_see_no_patient(terminal: Terminal) -> None:
    terminal.username = "administrator"

    assert terminal.runs("check-practice").status == 0
    assert terminal.about("9658218873", "trace").error["code"] == "NOT_PERMITTED"


def outcomes_of(result: Json) -> list[str]:
    return [step["outcome"] for step in result["steps"]]

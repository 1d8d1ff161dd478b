"""Each synthetic patient of the official consumer tests, by command line, at A20047."""

import pytest

from tests.command_line.terminal import Terminal
from tests.sandbox_control import Sandbox

ORDINARY = (
    "9658218865",
    "9658218873",
    "9658218881",
    "9658218903",
    "9658218989",
    "9658218997",
    "9658219004",
    "9658219012",
)
NO_RECORD = "9324926233"
SENSITIVE = "9658220150"
SENSITIVE_AT_C81007 = "9990000034"
RESTRICTED = "9658220142"
DECEASED = "9658220290"
DECEASED_WITH_A_RECORD = "9990000093"
INACTIVE = "9658219748"
INACTIVE_AT_C81007 = "9990000190"
SUPERSEDED, CURRENT = "9658220223", "9990000018"
NOT_ON_PDS = "9476718943"
NO_CONSENT = "9658220169"
WRONG_CHECK_DIGIT = "9999999991"


@pytest.mark.requirement("FIND-1", "PDS-2")
@pytest.mark.parametrize("number", ORDINARY)
def test_an_ordinary_patient_is_traced_and_found(terminal: Terminal, number: str) -> None:
    found = terminal.about(number, "find-patient").result

    assert found["records"] == 1
    assert found["patient"]["id"]
    assert found["patient"]["differences"] == []
    assert found["trace"]["nhs_number"] == number
    assert found["trace"]["registered_practice"] == "A20047"
    assert not found["trace"]["superseded"]
    assert not found["trace"]["deceased"]


@pytest.mark.requirement("FIND-2", "REG-1", "REG-3")
def test_a_patient_without_a_record_is_found_nowhere_and_can_be_registered(
    terminal: Terminal,
) -> None:
    before = terminal.about(NO_RECORD, "find-patient").result
    assert (before["records"], before["patient"]) == (0, None)

    registered = terminal.about(NO_RECORD, "register-patient").result
    assert registered["registered"] is True
    assert registered["patient"]["nhs_number"] == NO_RECORD

    after = terminal.about(NO_RECORD, "find-patient").result
    assert after["patient"]["id"] == registered["patient"]["id"]
    assert after["trace"]["registered_practice"] == "B82617"


@pytest.mark.requirement("FIND-2")
def test_a_sensitive_patient_is_not_found_whichever_way_the_practice_says_it(
    terminal: Terminal,
) -> None:
    refused = terminal.about(SENSITIVE, "find-patient").error
    assert (refused["code"], refused["outcome_known"]) == ("PATIENT_NOT_FOUND", True)

    terminal.practice = "C81007"
    empty = terminal.about(SENSITIVE_AT_C81007, "find-patient").result
    assert empty["records"] == 0


@pytest.mark.requirement("PDS-3")
@pytest.mark.parametrize("use_case", ["find-patient", "appointments", "register-patient"])
def test_nothing_is_sent_or_shown_of_a_restricted_patient(
    terminal: Terminal, sandbox: Sandbox, use_case: str
) -> None:
    told = terminal.about(RESTRICTED, use_case)

    assert told.error["code"] == "RESTRICTED_PATIENT"
    assert "Ildrethane".casefold() not in (told.out + told.err).casefold()
    assert RESTRICTED not in told.out + told.err
    assert sandbox.exchanges() == []


@pytest.mark.requirement("PDS-4")
def test_a_deceased_patient_is_traced_and_neither_found_nor_registered(terminal: Terminal) -> None:
    assert terminal.about(DECEASED, "trace").result["deceased"] is True
    assert terminal.about(DECEASED, "find-patient").result["records"] == 0
    assert terminal.about(DECEASED, "register-patient").error["code"] == "PATIENT_DECEASED"


@pytest.mark.requirement("PDS-4")
def test_nothing_is_booked_for_a_deceased_patient_whom_the_practice_still_holds(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    terminal.practice = "D82104"
    slot = terminal.free_slot()

    told = terminal.about(DECEASED_WITH_A_RECORD, "book", "--slot", slot, "--description", "Review")

    assert told.error["code"] == "PATIENT_DECEASED"
    assert sandbox.appointments("D82104", DECEASED_WITH_A_RECORD) == []


@pytest.mark.requirement("REG-1", "REG-3")
def test_registering_reactivates_an_inactive_record(terminal: Terminal) -> None:
    assert terminal.about(INACTIVE, "find-patient").result["records"] == 0
    assert terminal.about(INACTIVE, "register-patient").result["registered"] is True
    assert terminal.about(INACTIVE, "find-patient").result["records"] == 1


@pytest.mark.requirement("REG-3")
def test_where_a_practice_calls_an_inactive_record_a_duplicate_it_is_looked_for_once_more(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    terminal.practice = "C81007"

    refused = terminal.about(INACTIVE_AT_C81007, "register-patient").error

    assert (refused["code"], refused["outcome_known"]) == ("DUPLICATE_REJECTED", True)
    asked = [
        exchange["raw_path"].partition("?")[0].rsplit("/", 1)[1] for exchange in sandbox.exchanges()
    ]
    assert asked == ["Patient", "$gpc.registerpatient", "Patient"]


@pytest.mark.requirement("PDS-4")
def test_a_superseded_number_is_replaced_by_the_current_one(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    found = terminal.about(SUPERSEDED, "find-patient").result

    assert found["records"] == 1
    assert found["trace"]["superseded"] is True
    assert found["trace"]["nhs_number"] == CURRENT
    assert SUPERSEDED not in str(sandbox.exchanges())
    assert CURRENT in str(sandbox.exchanges())


@pytest.mark.requirement("PDS-4")
def test_nothing_is_sent_of_a_patient_whom_pds_does_not_know(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    assert terminal.about(NOT_ON_PDS, "find-patient").error["origin"] == "pds"
    assert sandbox.exchanges() == []


@pytest.mark.requirement("REG-3", "ERR-2")
@pytest.mark.parametrize(
    ("number", "refusal"),
    [
        (SUPERSEDED, "INVALID_NHS_NUMBER"),
        (NOT_ON_PDS, "INVALID_PATIENT_DEMOGRAPHICS"),
        (ORDINARY[0], "DUPLICATE_REJECTED"),
    ],
)
def test_unchecked_the_practices_own_refusal_to_register_is_seen(
    terminal: Terminal, number: str, refusal: str
) -> None:
    assert terminal.about(number, "find-patient", "--unchecked").result["records"] == 1

    refused = terminal.about(number, "register-patient", "--unchecked").error

    assert (refused["code"], refused["origin"]) == (refusal, "practice")
    assert refused["trace_id"]


@pytest.mark.requirement("FIND-1")
def test_appointments_work_for_a_patient_who_shares_no_record(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    booked = terminal.books(NO_CONSENT)

    (there,) = sandbox.appointments("A20047", NO_CONSENT)
    assert (there["id"], there["status"]) == (booked["appointment"]["id"], "booked")


@pytest.mark.requirement("FIND-1")
def test_a_wrong_check_digit_is_refused_before_anything_is_sent_unless_unchecked(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    assert terminal.about(WRONG_CHECK_DIGIT, "find-patient").error["code"] == "NHS_NUMBER_INVALID"
    assert sandbox.exchanges() == []

    refused = terminal.about(WRONG_CHECK_DIGIT, "find-patient", "--unchecked").error
    assert (refused["code"], refused["origin"]) == ("INVALID_NHS_NUMBER", "practice")
    assert len(sandbox.exchanges()) == 1

"""Requests that the official consumer tests want by themselves: in test environments only."""

import pytest
from pytest_django import Settings

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from gpconnect.transport import OfficialTest
from tests.command_line.terminal import Terminal
from tests.sandbox_control import Json, Sandbox

PATIENT, BORN = "9658218873", "1962-11-27"
TWO_RECORDS = "9990000360"
TWO_PRACTITIONERS = "555000099104"
TWO_ORGANISATIONS = "Y01234"


def find(terminal: Terminal, test: str) -> Json:
    return terminal.about(PATIENT, "find-patient", "--official-test", test).result


def sent(sandbox: Sandbox) -> tuple[str, dict[str, str]]:
    """The one request's target and its headers, in small letters."""
    (exchange,) = sandbox.exchanges()
    return exchange["raw_path"], {name.lower(): value for name, value in exchange["headers"]}


@pytest.mark.requirement("SSP-4")
def test_xml_is_said_of_the_request_and_json_wanted(terminal: Terminal, sandbox: Sandbox) -> None:
    """GPC-SPN-TST-05"""
    assert find(terminal, "GPC-SPN-TST-05")["records"] == 1
    _, headers = sent(sandbox)
    assert headers["content-type"] == "application/fhir+xml;charset=utf-8"
    assert headers["accept"] == "application/fhir+json;charset=utf-8"


@pytest.mark.requirement("SSP-4")
def test_the_format_is_a_parameter_in_place_of_a_header(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    """GPC-SPN-TST-06"""
    assert find(terminal, "GPC-SPN-TST-06")["records"] == 1
    path, headers = sent(sandbox)
    assert path.endswith("&_format=application%2Ffhir%2Bjson")
    assert "accept" not in headers
    assert headers["content-type"] == "application/fhir+json;charset=utf-8"


@pytest.mark.requirement("SSP-4")
def test_the_request_is_chunked_and_a_compressed_answer_read(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    """GPC-SPN-TST-12"""
    assert find(terminal, "GPC-SPN-TST-12")["records"] == 1
    _, headers = sent(sandbox)
    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    assert headers["accept-encoding"] == "gzip"


@pytest.mark.requirement("ERR-1")
def test_a_patient_who_is_not_there_is_read_unchecked(terminal: Terminal, sandbox: Sandbox) -> None:
    """GPC-FOU-RPA-01/2"""
    refused = terminal.runs("read-patient", "--unchecked", "--id", "999999").error
    assert (refused["code"], refused["origin"]) == ("PATIENT_NOT_FOUND", "practice")
    path, _ = sent(sandbox)
    assert path.endswith("/Patient/999999")
    event = Event.objects.get(kind=EventKind.EXCHANGE_ANSWERED, service="gpconnect")
    assert event.error_code == "PATIENT_NOT_FOUND"
    assert terminal.runs("read-patient", "--unchecked").error["code"] == "ID_NEEDED"


@pytest.mark.requirement("FIND-1", "PDS-6")
def test_a_patient_with_two_records(terminal: Terminal) -> None:
    """GPC-FOU-FPA-01/2: both are shown as they are, and nobody goes on with one of them."""
    found = terminal.about(TWO_RECORDS, "find-patient", "--unchecked").result
    assert found["records"] == 2
    assert len({patient["id"] for patient in found["patients"]}) == 2
    assert {patient["nhs_number"] for patient in found["patients"]} == {TWO_RECORDS}

    for use_case in ("find-patient", "appointments"):
        assert terminal.about(TWO_RECORDS, use_case).error["code"] == "PATIENT_MISMATCH"


@pytest.mark.requirement("RES-2")
def test_a_practitioner_with_two_records(terminal: Terminal) -> None:
    """GPC-FOU-FPR-01/1, and 01/3: one with none."""
    found = terminal.runs("find-practitioner", "--identifier", TWO_PRACTITIONERS).result
    assert [each["name"]["given"] for each in found["practitioners"]] == [
        ["Ottilie"], ["Ottilie", "May"],
    ]  # fmt: skip
    shown = terminal.runs(
        "find-practitioner", "--identifier", TWO_PRACTITIONERS, json_wanted=False
    ).out
    assert "Dr Ottilie May Fairbrass" in shown
    none = terminal.runs("find-practitioner", "--identifier", "555999999999").result
    assert none == {"practitioners": []}


@pytest.mark.requirement("ERR-1")
def test_an_sds_user_id_that_is_none(terminal: Terminal) -> None:
    """GPC-FOU-FPR-01/4"""
    refused = terminal.runs("find-practitioner", "--identifier", "practitioner").error
    assert (refused["code"], refused["origin"]) == ("INVALID_IDENTIFIER_VALUE", "practice")


@pytest.mark.requirement("ERR-1", "ERR-2", "IG-2")
def test_a_patient_who_does_not_consent(terminal: Terminal) -> None:
    """GPC-SPN-TST-07"""
    refused = terminal.about("9450056234", "find-patient").error
    assert (refused["code"], refused["status"]) == ("NO_PATIENT_CONSENT", 403)
    assert refused["sentence"]
    event = Event.objects.get(kind=EventKind.EXCHANGE_ANSWERED, service="gpconnect")
    assert (event.error_code, event.nhs_number) == ("NO_PATIENT_CONSENT", "9450056234")


@pytest.mark.requirement("RES-2")
def test_an_organisation_with_two_records(terminal: Terminal) -> None:
    """GPC-FOU-FOR-01/1, and 01/3: one with none."""
    found = terminal.runs("find-organisation", "--identifier", TWO_ORGANISATIONS).result
    names = [each["name"] for each in found["organisations"]]
    assert names == ["Walford Walk-in Centre", "Walford Walk-in Centre (old building)"]
    for each in found["organisations"]:
        assert terminal.runs("read-organisation", "--id", each["id"]).result == each
    none = terminal.runs("find-organisation", "--identifier", "Z99999").result
    assert none == {"organisations": []}


@pytest.mark.parametrize(
    ("use_case", "flags"),
    [
        *(("find-patient", ("--official-test", test.value)) for test in OfficialTest),
        ("find-patient", ("--unchecked",)),
        ("read-patient", ("--unchecked", "--id", "999999")),
    ],
)
@pytest.mark.requirement("PDS-1", "FIND-1")
def test_none_of_it_is_sent_in_production(
    terminal: Terminal,
    sandbox: Sandbox,
    settings: Settings,
    use_case: str,
    flags: tuple[str, ...],
) -> None:
    user = User.objects.get(username="receptionist")
    user.set_password("wharf-lantern-otter-31")
    user.save()
    settings.REAL_PATIENTS = True
    typed = f"wharf-lantern-otter-31\n{PATIENT}\n"
    told = terminal.about("-", use_case, "--birth-date", BORN, *flags, typed=typed)
    assert told.error["code"] == "TEST_ENVIRONMENTS_ONLY"
    assert sandbox.exchanges() == []

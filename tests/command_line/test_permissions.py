"""Who may use the command line for what: as on the screens, and more narrowly in production."""

import pytest
from pytest_django import Settings

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.command_line.use_case_table import USE_CASES, UseCase
from booking_portal.commands.models import Command
from tests.command_line.terminal import Terminal, flags_needed
from tests.sandbox_control import Sandbox

PATIENT = "9658218873"
BORN = "1962-11-27"


@pytest.mark.requirement("IG-1")
@pytest.mark.parametrize("use_case", USE_CASES.values(), ids=list(USE_CASES))
def test_without_the_permission_nothing_is_asked_and_the_refusal_is_audited(
    terminal: Terminal, sandbox: Sandbox, use_case: UseCase
) -> None:
    terminal.username = "auditor"

    error = terminal.runs(use_case.name, *flags_needed(use_case)).error

    assert error["code"] == "NOT_PERMITTED"
    assert sandbox.exchanges() == []
    refusal = Event.objects.get(kind=EventKind.NOT_PERMITTED)
    assert (refusal.username, refusal.organisation_ods) == ("auditor", "A1001")
    assert refusal.remote_address == "command line"
    assert not Event.objects.filter(kind=EventKind.EXCHANGE_ASKED).exists()


@pytest.mark.requirement("IG-1", "IG-2")
def test_nobody_acts_for_an_organisation_without_a_role_there(terminal: Terminal) -> None:
    terminal.organisation = "A1002"

    assert terminal.runs("capability").error["code"] == "NOT_A_MEMBER"

    refusal = Event.objects.get(kind=EventKind.NOT_PERMITTED)
    assert refusal.username == "receptionist"
    assert refusal.detail == {"organisation": "A1002"}


@pytest.mark.requirement("IG-2")
def test_an_unknown_user_is_refused_and_audited(terminal: Terminal) -> None:
    terminal.username = "nobody"

    assert terminal.runs("capability").error["code"] == "NOT_SIGNED_IN"
    assert Event.objects.get().kind == EventKind.SIGN_IN_FAILED


@pytest.mark.requirement("SFS-8")
def test_a_practice_outside_the_federations_is_not_asked(
    terminal: Terminal, sandbox: Sandbox
) -> None:
    terminal.practice = "J87601"

    error = terminal.about(PATIENT, "find-patient").error

    assert error["code"] == "PRACTICE_NOT_IN_FEDERATION"
    assert not Event.objects.filter(kind=EventKind.EXCHANGE_ASKED).exists()


@pytest.mark.requirement("IG-2")
def test_every_exchange_is_audited_as_on_the_screens(terminal: Terminal, sandbox: Sandbox) -> None:
    assert terminal.about(PATIENT, "find-patient").status == 0

    events = list(Event.objects.order_by("id"))
    assert events[0].kind == EventKind.SIGNED_IN
    asked = [event for event in events if event.kind == EventKind.EXCHANGE_ASKED]
    answered = [event for event in events if event.kind == EventKind.EXCHANGE_ANSWERED]
    assert {event.service for event in asked} == {"pds", "sds", "gpconnect"}
    assert [event.trace_id for event in asked] == [event.trace_id for event in answered]
    assert {event.nhs_number for event in asked} == {PATIENT}
    assert {event.username for event in events} == {"receptionist"}
    assert {event.remote_address for event in events} == {"command line"}


# Production


OWN_PASSWORD = "wharf-lantern-otter-31"  # the demo's opens nothing there


@pytest.fixture
def production(terminal: Terminal, settings: Settings) -> Terminal:
    user = User.objects.get(username=terminal.username)
    user.set_password(OWN_PASSWORD)
    user.save()
    settings.REAL_PATIENTS = True
    return terminal


@pytest.mark.requirement("IG-1", "IG-2")
def test_production_asks_for_that_persons_own_password(production: Terminal) -> None:
    right = production.runs("capability", typed=f"{OWN_PASSWORD}\n")
    wrong = production.runs("capability", typed="a guess\n")
    none = production.runs("capability")

    assert right.status == 0
    assert OWN_PASSWORD not in right.out + right.err
    assert wrong.error["code"] == none.error["code"] == "NOT_SIGNED_IN"
    kinds = Event.objects.values_list("kind", flat=True)
    assert kinds.filter(kind=EventKind.SIGNED_IN).count() == 1
    assert kinds.filter(kind=EventKind.SIGN_IN_FAILED).count() == 2


@pytest.mark.requirement("IG-3")
def test_production_takes_the_number_from_standard_input_only(
    production: Terminal, sandbox: Sandbox
) -> None:
    born = ("--birth-date", BORN)

    refused = production.about(PATIENT, "trace", *born, typed=f"{OWN_PASSWORD}\n")
    assert (refused.status, refused.error["code"]) == (2, "NHS_NUMBER_ON_COMMAND_LINE")
    assert PATIENT not in refused.out + refused.err
    assert not Event.objects.exists()

    typed = f"{OWN_PASSWORD}\n{PATIENT}\n"
    assert production.about("-", "trace", *born, typed=typed).result["nhs_number"] == PATIENT


@pytest.mark.requirement("PDS-8")
def test_production_wants_the_birth_date(production: Terminal, sandbox: Sandbox) -> None:
    told = production.about("-", "find-patient", typed=f"{OWN_PASSWORD}\n{PATIENT}\n")

    assert told.error["code"] == "BIRTH_DATE_NEEDED"
    assert sandbox.exchanges() == []


@pytest.mark.parametrize(
    "use_case", [one for one in USE_CASES.values() if one.writes], ids=lambda one: one.name
)
def test_production_only_reads(production: Terminal, sandbox: Sandbox, use_case: UseCase) -> None:
    flags = flags_needed(use_case, nhs_number="-")

    told = production.runs(use_case.name, *flags, typed=f"{OWN_PASSWORD}\n{PATIENT}\n")

    assert told.error["code"] == "COMMAND_LINE_READ_ONLY"
    assert sandbox.exchanges() == []
    assert Event.objects.filter(kind=EventKind.NOT_PERMITTED, username="receptionist").exists()


def test_production_writes_where_the_setting_says_so(
    production: Terminal, settings: Settings, sandbox: Sandbox
) -> None:
    settings.COMMAND_LINE_MAY_WRITE = True
    settings.REAL_PATIENTS = False
    slot = production.free_slot()
    settings.REAL_PATIENTS = True
    flags = ("--birth-date", BORN, "--slot", slot, "--description", "Cough")

    told = production.about("-", "book", *flags, typed=f"{OWN_PASSWORD}\n{PATIENT}\n")

    assert told.result["state"] == "done"
    assert Command.objects.get().user.username == "receptionist"


@pytest.mark.parametrize("use_case", ["find-patient", "register-patient"])
def test_nothing_goes_unchecked_in_production(
    production: Terminal, settings: Settings, sandbox: Sandbox, use_case: str
) -> None:
    settings.COMMAND_LINE_MAY_WRITE = True

    told = production.about("-", use_case, "--unchecked", typed=f"{OWN_PASSWORD}\n9999999991\n")

    assert told.error["code"] == "TEST_ENVIRONMENTS_ONLY"
    assert sandbox.exchanges() == []

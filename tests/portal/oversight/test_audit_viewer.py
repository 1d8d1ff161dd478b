"""The auditor's page. [IG-1, IG-2, IG-3]"""

import html
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from booking_portal.accounts.models import User
from booking_portal.audit import trail
from booking_portal.audit.models import Event, EventKind
from booking_portal.patients.models import Encounter
from gpconnect.diagnostics import MOST
from tests.connections import forget_connections
from tests.portal.conftest import SignIn
from tests.portal.counter import Counter
from tests.portal.pages import ORDINARY, find, opened, text_of
from tests.sandbox_control import Sandbox

pytestmark = pytest.mark.django_db


def rows_of(page: object) -> str:
    """The list of events, without the filters beside it."""
    return text_of(page).split("Clear", 1)[1]


def look(client: Client, **filters: str) -> str:
    return rows_of(client.get(reverse("audit"), filters))


@pytest.mark.requirement("IG-2")
def test_an_auditor_reads_what_was_asked_and_answered(
    client: Client, receptionist: User, auditor: User, sign_in: SignIn, spine: Sandbox
) -> None:
    sign_in(client, receptionist)
    opened(client, *ORDINARY)
    sign_in(client, auditor)

    rows = look(client)

    asked = Event.objects.get(kind=EventKind.EXCHANGE_ASKED)
    assert "Asked (PDS, trace)" in rows
    assert "Answered (PDS, trace): succeeded" in rows
    assert "Ms Priya Nair, receptionist" in rows
    assert "965 821 8873" in rows
    assert rows.count(asked.trace_id) == 2


@pytest.mark.requirement("IG-1")
def test_it_shows_the_own_organisation_only(
    client: Client, auditor: User, locum: User, sign_in: SignIn
) -> None:
    trail.record(EventKind.BLOCKED, trail.Who(username="theirs", organisation_ods="A1002"))
    trail.record(EventKind.BLOCKED, trail.Who(username="ours", organisation_ods="A1001"))
    trail.record(EventKind.SIGNED_IN, trail.Who(username="locum"))
    trail.record(EventKind.SIGNED_IN, trail.Who(username="stranger"))
    sign_in(client, auditor)

    rows = look(client)

    assert "ours" in rows
    assert "locum" in rows
    assert "theirs" not in rows
    assert "stranger" not in rows


def test_it_can_be_narrowed_by_person_kind_and_day(
    client: Client, auditor: User, sign_in: SignIn
) -> None:
    for username, kind in (
        ("one", EventKind.BLOCKED),
        ("two", EventKind.BLOCKED),
        ("one", EventKind.ADMINISTERED),
    ):
        trail.record(kind, trail.Who(username=username, organisation_ods="A1001"))
    sign_in(client, auditor)

    assert "two" not in look(client, user="one")
    assert "Changed in administration" not in look(client, kind="blocked")
    yesterday = {"until-day": "1", "until-month": "1", "until-year": "2020"}
    assert "No events match" in look(client, **yesterday)
    page = client.get(
        reverse("audit"), {"since-day": "31", "since-month": "2", "since-year": "2026"}
    )
    assert "From must be a real date" in text_of(page)


@pytest.mark.requirement("IG-3")
def test_a_patient_is_looked_for_without_the_number_in_an_address(
    client: Client, auditor: User, sign_in: SignIn
) -> None:
    who = trail.Who(username="someone", organisation_ods="A1001")
    trail.record(EventKind.BLOCKED, who, nhs_number=ORDINARY[0], outcome="about this one")
    trail.record(EventKind.BLOCKED, who, nhs_number="9658218881", outcome="about another")
    sign_in(client, auditor)

    posted = client.post(reverse("audit"), {"nhs_number": "965 821 8873"})
    page = client.get(posted.headers["Location"])

    assert posted.headers["Location"] == reverse("audit")
    assert "about this one" in rows_of(page)
    assert "about another" not in rows_of(page)
    client.post(reverse("audit"), {"nhs_number": ""})
    assert "about another" in look(client)


@pytest.mark.requirement("IG-2")
def test_reading_the_trail_is_in_the_trail(client: Client, auditor: User, sign_in: SignIn) -> None:
    sign_in(client, auditor)
    client.post(reverse("audit"), {"nhs_number": ORDINARY[0]})
    look(client, kind="blocked")

    read = Event.objects.get(kind=EventKind.AUDIT_READ)
    assert (read.username, read.nhs_number) == ("auditor", ORDINARY[0])
    assert read.detail["kind"] == "blocked"


def test_older_events_come_on_further_pages(client: Client, auditor: User, sign_in: SignIn) -> None:
    who = trail.Who(username="someone", organisation_ods="A1001")
    trail.record_all(
        trail.event(EventKind.BLOCKED, who, outcome=f"number-{number}-") for number in range(60)
    )
    sign_in(client, auditor)

    first = client.get(reverse("audit"), {"kind": "blocked"})
    assert "number-59-" in rows_of(first)
    assert "number-9-" not in rows_of(first)
    last = Event.objects.get(outcome="number-10-")
    second = look(client, kind="blocked", before=str(last.pk))
    assert "number-9-" in second
    assert f"before={last.pk}" in first.content.decode()


def test_a_practices_words_are_shown_escaped(
    client: Client, auditor: User, sign_in: SignIn
) -> None:
    who = trail.Who(username="someone", organisation_ods="A1001")
    trail.record(EventKind.BLOCKED, who, detail={"said": "<script>alert(1)</script>"})
    sign_in(client, auditor)
    assert "<script>alert" not in client.get(reverse("audit")).content.decode()


WORDS = (
    "No consent for <b>{family}</b>, {given} (NHS 965 821 8873, born 27/11/1962, "
    "01632 960201)\u202e: " + "see the log of today. " * 100
)


@pytest.mark.requirement("READ-2", "IG-2")
def test_what_a_practice_said_is_shown_bounded_escaped_and_nobody_is_known_by_it(
    counter: Counter, auditor: User, sign_in: SignIn, spine: Sandbox
) -> None:
    counter.traces()
    name = Encounter.objects.get(pk=counter.encounter_id).name
    words = WORDS.format(family=name.family.upper(), given=name.given[0])
    spine.fault(practice="A20047", use_case="search_slots", kind="status_500", words=words, times=1)
    counter.searches("A20047")
    sign_in(counter.client, auditor)

    page = counter.client.get(reverse("audit"))

    said = "No consent for <b>[name]</b>, [name] (NHS [number], born [date], [number]): see the log"
    assert f"What the other side said Unexpected internal server error. {said}" in (
        html.unescape(page.content.decode()).replace("</dt><dd>", " ")
    )
    assert "<b>[name]</b>" not in page.content.decode()
    [event] = Event.objects.filter(detail__has_key="said")
    assert (event.kind, event.error_code) == (EventKind.EXCHANGE_ANSWERED, "INTERNAL_SERVER_ERROR")
    assert MOST - 30 < len(event.detail["said"]) <= MOST


@pytest.mark.requirement("READ-2", "IG-2")
@pytest.mark.parametrize("service", ["pds", "sds"])
def test_what_a_national_service_said_is_shown_too(
    counter: Counter, auditor: User, sign_in: SignIn, spine: Sandbox, service: str
) -> None:
    said = {"service": service, "kind": "status_500", "words": "Maintenance until noon", "times": 1}
    if service == "pds":
        spine.fault(**said)
        find(counter.client, *ORDINARY)
    else:
        counter.traces()
        spine.fault(**said)
        counter.searches("A20047")
    sign_in(counter.client, auditor)
    assert "What the other side said Maintenance until noon" in look(counter.client)


@pytest.mark.requirement("READ-2", "SSP-3")
def test_why_there_was_no_trust_is_shown(
    counter: Counter, auditor: User, sign_in: SignIn, spine: Sandbox, settings: Settings
) -> None:
    counter.traces()
    settings.GPCONNECT_CA_BUNDLE = spine.certificates / "stranger-ca.pem"
    forget_connections()
    counter.searches("A20047")
    sign_in(counter.client, auditor)
    rows = look(counter.client)
    forget_connections()
    assert "their certificate: " in rows


def test_events_of_before_stay_readable(client: Client, auditor: User, sign_in: SignIn) -> None:
    who = trail.Who(username="someone", organisation_ods="A1001")
    trail.record(EventKind.EXCHANGE_ANSWERED, who, service="sds", error_code="UNREACHABLE")
    sign_in(client, auditor)
    rows = look(client)
    assert "UNREACHABLE" in rows
    assert "What the other side said" not in rows


@pytest.mark.requirement("IG-1")
def test_a_receptionist_may_not_read_it(
    client: Client, receptionist: User, sign_in: SignIn
) -> None:
    trail.record(
        EventKind.BLOCKED,
        trail.Who(username="secret", organisation_ods="A1001"),
        encounter_id=uuid.uuid4(),
    )
    sign_in(client, receptionist)

    page = client.get(reverse("audit"))

    assert page.status_code == 403
    assert "secret" not in text_of(page)
    assert Event.objects.get(kind=EventKind.NOT_PERMITTED).outcome == "view_audit"


@pytest.mark.requirement("IG-1")
def test_an_auditor_can_do_nothing_else(client: Client, auditor: User, sign_in: SignIn) -> None:
    sign_in(client, auditor)
    assert client.get(reverse("start")).headers["Location"] == reverse("audit")
    assert find(client, *ORDINARY).status_code == 403
    assert client.get(reverse("bookings")).status_code == 403
    assert client.get(reverse("admin:index"), follow=True).status_code == 403

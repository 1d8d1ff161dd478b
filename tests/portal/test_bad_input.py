"""Whatever is typed or sent: a page that says what is wrong, never a broken one."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command
from gpconnect.client import GPConnectClient
from gpconnect.models import Appointments
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.pages import text_of, typed

pytestmark = pytest.mark.django_db

NUL = "Knee\x00pain"


@pytest.fixture(autouse=True)
def _as_in_production(client: Client) -> None:
    """What a view could not handle becomes a page."""
    client.raise_request_exception = False


@pytest.mark.parametrize(
    "day",
    ["0001-01-01", "9999-12-31", "2026-02-30", "-1", NUL, "99999999999999999999", "🙂"],
)
def test_any_day_of_bookings(counter: Counter, day: str) -> None:
    assert counter.client.get(reverse("bookings"), {"day": day}).status_code == 200


@pytest.mark.parametrize(
    ("day", "month", "year"),
    [
        ("1", "1", "0001"),
        ("31", "12", "9999"),
        ("9" * 30, "1", "2026"),
        ("1", "9" * 30, "2026"),
        ("1", "1", "٢٠٢٦"),
        ("-1", "jan", "2026"),
        (NUL, "1", "2026"),
        ("9" * 5000, "1", "2026"),
    ],
)
class TestDates:
    def test_of_birth(self, counter: Counter, day: str, month: str, year: str) -> None:
        form = {"birth_date-day": day, "birth_date-month": month, "birth_date-year": year}
        for address in ("find-patient", "find-patient-by-name"):
            page = counter.client.post(
                reverse(address), form | {"nhs_number": PATIENT, "family": "Smith"}
            )
            assert page.status_code == 200
            assert "There is a problem" in text_of(page) or "What to do next" in text_of(page)

    def test_of_a_search(self, counter: Counter, day: str, month: str, year: str) -> None:
        counter.traces()
        form: dict[str, Any] = {"when": "dates", "practices": ["A20047"]}
        for end in ("start", "end"):
            form |= {f"{end}-day": day, f"{end}-month": month, f"{end}-year": year}
        address = reverse("search-slots", args=[counter.encounter_id])
        assert counter.client.post(address, form, follow=True).status_code in {200, 400}

    def test_of_bookings(self, counter: Counter, day: str, month: str, year: str) -> None:
        form = {"day-day": day, "day-month": month, "day-year": year}
        page = counter.client.get(reverse("bookings"), form, follow=True)
        assert page.status_code == 200

    def test_of_the_audit_trail(
        self,
        client: Client,
        auditor: User,
        sign_in: SignIn,
        day: str,
        month: str,
        year: str,
    ) -> None:
        client.raise_request_exception = False
        sign_in(client, auditor)
        for end in ("since", "until"):
            form = {f"{end}-day": day, f"{end}-month": month, f"{end}-year": year}
            assert client.get(reverse("audit"), form).status_code == 200


@pytest.mark.parametrize("before", ["-1", "0", "9" * 30, "9" * 5000, "x", NUL, "1;2"])
def test_any_page_of_the_audit_trail(
    client: Client, auditor: User, sign_in: SignIn, before: str
) -> None:
    client.raise_request_exception = False
    sign_in(client, auditor)
    assert client.get(reverse("audit"), {"before": before}).status_code == 200


GARBAGE = ["", NUL, "🙂" * 50, "x" * 100_000, "'\"><script>", "\u202egnirts", "../..", "-1", "%00"]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_in_any_form(counter: Counter, garbage: str) -> None:
    command = counter.arrives_at_booking()
    counter.searches("A20047")
    proposal = counter.chooses().address
    there = f"/encounters/{counter.encounter_id}/appointments/A20047/{command.appointment_id}"
    forms = {
        reverse("find-patient"): ("nhs_number", "birth_date-day"),
        reverse("find-patient-by-name"): ("family", "given", "gender", "postcode"),
        reverse("choose-organisation"): ("organisation", "next"),
        reverse("search-slots", args=[counter.encounter_id]): ("when", "practices", "start-day"),
        reverse("choose-slot", args=[counter.encounter_id]): ("only", "typed", "search"),
        proposal: ("comment", "same_person"),
        f"{there}/amend": ("description", "comment", "seen", "form_token"),
        f"{there}/cancel": ("decision", "reason", "seen", "form_token"),
        f"/bookings/{command.pk}/close": ("outcome", "spoken_to"),
    }
    before = Command.objects.count()
    for address, names in forms.items():
        page = counter.client.post(address, dict.fromkeys(names, garbage))
        assert page.status_code < 500, (address, text_of(page))
    for address in ("", f"{there}/", f"{there}/amend", proposal, f"/bookings/{command.pk}/state"):
        for name in ("again", "search", "practice", "when", "tick", "fragment", "state", "looks"):
            page = counter.client.get(address or "/", {name: garbage})
            assert page.status_code < 500, (address, name)
    assert Command.objects.count() == before


@pytest.mark.parametrize("garbage", [*GARBAGE[1:3], "a/b", "..", "x" * 300, "a b"])
def test_garbage_in_the_address(counter: Counter, garbage: str) -> None:
    counter.traces()
    for address in (
        f"/encounters/{counter.encounter_id}/appointments/{garbage}/",
        f"/encounters/{counter.encounter_id}/appointments/A20047/{garbage}/",
        f"/encounters/{counter.encounter_id}/appointments/A20047/{garbage}/amend",
        f"/encounters/{counter.encounter_id}/appointments/A20047/{garbage}/cancel",
        f"/encounters/{garbage}/",
        f"/bookings/{garbage}/",
        f"/{garbage}",
    ):
        assert counter.client.get(address).status_code in {400, 404, 502}, address


def addresses(counter: Counter) -> list[str]:
    """Every address of the portal's own, filled in with what exists or could."""
    given = {
        "encounter_id": counter.encounter_id,
        "ods": "A20047",
        "system": "0123456789ab",
        "appointment_id": "1",
        "command_id": str(uuid.uuid4()),
        "proposal_id": str(uuid.uuid4()),
        "saga_id": str(uuid.uuid4()),
        "search_id": str(uuid.uuid4()),
        "stray_id": str(uuid.uuid4()),
    }
    found = []
    for name, entries in get_resolver().reverse_dict.lists():
        if isinstance(name, str) and not name.startswith("admin"):
            for possibilities, *_ in entries:
                for _, wanted in possibilities:
                    found.append(reverse(name, kwargs={one: given[one] for one in wanted}))
    assert len(found) > 15
    return found


@pytest.mark.parametrize("method", ["head", "options", "put", "patch", "delete", "trace"])
def test_any_method_at_any_address(counter: Counter, method: str) -> None:
    counter.traces()
    for address in addresses(counter):
        answer = getattr(counter.client, method)(address)
        assert answer.status_code < 500, address
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_huge_form_and_a_broken_one(counter: Counter) -> None:
    many = counter.client.post(reverse("find-patient"), {f"x{n}": "1" for n in range(2000)})
    huge = counter.client.post(
        reverse("find-patient"), typed("1-1-2000", nhs_number="1" * 3_000_000)
    )
    broken = counter.client.post(
        reverse("find-patient"),
        b"--x\r\nnot a form",
        content_type="multipart/form-data; boundary=x",
    )
    assert [many.status_code, huge.status_code] == [400, 400]
    assert broken.status_code < 500
    for page in (many, huge):
        assert "What to do next" in text_of(page)
        assert "Nothing was sent" in text_of(page)


@pytest.mark.parametrize("text", ["Knee\x0bpain", "Knee\x07pain", "Knee\ud800pain"])
@pytest.mark.requirement("BOOK-4")
def test_what_cannot_be_sent_is_said_beside_the_field(counter: Counter, text: str) -> None:
    """Word's soft line break is one of them; nothing is stored that would be refused later."""
    counter.traces()
    counter.searches("A20047")
    counter.chooses()
    page = counter.books(text.encode("utf-8", "replace").decode())
    if "\ud800" not in text:
        assert not Command.objects.exists()
        assert "cannot be sent" in page.text


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "{{ 7777 * 7777 }}{% raise %}",
        "x" * 20_000,
        "\u202eevil",
        "</p><form>",
    ],
)
def test_what_practices_write_is_only_text(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    counter.arrives_at_booking()
    ask = GPConnectClient.patient_appointments

    def retrieve(*args: Any, **kwargs: Any) -> Appointments:
        told = ask(*args, **kwargs)
        return Appointments(
            tuple(
                replace(
                    one,
                    description=written,
                    comment=written,
                    slot_type=written,
                    schedule_type=written,
                    practitioner_role=written,
                    delivery_channel=written,
                    cancellation_reason=written,
                    status=written,
                )
                for one in told.appointments
            ),
            (written,),
        )

    monkeypatch.setattr(GPConnectClient, "patient_appointments", retrieve)
    page = counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/")
    assert page.status == 200
    assert "<script>alert" not in page.html
    assert "</p><form>" not in page.html
    assert "\u202e" not in page.html  # it would turn round what follows it
    assert written.strip("\u202e") in page.text or "<" in written
    assert "60481729" not in page.text


@pytest.mark.parametrize("appointment_id", ["a/b", "..", "x" * 200, "a?b", "\u202e", " "])
def test_an_appointment_with_an_impossible_id_breaks_no_list(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, appointment_id: str
) -> None:
    counter.arrives_at_booking()
    from gpconnect import answers

    read = answers.resource

    def otherwise(*args: Any, **kwargs: Any) -> Any:
        resource = dict(read(*args, **kwargs))
        if resource["resourceType"] == "Bundle":
            for entry in resource.get("entry", []):
                if entry["resource"]["resourceType"] == "Appointment":
                    entry["resource"]["id"] = appointment_id
        return resource

    monkeypatch.setattr(answers, "resource", otherwise)
    page = counter.opens(f"/encounters/{counter.encounter_id}/appointments/A20047/")
    assert page.status == 200
    assert f"{appointment_id}/amend" not in page.html

"""What versions before have written survives the migrations since, with the right values."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, models, transaction
from django.urls import reverse
from django.utils import timezone

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands.models import Attempt, Command
from booking_portal.commands.restore_models import Reconciliation
from booking_portal.commands.states import Kind, State
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.practices.models import Practice
from tests.portal.before import Before
from tests.portal.counter import PATIENT, Counter

pytestmark = pytest.mark.django_db

AT_BEFORE = {
    "accounts": "0002_organisation_types",
    "audit": "0005_settling",
    "commands": "0008_sagas_of_an_appointment",
    "patients": "0001_initial",
}
"""Before issue 9: the last migrations of then."""

SYSTEM = {"asid": "200000000205", "service_root": "https://gp.example/A20047/STU3/1/gpconnect"}
ANOTHER = SYSTEM | {"asid": "200000000777"}
Resolution = Command.Resolution


@dataclass(frozen=True)
class Was:
    """A command as the version before had it, and what is right for it now.

    `attempts`: purpose, outcome and HTTP status of each, in their order.
    """

    state: State
    error_code: str
    attempts: tuple[tuple[str, str, int | None], ...]
    resolution: str
    code_now: str
    status_now: int | None = None
    kind: Kind = Kind.BOOK


SEND, LOOK = "send", "look"
COMMANDS = {
    "answered": Was(State.DONE, "", ((SEND, "DONE", 201),), Resolution.ANSWERED, ""),
    "refused": Was(
        State.REFUSED,
        "DUPLICATE_REJECTED",
        ((SEND, "DUPLICATE_REJECTED", 409), (LOOK, "NOT_FOUND", 200)),
        Resolution.ANSWERED,
        "DUPLICATE_REJECTED",
        409,
    ),
    "found by looking": Was(
        State.DONE,
        "NO_ANSWER",
        ((SEND, "NO_ANSWER", None), (LOOK, "FOUND", 200)),
        Resolution.FOUND,
        "NO_ANSWER",
    ),
    "found later": Was(
        State.DONE,
        "FOUND_LATER",
        ((SEND, "INTERNAL_SERVER_ERROR", 500), (LOOK, "NOT_FOUND", 200), (LOOK, "FOUND", 200)),
        Resolution.FOUND_LATER,
        "INTERNAL_SERVER_ERROR",
        500,
    ),
    "closed by telephone": Was(
        State.NOT_MADE,
        "CLOSED_BY_TELEPHONE",
        ((SEND, "NO_ANSWER", None), (SEND, "INTERNAL_SERVER_ERROR", 500)),
        Resolution.BY_TELEPHONE,
        "INTERNAL_SERVER_ERROR",
        500,
    ),
    "closed by telephone, its sender killed": Was(
        State.DONE, "CLOSED_BY_TELEPHONE", ((SEND, "", None),), Resolution.BY_TELEPHONE, ""
    ),
    "closed by telephone, its lease over": Was(
        State.NOT_MADE,
        "CLOSED_BY_TELEPHONE",
        ((SEND, "LEASE_OVER", None),),
        Resolution.BY_TELEPHONE,
        "",
    ),
    "closed by comparing": Was(
        State.DONE,
        "CLOSED_BY_COMPARING",
        ((SEND, "DIFFERENT_FROM_ASKED", 200),),
        Resolution.BY_COMPARING,
        "DIFFERENT_FROM_ASKED",
        200,
        Kind.AMEND,
    ),
    "not made": Was(
        State.NOT_MADE,
        "SPINE_TROUBLE",
        ((SEND, "SPINE_TROUBLE", 502), (LOOK, "NOT_FOUND", 200)),
        Resolution.NOT_FOUND,
        "SPINE_TROUBLE",
        502,
    ),
    "withdrawn before it was sent": Was(
        State.WITHDRAWN, "", ((SEND, "LEASE_OVER", None),), Resolution.NOT_SENT, ""
    ),
    "not confirmed": Was(
        State.UNCONFIRMED,
        "SPINE_TROUBLE",
        ((SEND, "SPINE_TROUBLE", 502),),
        "",
        "SPINE_TROUBLE",
        502,
    ),
    "for a person": Was(
        State.NEEDS_ATTENTION, "", ((SEND, "", None), (LOOK, "NOT_FOUND", 404)), "", ""
    ),
}


@pytest.fixture
def encounter(counter: Counter) -> Encounter:
    """A patient traced by the receptionist of A1001."""
    counter.traces()
    return Encounter.objects.get()


@pytest.fixture
def before(encounter: Encounter) -> Before:
    return Before(AT_BEFORE)


def a_command(before: Before, encounter: Encounter, **facts: Any) -> Any:
    """A command as the version before stores it."""
    now = timezone.now()
    day = f"{now + timedelta(days=2):%Y-%m-%d}"
    slot = {"slot_id": "s1", "starts": f"{day}T10:00:00+00:00", "ends": f"{day}T10:10:00+00:00"}
    plain = {
        "id": uuid.uuid4(),
        "kind": Kind.BOOK.value,
        "state": State.DONE.value,
        "form_token": uuid.uuid4(),
        "encounter_id": encounter.pk,
        "organisation_id": encounter.organisation_id,
        "user_id": encounter.user_id,
        "practice_id": Practice.objects.get(ods_code="A20047").pk,
        "actor": {"username": "receptionist"},
        "organisation_asid": "200000000001",
        "nhs_number": PATIENT,
        "patient_id": "p1",
        "payload": {
            "description": "Knee pain",
            "comment": "",
            "offers": [slot | {"practice_ods": "A20047"}],
            "before": [],
        },
        "slot_key": uuid.uuid4().hex,
        "starts": slot["starts"],
        "starts_at": now + timedelta(days=2),
        "appointment_id": uuid.uuid4().hex,
        "result": {"id": "47", "status": "booked", "starts": slot["starts"], "ends": slot["ends"]},
        "created_at": now - timedelta(hours=1),
        "send_deadline": now - timedelta(hours=1),
        "request_dead_at": now - timedelta(minutes=50),
        "sentence": "What the screen said.",
        "next_step": "What to do next.",
    }
    return before.apps.get_model("commands", "Command").objects.create(**plain | SYSTEM | facts)


def columns(stored: Iterable[models.Model]) -> dict[Any, dict[str, Any]]:
    """Every value of the rows, as the models of then have them, by their keys."""
    rows = [type(one)._default_manager.filter(pk=one.pk).values().get() for one in stored]
    return {row["id"]: row for row in rows}


def test_every_command_says_how_it_ended_and_what_the_practice_said(
    before: Before, encounter: Encounter
) -> None:
    stored = {}
    for name, was in COMMANDS.items():
        one = a_command(
            before,
            encounter,
            kind=was.kind.value,
            state=was.state.value,
            error_code=was.error_code,
        )
        attempts = before.apps.get_model("commands", "Attempt").objects
        for purpose, outcome, status in was.attempts:
            attempts.create(command=one, purpose=purpose, outcome=outcome, status=status)
        stored[name] = one
    as_written = columns(stored.values())

    before.forward()

    for name, was in COMMANDS.items():
        now = Command.objects.get(pk=stored[name].pk)
        told = (now.resolution, now.error_code, now.error_status)
        assert told == (was.resolution, was.code_now, was.status_now), name
        assert (now.state, now.said, now.not_shown_at, now.acknowledged) == (
            was.state,
            "",
            None,
            None,
        )
        kept = as_written[now.pk] | {"error_code": was.code_now}
        assert columns([stored[name]])[now.pk] == kept, "nothing else is touched"
        assert now.attempts.count() == len(was.attempts)
    assert Attempt.objects.count() == sum(len(was.attempts) for was in COMMANDS.values())

    before.back()

    former = {"FOUND_LATER", "CLOSED_BY_TELEPHONE", "CLOSED_BY_COMPARING"}
    for name, was in COMMANDS.items():
        [row] = columns([stored[name]]).values()
        again = was.error_code if was.error_code in former else was.code_now
        assert row["error_code"] == again, name


# What the version before kept of PDS's answer.
TRACE = (
    "family given title superseded_numbers gender birth_date deceased registered_practice address "
    "home_address telephones telecoms"
)


def test_pages_show_what_is_of_before(
    before: Before, encounter: Encounter, counter: Counter
) -> None:
    trace = {name: encounter.trace[name] for name in TRACE.split()}
    Encounter.objects.update(trace=trace)
    by_telephone = a_command(
        before, encounter, state=State.NOT_MADE.value, error_code="CLOSED_BY_TELEPHONE"
    )
    open_still = a_command(
        before, encounter, state=State.NEEDS_ATTENTION.value, error_code="SPINE_TROUBLE"
    )
    before.forward()
    shown = counter.opens(reverse("encounter", args=[encounter.pk])).text
    assert (shown.count("ZELTHORPE, Ignatius"), "Born 27-Nov-1962" in shown) == (1, True)
    assert trace["telephones"][0] in shown
    assert counter.opens(reverse("bookings")).status == 200
    page = counter.opens(reverse("command", args=[by_telephone.pk]))
    assert page.title.startswith("Not booked")
    page = counter.opens(reverse("command", args=[open_still.pk]))
    assert page.title.startswith("Somebody has to ring the practice")


def test_one_appointment_of_one_system_has_one_booking(
    before: Before, encounter: Encounter
) -> None:
    """Ids come round again at another system; the constraint of before knew of one only. [SDS-3]"""
    first = a_command(before, encounter, appointment_id="47")
    with pytest.raises(IntegrityError), transaction.atomic():
        a_command(before, encounter, appointment_id="47", **ANOTHER)
    before.forward()
    a_command(before, encounter, appointment_id="47", **ANOTHER)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_command(before, encounter, appointment_id="47")
    assert Command.objects.filter(appointment_id="47").count() == 2
    assert Command.objects.get(pk=first.pk).asid == SYSTEM["asid"]


def test_the_version_before_still_writes_beside_the_new(
    before: Before, encounter: Encounter
) -> None:
    """It knows nothing of the new columns: the database fills them."""
    before.forward()
    command = Command.objects.get(pk=a_command(before, encounter).pk)
    assert (command.resolution, command.error_status, command.said) == ("", None, "")
    restoration = before.apps.get_model("commands", "Restoration").objects.create(
        organisation_id=encounter.organisation_id, reason="Restored"
    )
    before.apps.get_model("commands", "Reconciliation").objects.create(
        restoration=restoration,
        practice_id=command.practice_id,
        encounter_id=encounter.pk,
        nhs_number=PATIENT,
    )
    assert Reconciliation.objects.get().begun == 0
    before.apps.get_model("patients", "PatientAtPractice").objects.create(
        encounter_id=encounter.pk, practice_id=command.practice_id, **SYSTEM
    )
    assert PatientAtPractice.objects.get().details == {}
    before.apps.get_model("audit", "Event").objects.create(
        happened_at=timezone.now(), kind="command_stored", command_id=command.pk
    )
    assert Event.objects.get(command_id=command.pk).kind == EventKind.COMMAND_STORED


def test_what_was_known_of_a_patient_at_a_practice_goes_on(
    before: Before, encounter: Encounter
) -> None:
    found = before.apps.get_model("patients", "PatientAtPractice").objects.create(
        encounter_id=encounter.pk,
        practice_id=Practice.objects.get(ods_code="A20047").pk,
        patient_id="p1",
        telephones=["020 7946 0101"],
        differences=[{"field": "birth date", "serious": True}],
        **SYSTEM,
    )
    [as_written] = columns([found]).values()
    before.forward()
    assert columns([found]) == {found.pk: as_written}
    now = PatientAtPractice.objects.get(pk=found.pk)
    assert (now.details, now.contacts, now.number_status) == ({}, (), "")
    assert now.numbers_held == ["020 7946 0101"]


def test_the_audit_trail_of_before_is_kept_and_still_insert_only(
    before: Before, encounter: Encounter, receptionist: User
) -> None:
    events = before.apps.get_model("audit", "Event").objects
    kinds = [kind for kind, _ in before.apps.get_model("audit", "Event").kind.field.choices]
    assert set(kinds) < set(EventKind.values), "a kind of before is not known any more"
    stored = [
        events.create(
            happened_at=timezone.now(),
            kind=kind,
            username=receptionist.username,
            nhs_number=PATIENT,
            encounter_id=encounter.pk,
            outcome="as it was",
            detail={"number": number},
        )
        for number, kind in enumerate(kinds)
    ]
    as_written = columns(stored)
    count = Event.objects.count()

    before.forward()

    assert columns(stored) == as_written
    assert Event.objects.count() == count
    assert all(Event.objects.get(pk=one.pk).get_kind_display() for one in stored)
    for change in (
        lambda: Event.objects.filter(pk=stored[0].pk).update(outcome="another"),
        lambda: Event.objects.filter(pk=stored[0].pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="can only be added"), transaction.atomic():
            change()
    assert columns(stored) == as_written

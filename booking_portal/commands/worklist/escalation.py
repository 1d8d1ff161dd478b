"""What needs a person, and nobody takes, is escalated: once, audited, and shown on every page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from booking_portal.accounts.models import Organisation
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands import saga_status
from booking_portal.commands.callbacks import is_still_taken
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas.step_storage import record_saga_event
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import who_of
from booking_portal.commands.wire_payloads import audit_subject_of

BY_SYSTEM = "escalating"

# Whoever took it so long ago may have gone home, and it is still open.
NOT_TAKEN = Q(taken_at=None) | Q(
    taken_at__lte=Now() - timedelta(seconds=settings.ESCALATE_TAKEN_AFTER_SECONDS)
)
# Nor is it taken where that was before it needed a person.
NOBODY = NOT_TAKEN | Q(taken_at__lt=F("attention_at"))
# The patient let go of it, and the practice has it: the slot is lost to others until somebody
# cancels it, or says that the patient keeps it.
TO_CANCEL = Q(
    ~Q(result__status="cancelled"),
    ~Exists(
        Command.objects.filter(
            kind=Kind.CANCEL,
            state=State.DONE,
            practice=OuterRef("practice"),
            asid=OuterRef("asid"),
            service_root=OuterRef("service_root"),
            appointment_id=OuterRef("appointment_id"),
        )
    ),
    kind=Kind.BOOK,
    state=State.DONE,
    withdrawn_at__isnull=False,
    told_at=None,
)
COMMAND_NEEDS_PERSON = Q(state=State.NEEDS_ATTENTION) | TO_CANCEL


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of all organisations needs a person, and how much of it nobody has taken."""

    waiting: int
    escalated: int


def escalate_overdue(most: int = 100) -> int:
    """Mark what has needed a person for too long, each once; returns how many."""
    return _commands_due(most) + _sagas_due(most)


def escalated_at(organisation: Organisation) -> int:
    """How much of the organisation's is escalated, and still nobody's."""
    return _escalated(
        Command.objects.filter(organisation=organisation),
        Saga.objects.filter(organisation=organisation),
    )


def counts() -> Counts:
    """For the portal's health, of all organisations together."""
    commands, sagas = Command.objects.all(), Saga.objects.all()
    known = sagas.filter(Q(escalate_at__isnull=False) | Q(escalated_at__isnull=False))
    waiting = commands.filter(COMMAND_NEEDS_PERSON).count() + _for_a_person(known)
    return Counts(waiting, _escalated(commands, sagas))


def _commands_due(most: int) -> int:
    now = database_now()
    since = now - timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
    with transaction.atomic():
        due = list(
            Command.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("practice")
            .filter(COMMAND_NEEDS_PERSON, NOBODY, attention_at__lte=since, escalated_at=None)
            .order_by("attention_at")[:most]
        )
        if not due:
            return 0
        Command.objects.filter(pk__in=[command.pk for command in due]).update(escalated_at=now)
        trail.record_all(
            trail.event(
                EventKind.COMMAND_ESCALATED,
                who_of(command, BY_SYSTEM),
                outcome=command.kind,
                **audit_subject_of(command).facts(),
            )
            for command in due
        )
    return len(due)


def _sagas_due(most: int) -> int:
    """Those that wait for a decision; the others are left alone until there is news of them."""
    now = database_now()
    with transaction.atomic():
        due = (
            Saga.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("encounter", "proposal__practice")
            .filter(escalate_at__lte=now)
            .order_by("escalate_at")[:most]
        )
        return sum(_escalate(saga, now) for saga in due)


def _escalate(saga: Saga, now: datetime) -> bool:
    stage = saga_status.stage_of(saga)
    waits = stage is Stage.NEEDS_DECISION
    taken = saga.taken_at is not None and is_still_taken(saga.taken_at)
    asks_again = stage is Stage.AUTOMATIC or (waits and taken)
    again = now + timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
    saga.escalate_at = again if asks_again else None
    escalates = waits and not asks_again
    if escalates:
        saga.escalated_at = now
        last = saga_status.latest_step(saga)
        who = who_of(last, BY_SYSTEM)
        record_saga_event(saga, saga.kind, who, last, event=EventKind.COMMAND_ESCALATED)
    saga.save(update_fields=["escalate_at", "escalated_at"])
    return escalates


def _escalated(commands: QuerySet[Command], sagas: QuerySet[Saga]) -> int:
    nobodys = sagas.filter(NOT_TAKEN, escalated_at__isnull=False)
    return commands.filter(
        COMMAND_NEEDS_PERSON, NOBODY, escalated_at__isnull=False
    ).count() + _for_a_person(nobodys)


def _for_a_person(sagas: QuerySet[Saga]) -> int:
    """How many wait for a decision."""
    open_ones = sagas.filter(closed_at=None).prefetch_related("steps")
    return sum(saga_status.stage_of(saga) is Stage.NEEDS_DECISION for saga in open_ones)

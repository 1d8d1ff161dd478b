"""What needs a person, and nobody takes, is escalated: once, audited, and shown on every page."""

from dataclasses import dataclass

from django.db import transaction

from booking_portal.accounts.models import Organisation
from booking_portal.audit import trail
from booking_portal.audit.models import Event, EventKind
from booking_portal.commands import saga_status
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, CommandQuerySet, Saga, SagaQuerySet
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.sagas.step_storage import saga_facts
from booking_portal.commands.transitions import who_of
from booking_portal.commands.worklist.needs_person import COMMAND_NEEDS_PERSON, needs_person

BY_SYSTEM = "escalating"


@dataclass(frozen=True, slots=True)
class Counts:
    """How much of all organisations needs a person, and how much of it nobody has taken."""

    waiting: int
    escalated: int


def escalate_overdue(most: int = 100) -> int:
    """Mark what has needed a person for too long, each once; returns how many.

    `most`: of commands, and of sagas, that one tick looks at.
    """
    commands = Command.objects.filter(COMMAND_NEEDS_PERSON).select_related("practice")
    sagas = Saga.objects.select_related("encounter", "proposal__practice")
    return _escalate(commands, most) + _escalate(sagas, most)


def escalated_at(organisation: Organisation) -> int:
    """How much of the organisation's is escalated, and still nobody's."""
    return _escalated(
        Command.objects.for_organisation(organisation), Saga.objects.for_organisation(organisation)
    )


def counts() -> Counts:
    """For the portal's health, of all organisations together."""
    commands, sagas = Command.objects.all(), Saga.objects.all()
    known = sagas.filter(attention_at__isnull=False)
    waiting = commands.filter(COMMAND_NEEDS_PERSON).count() + _to_be_decided(known)
    return Counts(waiting, _escalated(commands, sagas))


def _escalate(items: CommandQuerySet | SagaQuerySet, most: int) -> int:
    with transaction.atomic():
        rows = items.due().select_for_update(skip_locked=True, no_key=True, of=("self",))
        due: list[Command | Saga] = [*rows.order_by("attention_at")[:most]]
        overdue = [item for item in due if needs_person(item)]
        escalated = items.model.objects.filter(pk__in=[item.pk for item in overdue])
        if overdue:
            escalated.update(escalated_at=database_now())
            trail.record_all(_event(item) for item in overdue)
        for item in due:
            if isinstance(item, Saga) and item not in overdue:
                _leave_alone(item)
    return len(overdue)


def _leave_alone(saga: Saga) -> None:
    """It does not wait for a decision: until there is news of it; or its time to go on is over."""
    comes_by_itself = saga_status.stage_of(saga) is Stage.AUTOMATIC
    since = database_now() if comes_by_itself else None
    Saga.objects.filter(pk=saga.pk).update(attention_at=since)


def _event(item: Command | Saga) -> Event:
    kind = EventKind.COMMAND_ESCALATED
    if isinstance(item, Saga):
        last = saga_status.latest_step(item)
        return trail.event(kind, who_of(last, BY_SYSTEM), **saga_facts(item, item.kind, last))
    facts = audit_subject_of(item).facts()
    return trail.event(kind, who_of(item, BY_SYSTEM), outcome=item.kind, **facts)


def _escalated(commands: CommandQuerySet, sagas: SagaQuerySet) -> int:
    nobodys = commands.filter(COMMAND_NEEDS_PERSON).escalated().count()
    return nobodys + _to_be_decided(sagas.escalated())


def _to_be_decided(sagas: SagaQuerySet) -> int:
    open_ones = sagas.filter(closed_at=None).prefetch_related("steps")
    return sum(needs_person(saga) for saga in open_ones)

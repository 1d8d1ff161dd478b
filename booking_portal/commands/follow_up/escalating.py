"""What needs a person, and nobody takes, is escalated: once, audited, and shown on every page."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from booking_portal.accounts.models import Organisation
from booking_portal.audit import trail
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.asking import subject_of
from booking_portal.commands.models import Command, CommandQuerySet
from booking_portal.commands.states import State
from booking_portal.commands.storing import database_now
from booking_portal.commands.transitions import who_of

BY_SYSTEM = "escalating"

# Taken before it needed a person is not taken: whoever that was may have gone home.
NOBODY = Q(taken_at=None) | Q(taken_at__lt=F("attention_at"))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many commands of all organisations need a person, and how many nobody has taken."""

    waiting: int
    escalated: int


def escalate_due(most: int = 100) -> int:
    """Mark what has needed a person for too long, each once; returns how many."""
    now = database_now()
    since = now - timedelta(seconds=settings.ESCALATE_AFTER_SECONDS)
    with transaction.atomic():
        due = list(
            Command.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("practice")
            .filter(
                NOBODY,
                state=State.NEEDS_ATTENTION,
                attention_at__lte=since,
                escalated_at=None,
            )
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
                **subject_of(command).facts(),
            )
            for command in due
        )
    return len(due)


def escalated_at(organisation: Organisation) -> int:
    """How many of the organisation's are escalated, and still nobody's."""
    return _escalated(Command.objects.filter(organisation=organisation)).count()


def counts() -> Counts:
    """For the portal's health, of all organisations together."""
    waiting = Command.objects.filter(state=State.NEEDS_ATTENTION)
    return Counts(waiting.count(), _escalated(Command.objects.all()).count())


def _escalated(commands: CommandQuerySet) -> CommandQuerySet:
    return commands.filter(NOBODY, state=State.NEEDS_ATTENTION, escalated_at__isnull=False)

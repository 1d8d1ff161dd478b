"""A saga with its first command, its next command, its audit events: stored together. [IG-2]"""

from typing import Any

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.delivery.outbox import (
    AlreadyAsked,
    CheckedCommand,
    store_checked,
)
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import TO_BE_DECIDED, Stage, latest_step, stage_of


def store_first_step(saga: Saga, ready: CheckedCommand, *, actor: Actor) -> Command:
    """Store a new saga with its first command, in one transaction.

    The worker goes on with it from when this process ought to have had its answer.

    Raises: as `store_checked`.
    """
    with transaction.atomic():
        saga.next_try_at = saga.created_at
        saga.save(force_insert=True)
        ready.command.saga, ready.command.step = saga, Command.Step.FIRST
        first = store_checked(ready, actor=actor)
        Saga.objects.filter(pk=saga.pk).update(next_try_at=first.next_look_at)
        record_saga_event(saga, "begun", actor.who, first)
    return first


def store_step(
    saga: Saga,
    ready: CheckedCommand,
    step: Command.Step,
    *,
    actor: Actor,
    outcome: str,
    stages: frozenset[Stage] = TO_BE_DECIDED,
) -> Command:
    """Store the saga's next command; from now on nothing goes by itself in this saga.

    Raises: AlreadyAsked when the saga has gone on, or ended, meanwhile; as `store_checked`.
    """
    with transaction.atomic():
        # Not FOR UPDATE: a command's foreign key would wait for it.
        locked = Saga.objects.select_for_update(no_key=True).get(pk=saga.pk)
        if stage_of(locked) not in stages:
            raise AlreadyAsked(latest_step(locked))
        ready.command.saga, ready.command.step = locked, step
        command = store_checked(ready, actor=actor)
        Saga.objects.filter(pk=saga.pk).update(next_try_at=None, stopped="", sentence="")
        record_saga_event(saga, outcome, actor.who, command)
    return command


def record_saga_event(
    saga: Saga,
    outcome: str,
    who: trail.Who,
    command: Command | None = None,
    reason: str = "",
    kind: EventKind = EventKind.STEPS_MOVED,
) -> None:
    """The audit event of what happens to a saga, in the caller's transaction. [IG-2]"""
    trail.record(kind, who, **saga_facts(saga, outcome, command, reason))


def saga_facts(
    saga: Saga, outcome: str, command: Command | None = None, reason: str = ""
) -> dict[str, Any]:
    """What the audit event of a saga says, as fields of `Event`."""
    return {
        "outcome": outcome,
        "nhs_number": saga.encounter.nhs_number,
        "practice_ods": saga.proposal.practice.ods_code,
        "encounter_id": command.encounter_id if command else saga.encounter_id,
        "command_id": command.pk if command else None,
        "appointment_id": saga.old_appointment_id,
        "detail": {"saga": str(saga.pk), "kind": saga.kind, "reason": reason},
    }

"""A command that has passed its checks, on its way to being stored; perhaps as a saga's step."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import Kind as EventKind
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.steps.stages import TO_BE_DECIDED, Stage, latest, standing_of
from booking_portal.commands.storing import AlreadyAsked, one_at_a_time, store
from booking_portal.patients.models import PatientAtPractice


@dataclass(frozen=True, slots=True)
class Ready:
    """What can be stored now; `still_free` asks, under the lock, what others may have changed."""

    command: Command
    at: PatientAtPractice
    still_free: Callable[[], None]


def keep(ready: Ready, *, actor: Actor) -> Command:
    """Store it, while no other process of the organisation stores for this patient.

    Raises: AlreadyAsked (and its kinds), and what `still_free` raises.
    """
    with transaction.atomic():
        one_at_a_time(ready.at.encounter.nhs_numbers, actor.organisation)
        ready.still_free()
        return store(ready.command, ready.at, actor=actor)


def keep_first(saga: Saga, ready: Ready, *, actor: Actor) -> Command:
    """Store a new saga with its first command, in one transaction.

    The worker goes on with it from when this process ought to have had its answer.

    Raises: as `keep`.
    """
    with transaction.atomic():
        saga.next_try_at = saga.created_at
        saga.save(force_insert=True)
        ready.command.saga, ready.command.step = saga, Command.Step.FIRST
        first = keep(ready, actor=actor)
        Saga.objects.filter(pk=saga.pk).update(next_try_at=first.next_look_at)
        record(saga, "begun", actor.who, first)
    return first


def keep_step(
    saga: Saga,
    ready: Ready,
    step: Command.Step,
    *,
    actor: Actor,
    outcome: str,
    stages: frozenset[Stage] = TO_BE_DECIDED,
) -> Command:
    """Store the saga's next command; from now on nothing goes by itself in this saga.

    Raises: AlreadyAsked when the saga has gone on, or ended, meanwhile; as `keep`.
    """
    with transaction.atomic():
        # Not FOR UPDATE: a command's foreign key would wait for it.
        locked = Saga.objects.select_for_update(no_key=True).get(pk=saga.pk)
        if standing_of(locked) not in stages:
            raise AlreadyAsked(latest(locked))
        ready.command.saga, ready.command.step = locked, step
        command = keep(ready, actor=actor)
        Saga.objects.filter(pk=saga.pk).update(next_try_at=None, stopped="", sentence="")
        record(saga, outcome, actor.who, command)
    return command


def record(
    saga: Saga,
    outcome: str,
    who: trail.Who,
    command: Command | None = None,
    reason: str = "",
    event: EventKind = EventKind.STEPS_MOVED,
) -> None:
    """The audit event of what happens to a saga, in the caller's transaction. [IG-2]"""
    trail.record(
        event,
        who,
        outcome=outcome,
        nhs_number=saga.encounter.nhs_number,
        practice_ods=saga.proposal.practice.ods_code,
        encounter_id=command.encounter_id if command else saga.encounter_id,
        command_id=command.pk if command else None,
        appointment_id=saga.old_appointment_id,
        detail={"saga": str(saga.pk), "kind": saga.kind, "reason": reason},
    )

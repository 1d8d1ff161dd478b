"""A command that has passed its checks, on its way to being stored; perhaps as a saga's step."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.storing import one_at_a_time, store
from booking_portal.patients.models import PatientAtPractice


@dataclass(frozen=True, slots=True)
class Ready:
    """What can be stored now; `still_free` asks again what another process may have changed."""

    command: Command
    at: PatientAtPractice
    still_free: Callable[[], None]


def keep(
    ready: Ready, *, actor: Actor, saga: Saga | None = None, step: Command.Step | None = None
) -> Command:
    """Store it while no other process stores for this patient; a saga's step under its lock.

    Raises: AlreadyAsked (and its kinds), and what `still_free` raises.
    """
    command = ready.command
    with transaction.atomic():
        if saga is not None:  # not FOR UPDATE: a command's foreign key would wait for it
            Saga.objects.select_for_update(no_key=True).get(pk=saga.pk)
            command.saga, command.step = saga, step or Command.Step.FIRST
        one_at_a_time(ready.at.encounter.nhs_number, actor.organisation)
        ready.still_free()
        return store(command, ready.at, actor=actor)

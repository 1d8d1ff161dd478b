"""A command becomes durable, with its audit event, before anything is sent."""

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Organisation
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.patients.models import PatientAtPractice
from booking_portal.query_helpers import row_if_any

# From the stored command to the first byte: a connection, and a process that was slow.
SEND_WINDOW = timedelta(seconds=10)
TRIES_TO_STORE = 3


class AlreadyAsked(Exception):
    """This form was sent before, or the same booking is not settled yet; `command` is it."""

    def __init__(self, command: Command) -> None:
        super().__init__(str(command.pk))
        self.command = command


def made_by_form(*form_tokens: uuid.UUID) -> Command | None:
    """What this form has made already: sent once more, it makes nothing else. [BOOK-8]

    It may be asked before anything is checked; `store` is who makes sure of it.
    """
    return row_if_any(Command.objects.filter(form_token__in=form_tokens))


def one_at_a_time(nhs_numbers: Iterable[str], organisation: Organisation) -> None:
    """Wait until no other process stores for this patient; holds until the transaction's end.

    `nhs_numbers` are the patient's, superseded ones among them; whoever waits for several of them
    takes them in the same order. A lock's key is a digest: PostgreSQL shows keys to whoever looks.
    """
    with connection.cursor() as cursor:
        for nhs_number in sorted(set(nhs_numbers)):
            digest = hashlib.sha256(f"{organisation.pk}:{nhs_number}".encode()).digest()
            key = int.from_bytes(digest[:8], signed=True)
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def slot_key_of(slot_ids: list[str]) -> str:
    """A short key for a set of slots, the same in whatever order they were chosen."""
    return hashlib.sha256("\n".join(sorted(slot_ids)).encode()).hexdigest()


def store(command: Command, at: PatientAtPractice, *, actor: Actor) -> Command:
    """Store a new command in the state `sending`, leased to this process.

    Raises: AlreadyAsked with the command that this form, or the same booking, has made already.
    """
    now = database_now()
    command.encounter = at.encounter
    command.practice = at.practice
    command.organisation = actor.organisation
    command.user = actor.user
    command.actor = asdict(actor.who)
    command.organisation_asid = actor.organisation.asid
    command.asid = at.asid
    command.service_root = at.service_root
    command.nhs_number = at.encounter.nhs_number
    command.patient_id = at.patient_id
    command.created_at = now
    for name, value in lease_from(now).items():
        setattr(command, name, value)
    with transaction.atomic():
        # Not "try and catch": PostgreSQL would log the failing row, the patient's text included.
        for _ in range(TRIES_TO_STORE):
            if _inserted(command):
                break
            rival = _rival(command)
            if rival is not None:  # else it was settled in this very moment
                raise AlreadyAsked(rival)
        else:
            raise RuntimeError("a command that nothing stands against cannot be stored")
        trail.record(
            EventKind.COMMAND_STORED,
            actor.who,
            outcome=command.kind,
            nhs_number=command.nhs_number,
            practice_ods=at.practice.ods_code,
            encounter_id=command.encounter_id,
            command_id=command.pk,
            appointment_id=command.appointment_id,
        )
    return command


def lease_from(now: datetime) -> dict[str, datetime]:
    """The times of a send that may begin at `now` (the database's clock), as a command keeps them.

    Until `send_deadline` its holder may send; at `next_look_at` the answer is overdue; after
    `request_dead_at` the request can no longer arrive. The token's life begins by this process's
    clock, so the later of the two clocks counts.
    """
    leased_until = now + SEND_WINDOW
    answer = timedelta(seconds=settings.WRITE_DEADLINE_SECONDS + 2)
    return {
        "send_deadline": leased_until,
        "next_look_at": leased_until + answer,
        "request_dead_at": dead_after(max(now, timezone.now())),
    }


def dead_after(leased_at: datetime) -> datetime:
    """When a request whose lease begins at `leased_at` can no longer arrive."""
    lifetime = timedelta(seconds=settings.REQUEST_LIFETIME_SECONDS)
    return leased_at + SEND_WINDOW + lifetime


def _inserted(command: Command) -> bool:
    Command.objects.bulk_create([command], ignore_conflicts=True)
    return Command.objects.filter(pk=command.pk).exists()


def _rival(command: Command) -> Command | None:
    same_form = made_by_form(command.form_token)
    if same_form is not None:
        return same_form
    if command.saga_id is not None:
        step = Command.objects.unsettled().filter(saga=command.saga_id).first()
        if step is not None:
            return step
    same = Command.objects.unsettled().filter(
        kind=command.kind,
        organisation=command.organisation,
        nhs_number=command.nhs_number,
        practice=command.practice,
        slot_key=command.slot_key,
    )
    return same.first()


@dataclass(frozen=True, slots=True)
class CheckedCommand:
    """What can be stored now; `still_free` asks, under the lock, what others may have changed."""

    command: Command
    at: PatientAtPractice
    still_free: Callable[[], None]


def store_checked(ready: CheckedCommand, *, actor: Actor) -> Command:
    """Store it, while no other process of the organisation stores for this patient.

    Raises: AlreadyAsked (and its kinds), and what `still_free` raises.
    """
    with transaction.atomic():
        one_at_a_time(ready.at.encounter.nhs_numbers, actor.organisation)
        ready.still_free()
        return store(ready.command, ready.at, actor=actor)

"""A saga's next command, checked against how things are now. [MOVE-1, REG-1]"""

import uuid

from booking_portal.accounts.actor import Actor
from booking_portal.commands.appointment_status import BOOKED, status_in_words
from booking_portal.commands.delivery.outbox import CheckedCommand
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.requests.amend_cancel import NotChangeable, ready_to_cancel
from booking_portal.commands.requests.appointment_reads import read_appointment
from booking_portal.commands.requests.booking import ready_to_book, require_settled
from booking_portal.commands.saga_status import step_of, steps_of
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import find_at_practice


class NewCancelled(Exception):
    """The practice has cancelled the new appointment: the old one must stand. [MOVE-1]"""

    def __init__(self) -> None:
        super().__init__(
            "The practice has cancelled the new appointment since. The portal has not cancelled "
            "the old one."
        )


def reloaded(saga: Saga) -> Saga:
    """The saga as the database has it now, with what its steps need."""
    related = ("encounter", "organisation", "user", "proposal__practice", "old_practice")
    return Saga.objects.select_related(*related).get(pk=saga.pk)


def ready_second(
    saga: Saga, encounter: Encounter, *, actor: Actor, version: str | None = None
) -> CheckedCommand:
    """Everything that is checked before the second step is stored. [MOVE-1, REG-1]

    `encounter` is the acting user's own; `version` that of the old appointment as they saw it,
    if not as the saga's user did.

    Raises: NewCancelled, and as `ready_to_cancel` or `ready_to_book`.
    """
    form_token = _form_token(saga, Command.Step.SECOND)
    if saga.kind != Saga.Kind.MOVE or saga.old_practice is None:
        proposal = saga.proposal
        require_settled(encounter, form_token, actor=actor, saga=saga)
        return ready_to_book(
            proposal,
            proposal.description,
            proposal.comment,
            encounter=encounter,
            form_token=form_token,
            saga=saga,
            actor=actor,
        )
    _require_new_stands(saga, encounter, actor)
    return ready_to_cancel(
        find_at_practice(encounter, saga.old_practice, actor=actor),
        saga.old_appointment_id,
        saga.old_version if version is None else version,
        saga.cancellation_reason,
        form_token=form_token,
        saga=saga,
        actor=actor,
        known_at=old_system(saga),
    )


def old_system(saga: Saga) -> str:
    """The system that the id of the appointment to be moved is from; empty where not kept."""
    return str((saga.proposal.moving or {}).get("system", ""))


def ready_undo(
    saga: Saga, encounter: Encounter, reason: str, *, actor: Actor, version: str | None = None
) -> CheckedCommand:
    """Everything that is checked before a move's new appointment is cancelled.

    Raises: as `ready_to_cancel`.
    """
    first = steps_of(saga)[0]
    return ready_to_cancel(
        find_at_practice(encounter, first.practice, actor=actor),
        first.appointment_id,
        first.result.get("version", "") if version is None else version,
        reason,
        form_token=_form_token(saga, Command.Step.UNDO),
        saga=saga,
        actor=actor,
        known_at=first.system,
    )


def _require_new_stands(saga: Saga, encounter: Encounter, actor: Actor) -> None:
    """Never cancel the old appointment for a new one that is gone. [MOVE-1]"""
    first = step_of(saga, Command.Step.FIRST)
    if first is None or not first.appointment_id:  # told by telephone; a person decides on it
        return
    at = find_at_practice(encounter, first.practice, actor=actor)
    new = read_appointment(at, first.appointment_id, actor=actor, known_at=first.system)
    if new.cancelled:
        raise NewCancelled
    if new.status != BOOKED:
        words = status_in_words(new.status)
        raise NotChangeable(f"The practice has the new appointment as “{words}”, not as booked.")


def _form_token(saga: Saga, step: Command.Step) -> uuid.UUID:
    """The same in every process for the same try, so that it is stored once.

    The first booking after a registration has the proposal's own: the check page books no other.
    """
    tries = sum(command.step == step for command in steps_of(saga))
    if saga.kind == Saga.Kind.REGISTER_AND_BOOK and step == Command.Step.SECOND and not tries:
        return saga.proposal_id
    return uuid.uuid5(saga.pk, f"{step}:{tries}")

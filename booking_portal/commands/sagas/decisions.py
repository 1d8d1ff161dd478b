"""What a person decides about a saga that does not go on by itself. [MOVE-1, REG-1]"""

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.delivery.sender import send
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests.appointment_reads import read_appointment
from booking_portal.commands.saga_status import TO_BE_DECIDED, Stage, stage_of, step_of, waiting_for
from booking_portal.commands.sagas.next_step import old_system, ready_second, ready_undo, reloaded
from booking_portal.commands.sagas.step_storage import record_saga_event, store_step
from booking_portal.commands.states import State
from booking_portal.patients.models import Encounter, TraceTooOld
from booking_portal.patients.practice_record import find_at_practice

FIRST, SECOND, UNDO = Command.Step.FIRST, Command.Step.SECOND, Command.Step.UNDO


class NotToDecide(Exception):
    """This cannot be decided now; the text says why, in words for the user."""


def finish(saga: Saga, *, actor: Actor, version: str | None = None) -> Command:
    """Send the second step because a person says so, however late; the same click, one command.

    A colleague needs an encounter of their own with the patient. `version` is that of the old
    appointment as they saw it, where it has changed since the move was asked for.

    Raises: NotPermitted, NotToDecide, TraceTooOld (also: not traced), NewCancelled,
    ChangedMeanwhile, NotChangeable, NotBookable (also DifferencesNotAcknowledged),
    BookingUnsettled, PatientNotAtPractice, PatientMismatch, GPConnectError (reading). Nothing
    has been sent then.
    """
    saga = reloaded(saga)
    moves = saga.kind == Saga.Kind.MOVE
    actor.require(Permission.CANCEL_APPOINTMENT if moves else Permission.BOOK_APPOINTMENT)
    before = _asked_before(saga, SECOND, actor)
    if before is not None:
        return before
    encounter = _encounter_of(saga, actor)
    try:
        ready = ready_second(saga, encounter, actor=actor, version=version)
        command = store_step(saga, ready, SECOND, actor=actor, outcome="finished")
    except AlreadyAsked as quicker:
        return quicker.command
    return send(command, actor=actor)


def undo(saga: Saga, reason: str, *, actor: Actor, version: str | None = None) -> Command:
    """Cancel a move's new appointment and keep the old one; the same click, one command.

    `version` is that of the new appointment as they saw it, where it has changed since.

    Raises: as `finish`.
    """
    saga = reloaded(saga)
    actor.require(Permission.CANCEL_APPOINTMENT)
    first = step_of(saga, FIRST)
    if saga.kind != Saga.Kind.MOVE or saga.old_practice is None or first is None:
        raise NotToDecide("There is no new appointment to be cancelled.")
    before = _asked_before(saga, UNDO, actor)
    if before is not None:
        return before
    if not first.appointment_id:
        raise NotToDecide(
            "The portal does not know which appointment the practice has made. Ring the practice."
        )
    encounter = _encounter_of(saga, actor)
    old = read_appointment(
        find_at_practice(encounter, saga.old_practice, actor=actor),
        saga.old_appointment_id,
        actor=actor,
        known_at=old_system(saga),
    )
    if old.cancelled:
        raise NotToDecide(
            "The old appointment is cancelled already: without the new one the patient would "
            "have none."
        )
    try:
        ready = ready_undo(saga, encounter, reason, actor=actor, version=version)
        command = store_step(saga, ready, UNDO, actor=actor, outcome="undone")
    except AlreadyAsked as quicker:
        return quicker.command
    return send(command, actor=actor)


def keep_both(saga: Saga, *, actor: Actor) -> None:
    """The patient keeps both appointments of a move: nothing more is sent.

    Raises: NotPermitted, NotToDecide.
    """
    if saga.kind != Saga.Kind.MOVE:
        raise NotToDecide("There are no two appointments to be kept.")
    _close(saga, Saga.Closing.KEPT_BOTH, actor)


def give_up(saga: Saga, *, actor: Actor) -> None:
    """The second step is not wanted any more: nothing more is sent.

    Raises: NotPermitted, NotToDecide.
    """
    _close(saga, Saga.Closing.GIVEN_UP, actor)


def choose_another(old: Proposal, new: Proposal, *, actor: Actor) -> None:
    """Where a saga has yet to book `old`, and a person decides, let it book `new` instead.

    Nothing is sent by this. Where no saga waits for `old`, nothing changes.
    """
    found = waiting_for(old)
    if found is None:
        return
    with transaction.atomic():
        saga = Saga.objects.select_for_update(no_key=True).get(pk=found.pk)
        if stage_of(saga) is not Stage.NEEDS_DECISION or saga.proposal_id != old.pk:
            return
        saga.proposal = new
        saga.save(update_fields=["proposal"])
        record_saga_event(saga, "another slot chosen", actor.who)


def _close(saga: Saga, closing: Saga.Closing, actor: Actor) -> None:
    actor.require(Permission.BOOK_APPOINTMENT)
    with transaction.atomic():
        locked = Saga.objects.select_for_update(no_key=True).get(pk=saga.pk)
        _require_own(locked, actor)
        if locked.closing == closing:  # a double click
            return
        if stage_of(locked) not in TO_BE_DECIDED:
            raise NotToDecide("This has gone on meanwhile. Look at where it stands now.")
        Saga.objects.filter(pk=saga.pk).update(
            closing=closing, closed_at=database_now(), closed_by=actor.user, next_try_at=None
        )
        record_saga_event(locked, closing.value.replace("_", " "), actor.who)


def _asked_before(saga: Saga, step: Command.Step, actor: Actor) -> Command | None:
    """The command of this decision, if it has been taken and is not refused; else None.

    Raises: NotToDecide.
    """
    _require_own(saga, actor)
    asked = step_of(saga, step)
    if asked is not None and (not asked.settled or asked.state == State.DONE):
        return asked
    stage = stage_of(saga)
    if stage not in TO_BE_DECIDED:
        raise NotToDecide(_NOT_NOW.get(stage, "This is over. Look at where it stands now."))
    return None


_NOT_NOW = {
    Stage.FIRST_UNSETTLED: "The first step is not settled yet. Nothing goes on before it is.",
    Stage.SECOND_UNSETTLED: "The second step has been sent and is not settled yet.",
    Stage.UNDOING: "It is being undone, and that is not settled yet.",
}


def _require_own(saga: Saga, actor: Actor) -> None:
    if not saga.may_be_seen_by(actor):
        raise NotToDecide("It belongs to another organisation.")


def _encounter_of(saga: Saga, actor: Actor) -> Encounter:
    """The acting user's own freshly traced encounter for the saga's patient. [PDS-1]

    Raises: TraceTooOld.
    """
    encounter = Encounter.objects.of_same_patient(saga.encounter, actor)
    if encounter is None:
        raise TraceTooOld
    return encounter

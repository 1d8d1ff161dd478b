"""Two writes for one wish: move, cancel first, register and book. [MOVE-1, REG-1..3]

The saga is stored with its first step. The second goes by itself, from the request or from the
worker's tick (`orchestrator`), within `automatic_until`; whatever stands in the way leaves it to a
person (`decisions`).
"""

import uuid
from dataclasses import replace
from datetime import timedelta

from django.conf import settings

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands import saga_status
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.outbox import (
    AlreadyAsked,
    CheckedCommand,
    made_by_form,
    store_checked,
)
from booking_portal.commands.delivery.sender import RecordBehind, send
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.requests.amend_cancel import ready_to_cancel
from booking_portal.commands.requests.booking import (
    BookingUnsettled,
    keep_texts,
    ready_to_book,
    require_offered_there,
    unsettled_booking,
)
from booking_portal.commands.requests.registration import AsSaid, ready_to_register
from booking_portal.commands.saga_status import (
    latest_step,
    may_cancel_first,
)
from booking_portal.commands.sagas.decisions import NotToDecide
from booking_portal.commands.sagas.next_step import reloaded
from booking_portal.commands.sagas.orchestrator import continue_saga
from booking_portal.commands.sagas.step_storage import store_first_step, store_step
from booking_portal.commands.states import State
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import AWAY
from booking_portal.slots.offers import require_bookable


class NotToCancelFirst(NotToDecide):
    """The practice has not refused a second booking, so nothing is cancelled first. [MOVE-1]"""


def begin_move(
    proposal: Proposal,
    description: str,
    comment: str,
    reason: str,
    *,
    actor: Actor,
    cancel_first: bool = False,
) -> Command:
    """Book the proposal, then cancel the appointment that it moves. [MOVE-1, BOOK-8]

    `reason` is the cancellation's. `cancel_first` turns the order round, where the practice has
    refused this proposal as a second booking. Returns the command whose page shows where it
    stands; the same proposal gives the same one, however often.

    Raises: NotPermitted, TraceTooOld, NotBookable, NotChangeable, ChangedMeanwhile,
    BookingUnsettled, AlreadyAsked (also AppointmentBusy), NotToCancelFirst, PatientNotAtPractice,
    PatientMismatch, GPConnectError (reading). Nothing has been sent then. RecordBehind.
    """
    form_token = uuid.uuid5(proposal.pk, "cancel first") if cancel_first else proposal.pk
    asked_before = made_by_form(form_token)
    if asked_before is not None:
        return _latest_of(asked_before)
    if cancel_first:
        _require_refused_as_second(proposal)
    if (moving := proposal.moving) is None:
        raise ValueError("the proposal moves no appointment")
    practice = Practice.objects.get(ods_code=moving["practice_ods"])
    saga = Saga(
        kind=Saga.Kind.CANCEL_FIRST if cancel_first else Saga.Kind.MOVE,
        proposal=proposal,
        old_practice=practice,
        old_appointment_id=moving["appointment_id"],
        old_version=moving["version"],
        old_starts=moving["starts"],
        cancellation_reason=reason,
    )
    booking = ready_to_book(
        proposal, description, comment, form_token=form_token, saga=saga, actor=actor
    )
    booking.still_free()
    cancelling = ready_to_cancel(
        find_at_practice(proposal.encounter, practice, actor=actor),
        saga.old_appointment_id,
        saga.old_version,
        reason,
        form_token=form_token,
        saga=saga,
        actor=actor,
        known_at=moving.get("system", ""),
    )

    def still_free() -> None:
        booking.still_free()
        cancelling.still_free()

    first = replace(cancelling if cancel_first else booking, still_free=still_free)
    return _begin(saga, first, actor)


def begin_registering(
    proposal: Proposal,
    description: str,
    comment: str,
    said: AsSaid | None,
    *,
    form_token: uuid.UUID,
    actor: Actor,
) -> Command:
    """Register the patient at the proposal's practice, then book it. [REG-1..3, BOOK-1..8]

    Returns as `begin_move`. What was typed is kept with the proposal, whatever happens.

    Raises: NotPermitted, TraceTooOld, NotBookable (also PatientDeceased), NotRegistrable (also
    KnownThere: it can simply be booked), BookingUnsettled, AlreadyAsked, PatientMismatch,
    GPConnectError (directory or find). Nothing has been sent then. RecordBehind.
    """
    actor.require(Permission.BOOK_APPOINTMENT)  # for its second step, before the first is sent
    encounter = proposal.encounter
    asked_before = made_by_form(form_token, proposal.pk)
    if asked_before is not None and asked_before.encounter_id == encounter.pk:
        return _latest_of(asked_before)

    def still_free() -> None:
        rival = unsettled_booking(encounter, actor=actor)
        if rival is not None and rival.saga is not None and rival.saga.proposal_id == proposal.pk:
            raise AlreadyAsked(rival)
        if rival is not None:
            raise BookingUnsettled(rival)

    try:
        still_free()
    except BookingUnsettled:
        keep_texts(proposal, description, comment)
        raise
    # Not before: of what is under way already the booking sends what was typed first.
    keep_texts(proposal, description, comment)
    require_bookable(proposal.chosen)
    ready = ready_to_register(
        encounter,
        proposal.practice,
        said,
        form_token=form_token,
        actor=actor,
    )
    require_offered_there(proposal, ready.at, actor=actor)
    saga = Saga(kind=Saga.Kind.REGISTER_AND_BOOK, proposal=proposal)
    return _begin(saga, replace(ready, still_free=still_free), actor)


def _latest_of(command: Command) -> Command:
    """The command whose page shows where it stands: of two steps, the one under way."""
    return latest_step(command.saga) if command.saga else command


def _require_refused_as_second(proposal: Proposal) -> None:
    refused = Saga.objects.filter(proposal=proposal, kind=Saga.Kind.MOVE)
    if not any(may_cancel_first(saga) for saga in refused):
        raise NotToCancelFirst(
            "The practice has not refused a second booking: book the new appointment first."
        )


def _begin(saga: Saga, ready: CheckedCommand, actor: Actor) -> Command:
    now = database_now()
    saga.encounter, saga.organisation = ready.at.encounter, actor.organisation
    saga.user, saga.created_at = actor.user, now
    saga.automatic_until = now + timedelta(seconds=settings.SECOND_STEP_WINDOW_SECONDS)
    first = send(store_first_step(saga, ready, actor=actor), actor=actor)
    try:
        if not first.settled:
            still_waiting = Saga.objects.filter(pk=saga.pk, next_try_at__isnull=False)
            still_waiting.update(next_try_at=database_now())
            return first
        continue_saga(saga, actor=actor)
        return latest_step(reloaded(saga))
    except AWAY as gone:  # never a page that says "nothing was sent"
        raise RecordBehind(first, confirmed=first.state == State.DONE) from gone


def begin_booking(proposal: Proposal, description: str, comment: str, *, actor: Actor) -> Command:
    """Book the proposed slots for the encounter's patient. [BOOK-1..8, PDS-1, PDS-4, PDS-6]

    The command is durable before anything is sent; the answer may still be `unconfirmed`, and
    then settles in the background. The same proposal gives the same command, however often. A
    booking that a saga has been waiting for becomes its second step.

    Raises: NotPermitted, TraceTooOld, NotBookable (and its kinds), BookingUnsettled,
    AlreadyAsked, PatientNotAtPractice, PatientMismatch, PracticeMoved, GPConnectError (directory
    or find).
    """
    asked_before = made_by_form(proposal.pk)
    if asked_before is not None:
        return asked_before
    ready = ready_to_book(proposal, description, comment, actor=actor)
    saga = saga_status.waiting_for(proposal)
    if saga is None:
        return send(store_checked(ready, actor=actor), actor=actor)
    step, may = Command.Step.SECOND, saga_status.TAKES_A_BOOKING
    booking = store_step(saga, ready, step, actor=actor, outcome="finished", stages=may)
    return send(booking, actor=actor)

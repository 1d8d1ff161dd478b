"""Two writes for one wish: move, cancel first, register and book. [MOVE-1, REG-1..3]

The saga is stored with its first step. The second goes by itself, from the request or from the
worker's tick, within `automatic_until`; whatever stands in the way leaves it to a person. No
lock is held over HTTP: a claim moves `next_try_at`, and storing the second step is what only one
process can do.
"""

import uuid
from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from booking_portal.accounts.actor import Actor, NotPermitted, actor_for
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.commands import stages
from booking_portal.commands.booking import (
    BookingUnsettled,
    DifferencesNotAcknowledged,
    keep_texts,
    ready_to_book,
    unsettled_booking,
)
from booking_portal.commands.changing import (
    ChangedMeanwhile,
    NotChangeable,
    ready_to_cancel,
    require_reason,
)
from booking_portal.commands.deciding import NotToDecide, finish, give_up, keep_both, undo
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.preparing import Ready, keep_first, keep_step, record
from booking_portal.commands.registering import AsSaid, ready_to_register
from booking_portal.commands.restoring import on_hold
from booking_portal.commands.second_steps import NewCancelled, fresh, ready_second
from booking_portal.commands.sending import send
from booking_portal.commands.stages import (
    Stage,
    latest,
    may_cancel_first,
    sentence_of,
    standing_of,
    step_of,
    steps_of,
    time_over,
    without_appointment,
)
from booking_portal.commands.states import UNSETTLED, State
from booking_portal.commands.storing import AlreadyAsked, database_now
from booking_portal.commands.transitions import who_of
from booking_portal.patients.finding import NO_RECORD, PatientMismatch, find
from booking_portal.patients.models import TraceTooOld
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import NotBookable, require_bookable
from gpconnect.errors import GPConnectError

__all__ = [
    "NewCancelled",
    "NotToCancelFirst",
    "NotToDecide",
    "Stage",
    "begin_move",
    "begin_registering",
    "finish",
    "give_up",
    "go_on",
    "go_on_due",
    "keep_both",
    "latest",
    "may_cancel_first",
    "open_for",
    "sentence_of",
    "standing_of",
    "step_of",
    "steps_of",
    "undo",
    "without_appointment",
]

BY_SYSTEM = "settling"
CLAIM = timedelta(seconds=60)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(seconds=20)
FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND


class NotToCancelFirst(NotToDecide):
    """The practice has not refused a second booking, so nothing is cancelled first. [MOVE-1]"""


class _Stop(Exception):
    """The second step does not go by itself: a code, and why, in words for the user."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


# What stands in the way of a second step by itself: its code, and why, where it does not say so.
_OBSTACLES: dict[type[Exception], tuple[str, str]] = {
    NewCancelled: ("NEW_CANCELLED", ""),
    ChangedMeanwhile: (
        "CHANGED_MEANWHILE",
        "Somebody has changed the old appointment since you saw it.",
    ),
    NotChangeable: ("NOT_CHANGEABLE", ""),
    DifferencesNotAcknowledged: ("DIFFERENCES", ""),
    NotBookable: ("NOT_BOOKABLE", ""),
    NotPermitted: ("NOT_PERMITTED", "Whoever asked for it may not do this any more."),
    TraceTooOld: ("TRACE_TOO_OLD", "The patient has to be traced again first."),
    PatientMismatch: (
        "PATIENT_MISMATCH",
        "The practice's answer cannot safely be taken for this patient.",
    ),
    **dict.fromkeys(
        NO_RECORD,
        ("STILL_NOT_SHOWN", "The practice does not show the patient. Ring the practice."),
    ),
}


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
    PatientMismatch, GPConnectError (reading). Nothing has been sent then.
    """
    actor.require(Permission.BOOK_APPOINTMENT)
    actor.require(Permission.CANCEL_APPOINTMENT)
    form_token = uuid.uuid5(proposal.pk, "cancel first") if cancel_first else proposal.pk
    asked_before = Command.objects.filter(form_token=form_token).first()
    if asked_before is not None:
        return latest(asked_before.saga) if asked_before.saga else asked_before
    if cancel_first:
        _require_refused_as_second(proposal)
    require_reason(reason)
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
    cancelling = ready_to_cancel(
        find(proposal.encounter, practice, actor=actor),
        saga.old_appointment_id,
        saga.old_version,
        reason,
        form_token=form_token,
        saga=saga,
        actor=actor,
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
    GPConnectError (directory or find). Nothing has been sent then.
    """
    actor.require(Permission.REGISTER_PATIENT)
    actor.require(Permission.BOOK_APPOINTMENT)
    encounter = proposal.encounter
    asked_before = Command.objects.filter(
        form_token__in=(form_token, proposal.pk), encounter=encounter
    ).first()
    if asked_before is not None:
        return latest(asked_before.saga) if asked_before.saga else asked_before
    keep_texts(proposal, description, comment)
    require_bookable(proposal.chosen)

    def still_free() -> None:
        rival = unsettled_booking(encounter, actor=actor)
        if rival is not None and rival.saga is not None and rival.saga.proposal_id == proposal.pk:
            raise AlreadyAsked(rival)
        if rival is not None:
            raise BookingUnsettled(rival)

    still_free()
    ready = ready_to_register(
        encounter,
        proposal.practice,
        said,
        form_token=form_token,
        actor=actor,
        going_on_to=proposal,
    )
    saga = Saga(kind=Saga.Kind.REGISTER_AND_BOOK, proposal=proposal)
    return _begin(saga, replace(ready, still_free=still_free), actor)


def go_on(saga: Saga, *, actor: Actor) -> None:
    """Send the second step, if it may go by itself now.

    Another process that is at it is left alone. What stands in the way is written into the saga.
    """
    seen = fresh(saga)
    claimed = Saga.objects.filter(
        pk=seen.pk, next_try_at=seen.next_try_at, stopped="", closed_at=None
    ).update(next_try_at=database_now() + CLAIM)
    if claimed and seen.next_try_at is not None:
        _go_on(seen, actor)


def go_on_due(most: int = 20) -> int:
    """Go on with every saga that is due, by the system on the user's behalf; returns how many.

    Where a restoration is not released, nothing is sent. One that fails does not keep the others
    waiting; its claim runs out and it is tried again.

    Raises: ExceptionGroup of what went wrong, for the worker's log.
    """
    gone_on = 0
    failures: list[Exception] = []
    while gone_on < most and (saga := _claim_due()) is not None:  # one by one: none waits claimed
        gone_on += 1
        try:
            _go_on_by_itself(saga)
        except Exception as failure:  # noqa: BLE001 - gathered, and raised below
            failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {gone_on} sagas", failures)
    return gone_on


def open_for(actor: Actor) -> list[Saga]:
    """The organisation's sagas that are under way or need a person, oldest first. [IG-6]

    Raises: NotPermitted.
    """
    actor.require(Permission.VIEW_WORKLIST)
    return stages.open_in(actor.organisation)


def _require_refused_as_second(proposal: Proposal) -> None:
    refused = Saga.objects.filter(proposal=proposal, kind=Saga.Kind.MOVE)
    if not any(may_cancel_first(saga) for saga in refused):
        raise NotToCancelFirst(
            "The practice has not refused a second booking: book the new appointment first."
        )


def _begin(saga: Saga, ready: Ready, actor: Actor) -> Command:
    now = database_now()
    saga.encounter, saga.organisation = ready.at.encounter, actor.organisation
    saga.user, saga.created_at = actor.user, now
    saga.automatic_until = now + timedelta(seconds=settings.SECOND_STEP_WINDOW_SECONDS)
    first = send(keep_first(saga, ready, actor=actor), actor=actor)
    if not first.settled:
        Saga.objects.filter(pk=saga.pk).update(next_try_at=database_now())
        return first
    go_on(saga, actor=actor)
    return latest(fresh(saga))


def _claim_due() -> Saga | None:
    """The saga that has been due for longest, claimed; its first step is settled."""
    settled = Command.objects.filter(saga=OuterRef("pk"), step=FIRST).exclude(state__in=UNSETTLED)
    now = database_now()
    with transaction.atomic():
        due = (
            Saga.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("encounter", "organisation__type", "user", "proposal__practice")
            .filter(Exists(settled), next_try_at__lte=now, closed_at=None)
            .order_by("next_try_at")
            .first()
        )
        if due is not None:
            Saga.objects.filter(pk=due.pk).update(next_try_at=now + CLAIM)
    return due


def _go_on_by_itself(saga: Saga) -> None:
    if on_hold(saga.organisation):
        return
    actor = actor_for(saga.user, saga.organisation)
    if actor is None:
        why = "Whoever asked for it may no longer act for the organisation."
        _stop(saga, "USER_GONE", why, who_of(steps_of(saga)[0], BY_SYSTEM))
        return
    _go_on(saga, actor.on_behalf(BY_SYSTEM))


def _go_on(saga: Saga, actor: Actor) -> None:
    """Go on with a claimed saga."""
    first = step_of(saga, FIRST)
    if first is None or not first.settled or step_of(saga, SECOND):
        return
    if first.state != State.DONE:
        _end(saga, first, actor.who)
        return
    try:
        _require_by_itself(saga, first)
        ready = ready_second(saga, saga.encounter, actor=actor)
        second = keep_step(saga, ready, SECOND, actor=actor, outcome="went on")
    except AlreadyAsked:  # another process, or a person, was quicker
        return
    except _Stop as stop:
        _stop(saga, stop.code, str(stop), actor.who)
        return
    except tuple(_OBSTACLES) as obstacle:
        _stop(saga, *_said(obstacle), actor.who)
        return
    except BookingUnsettled:
        _try_later(saga, "Another booking for the patient is not settled yet.")
        return
    except GPConnectError as error:
        _try_later(saga, error.sentence)
        return
    send(second, actor=actor)


def _require_by_itself(saga: Saga, first: Command) -> None:
    if first.withdrawn_at is not None:
        raise _Stop("WITHDRAWN", "It was withdrawn before the practice's answer came.")
    if saga.kind == Saga.Kind.MOVE and not first.appointment_id:
        raise _Stop(
            "NEW_NOT_KNOWN", "The portal does not know which appointment the practice has made."
        )
    if saga.automatic_until <= database_now():
        raise _Stop("TIME_OVER", f"{saga.sentence} {time_over(saga)}".strip())


def _said(obstacle: Exception) -> tuple[str, str]:
    for kind, (code, why) in _OBSTACLES.items():
        if isinstance(obstacle, kind):
            return code, why or str(obstacle)
    raise obstacle


def _stop(saga: Saga, code: str, why: str, who: trail.Who) -> None:
    """The second step does not go by itself any more: a person decides."""
    with transaction.atomic():
        stopped = Saga.objects.filter(
            pk=saga.pk, stopped="", closed_at=None, next_try_at__isnull=False
        ).update(stopped=code, sentence=why, next_try_at=None)
        if stopped:
            record(saga, "stopped", who, latest(saga), reason=code)


def _end(saga: Saga, first: Command, who: trail.Who) -> None:
    """The first step was not done: nothing goes on, and what there was stands."""
    with transaction.atomic():
        ended = Saga.objects.filter(pk=saga.pk, next_try_at__isnull=False).update(next_try_at=None)
        if ended:
            record(saga, "ended with its first step", who, first, reason=first.state)


def _try_later(saga: Saga, why: str) -> None:
    now = database_now()
    wait = min(LONGEST_WAIT, max(FIRST_WAIT, (now - saga.created_at) / 3))
    again = max(now, min(now + wait, saga.automatic_until))
    Saga.objects.filter(pk=saga.pk, stopped="", next_try_at__isnull=False).update(
        next_try_at=again, sentence=why
    )

"""A saga's second step by itself: from the request, or from the worker's tick. [MOVE-1, REG-1]

No lock is held over HTTP: a claim moves `next_try_at`, and storing the second step is what only
one process can do.
"""

from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef

from booking_portal.accounts.actor import Actor, NotPermitted, actor_for
from booking_portal.audit import trail
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.delivery.sender import send
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.requests.amend_cancel import ChangedMeanwhile, NotChangeable
from booking_portal.commands.requests.booking import BookingUnsettled, DifferencesNotAcknowledged
from booking_portal.commands.saga_status import Stage, latest_step, step_of, steps_of, time_over
from booking_portal.commands.sagas.next_step import NewCancelled, ready_second, reloaded
from booking_portal.commands.sagas.step_storage import record_saga_event, store_step
from booking_portal.commands.send_hold import on_hold
from booking_portal.commands.states import UNSETTLED, State
from booking_portal.commands.task_loop import process_claimed
from booking_portal.commands.transitions import news_of_a_step, who_of
from booking_portal.patients.models import TraceTooOld
from booking_portal.patients.practice_record import NO_RECORD, PatientMismatch, PracticeMoved
from booking_portal.slots.offers import NotBookable
from gpconnect.errors import GPConnectError

BY_SYSTEM = "settling"
CLAIM = timedelta(seconds=60)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(seconds=20)
FIRST, SECOND = Command.Step.FIRST, Command.Step.SECOND
BY_ITSELF = frozenset({Stage.AUTOMATIC})


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
    PracticeMoved: ("PRACTICE_MOVED", ""),
    **dict.fromkeys(
        NO_RECORD,
        ("STILL_NOT_SHOWN", "The practice does not show the patient. Ring the practice."),
    ),
}


def continue_saga(saga: Saga, *, actor: Actor) -> None:
    """Send the second step, if it may go by itself now.

    Another process that is at it is left alone. What stands in the way is written into the saga.
    """
    seen = reloaded(saga)
    if seen.next_try_at is None:
        return
    unclaimed = Saga.objects.filter(pk=seen.pk, next_try_at=seen.next_try_at, closed_at=None)
    if unclaimed.update(next_try_at=database_now() + CLAIM):
        _go_on(seen, actor)


def continue_due(most: int = 20) -> int:
    """Go on with every saga that is due, by the system on the user's behalf; returns how many.

    Where a restoration is not released, nothing is sent.

    Raises: as `task_loop.process_claimed`.
    """
    return process_claimed(islice(iter(_claim_due, None), most), _go_on_by_itself, "sagas")


def _claim_due() -> Saga | None:
    """The saga that has been due for longest, claimed; its first step is settled."""
    settled = Command.objects.filter(saga=OuterRef("pk"), step=FIRST).exclude(state__in=UNSETTLED)
    now = database_now()
    with transaction.atomic():
        due = (
            Saga.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("encounter", "organisation", "user", "proposal__practice")
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
        second = store_step(
            saga, ready, SECOND, actor=actor, outcome="went on", stages=BY_ITSELF
        )  # a process that was slow comes too late: by then a person decides
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
        ).update(stopped=code, sentence=why, next_try_at=None, **news_of_a_step())
        if stopped:
            record_saga_event(saga, "stopped", who, latest_step(saga), reason=code)


def _end(saga: Saga, first: Command, who: trail.Who) -> None:
    """The first step was not done: nothing goes on, and what there was stands."""
    with transaction.atomic():
        ended = Saga.objects.filter(pk=saga.pk, next_try_at__isnull=False).update(next_try_at=None)
        if ended:
            record_saga_event(saga, "ended with its first step", who, first, reason=first.state)


def _try_later(saga: Saga, why: str) -> None:
    now = database_now()
    wait = min(LONGEST_WAIT, max(FIRST_WAIT, (now - saga.created_at) / 3))
    again = max(now, min(now + wait, saga.automatic_until))
    Saga.objects.filter(pk=saga.pk, stopped="", next_try_at__isnull=False).update(
        next_try_at=again, sentence=why
    )

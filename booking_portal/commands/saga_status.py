"""Where a saga stands: derived from its steps, never stored. [MOVE-1, REG-1]"""

from collections.abc import Collection
from enum import StrEnum, auto

from django.db.models import Exists, OuterRef, Prefetch, prefetch_related_objects
from django.db.models.functions import Now

from booking_portal.accounts.models import Organisation
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Proposal, Saga
from booking_portal.commands.states import UNSETTLED, Kind, State
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import rows_if_any
from gpconnect import london

BOOKS_SECOND = (Saga.Kind.CANCEL_FIRST, Saga.Kind.REGISTER_AND_BOOK)
# What a practice may mean by "no second appointment"; a slot that is gone, or what the practice
# or the Spine do not allow us at all, cancelling the first would not mend.
PERHAPS_NO_SECOND = frozenset({"BAD_REQUEST", "INVALID_RESOURCE", "FHIR_CONSTRAINT_VIOLATION"})


class Stage(StrEnum):
    """What is true of a saga now, and who has to do something about it."""

    FIRST_UNSETTLED = auto()
    FIRST_FAILED = auto()
    AUTOMATIC = auto()
    NEEDS_DECISION = auto()
    SECOND_UNSETTLED = auto()
    FINISHED = auto()
    UNDOING = auto()
    UNDONE = auto()
    CLOSED = auto()


# A person may decide; what comes by itself has not come yet, or has failed.
TO_BE_DECIDED = frozenset({Stage.AUTOMATIC, Stage.NEEDS_DECISION})
# After a registration that failed, the patient may have been found there all the same.
TAKES_A_BOOKING = TO_BE_DECIDED | {Stage.FIRST_FAILED}
# Nothing more comes of the form that began it.
FAILED = frozenset({Stage.FIRST_FAILED, Stage.NEEDS_DECISION})
OPEN = TO_BE_DECIDED | {Stage.FIRST_UNSETTLED, Stage.SECOND_UNSETTLED, Stage.UNDOING}


def steps_of(saga: Saga) -> list[Command]:
    """The saga's commands, oldest first; tries that failed are among them.

    They are read once for each `saga` object: for how things are by now, take a fresh one.
    """
    with_practice = Command.objects.select_related("practice").order_by()
    prefetch_related_objects([saga], Prefetch("steps", with_practice))
    return sorted(saga.steps.all(), key=lambda command: command.created_at)


def step_of(saga: Saga, step: Command.Step) -> Command | None:
    """The command that is this step: the done one, or else the latest try; None: not yet."""
    tries = [command for command in steps_of(saga) if command.step == step]
    done = [command for command in tries if command.state == State.DONE]
    best = done or tries
    return best[-1] if best else None


def latest_step(saga: Saga) -> Command:
    """The command whose page shows the saga as it is now."""
    return steps_of(saga)[-1]


def stage_of(saga: Saga) -> Stage:
    """Where the saga stands, by its steps as they were when this object first asked for them."""
    second, undo = step_of(saga, Command.Step.SECOND), step_of(saga, Command.Step.UNDO)
    if _done(second) and _done(undo):  # one of them is late news: both are cancelled
        return Stage.CLOSED if saga.closed_at else Stage.NEEDS_DECISION
    if _done(second):
        return Stage.FINISHED
    if _done(undo):
        return Stage.UNDONE
    if saga.closed_at is not None:
        return Stage.CLOSED
    if undo is not None and not undo.settled:
        return Stage.UNDOING
    if second is not None:
        return Stage.NEEDS_DECISION if second.settled else Stage.SECOND_UNSETTLED
    return _before_the_second(saga)


def _before_the_second(saga: Saga) -> Stage:
    first = step_of(saga, Command.Step.FIRST)
    if first is None or not first.settled:
        return Stage.FIRST_UNSETTLED
    if first.state != State.DONE:
        return Stage.FIRST_FAILED
    by_itself = not saga.stopped and saga.next_try_at is not None
    if by_itself and saga.automatic_until > database_now():
        return Stage.AUTOMATIC
    return Stage.NEEDS_DECISION


def _done(command: Command | None) -> bool:
    return command is not None and command.state == State.DONE


def may_cancel_first(saga: Saga) -> bool:
    """Whether cancelling first may be offered, with a warning. [MOVE-1]

    Only after the practice of both has itself refused the booking, for what may be the first
    appointment; it says so in no code of its own.
    """
    first = step_of(saga, Command.Step.FIRST)
    return (
        saga.kind == Saga.Kind.MOVE
        and stage_of(saga) is Stage.FIRST_FAILED
        and saga.old_practice_id == saga.proposal.practice_id
        and first is not None
        and first.state == State.REFUSED
        and first.error_code in PERHAPS_NO_SECOND
        and not saga.proposal.saga_set.filter(kind=Saga.Kind.CANCEL_FIRST).exists()
    )


def without_appointment(saga: Saga) -> bool:
    """Whether the patient has lost the old appointment and not got the new: somebody must act."""
    if stage_of(saga) is not Stage.NEEDS_DECISION:
        return False
    undone = _done(step_of(saga, Command.Step.UNDO))
    return undone or saga.kind == Saga.Kind.CANCEL_FIRST


def time_over(saga: Saga) -> str:
    """Why the second step does not come by itself any more."""
    until = saga.automatic_until.astimezone(london.LONDON)
    return f"It could not go on by itself before {until:%H:%M}; now a person decides."


def open_in(organisation: Organisation) -> list[Saga]:
    """The organisation's sagas that are under way or need a person, oldest first."""
    over = Command.objects.filter(saga=OuterRef("pk"))
    failed = over.filter(step=Command.Step.FIRST).exclude(state__in=[*UNSETTLED, State.DONE])
    finished = over.filter(step=Command.Step.SECOND, state=State.DONE)
    undone = over.filter(step=Command.Step.UNDO, state=State.DONE)
    both = Exists(finished) & Exists(undone)
    neither = ~Exists(finished) & ~Exists(undone) & ~Exists(failed)
    sagas = (
        Saga.objects.filter(both | neither, organisation=organisation, closed_at=None)
        .select_related("encounter", "user", "owner", "proposal__practice", "old_practice")
        .prefetch_related("steps__practice")
        .order_by("created_at")
    )
    return [saga for saga in sagas if stage_of(saga) in OPEN]


def open_saga_of_appointment(
    practice: Practice,
    appointment_id: str,
    organisation: Organisation,
    *,
    but_for: Saga | None = None,
) -> Saga | None:
    """The organisation's open saga of this appointment, as the one moved or the one booked."""
    own = Saga.objects.filter(organisation=organisation, closed_at=None)
    booked = Command.objects.filter(
        kind=Kind.BOOK, state=State.DONE, practice=practice, appointment_id=appointment_id
    )
    as_old = own.filter(old_practice=practice, old_appointment_id=appointment_id)
    as_new = own.filter(pk__in=booked.values("saga"))
    others = (saga for saga in (*rows_if_any(as_old), *rows_if_any(as_new)) if saga != but_for)
    return next((saga for saga in others if stage_of(saga) in OPEN), None)


def booking_to_come(
    nhs_numbers: Collection[str], organisation: Organisation, *, but_for: Saga | None = None
) -> Command | None:
    """The step after which the organisation books for this patient by itself; None: it does not.

    Another booking meanwhile would make two. `nhs_numbers` are the patient's, superseded ones too.
    """
    firsts = Command.objects.for_organisation(organisation).filter(
        nhs_number__in=nhs_numbers,
        step=Command.Step.FIRST,
        state__in=[*UNSETTLED, State.DONE],
        withdrawn_at=None,
        saga__kind__in=BOOKS_SECOND,
        saga__stopped="",
        saga__closed_at=None,
        saga__next_try_at__isnull=False,
        saga__automatic_until__gt=Now(),
    )
    own = but_for.pk if but_for else None
    return next((first for first in rows_if_any(firsts) if first.saga_id != own), None)


def latest_of(proposal: Proposal) -> Saga | None:
    """The saga that was last begun with the proposal; None: none was."""
    begun = Saga.objects.filter(proposal=proposal)
    return max(rows_if_any(begun), key=lambda saga: saga.created_at, default=None)


def waiting_for(proposal: Proposal) -> Saga | None:
    """The saga whose second step a booking of this proposal by hand would be; None: no saga's."""
    sagas = Saga.objects.filter(proposal=proposal, kind__in=BOOKS_SECOND, closed_at=None)
    return next((saga for saga in rows_if_any(sagas) if stage_of(saga) in TAKES_A_BOOKING), None)

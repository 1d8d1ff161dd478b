"""The word that somebody owes the patient: who rings back, on which number, and that it was done.

Whoever takes the command's work item (`worklist.take`) takes this over as well.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import LATE, UNSETTLED, Kind, State
from booking_portal.patients.models import Encounter
from booking_portal.typed_input import is_telephone, telephone

NUMBER_LIMIT = 40
MOST_LIKELY = ("mobile", "home", "work")

UNKNOWN_TO_THE_USER = frozenset({State.UNCONFIRMED, State.NEEDS_ATTENTION})

AS_THEY_TAKE_IT = Q(state=State.WITHDRAWN) & ~Q(kind=Kind.CANCEL)
"""What the patient no longer wanted and was not made: it is what they take it for."""

TO_TELL = ~Q(state__in=UNSETTLED) & Q(owner__isnull=False, told_at=None) & ~AS_THEY_TAKE_IT
"""Settled after the patient may have been let go, and nobody has told them yet."""


class NothingToTell(Exception):
    """Nobody is waiting to be rung, or somebody has told them already."""


def number_of(encounter: Encounter) -> str:
    """The patient's own number as PDS gave it, mobile before home before work; or empty."""
    order = {use: place for place, use in enumerate(MOST_LIKELY)}
    telephones = [point for point in encounter.telecoms if point.system == "phone"]
    telephones.sort(key=lambda point: order.get(point.use or "", len(order)))
    numbers = (_dialled(point.value) for point in telephones)
    return next((number for number in numbers if number), "")


def _dialled(text: str) -> str:
    """A number to keep and dial; empty for what is none."""
    try:
        number = telephone(text)
    except ValueError:
        return ""
    return number if len(number) <= NUMBER_LIMIT else ""


def callback_defaults(command: Command) -> dict[str, Any]:
    """Who rings back, and on which number, while nobody has said anything else."""
    return {"owner": command.user, "ring_back": number_of(command.encounter)}


def callback_fields(command: Command, to: State, *, watching: bool) -> dict[str, Any]:
    """What a move changes of the ring-back: fields to be stored with the new state.

    From when the outcome is not known, somebody owes the patient a word; no longer when it became
    known in the user's own request (`watching`); again when what they were told proves wrong.
    What was withdrawn keeps its owner and number, for it may turn out to have been made.
    """
    somebody = {} if command.owner_id else callback_defaults(command)
    if State(command.state) in LATE:
        return somebody | {"told_at": None, "told_by": None}
    if to in UNSETTLED:
        return somebody if to in UNKNOWN_TO_THE_USER else {}
    return {"owner": None, "ring_back": ""} if watching else {}


def set_number(command: Command, number: str, *, actor: Actor) -> None:
    """Keep the number that the patient said, for this command alone; empty: there is none.

    Raises: NotPermitted, ValueError for what is no telephone number, NothingToTell.
    """
    actor.require(Permission.VIEW_WORKLIST)
    if number and (len(number) > NUMBER_LIMIT or not is_telephone(number)):
        raise ValueError("not a telephone number")
    owed = Command.objects.filter(owner__isnull=False, told_at=None).exclude(AS_THEY_TAKE_IT)
    waiting = owed.filter(pk=command.pk)
    with transaction.atomic():
        if not waiting.update(ring_back=number):
            raise NothingToTell
        _record(EventKind.COMMAND_TAKEN, command, actor, outcome="number to ring back kept")
    command.ring_back = number


def mark_told(command: Command, *, actor: Actor) -> None:
    """The patient knows how it stands.

    Raises: NotPermitted, NothingToTell (not certain yet, or somebody was quicker).
    """
    actor.require(Permission.VIEW_WORKLIST)
    now = database_now()
    mine = Command.objects.for_organisation(actor.organisation).filter(pk=command.pk)
    with transaction.atomic():
        # Of this state, and no other: what has changed since the page was made is not yet told.
        if not mine.filter(TO_TELL, state=command.state).update(told_at=now, told_by=actor.user):
            raise NothingToTell
        _record(EventKind.PATIENT_TOLD, command, actor, outcome=command.state)
    command.told_at, command.told_by = now, actor.user


def to_be_told(command: Command) -> bool:
    """Whether somebody still owes the patient a word about how it ended."""
    as_they_take_it = command.state == State.WITHDRAWN and command.kind != Kind.CANCEL
    owed = command.owner_id is not None and command.told_at is None
    return command.settled and owed and not as_they_take_it


def _record(kind: EventKind, command: Command, actor: Actor, *, outcome: str) -> None:
    trail.record(kind, actor.who, outcome=outcome, **audit_subject_of(command).facts())

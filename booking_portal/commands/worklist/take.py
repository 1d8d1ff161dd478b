""" "I am dealing with it": somebody takes a work item, a command or a saga. [IG-2]"""

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.audit_subject import audit_subject_of
from booking_portal.commands.callbacks import UNKNOWN_TO_THE_USER, to_be_told
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.sagas.step_storage import record_saga_event
from booking_portal.commands.work_item import WorkItemQuerySet
from booking_portal.commands.worklist.needs_person import needs_person


class NotToTake(Exception):
    """There is nothing to deal with any more; the text says so, in words for the user."""


def take(item: Command | Saga, *, actor: Actor) -> None:
    """The actor sees to it, and rings the patient back where somebody has to; nobody else need.

    Whoever had taken it before does not any more; time until it is anybody's again begins anew.

    Raises: NotPermitted, NotToTake (also: another organisation's).
    """
    actor.require(Permission.VIEW_WORKLIST)
    now = database_now()
    rows: WorkItemQuerySet[Command] | WorkItemQuerySet[Saga] = type(item).objects.all()
    mine = rows.for_organisation(actor.organisation).filter(pk=item.pk)
    with transaction.atomic():
        # Not FOR UPDATE: a command's foreign key to its saga would wait for it.
        locked = mine.select_for_update(no_key=True, of=("self",)).first()
        if locked is None or not _to_be_taken(locked):
            raise NotToTake("This has gone on meanwhile. Look at where it stands now.")
        mine.update(owner=actor.user, taken_at=now, escalated_at=None)
        _record(locked, actor)
    item.owner, item.taken_at, item.escalated_at = actor.user, now, None


def _to_be_taken(item: Command | Saga) -> bool:
    """Also a callback, and what is not settled yet: whoever takes that waits for how it ends."""
    if isinstance(item, Saga):
        return needs_person(item)
    return item.state in UNKNOWN_TO_THE_USER or to_be_told(item)


def _record(item: Command | Saga, actor: Actor) -> None:
    kind, outcome = EventKind.COMMAND_TAKEN, "dealing with it"
    if isinstance(item, Saga):
        record_saga_event(item, outcome, actor.who, kind=kind)
    else:
        trail.record(kind, actor.who, outcome=outcome, **audit_subject_of(item).facts())

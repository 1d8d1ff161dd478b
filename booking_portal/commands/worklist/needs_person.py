"""When a person must see to a work item: derived from where it stands, never stored."""

from django.db.models import Exists, OuterRef, Q

from booking_portal.commands.models import Command, Saga
from booking_portal.commands.saga_status import Stage, stage_of
from booking_portal.commands.states import Kind, State

# The patient let go of it, and the practice has it: the slot is lost to others until somebody
# cancels it, or says that the patient keeps it.
TO_CANCEL = Q(
    ~Q(result__contains={"status": "cancelled"}),  # also where nobody knows the status
    ~Exists(
        Command.objects.filter(
            kind=Kind.CANCEL,
            state=State.DONE,
            practice=OuterRef("practice"),
            asid=OuterRef("asid"),
            service_root=OuterRef("service_root"),
            appointment_id=OuterRef("appointment_id"),
        )
    ),
    kind=Kind.BOOK,
    state=State.DONE,
    withdrawn_at__isnull=False,
    told_at=None,
)
COMMAND_NEEDS_PERSON = Q(state=State.NEEDS_ATTENTION) | TO_CANCEL


def needs_person(item: Command | Saga) -> bool:
    """Whether it is a person's to see to, as long as nobody has; a saga: to decide about.

    What was withdrawn and made all the same counts also when it is cancelled by now, or may stay:
    `COMMAND_NEEDS_PERSON` knows that too.
    """
    if isinstance(item, Saga):
        return stage_of(item) is Stage.NEEDS_DECISION
    return item.state == State.NEEDS_ATTENTION or item.made_though_withdrawn

"""What an organisation has asked practices for: not settled, and by day. [IG-6]"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import F, Q

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands import saga_status
from booking_portal.commands.callbacks import TO_TELL
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command, CommandQuerySet, Saga
from booking_portal.commands.saga_status import Stage
from booking_portal.commands.states import UNSETTLED, Kind, State
from gpconnect import london

SETTLED_SHOWN = timedelta(hours=24)
NOT_RESTRICTED = ~Q(encounter__trace__contains={"restricted": True})
"""What may be shown of a patient by day and by outcome; nothing, once PDS says so. [PDS-3]"""


@dataclass(frozen=True, slots=True)
class Work:
    """What is not over: each command in one list only.

    `sagas` wait for a decision after their first step; `attention` needs somebody at the
    telephone, or to cancel what was withdrawn and is there;
    `waiting` the portal looks after; `callbacks` is settled and the patient does not know;
    `settled` was once not confirmed, and became certain within the last 24 hours.
    """

    sagas: list[Saga]
    attention: list[Command]
    waiting: list[Command]
    callbacks: list[Command]
    settled: list[Command]


@dataclass(frozen=True, slots=True)
class Day:
    """Bookings for appointments on a day, those made that day for other days, and the patients
    registered that day."""

    appointments: list[Command]
    made_for_other_days: list[Command]
    registrations: list[Command]


def work(*, actor: Actor) -> Work:
    """What the organisation has to see to, each list with the most urgent first.

    Raises: NotPermitted.
    """
    commands = _commands(actor)
    by_a_person = commands.filter(state=State.NEEDS_ATTENTION)
    waiting = commands.filter(state__in=(State.SENDING, State.UNCONFIRMED))
    certain = commands.filter(NOT_RESTRICTED).exclude(state__in=UNSETTLED)
    to_tell = list(certain.filter(TO_TELL).order_by("settled_at"))
    once_not_confirmed = Q(owner__isnull=False) | Q(withdrawn_at__isnull=False)
    since = database_now() - SETTLED_SHOWN
    settled = list(certain.filter(once_not_confirmed, settled_at__gte=since))
    _lay_changes_over([*to_tell, *settled], actor.organisation.pk)
    to_tell = [command for command in to_tell if not _nothing_to_tell(command)]
    to_cancel = [command for command in to_tell if command.made_though_withdrawn]
    untold = {command.pk for command in to_tell}
    undecided = [
        saga
        for saga in saga_status.open_in(actor.organisation)
        if saga_status.stage_of(saga) is Stage.NEEDS_DECISION
    ]
    decided_first = {saga.pk for saga in undecided}  # and the patient is told with that
    return Work(
        undecided,
        [
            *by_a_person.order_by(F("escalated_at").asc(nulls_last=True), "attention_at"),
            *to_cancel,
        ],
        list(waiting.order_by("created_at")),
        [
            command
            for command in to_tell
            if not command.made_though_withdrawn and command.saga_id not in decided_first
        ],
        [command for command in settled if command.pk not in untold],
    )


def as_last_known(command: Command) -> Command:
    """The booking with what the practice has said since to changes of ours laid over it."""
    _lay_changes_over([command], command.organisation_id)
    return command


def _nothing_to_tell(command: Command) -> bool:
    """Withdrawn, made all the same, and cancelled: as the patient takes it to be."""
    return command.made_though_withdrawn and command.result.get("status") == "cancelled"


def bookings_of(day: date, *, actor: Actor) -> Day:
    """The organisation's confirmed bookings of London's day, each as last known.

    What the practice said to a later change or cancellation of ours is laid over the booking.

    Raises: NotPermitted.
    """
    starts = datetime.combine(day, time(), london.LONDON)
    ends = datetime.combine(day + timedelta(days=1), time(), london.LONDON)
    done = _commands(actor).filter(NOT_RESTRICTED, state=State.DONE)
    booked = done.filter(kind=Kind.BOOK)
    registered = done.filter(kind=Kind.REGISTER, created_at__gte=starts, created_at__lt=ends)
    on_the_day = booked.filter(starts_at__gte=starts, starts_at__lt=ends)
    made = booked.filter(created_at__gte=starts, created_at__lt=ends)
    found = Day(
        list(on_the_day.order_by("starts_at")),
        list(made.exclude(starts_at__gte=starts, starts_at__lt=ends)),
        list(registered.order_by("created_at")),
    )
    _lay_changes_over([*found.appointments, *found.made_for_other_days], actor.organisation.pk)
    return found


def _lay_changes_over(commands: list[Command], organisation_id: int) -> None:
    by_appointment: dict[tuple[str, str], list[Command]] = {}
    for one in commands:
        if one.kind == Kind.BOOK and one.state == State.DONE and one.appointment_id:
            by_appointment.setdefault((one.system, one.appointment_id), []).append(one)
    changes = Command.objects.filter(
        organisation=organisation_id,
        kind__in=(Kind.AMEND, Kind.CANCEL),
        state=State.DONE,
        appointment_id__in={appointment_id for _, appointment_id in by_appointment},
    ).select_related("practice")
    for change in sorted(
        changes.order_by(), key=lambda change: change.settled_at or change.created_at
    ):
        for booking in by_appointment.get((change.system, change.appointment_id), []):
            _lay_over(booking, change)


def _lay_over(booking: Command, change: Command) -> None:
    seen = booking.result.get("seen_at")
    if change.settled_at is None or (seen and datetime.fromisoformat(seen) >= change.settled_at):
        return
    told = change.result
    if not told and change.kind == Kind.CANCEL:  # the practice said so by telephone
        told = booking.result | {"status": "cancelled"}
    if told:
        booking.result = told | {"seen_at": change.settled_at.isoformat()}


def _commands(actor: Actor) -> CommandQuerySet:
    actor.require(Permission.VIEW_WORKLIST)
    mine = Command.objects.for_organisation(actor.organisation)
    return mine.shown().select_related("owner", "saga")

"""What an organisation has asked practices for: not settled, and by day. [IG-6]"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.commands.models import Command, CommandQuerySet
from booking_portal.commands.states import Kind, State
from gpconnect import london


@dataclass(frozen=True, slots=True)
class Day:
    """Bookings for appointments on a day, and those made that day for other days."""

    appointments: list[Command]
    made_for_other_days: list[Command]


def unsettled(*, actor: Actor) -> list[Command]:
    """Every command of the organisation whose outcome is not certain, oldest first.

    Raises: NotPermitted.
    """
    return list(_commands(actor).unsettled().order_by("created_at"))


def bookings_of(day: date, *, actor: Actor) -> Day:
    """The organisation's confirmed bookings of London's day, each as last known.

    What the practice said to a later change or cancellation of ours is laid over the booking.

    Raises: NotPermitted.
    """
    starts = datetime.combine(day, time(), london.LONDON)
    ends = datetime.combine(day + timedelta(days=1), time(), london.LONDON)
    booked = _commands(actor).filter(kind=Kind.BOOK, state=State.DONE)
    on_the_day = booked.filter(starts_at__gte=starts, starts_at__lt=ends)
    made = booked.filter(created_at__gte=starts, created_at__lt=ends)
    found = Day(
        list(on_the_day.order_by("starts_at")),
        list(made.exclude(starts_at__gte=starts, starts_at__lt=ends)),
    )
    _lay_changes_over([*found.appointments, *found.made_for_other_days], actor)
    return found


def _lay_changes_over(bookings: list[Command], actor: Actor) -> None:
    by_appointment = {(one.practice_id, one.appointment_id): one for one in bookings}
    changes = _commands(actor).filter(
        kind__in=(Kind.AMEND, Kind.CANCEL),
        state=State.DONE,
        appointment_id__in=[one.appointment_id for one in bookings],
    )
    for change in changes.order_by("settled_at"):
        booking = by_appointment.get((change.practice_id, change.appointment_id))
        if booking is None or change.settled_at is None:
            continue
        seen = booking.result.get("seen_at")
        if seen is None or datetime.fromisoformat(seen) < change.settled_at:
            told = change.result
            if not told and change.kind == Kind.CANCEL:  # the practice said so by telephone
                told = booking.result | {"status": "cancelled"}
            if told:
                booking.result = told | {"seen_at": change.settled_at.isoformat()}


def _commands(actor: Actor) -> CommandQuerySet:
    actor.require(Permission.VIEW_WORKLIST)
    return Command.objects.for_organisation(actor.organisation)

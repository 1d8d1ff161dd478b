"""How much is not certain yet, and how late the worker is with looking: for the portal's health."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Min

from booking_portal.commands.models import Command
from booking_portal.commands.states import LATE, State
from booking_portal.commands.storing import database_now


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of all organisations: how many are not certain, and for how long the oldest look is due."""

    unsettled: int
    late: timedelta


def backlog() -> Backlog:
    """As it is now."""
    looked_at = Command.objects.filter(state__in=[State.SENDING, State.UNCONFIRMED, *LATE])
    oldest = looked_at.aggregate(due=Min("next_look_at"))["due"]
    late = database_now() - oldest if oldest else timedelta(0)
    return Backlog(Command.objects.unsettled().count(), max(late, timedelta(0)))

"""Who deals with what needs a person, in words."""

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import User
from booking_portal.appointments.shared import formatting
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.worklist.needs_person import needs_person


def who_deals(item: Command | Saga, actor: Actor) -> str:
    """Who deals with it, as the actor is told: also that nobody does yet, or not any more.

    Where nobody has to but to ring the patient back, that is whoever owes it.
    """
    owner, since = (item.owner, item.taken_at) if item.taken else (_owes_callback(item), None)
    if owner is None:
        return "Nobody is dealing with it yet"
    mine = owner.pk == actor.user.pk
    if since is not None and not item.dealt_with:
        who = "You" if mine else owner.full_name
        return f"{who} took it on, {formatting.clock_on_day(since)}, and it is still open"
    when = f" since {formatting.clock_on_day(since)}" if since else ""
    if mine:
        return f"You are dealing with it{when}"
    return f"{owner.full_name} is dealing with it{when}"


def _owes_callback(item: Command | Saga) -> User | None:
    return item.owner if isinstance(item, Command) and not needs_person(item) else None

"""The patient no longer wants it: it is never sent again, and still found out."""

from django.db import transaction

from booking_portal.accounts.actor import Actor
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from booking_portal.commands.states import PERMISSION, UNSETTLED, Kind


class NotToWithdraw(Exception):
    """It is settled already: there is nothing to withdraw."""


def withdraw(command: Command, *, actor: Actor) -> Command:
    """Nobody wants the command's effect any more: it is not sent again.

    Its state stays until it is known: not found, it ends as `withdrawn`; found, as `done`, and
    cancelling is offered. Withdrawing twice is withdrawing once. Who deals with it goes on to: a
    patient who has rung off and waits for a call still wants it, and is not this.

    Raises: NotPermitted, NotToWithdraw.
    """
    actor.require(PERMISSION[Kind(command.kind)])
    if not command.may_be_seen_by(actor):
        raise NotToWithdraw
    fields = {"withdrawn_at": database_now(), "withdrawn_by": actor.user}
    with transaction.atomic():
        open_still = Command.objects.filter(pk=command.pk, state__in=UNSETTLED, withdrawn_at=None)
        if open_still.update(**fields):
            trail.record(
                EventKind.COMMAND_WITHDRAWN,
                actor.who,
                outcome=command.kind,
                nhs_number=command.nhs_number,
                practice_ods=command.practice.ods_code,
                encounter_id=command.encounter_id,
                command_id=command.pk,
                appointment_id=command.appointment_id,
            )
    command.refresh_from_db()
    if command.withdrawn_at is None:
        raise NotToWithdraw
    return command

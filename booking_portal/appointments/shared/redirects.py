"""To the page that follows a command, or the saga that it is a step of."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from booking_portal.appointments.shared.move_in_progress import refused_beside
from booking_portal.commands import saga_status
from booking_portal.commands.delivery.outbox import made_by_form
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.saga_status import FAILED


def page_of_command(command: Command) -> str:
    """The path of the page that follows the command, or the two steps it is one of."""
    if command.saga_id:
        return reverse("saga", args=[command.saga_id])
    return reverse("command", args=[command.pk])


def redirect_to(command: Command) -> HttpResponse:
    """To the page that follows the command."""
    return redirect(page_of_command(command))


def command_asked_with(proposal: Proposal, *, cancel_first: bool = False) -> Command | None:
    """What has been asked for with the proposal, when the check page has nothing more to ask.

    `cancel_first`: the user means to move in the other order, after the practice has refused.
    """
    asked = made_by_form(proposal.pk)
    found = saga_status.latest_of(proposal)
    if found is None:
        return asked
    if cancel_first and refused_beside(proposal):
        return None
    if asked is None and not proposal.moving and saga_status.stage_of(found) in FAILED:
        return None
    return saga_status.latest_step(found)

"""Back, and sent once more with another text: what was sent first stands, and both are shown."""

from collections.abc import Mapping

from django.http import HttpResponse
from django.urls import reverse

from booking_portal.accounts.kept_forms import Why, keep_for
from booking_portal.accounts.requests import ActingRequest
from booking_portal.appointments.presenters.sent_before import LABELS, not_sent
from booking_portal.appointments.views.sagas import redirect_to
from booking_portal.commands.booking import can_be_sent
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.states import UNSETTLED, State


def page_of_command(command: Command) -> str:
    """The path of the page that follows the command."""
    if command.saga_id:
        return reverse("saga", args=[command.saga_id])
    return reverse("command", args=[command.pk])


def redirect_after(request: ActingRequest, command: Command) -> HttpResponse:
    """To the page that follows the command; which says so where the form now has other texts."""
    typed = _typed(request)
    others = not_sent(command, typed)
    if others:
        keep_for(request, page_of_command(command), Why.SENT_BEFORE, others)
        _keep_for_next_try(command, others)
    return redirect_to(command)


def _typed(request: ActingRequest) -> Mapping[str, str]:
    if request.method == "POST":
        return {name: request.POST[name] for name in LABELS if name in request.POST}
    kept = request.kept
    return {name: kept.text(name) for name in LABELS if name in kept.typed} if kept else {}


def _keep_for_next_try(command: Command, typed: Mapping[str, str]) -> None:
    """Where nothing was made of the first, another slot starts with the second."""
    if command.state in {*UNSETTLED, State.DONE} or command.saga_id:
        return
    words = {name: text for name, text in typed.items() if name != "reason" and can_be_sent(text)}
    if words:
        Proposal.objects.filter(pk=command.form_token).update(**words)

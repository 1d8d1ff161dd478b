"""Back, and sent once more with another text: what was sent first stands, and both are shown."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect

from booking_portal.accounts.kept_for_page import Why
from booking_portal.accounts.kept_forms import keep_texts_for
from booking_portal.accounts.requests import ActingRequest
from booking_portal.appointments.shared.redirects import page_of_command
from booking_portal.appointments.shared.sent_before import (
    LABELS,
    SentBefore,
    draft_of_next_try,
    not_sent,
)
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.requests.booking import can_be_sent
from booking_portal.typed_input import words

DRAFTED = ("description", "comment")


def redirect_after(request: ActingRequest, command: Command) -> HttpResponse:
    """To the page that follows the command; which says so where the form now has other texts."""
    others = not_sent(command, _typed(request))
    if others:
        keep_texts_for(request, page_of_command(command), Why.SENT_BEFORE, others)
    return redirect(page_of_command(command))


def sent_before(request: ActingRequest, command: Command, change_it: str) -> dict[str, Any]:
    """What the command's page says of a second text; `change_it`: where it can be put in.

    As soon as nothing was made of the first, the next try begins with the second.
    """
    in_next_try = _keep_for_next_try(request, command)
    shown = SentBefore.of(
        command,
        request.kept,
        request.actor.user,
        may_change=bool(change_it),
        in_next_try=in_next_try,
    )
    return {"sent_before": shown, "change_it": change_it}


def _typed(request: ActingRequest) -> Mapping[str, str]:
    if request.method == "POST":
        return {name: request.POST[name] for name in LABELS if name in request.POST}
    kept = request.kept
    return {name: kept.text(name) for name in LABELS if name in kept.typed} if kept else {}


def _keep_for_next_try(request: ActingRequest, command: Command) -> bool:
    """Whether all that was typed second is where the next try begins: it is put there."""
    kept = request.kept
    if kept is None or kept.why != Why.SENT_BEFORE:
        return False
    typed = {name: kept.text(name) for name in LABELS if name in kept.typed}
    draft = draft_of_next_try(command)
    if draft is None:
        return False
    return _put_in(draft, typed) == typed


def keep_as_draft(request: ActingRequest, proposal: Proposal) -> None:
    """What was typed for a proposal that cannot be booked now is there when it can."""
    if request.method == "POST":
        _put_in(proposal, _typed(request))


def _put_in(proposal: Proposal, typed: Mapping[str, str]) -> dict[str, str]:
    """Put into the proposal what a practice can take of it; returns that."""
    texts = {name: words(typed[name]) for name in DRAFTED if name in typed}
    texts = {name: text for name, text in texts.items() if can_be_sent(text)}
    if texts:
        Proposal.objects.filter(pk=proposal.pk).update(**texts)
    return texts

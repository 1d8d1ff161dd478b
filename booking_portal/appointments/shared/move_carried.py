"""A move goes from page to page: in the address, and in forms. [MOVE-1]"""

import uuid
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from booking_portal import error_pages
from booking_portal.accounts.actor import Actor
from booking_portal.accounts.decorators import View
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared.move_in_progress import MoveInProgress, MoveLost
from booking_portal.patients.models import Encounter

MOVING = (Permission.SEARCH_SLOTS, Permission.BOOK_APPOINTMENT, Permission.CANCEL_APPOINTMENT)


def may_move(actor: Actor) -> bool:
    """Whether the actor holds every permission that moving takes."""
    return all(actor.may(permission) for permission in MOVING)


def with_moving(view: View) -> View:
    """Give the view the appointment that the page's `moving` names, or None, as its third argument.

    Goes inside `with_encounter`. A `moving` that cannot be read stops: going on without it would
    make a second appointment of what was meant to be a move.
    """

    @wraps(view)
    def open_view(
        request: ActingRequest, encounter: Encounter, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        text = request.POST.get("moving") or request.GET.get("moving")
        try:
            moving = MoveInProgress.from_signed(text, encounter.pk) if text else None
        except MoveLost:
            return _lost(request, encounter)
        return view(request, encounter, moving, *args, **kwargs)

    return open_view


def moving_query(moving: MoveInProgress | None, encounter_id: uuid.UUID, **others: str) -> str:
    """The query that carries a move on, and other parameters with it; empty when there is none."""
    query = {name: value for name, value in others.items() if value}
    if moving is not None:
        query["moving"] = moving.signed(encounter_id)
    return f"?{urlencode(query)}" if query else ""


def _lost(request: ActingRequest, encounter: Encounter) -> HttpResponse:
    failure = error_pages.Failure(
        "The move is not kept any more",
        "This page no longer knows which appointment you are moving, and has changed nothing.",
        "Open the appointment again, and choose to move it.",
        back=reverse("encounter", args=[encounter.pk]),
    )
    return error_pages.failed(request, failure, status=409)

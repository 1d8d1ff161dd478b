"""Move an appointment: from what it is to the search for a new time, and carried on. [MOVE-1]"""

import uuid
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from booking_portal import views
from booking_portal.accounts.actor import Actor
from booking_portal.accounts.decorators import View, acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.addresses import address_of
from booking_portal.appointments.moving import MoveLost, Moving
from booking_portal.appointments.views.sagas import redirect_to
from booking_portal.commands.changing import (
    AppointmentBusy,
    NotChangeable,
    require_changeable,
    require_idle,
)
from booking_portal.commands.reading import read
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.finding import find
from booking_portal.patients.models import Encounter
from booking_portal.practices.models import Practice

BUSY = "Nothing new was sent: another change of this appointment is not finished yet. This is it."
MOVING = (Permission.SEARCH_SLOTS, Permission.BOOK_APPOINTMENT, Permission.CANCEL_APPOINTMENT)


def may_move(actor: Actor) -> bool:
    """Whether the actor holds every permission that moving takes."""
    return all(actor.may(permission) for permission in MOVING)


@require_GET
@acting(*MOVING)
@with_encounter
def move_appointment(
    request: ActingRequest, encounter: Encounter, ods: str, appointment_id: str, system: str = ""
) -> HttpResponse:
    """Read the appointment once more, and search for a new time at the same practice."""
    practices = Practice.objects.for_organisation(request.actor.organisation)
    practice = get_object_or_404(practices, ods_code=ods)
    at = find(encounter, practice, actor=request.actor, known_at=system)
    current = read(at, appointment_id, actor=request.actor)
    try:
        require_changeable(current)
        require_idle(practice, current.id, actor=request.actor)
    except AppointmentBusy as busy:
        messages.warning(request, BUSY)
        return redirect_to(busy.command)
    except NotChangeable as problem:
        failure = views.Failure(
            "This appointment cannot be moved",
            f"{problem}{views.unsent(request)}",
            "If something still has to change, ring the practice.",
            back=address_of("appointment", encounter.pk, ods, at.system, appointment_id),
        )
        return views.failed(request, failure.at(practice), status=409)
    query = {"practice": ods, "moving": Moving.of(at, current).signed(encounter.pk)}
    return redirect(f"{reverse('search-slots', args=[encounter.pk])}?{urlencode(query)}")


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
            moving = Moving.from_signed(text, encounter.pk) if text else None
        except MoveLost:
            return _lost(request, encounter)
        return view(request, encounter, moving, *args, **kwargs)

    return open_view


def moving_query(moving: Moving | None, encounter_id: uuid.UUID, **others: str) -> str:
    """The query that carries a move on, and other parameters with it; empty when there is none."""
    query = {name: value for name, value in others.items() if value}
    if moving is not None:
        query["moving"] = moving.signed(encounter_id)
    return f"?{urlencode(query)}" if query else ""


def _lost(request: ActingRequest, encounter: Encounter) -> HttpResponse:
    failure = views.Failure(
        "The move is not kept any more",
        "This page no longer knows which appointment you are moving, and has changed nothing.",
        "Open the appointment again, and choose to move it.",
        back=reverse("encounter", args=[encounter.pk]),
    )
    return views.failed(request, failure, status=409)

"""After a restore: what was found at the practices, and the release."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.worklist.restore_page import RestoredPage, strays_of
from booking_portal.commands.restore_models import Restoration, RestorationQuerySet, Stray
from booking_portal.commands.restores.hold import release
from booking_portal.commands.restores.reconciliation import close_stray


@require_GET
@acting(Permission.VIEW_WORKLIST)
def restored(request: ActingRequest) -> HttpResponse:
    """The latest restore as this organisation has to see to it."""
    latest = _mine(request).first()
    context = {
        "page": RestoredPage.of(latest, strays_of(request.actor)) if latest else None,
        "may_release": request.actor.may(Permission.SETTLE_COMMANDS),
    }
    return render(request, "appointments/worklist/restored.jinja", context)


@require_POST
@acting(Permission.SETTLE_COMMANDS)
def release_hold(request: ActingRequest) -> HttpResponse:
    """Let things be sent by themselves again; nothing happens when somebody was quicker."""
    held = _mine(request).on_hold().first()
    if held is not None:
        release(held, actor=request.actor)
    return redirect("restored")


@require_POST
@acting(Permission.SETTLE_COMMANDS)
def stray_seen(request: ActingRequest, stray_id: uuid.UUID) -> HttpResponse:
    """Somebody has seen to an appointment that our record does not have."""
    mine = Stray.objects.for_organisation(request.actor.organisation)
    close_stray(get_object_or_404(mine, pk=stray_id), actor=request.actor)
    return redirect("restored")


def _mine(request: ActingRequest) -> RestorationQuerySet:
    return Restoration.objects.for_organisation(request.actor.organisation).select_related(
        "released_by"
    )

"""What a person does about a command besides looking: ring back, take over, tell, withdraw.

Each has a page or a button of its own, so that the page that follows never wipes what is typed.
"""

import uuid
from contextlib import suppress

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST

from booking_portal import error_pages
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared.command_access import organisations_command
from booking_portal.appointments.shared.redirects import redirect_to
from booking_portal.appointments.status.command_page import CommandPage, may_withdraw
from booking_portal.appointments.status.forms import CallbackForm
from booking_portal.commands.callbacks import NothingToTell, mark_told, set_number
from booking_portal.commands.models import Command
from booking_portal.commands.requests.withdrawal import NotToWithdraw, withdraw
from booking_portal.commands.worklist.take import NotToTake, take
from booking_portal.forms import errors_for
from booking_portal.patients.models import Encounter
from booking_portal.patients.outcomes import RESTRICTED
from booking_portal.patients.presenters import PatientBanner
from booking_portal.typed_back import NOTHING


@require_http_methods(["GET", "POST"])
@acting(Permission.VIEW_WORKLIST)
def change_callback(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """The number to ring the patient back on."""
    found = organisations_command(request, command_id)
    if found.encounter.restricted:  # [PDS-3]
        return error_pages.failed(request, RESTRICTED, status=403, typed=NOTHING)
    form = CallbackForm(request.POST or None, initial={"ring_back": found.ring_back})
    fill_in(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            set_number(found, form.cleaned_data["ring_back"], actor=request.actor)
        except NothingToTell:
            messages.info(request, "Nobody has to be rung back about this any more.")
        return redirect_to(found)
    context = _about(request, found) | {"form": form, "errors": errors_for(form)}
    return render(request, "appointments/status/callback.jinja", context)


@require_POST
@acting(Permission.VIEW_WORKLIST)
def take_command(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """ "I am dealing with it"."""
    found = organisations_command(request, command_id)
    with suppress(NotToTake):  # settled meanwhile: the command's page shows how
        take(found, actor=request.actor)
    if found.saga is not None:
        with suppress(NotToTake):  # nobody has to decide anything about both steps
            take(found.saga, actor=request.actor)
    return redirect_to(found)


@require_POST
@acting(Permission.VIEW_WORKLIST)
def patient_told(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """The patient has been told what the page said; `state` is what it said it of."""
    found = organisations_command(request, command_id)
    if request.POST.get("state") != found.state:
        messages.info(request, "This has changed since you opened it. Read it once more.")
        return redirect_to(found)
    with suppress(NothingToTell):  # a colleague was quicker
        mark_told(found, actor=request.actor)
    return redirect_to(found)


@require_http_methods(["GET", "POST"])
@acting(Permission.VIEW_APPOINTMENTS)
def withdraw_command(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """The patient no longer wants it: ask once more, then withdraw."""
    found = organisations_command(request, command_id)
    if request.method == "POST":
        try:
            withdraw(found, actor=request.actor)
        except NotToWithdraw:
            messages.info(request, "This was settled before it could be withdrawn.")
        return redirect_to(found)
    if found.encounter.restricted or not may_withdraw(found, request.actor):
        return redirect_to(found)
    return render(request, "appointments/status/withdraw.jinja", _about(request, found))


def _about(request: ActingRequest, found: Command) -> dict[str, object]:
    encounter = Encounter.objects.of_same_patient(found.encounter, request.actor)
    return {
        "patient": PatientBanner.of(found.encounter),
        "encounter_id": encounter.pk if encounter else None,
        "page": CommandPage.of(found, request.actor),
    }

"""The start page: each role begins where its work begins."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission, Role
from booking_portal.appointments.worklist.start_page import StartPage
from booking_portal.patients.forms import ByNumberForm


@acting()
@require_GET
def start(request: ActingRequest) -> HttpResponse:
    """Patient work for receptionists, clinicians and managers; else audit or administration."""
    actor = request.actor
    if actor.may(Permission.TRACE_PATIENT):
        form = ByNumberForm()
        fill_in(request, form)
        context = {
            "form": form,
            "page": StartPage.of(actor),
            "clinician": actor.role is Role.CLINICIAN,
        }
        return render(request, "appointments/worklist/start.jinja", context)
    if actor.may(Permission.VIEW_AUDIT):
        return redirect("audit")
    if actor.may(Permission.MANAGE_MEMBERS):
        return redirect("admin:index")
    return render(request, "appointments/worklist/nothing_to_do.jinja")

"""The practice has answered, and the database is away: say what is known, and follow."""

import logging
import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from booking_portal import error_pages
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared.redirects import page_of_command
from booking_portal.appointments.status.unrecorded_page import UnrecordedPage
from booking_portal.commands.delivery.sender import RecordBehind
from booking_portal.commands.models import Command
from booking_portal.commands.states import State
from booking_portal.patients.presenters import PatientBanner

log = logging.getLogger(__name__)

NOT_CERTAIN = frozenset({State.SENDING, State.UNCONFIRMED})


def record_behind(request: HttpRequest, behind: RecordBehind) -> HttpResponse:
    """What the practice said, from memory alone.

    200, not 503: the write has been sent and answered, and no proxy may put a page of its own in
    the place of this one, or ask another process the same again.
    """
    command = behind.command
    log.error("the record is behind: command %s", command.pk)
    error_pages.leave_out_who_is_signed_in(request)
    context = {
        "patient": PatientBanner.of(command.encounter),
        "encounter_id": None,
        "page": UnrecordedPage.of(command, confirmed=behind.confirmed),
    }
    return render(request, "appointments/status/unrecorded.jinja", context)


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
def caught_up(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """What that page polls: the command's own page, as soon as it says at least as much.

    After the practice's yes (`?confirmed=yes`) that is when it is settled: "not confirmed yet"
    would take back what was said.
    """
    mine = Command.objects.for_organisation(request.actor.organisation)
    found = get_object_or_404(mine, pk=command_id)
    if request.GET.get("confirmed") == "yes" and found.state in NOT_CERTAIN:
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Redirect": page_of_command(found)})

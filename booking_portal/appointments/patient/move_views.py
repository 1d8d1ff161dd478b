"""Move an appointment: from what it is to the search for a new time, and carried on. [MOVE-1]"""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from booking_portal import error_pages
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.appointments.messages.in_doubt import BUSY
from booking_portal.appointments.shared.addresses import address_of
from booking_portal.appointments.shared.move_carried import MOVING
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.appointments.shared.redirects import redirect_to
from booking_portal.commands.requests.amend_cancel import (
    AppointmentBusy,
    NotChangeable,
    require_changeable,
    require_idle,
)
from booking_portal.commands.requests.appointment_reads import read_appointment
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.practices.models import Practice


@require_GET
@acting(*MOVING)
@with_encounter
def move_appointment(
    request: ActingRequest, encounter: Encounter, ods: str, appointment_id: str, system: str = ""
) -> HttpResponse:
    """Read the appointment once more, and search for a new time at the same practice."""
    practices = Practice.objects.for_organisation(request.actor.organisation)
    practice = get_object_or_404(practices, ods_code=ods)
    at = find_at_practice(encounter, practice, actor=request.actor, known_at=system)
    current = read_appointment(at, appointment_id, actor=request.actor)
    try:
        require_changeable(current)
        require_idle(practice, current.id, actor=request.actor)
    except AppointmentBusy as busy:
        messages.warning(request, BUSY)
        return redirect_to(busy.command)
    except NotChangeable as problem:
        failure = error_pages.Failure(
            "This appointment cannot be moved",
            f"{problem}{error_pages.unsent(request)}",
            "If something still has to change, ring the practice.",
            back=address_of("appointment", encounter.pk, ods, at.system, appointment_id),
        )
        return error_pages.failed(request, failure.at(practice), status=409)
    query = {"practice": ods, "moving": MoveInProgress.of(at, current).signed(encounter.pk)}
    return redirect(f"{reverse('search-slots', args=[encounter.pk])}?{urlencode(query)}")

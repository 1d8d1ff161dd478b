"""Check with the patient, book, and what stands in the way. [BOOK-1..11]"""

import uuid

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.booking.check_form import proposal_of, search_of, show_form
from booking_portal.appointments.booking.check_page import CheckPage
from booking_portal.appointments.booking.forms import BookForm
from booking_portal.appointments.booking.move_check_views import check_move
from booking_portal.appointments.booking.registration_views import no_record
from booking_portal.appointments.booking.unsettled_page import UnsettledPage
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.appointments.shared.redirects import command_asked_with
from booking_portal.appointments.shared.second_text import keep_as_draft, redirect_after
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.models import Command, Proposal
from booking_portal.commands.requests.booking import (
    BookingUnsettled,
    acknowledge_differences,
    booked_elsewhere,
    remember_before,
    require_offered_there,
    require_settled,
)
from booking_portal.commands.sagas.start import begin_booking
from booking_portal.patients.decorators import STOPPED, stopped_page, with_encounter
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.practice_record import NO_RECORD, find_at_practice, shows_nothing
from booking_portal.patients.presenters import PatientBanner
from booking_portal.slots.offers import NotBookable


@require_http_methods(["GET", "POST"])
@acting(Permission.BOOK_APPOINTMENT)
@with_encounter
def check_booking(
    request: ActingRequest, encounter: Encounter, proposal_id: uuid.UUID
) -> HttpResponse:
    """What will be booked for whom, to be checked with the patient; then book it."""
    proposal = proposal_of(encounter, proposal_id)
    asked = command_asked_with(proposal, cancel_first="cancel_first" in request.GET)
    if asked is not None:  # back, a reload, or a second click
        return redirect_after(request, asked)
    try:
        require_settled(encounter, proposal.pk, actor=request.actor)
        at = find_at_practice(encounter, proposal.practice, actor=request.actor)
        require_offered_there(proposal, at, actor=request.actor)
        moving = MoveInProgress.of_proposal(proposal)
        if moving is not None:
            return check_move(request, proposal, at, moving)
        if request.method == "POST":
            return _book(request, proposal, at)
        return _check(request, proposal, at)
    except AlreadyAsked as before:  # a click at the same moment
        return redirect_after(request, before.command)
    except BookingUnsettled as stop:
        keep_as_draft(request, proposal)
        return _unsettled(request, encounter, stop.command)
    except NO_RECORD as error:
        if not shows_nothing(error):
            return stopped_page(request, encounter, error, proposal.practice)
        keep_as_draft(request, proposal)
        return no_record(request, proposal, search_of(request))
    except STOPPED as error:
        return stopped_page(request, encounter, error, proposal.practice)


def _book(request: ActingRequest, proposal: Proposal, at: PatientAtPractice) -> HttpResponse:
    must = bool(at.serious_differences) and not at.differences_acknowledged
    form = BookForm(request.POST, must_acknowledge=must)
    if not form.is_valid():
        return _check(request, proposal, at, form)
    if must:
        acknowledge_differences(at, actor=request.actor)
    texts = form.cleaned_data["description"], form.cleaned_data["comment"]
    try:
        command = begin_booking(proposal, *texts, actor=request.actor)
    except AlreadyAsked as before:
        command = before.command
    except NotBookable as problem:
        return _check(request, proposal, at, form, problem=str(problem))
    return redirect_after(request, command)


def _check(
    request: ActingRequest,
    proposal: Proposal,
    at: PatientAtPractice,
    form: BookForm | None = None,
    *,
    problem: str = "",
) -> HttpResponse:
    """The check page. Without the practice's list of appointments nothing can be checked."""
    encounter = proposal.encounter
    there = remember_before(proposal, at, actor=request.actor)
    elsewhere = booked_elsewhere(encounter, proposal.practice, actor=request.actor)
    page = CheckPage.of(proposal, at, there, elsewhere, request.actor)
    if form is None:
        typed = {"description": proposal.description, "comment": proposal.comment}
        form = BookForm(initial=typed, must_acknowledge=page.must_acknowledge)
        fill_in(request, form)
    context = {
        "search_id": search_of(request),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "moving": None,
        "page": page,
    }
    template = "appointments/booking/check.jinja"
    return show_form(request, template, proposal, form, context, problem=problem)


def _unsettled(request: ActingRequest, encounter: Encounter, rival: Command) -> HttpResponse:
    """No second booking while the outcome of one is not known."""
    context = {
        "patient": PatientBanner.of(encounter),
        "encounter_id": encounter.pk,
        "page": UnsettledPage.of(rival),
    }
    return render(request, "appointments/booking/unsettled.jinja", context, status=409)

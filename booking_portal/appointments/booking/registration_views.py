"""Register a patient temporarily and book for them, in one. [REG-1..3]"""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.booking.check_form import proposal_of, search_of, show_form
from booking_portal.appointments.booking.registration_form import RegisterForm
from booking_portal.appointments.booking.registration_pages import NoRecordPage, RegisterPage
from booking_portal.appointments.shared.move_bar import MoveBar
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.appointments.shared.second_text import redirect_after
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.models import Proposal
from booking_portal.commands.requests.booking import BookingUnsettled, PatientDeceased
from booking_portal.commands.requests.registration import (
    NotRegistrable,
    email_of,
    interpreter_of,
    registration_for,
    require_registrable,
    sendable_language,
)
from booking_portal.commands.sagas import start
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.models import Encounter
from booking_portal.patients.presenters import PatientBanner
from booking_portal.slots.offers import NotBookable


def no_record(request: ActingRequest, proposal: Proposal, search_id: str) -> HttpResponse:
    """The practice of the chosen slot does not show the patient; what to do about that."""
    context = {
        "patient": PatientBanner.of(proposal.encounter),
        "encounter_id": proposal.encounter_id,
        "proposal_id": proposal.pk,
        "search_id": search_id,
        "moving": _moving(proposal),
        "page": _way_on(proposal, request.actor),
    }
    return render(request, "appointments/booking/no_record.jinja", context, status=409)


def _moving(proposal: Proposal) -> MoveBar | None:
    moving = MoveInProgress.of_proposal(proposal)
    return MoveBar.of(moving, proposal.encounter_id) if moving else None


def _way_on(proposal: Proposal, actor: Actor) -> NoRecordPage:
    encounter, practice = proposal.encounter, proposal.practice
    try:
        require_registrable(encounter, practice, actor=actor)
    except AlreadyAsked as before:
        return NoRecordPage.waiting(practice, before.command)
    except NotRegistrable as why:
        return NoRecordPage.stopping(practice, str(why))
    if encounter.deceased or not actor.may(Permission.REGISTER_PATIENT):
        return NoRecordPage.stopping(practice)
    return NoRecordPage.offering(practice)


@require_http_methods(["GET", "POST"])
@acting(Permission.REGISTER_PATIENT)
@with_encounter
def register_patient(
    request: ActingRequest, encounter: Encounter, proposal_id: uuid.UUID
) -> HttpResponse:
    """What will be sent and booked, to be checked with the patient; then register and book."""
    proposal = proposal_of(encounter, proposal_id)
    encounter.require_fresh_trace()
    if request.method == "POST":
        form = RegisterForm(request.POST)
        if form.is_valid():
            return _register_and_book(request, proposal, form)
        return _ask(request, proposal, form)
    try:
        require_registrable(encounter, proposal.practice, actor=request.actor)
    except (NotRegistrable, AlreadyAsked):
        return redirect(_check_page(request, proposal))  # which says why
    initial = {
        "form_token": uuid.uuid4(),
        "email": email_of(encounter),
        "language": sendable_language(encounter),
        "interpreter": interpreter_of(encounter),
        "description": proposal.description,
        "comment": proposal.comment,
    }
    form = RegisterForm(initial=initial)
    fill_in(request, form)
    return _ask(request, proposal, form)


def _register_and_book(
    request: ActingRequest, proposal: Proposal, form: RegisterForm
) -> HttpResponse:
    proposal.moving = None  # as the page before has said
    proposal.save(update_fields=["moving"])
    try:
        command = start.begin_registering(
            proposal,
            form.cleaned_data["description"],
            form.cleaned_data["comment"],
            form.said(),
            form_token=form.cleaned_data["form_token"],
            actor=request.actor,
        )
    except AlreadyAsked as before:
        command = before.command
    except (NotRegistrable, BookingUnsettled):
        return redirect(_check_page(request, proposal))  # known there by now, or it says why not
    except PatientDeceased:
        return redirect("encounter", encounter_id=proposal.encounter_id)
    except NotBookable as problem:
        return _ask(request, proposal, form, problem=str(problem))
    return redirect_after(request, command)


def _ask(
    request: ActingRequest, proposal: Proposal, form: RegisterForm, *, problem: str = ""
) -> HttpResponse:
    encounter = proposal.encounter
    try:
        registration = registration_for(encounter)
    except NotRegistrable:
        return redirect(_check_page(request, proposal))
    context = {
        "search_id": search_of(request),
        "page": RegisterPage.of(proposal, registration, request.actor),
    }
    template = "appointments/booking/register.jinja"
    return show_form(request, template, proposal, form, context, problem=problem)


def _check_page(request: ActingRequest, proposal: Proposal) -> str:
    address = reverse("check-booking", args=[proposal.encounter_id, proposal.pk])
    search_id = search_of(request)
    return f"{address}?search={search_id}" if search_id else address

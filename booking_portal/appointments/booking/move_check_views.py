"""Check a move with the patient, then move: the old appointment beside the new. [MOVE-1]"""

from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from booking_portal import error_pages
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.appointments.booking.check_form import search_of, show_form
from booking_portal.appointments.booking.check_page import CheckPage
from booking_portal.appointments.booking.forms import MoveForm
from booking_portal.appointments.booking.move_check_page import MoveCheckPage
from booking_portal.appointments.messages.in_doubt import BUSY
from booking_portal.appointments.shared.appointment_card import AppointmentCard, card_with
from booking_portal.appointments.shared.move_bar import MoveBar
from booking_portal.appointments.shared.move_in_progress import MoveInProgress, refused_beside
from booking_portal.appointments.shared.second_text import redirect_after
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.models import Proposal
from booking_portal.commands.requests.amend_cancel import (
    REASON_LIMIT,
    AppointmentBusy,
    ChangedMeanwhile,
    NotChangeable,
    require_changeable,
)
from booking_portal.commands.requests.amended_texts import Texts, texts_of
from booking_portal.commands.requests.appointment_reads import named_resources, read_appointment
from booking_portal.commands.requests.booking import (
    acknowledge_differences,
    booked_elsewhere,
    remember_before,
)
from booking_portal.commands.sagas import start
from booking_portal.patients.decorators import STOPPED, stopped_page
from booking_portal.patients.models import PatientAtPractice
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.practices.models import Practice
from booking_portal.slots.offers import NotBookable


@dataclass(frozen=True, slots=True)
class _Move:
    """A move as it is checked: the proposal, and the old appointment as it is now.

    `texts` are the old one's, for the new; `changed`: it is not what the user has seen.
    """

    proposal: Proposal
    moving: MoveInProgress
    old_practice: Practice
    old: AppointmentCard
    texts: Texts
    changed: bool


def check_move(
    request: ActingRequest, proposal: Proposal, at: PatientAtPractice, moving: MoveInProgress
) -> HttpResponse:
    """The check page of a move, from the old appointment to the proposed slots; then move it.

    Raises: BookingUnsettled, NotPermitted, what stops work on a patient (at the new practice).
    """
    practices = Practice.objects.for_organisation(request.actor.organisation)
    practice = get_object_or_404(practices, ods_code=moving.practice_ods)
    try:
        move = _read(request, proposal, practice, moving)
    except STOPPED as error:
        return stopped_page(request, proposal.encounter, error, practice)
    except NotChangeable as problem:
        return _not_movable(request, proposal, practice, moving, problem)
    if request.method == "POST":
        return _move(request, move, at)
    return _check(request, move, at)


def _read(
    request: ActingRequest, proposal: Proposal, practice: Practice, moving: MoveInProgress
) -> _Move:
    """The old appointment read once more; the proposal then tells it as it is shown."""
    there = find_at_practice(proposal.encounter, practice, actor=request.actor)
    current = read_appointment(
        there, moving.appointment_id, actor=request.actor, known_at=moving.system
    )
    require_changeable(current)
    now = MoveInProgress.of(there, current)
    if now.version != moving.version:
        proposal.moving = now.as_json()
        proposal.save(update_fields=["moving"])
    seen = request.POST.get("seen", moving.version)
    card = card_with(current, named_resources(there, [current], actor=request.actor))
    texts = texts_of(current, there, actor=request.actor)
    return _Move(proposal, now, practice, card, texts, changed=now.version != seen)


def _move(request: ActingRequest, move: _Move, at: PatientAtPractice) -> HttpResponse:
    must = bool(at.serious_differences) and not at.differences_acknowledged
    cancel_first = _cancel_first(request, move.proposal)
    form = MoveForm(request.POST, must_acknowledge=must, cancel_first=cancel_first)
    if not form.is_valid() or move.changed:
        return _check(request, move, at, form)
    if must:
        acknowledge_differences(at, actor=request.actor)
    try:
        command = start.begin_move(
            move.proposal,
            form.cleaned_data["description"],
            form.cleaned_data["comment"],
            form.cleaned_data["reason"],
            actor=request.actor,
            cancel_first=cancel_first,
        )
    except AppointmentBusy as busy:
        messages.warning(request, BUSY)
        command = busy.command
    except AlreadyAsked as before:
        command = before.command
    except (NotBookable, NotChangeable, start.NotToCancelFirst) as problem:
        return _check(request, move, at, form, problem=str(problem))
    except ChangedMeanwhile:
        return _check(request, replace(move, changed=True), at, form)
    return redirect_after(request, command)


def _check(
    request: ActingRequest,
    move: _Move,
    at: PatientAtPractice,
    form: MoveForm | None = None,
    *,
    problem: str = "",
) -> HttpResponse:
    proposal, encounter = move.proposal, move.proposal.encounter
    there = remember_before(proposal, at, actor=request.actor)
    elsewhere = booked_elsewhere(encounter, proposal.practice, actor=request.actor)
    page = CheckPage.of(proposal, at, there, elsewhere, request.actor)
    cancel_first = _cancel_first(request, proposal)
    if form is None:
        texts = proposal if proposal.description else move.texts
        form = MoveForm(
            initial={"description": texts.description, "comment": texts.comment},
            must_acknowledge=page.must_acknowledge,
            cancel_first=cancel_first,
        )
        fill_in(request, form)
    context = {
        "search_id": search_of(request),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "moving": MoveBar.of(move.moving, encounter.pk),
        "page": page,
        "move": MoveCheckPage.of(
            move.moving,
            move.old,
            move.old_practice,
            proposal,
            changed=move.changed,
            cancel_first=cancel_first,
        ),
        "texts": move.texts,
        "reason_limit": REASON_LIMIT,
    }
    template = "appointments/booking/check_move.jinja"
    return show_form(
        request, template, proposal, form, context, problem=problem, conflict=move.changed
    )


def _cancel_first(request: ActingRequest, proposal: Proposal) -> bool:
    """Only where the practice has refused to book the new one beside the old one. [MOVE-1]"""
    return "cancel_first" in request.GET and refused_beside(proposal)


def _not_movable(
    request: ActingRequest,
    proposal: Proposal,
    practice: Practice,
    moving: MoveInProgress,
    problem: NotChangeable,
) -> HttpResponse:
    failure = error_pages.Failure(
        "This appointment cannot be moved",
        f"{problem}{error_pages.unsent(request)}",
        "To book the new time all the same, search again without moving. If something still has "
        "to change, ring the practice.",
        back=moving.address(proposal.encounter_id),
    )
    return error_pages.failed(request, failure.at(practice), status=409)

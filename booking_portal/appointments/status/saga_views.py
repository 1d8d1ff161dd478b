"""Two writes for one wish: where they stand, and what a person decides. [MOVE-1, REG-1]"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.messages.saga import About, gone_of
from booking_portal.appointments.shared.addresses import address_of
from booking_portal.appointments.shared.alternatives import Alternatives, free_now
from booking_portal.appointments.shared.appointment_card import card_of
from booking_portal.appointments.shared.move_bar import MoveBar
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.appointments.shared.second_text import sent_before
from booking_portal.appointments.status.command_page import CommandPage
from booking_portal.appointments.status.deviation_lookup import Named, named_instead
from booking_portal.appointments.status.forms import CloseForm, UndoForm
from booking_portal.appointments.status.saga_page import (
    RestrictedSagaPage,
    SagaPage,
    has_both,
    of_concern,
)
from booking_portal.commands import saga_status
from booking_portal.commands.models import Command, Saga
from booking_portal.commands.refusal_reasons import slot_gone
from booking_portal.commands.requests.amend_cancel import (
    REASON_LIMIT,
    ChangedMeanwhile,
    NotChangeable,
)
from booking_portal.commands.requests.booking import BookingUnsettled, DifferencesNotAcknowledged
from booking_portal.commands.saga_status import FAILED, Stage
from booking_portal.commands.sagas import decisions
from booking_portal.commands.sagas.decisions import NotToDecide
from booking_portal.commands.sagas.next_step import NewCancelled
from booking_portal.commands.states import Kind, State
from booking_portal.commands.worklist.manual_close import may_close
from booking_portal.commands.worklist.queries import as_last_known
from booking_portal.commands.worklist.take import NotToTake, take
from booking_portal.forms import errors_for
from booking_portal.patients.decorators import STOPPED, stopped_page
from booking_portal.patients.models import Encounter
from booking_portal.patients.pds_trace import RestrictedPatient
from booking_portal.patients.presenters import PatientBanner
from booking_portal.slots.offers import NotBookable
from gpconnect.models import Appointment

STANDS_IN_THE_WAY = (NotToDecide, NotToTake, NotBookable, NotChangeable, NewCancelled)


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
def saga(request: ActingRequest, saga_id: uuid.UUID) -> HttpResponse:
    """Where a move, or a registration with its booking, stands, and what to do about it."""
    return _show(request, _saga(request, saga_id))


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
def saga_state(request: ActingRequest, saga_id: uuid.UUID) -> HttpResponse:
    """What the saga's page polls: nothing new (204), new words, or load the page again."""
    found = _saga(request, saga_id)
    page = SagaPage.of(found, request.actor)
    if request.GET.get("mark") != page.mark or found.encounter.restricted:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("looked") == str(page.looked):
        return HttpResponse(status=204)
    return render(request, "appointments/status/_saga_progress.jinja", {"page": page})


@require_POST
@acting(Permission.VIEW_APPOINTMENTS)
def finish_saga(request: ActingRequest, saga_id: uuid.UUID) -> HttpResponse:
    """A person sends the second step."""
    found = _saga(request, saga_id)
    return _decide(
        request, found, lambda seen: decisions.finish(found, actor=request.actor, version=seen)
    )


@require_POST
@acting(Permission.CANCEL_APPOINTMENT)
def undo_saga(request: ActingRequest, saga_id: uuid.UUID) -> HttpResponse:
    """A person cancels the new appointment again, and keeps the old one. [CANCEL-1]"""
    found = _saga(request, saga_id)
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form)
    reason = form.cleaned_data["reason"]
    return _decide(
        request,
        found,
        lambda seen: decisions.undo(found, reason, actor=request.actor, version=seen),
    )


@require_POST
@acting(Permission.BOOK_APPOINTMENT)
def leave_saga_as_it_is(request: ActingRequest, saga_id: uuid.UUID) -> HttpResponse:
    """A person leaves it at what has been done."""
    found = _saga(request, saga_id)
    close = decisions.keep_both if has_both(found) else decisions.give_up
    return _decide(request, found, lambda _: close(found, actor=request.actor))


@require_POST
@acting(Permission.VIEW_WORKLIST)
def take_saga(request: ActingRequest, saga_id: uuid.UUID) -> HttpResponse:
    """ "I am dealing with it"."""
    found = _saga(request, saga_id)
    return _decide(request, found, lambda _: take(found, actor=request.actor))


def _saga(request: ActingRequest, saga_id: uuid.UUID) -> Saga:
    mine = Saga.objects.filter(organisation=request.actor.organisation).select_related(
        "encounter",
        "user",
        "closed_by",
        "owner",
        "old_practice",
        "organisation",
        "proposal__practice",
    )
    return get_object_or_404(mine, pk=saga_id)


def _decide(
    request: ActingRequest, found: Saga, decision: Callable[[str | None], object]
) -> HttpResponse:
    """Carry out a decision, and show where that leads; what stands in the way is said there.

    `decision` takes the version of the appointment that the page showed, where it showed one.
    """
    try:
        decision(request.POST.get("seen"))
    except DifferencesNotAcknowledged as problem:
        proposal = found.proposal
        if proposal.encounter.user_id == request.actor.user.pk:
            return redirect(
                "check-booking", encounter_id=proposal.encounter_id, proposal_id=proposal.pk
            )
        messages.warning(request, f"Nothing was sent. {problem}")
    except ChangedMeanwhile as meanwhile:
        return _show(request, found, changed=meanwhile.current)
    except STANDS_IN_THE_WAY as problem:
        messages.warning(request, f"Nothing was sent. {problem}")
    except BookingUnsettled:
        messages.warning(
            request,
            "Nothing was sent: another booking for this patient is not settled yet. See Bookings.",
        )
    except STOPPED as error:
        encounter = Encounter.objects.of_same_patient(found.encounter, request.actor)
        return stopped_page(request, encounter or found.encounter, error, found.proposal.practice)
    return redirect("saga", saga_id=found.pk)


def _show(
    request: ActingRequest,
    found: Saga,
    undoing: UndoForm | None = None,
    changed: Appointment | None = None,
) -> HttpResponse:
    """The saga's page; `changed` is the appointment that a decision was about, as it is now."""
    if found.encounter.restricted:
        return _show_restricted(request, found)
    encounter = Encounter.objects.of_same_patient(found.encounter, request.actor)
    form = undoing or UndoForm()
    fill_in(request, form)
    step = of_concern(found)
    booking = About.of(found).booking
    if booking is not None:
        as_last_known(booking)
    named = _named(request, found, encounter)
    page = SagaPage.of(
        found, request.actor, _telephones(found), named.place, named.person, named.service
    )
    context: dict[str, Any] = {
        "patient": PatientBanner.of(found.encounter),
        "encounter_id": encounter.pk if encounter else None,
        "page": page,
        "moving": _moving(found, encounter),
        "alternatives": _alternatives(request, found, encounter),
        "typed": found.proposal_id,
        "search_id": "",
        "again": _again(found, encounter),
        "proposal_id": found.proposal_id,
        "step": _step_page(step, page, request.actor) if step else None,
        "system": step.system if step else "",
        "appointment_id": step.appointment_id if step else "",
        "closing": _closing(request, step),
        "may_close": step is not None and closes(step, request.actor),
        "own": encounter is not None and encounter.pk == found.proposal.encounter_id,
        "practice_ods": found.proposal.practice.ods_code,
        "may_book": request.actor.may(Permission.BOOK_APPOINTMENT),
        "register_again": _may_register_again(found),
        "undoing": form,
        "errors": errors_for(form),
        "changed": card_of(changed) if changed else None,
        "seen": changed.version if changed else None,
        "reason_limit": REASON_LIMIT,
    }
    context |= _sent_before(request, found, encounter)
    return render(
        request, "appointments/status/saga.jinja", context, status=409 if changed else 200
    )


def _sent_before(
    request: ActingRequest, found: Saga, encounter: Encounter | None
) -> dict[str, Any]:
    """What was typed second, and where it can be put in: once the new appointment stands."""
    address = ""
    made = [step for step in saga_status.steps_of(found) if step.kind == Kind.BOOK]
    new = next((step for step in made if step.state == State.DONE and step.appointment_id), None)
    stage = saga_status.stage_of(found)
    kept_both = stage is Stage.CLOSED and found.closing == Saga.Closing.KEPT_BOTH
    stands = stage is Stage.FINISHED or kept_both
    may_change = request.actor.may(Permission.AMEND_APPOINTMENT)
    if stands and new is not None and encounter is not None and may_change:
        where = (new.practice.ods_code, new.system, new.appointment_id)
        address = f"{address_of('amend-appointment', encounter.pk, *where)}?again={new.pk}"
    return sent_before(request, saga_status.latest_step(found), address)


def _closing(request: ActingRequest, step: Command | None) -> CloseForm | None:
    if step is None:
        return None
    form = CloseForm(command=step)
    fill_in(request, form)
    return form


def _named(request: ActingRequest, found: Saga, encounter: Encounter | None) -> Named:
    """What the practice has named instead for the new appointment. [BOOK-7]"""
    booking = About.of(found).booking
    if encounter is None or booking is None:
        return Named()
    return named_instead(request, booking, encounter)


def _show_restricted(request: ActingRequest, found: Saga) -> HttpResponse:
    """Nothing of the patient; only that somebody has to see to it, and how to close it. [PDS-3]"""
    if saga_status.stage_of(found) is not Stage.NEEDS_DECISION:
        return stopped_page(request, found.encounter, RestrictedPatient())
    page = RestrictedSagaPage.of(found, request.actor)
    return render(request, "appointments/status/saga_restricted.jinja", {"page": page})


def _step_page(step: Command, page: SagaPage, actor: Actor) -> CommandPage:
    """The step somebody has to see to; who decides about both steps rings the patient back too."""
    shown = CommandPage.of(step, actor)
    if not page.owner or shown.callback is None:
        return shown
    callback = replace(shown.callback, owner=page.owner, may_take=page.may_take)
    return replace(shown, callback=callback)


def closes(step: Command, actor: Actor) -> bool:
    """Whether the step waits for what the practice says, and the actor may record that."""
    return step.state == State.NEEDS_ATTENTION and may_close(step, actor)


def _moving(found: Saga, encounter: Encounter | None) -> MoveBar | None:
    """The old appointment, as long as it is there to be moved to another slot."""
    failed = found.kind == Saga.Kind.MOVE and saga_status.stage_of(found) is Stage.FIRST_FAILED
    moving = MoveInProgress.of_proposal(found.proposal)
    if not failed or encounter is None or moving is None:
        return None
    return MoveBar.of(moving, encounter.pk)


def _alternatives(
    request: ActingRequest, found: Saga, encounter: Encounter | None
) -> Alternatives | None:
    """What is free now where the slot has gone. [BOOK-8]"""
    gone = gone_of(found)
    if encounter is None or gone is None or saga_status.stage_of(found) not in FAILED:
        return None
    return free_now(gone, encounter, actor=request.actor)


def _again(found: Saga, encounter: Encounter | None) -> list[str]:
    """The same slots, signed anew, for a move whose booking was certainly not made."""
    first = saga_status.step_of(found, Command.Step.FIRST)
    may_again = found.kind == Saga.Kind.MOVE and first is not None
    if encounter is None or not may_again or saga_status.stage_of(found) is not Stage.FIRST_FAILED:
        return []
    if first is None or slot_gone(first) or first.state == State.REFUSED:
        return []
    return [offer.signed(encounter.pk) for offer in found.proposal.chosen]


def _may_register_again(found: Saga) -> bool:
    """Whether the check page has something to offer after a registration that was not made."""
    registering = found.kind == Saga.Kind.REGISTER_AND_BOOK
    return registering and saga_status.stage_of(found) is Stage.FIRST_FAILED


def _telephones(found: Saga) -> list[str] | None:
    at = found.encounter.places.get(found.proposal.practice_id)
    return at.numbers_held if at else None

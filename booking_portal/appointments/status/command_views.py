"""One command, in whatever state it is; and the small answer that its page polls for."""

import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared.addresses import address_of
from booking_portal.appointments.shared.alternatives import Alternatives, free_now
from booking_portal.appointments.shared.appointment_card import (
    AppointmentCard,
    card_asked,
    card_of_command,
)
from booking_portal.appointments.shared.command_access import organisations_command
from booking_portal.appointments.shared.move_carried import may_move
from booking_portal.appointments.shared.redirects import redirect_to
from booking_portal.appointments.shared.registration_facts import SentRegistration
from booking_portal.appointments.shared.second_text import sent_before
from booking_portal.appointments.status.command_page import CommandPage, RestrictedPage, marks_of
from booking_portal.appointments.status.deviation_lookup import Named, named_instead
from booking_portal.appointments.status.forms import CloseForm
from booking_portal.commands.client_values import last_read
from booking_portal.commands.deviations import NotAsShown, acknowledge
from booking_portal.commands.models import Command
from booking_portal.commands.refusal_reasons import changed_meanwhile, slot_gone
from booking_portal.commands.requests.appointment_reads import named_resources, read_again
from booking_portal.commands.states import Kind, State
from booking_portal.commands.transitions import StateChanged
from booking_portal.commands.worklist.manual_close import (
    ClosedAs,
    NotToClose,
    close_by_hand,
    may_close,
)
from booking_portal.commands.worklist.queries import as_last_known
from booking_portal.forms import errors_for
from booking_portal.patients.decorators import STOPPED
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.practice_record import PracticeMoved, find_at_practice
from booking_portal.patients.presenters import PatientBanner
from gpconnect.errors import GPConnectError

JUST_SEEN = timedelta(minutes=1)


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
def command(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """Where a booking, change or cancellation stands, and what to do about it."""
    return _show(request, organisations_command(request, command_id))


@require_POST
@acting(Permission.VIEW_WORKLIST)
def close_command(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """Close what could not be settled, with what the practice said on the telephone."""
    found = organisations_command(request, command_id)
    form = CloseForm(request.POST, command=found)
    if not form.is_valid():
        return _show(request, found, form)
    outcome = form.cleaned_data["outcome"]
    # Closed by somebody else, or found after all: the command's page shows which.
    with suppress(NotToClose, StateChanged):
        close_by_hand(
            found,
            made=outcome != ClosedAs.NOT_MADE,
            as_recorded=outcome == ClosedAs.AS_RECORDED,
            spoken_to=form.cleaned_data["spoken_to"],
            actor=request.actor,
        )
    return redirect_to(found)


@require_POST
@acting(Permission.BOOK_APPOINTMENT)
def acknowledge_command(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """The patient knows what is otherwise than asked for, and keeps the booking. [BOOK-7]"""
    found = as_last_known(organisations_command(request, command_id))
    encounter = Encounter.objects.of_same_patient(found.encounter, request.actor)
    person = _looked_up(request, found, encounter).named.person if encounter else None
    seen = request.POST.get("seen", "")
    try:
        acknowledge(found, seen, actor=request.actor, person=person)
    except NotAsShown:
        messages.info(request, "This has changed since you opened it. Read it once more.")
    return redirect_to(found)


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
def command_state(request: ActingRequest, command_id: uuid.UUID) -> HttpResponse:
    """What the command's page polls: nothing new (204), new words, or load the page again."""
    found = organisations_command(request, command_id)
    if request.GET.get("state") != marks_of(found) or found.encounter.restricted:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("looks") == str(found.looks):
        return HttpResponse(status=204)
    context = {"page": CommandPage.of(found, request.actor)}
    return render(request, "appointments/status/_command_progress.jinja", context)


def _show(request: ActingRequest, found: Command, closing: CloseForm | None = None) -> HttpResponse:
    closing = closing or CloseForm(command=found)
    fill_in(request, closing)
    closes = found.state == State.NEEDS_ATTENTION and may_close(found, request.actor)
    context: dict[str, Any] = {
        "may_close": closes,
        "closing": closing,
        "errors": errors_for(closing),
    }
    if found.encounter.restricted:  # [PDS-3]
        context["page"] = RestrictedPage.of(found, request.actor)
        return render(request, "appointments/status/command_restricted.jinja", context)
    encounter = Encounter.objects.of_same_patient(found.encounter, request.actor)
    could_not_look = _look_again(request, found, encounter) if encounter else ""
    found = as_last_known(found)
    looked_up = _looked_up(request, found, encounter) if encounter else _NOTHING
    context |= {
        "patient": PatientBanner.of(found.encounter),
        "encounter_id": encounter.pk if encounter else None,
        "page": _page(request, found, looked_up, could_not_look),
        "saga_id": found.saga_id,
        "moving": None,
        "may_move": may_move(request.actor),
        "alternatives": _alternatives(request, found, encounter),
        "again": _again(found, encounter),
        "typed": found.form_token,
        "appointment_gone_on": changed_meanwhile(found),
        "practice_ods": found.practice.ods_code,
        "system": found.system,
        "appointment_id": found.appointment_id,
        "may_book": request.actor.may(Permission.BOOK_APPOINTMENT),
        "registration": _registration(found, encounter),
    }
    context |= _sent_before(request, found, encounter)
    return render(request, "appointments/status/command.jinja", context)


@dataclass(frozen=True, slots=True)
class _LookedUp:
    """An appointment as it is and as it was asked for, with what was looked up at the practice;
    `named`: what it has named instead of what was asked for."""

    card: AppointmentCard | None = None
    asked: AppointmentCard | None = None
    named: Named = Named()  # noqa: RUF009 - it is frozen


_NOTHING = _LookedUp()


def _page(
    request: ActingRequest, found: Command, looked_up: _LookedUp, why_not_looked: str
) -> CommandPage:
    """The command's page. What to tell the patient of a step is on the page of both steps."""
    page = CommandPage.of(
        found,
        request.actor,
        looked_up.card,
        looked_up.asked,
        _telephones(found),
        looked_up.named.person,
        why_not_looked,
        looked_up.named.service,
    )
    if found.saga_id is None:
        return page
    return replace(page, message=replace(page.message, say=""), callback=None)


def _look_again(request: ActingRequest, found: Command, encounter: Encounter) -> str:
    """Read a confirmed booking to come again at the practice; returns why that failed."""
    now = timezone.now()
    settled = found.kind == Kind.BOOK and found.state == State.DONE
    if (
        not settled
        or not found.appointment_id
        or found.starts_at <= now
        or (found.settled_at or now) > now - JUST_SEEN
    ):
        return ""
    try:
        read_again(found, _at(request, found, encounter), actor=request.actor)
    except GPConnectError as error:
        return error.sentence
    except PracticeMoved as moved:
        return f"{moved} Ring the practice."
    except STOPPED:
        return "The practice did not answer for this patient."
    return ""


def _looked_up(request: ActingRequest, found: Command, encounter: Encounter) -> _LookedUp:
    """Where and with whom a changed appointment is, and was to be; a booking knows by itself,
    unless the practice has named others."""
    if found.kind == Kind.REGISTER:
        return _NOTHING
    if found.kind == Kind.BOOK:
        named = named_instead(request, found, encounter)
        card = card_of_command(found).at(named.place, named.person, named.service)
        return _LookedUp(card, named=named)
    before = last_read(found)
    try:
        known = named_resources(_at(request, found, encounter), [before], actor=request.actor)
    except STOPPED:
        return _NOTHING
    place = known.locations.get(before.location_id or "")
    person = known.practitioners.get(before.practitioner_id or "")
    service = known.services.get(before.service_id or "")
    return _LookedUp(
        card_of_command(found).at(place, person, service),
        card_asked(found).at(place, person, service),
    )


def _at(request: ActingRequest, found: Command, encounter: Encounter) -> PatientAtPractice:
    return find_at_practice(encounter, found.practice, actor=request.actor)


def _alternatives(
    request: ActingRequest, found: Command, encounter: Encounter | None
) -> Alternatives | None:
    if encounter is None or found.saga_id or not slot_gone(found):  # its own page offers it
        return None
    return free_now(found, encounter, actor=request.actor)


def _again(found: Command, encounter: Encounter | None) -> list[str]:
    """The same slots, signed anew, for a booking that was certainly not made."""
    not_made = found.state == State.NOT_MADE and found.withdrawn_at is None
    may_again = found.kind == Kind.BOOK and not_made
    if encounter is None or found.saga_id or not may_again or slot_gone(found):
        return []
    return [offer.signed(encounter.pk) for offer in found.offers]


def _registration(found: Command, encounter: Encounter | None) -> SentRegistration | None:
    """What a registration has sent, for whoever has the patient open."""
    if found.kind != Kind.REGISTER or encounter is None:
        return None
    return SentRegistration.of(found)


def _sent_before(
    request: ActingRequest, found: Command, encounter: Encounter | None
) -> dict[str, Any]:
    """What was typed second, and where it can be put in: once the appointment certainly stands."""
    stands = found.state == State.DONE and found.kind in {Kind.BOOK, Kind.AMEND}
    to_come = found.appointment_id != "" and found.starts_at > timezone.now()
    may_change = request.actor.may(Permission.AMEND_APPOINTMENT)
    address = ""
    if stands and to_come and may_change and encounter is not None:
        where = (found.practice.ods_code, found.system, found.appointment_id)
        address = f"{address_of('amend-appointment', encounter.pk, *where)}?again={found.pk}"
    return sent_before(request, found, address)


def _telephones(found: Command) -> list[str] | None:
    at = found.encounter.places.get(found.practice_id)
    return at.numbers_held if at else None

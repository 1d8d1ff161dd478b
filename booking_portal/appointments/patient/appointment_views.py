"""The patient's appointments at a practice: see, amend, cancel. [RET-1..2, AMEND-1..2, CANCEL]"""

import uuid
from collections.abc import Callable
from typing import Any

from django.core import signing
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from booking_portal import error_pages
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in, kept_for
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.messages import patient_script
from booking_portal.appointments.patient.appointment_list import (
    AppointmentListPage,
    Change,
    changes,
    seen_fields,
)
from booking_portal.appointments.patient.forms import AmendForm, CancelForm, RangeForm
from booking_portal.appointments.patient.practice_details import records_of
from booking_portal.appointments.shared.addresses import address_of
from booking_portal.appointments.shared.appointment_card import card_of, card_with
from booking_portal.appointments.shared.move_carried import may_move
from booking_portal.appointments.shared.redirects import page_of_command
from booking_portal.appointments.shared.second_text import redirect_after
from booking_portal.appointments.shared.sent_before import words_sent
from booking_portal.commands.delivery.outbox import AlreadyAsked
from booking_portal.commands.models import Command
from booking_portal.commands.requests import amend_cancel
from booking_portal.commands.requests.amend_cancel import (
    REASON_LIMIT,
    ChangedMeanwhile,
    NotChangeable,
)
from booking_portal.commands.requests.amended_texts import texts_of
from booking_portal.commands.requests.appointment_reads import (
    appointments_there,
    named_resources,
    read_appointment,
)
from booking_portal.commands.requests.booking import COMMENT_LIMIT, DESCRIPTION_LIMIT
from booking_portal.forms import errors_for
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.models import Encounter, PatientAtPractice
from booking_portal.patients.practice_record import find_at_practice
from booking_portal.patients.presenters import PatientBanner
from booking_portal.patients.records import records_at
from booking_portal.practices.models import Practice
from gpconnect.models import Appointment

TEXTS, REASON = ("description", "comment"), ("reason",)


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
@with_encounter
def patient_appointments(request: ActingRequest, encounter: Encounter, ods: str) -> HttpResponse:
    """The patient's appointments at the practice, on the days asked for; `?fragment=1`: those to
    come."""
    at = _at(request, encounter, ods)
    typed = any(name.startswith(("start-", "end-")) for name in request.GET)
    form = RangeForm(request.GET if typed else None)
    start, end = form.dates()
    there = appointments_there(at, actor=request.actor, start=start, end=end)
    known = named_resources(at, there.appointments, actor=request.actor)
    context = {
        "page": AppointmentListPage.of(there, known, at.practice, start=start, end=end),
        "may_move": may_move(request.actor),
        "form": form,
        "errors": errors_for(form),
    }
    template = "_to_come" if request.GET.get("fragment") else "patient_appointments"
    return _render(request, at, template, context)


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
@with_encounter
def appointment(
    request: ActingRequest, encounter: Encounter, ods: str, appointment_id: str, system: str = ""
) -> HttpResponse:
    """One appointment as the practice holds it now."""
    at = _at(request, encounter, ods, system)
    return _show(request, at, read_appointment(at, appointment_id, actor=request.actor))


@require_GET
@acting(Permission.VIEW_APPOINTMENTS)
@with_encounter
def about_appointment(
    request: ActingRequest, encounter: Encounter, ods: str, appointment_id: str, system: str = ""
) -> HttpResponse:
    """What the practice says of itself, and of whom and what the appointment is with. [READ-2]"""
    at = _at(request, encounter, ods, system)
    current = read_appointment(at, appointment_id, actor=request.actor)
    records = records_at(
        at,
        practitioner_id=current.practitioner_id,
        service_id=current.service_id,
        actor=request.actor,
    )
    context = {"card": card_of(current), "records": records_of(current, records)}
    return _render(request, at, "about", context)


@require_http_methods(["GET", "POST"])
@acting(Permission.AMEND_APPOINTMENT)
@with_encounter
def amend_appointment(
    request: ActingRequest, encounter: Encounter, ods: str, appointment_id: str, system: str = ""
) -> HttpResponse:
    """Change what the appointment is for and the comment."""
    at = _at(request, encounter, ods, system)
    if request.method == "GET":
        current = read_appointment(at, appointment_id, actor=request.actor)
        typed = _typed_before(request, at, appointment_id, TEXTS)
        texts = texts_of(current, at, actor=request.actor)
        initial = {"description": texts.description, "comment": texts.comment} | typed
        form = AmendForm(initial=initial | _fresh(at, current), kept=seen_fields(current))
        fill_in(request, form)
        return _ask(request, at, "amend", form, current, _changed_since(request, at, current))
    seen = _seen(request, at, appointment_id)
    if seen is None:
        return _out_of_date(request, at, appointment_id)
    form = AmendForm(request.POST, kept=seen)
    if not form.is_valid():
        return _ask(
            request, at, "amend", form, read_appointment(at, appointment_id, actor=request.actor)
        )
    typed = {name: form.cleaned_data[name] for name in ("description", "comment")}

    def again(current: Appointment) -> AmendForm:
        return AmendForm(initial=typed | _fresh(at, current), kept=seen_fields(current))

    def change() -> Command:
        return amend_cancel.amend(
            at,
            appointment_id,
            seen["version"],
            **typed,
            form_token=form.cleaned_data["form_token"],
            actor=request.actor,
        )

    return _change(request, at, "amend", change, again, seen)


@require_http_methods(["GET", "POST"])
@acting(Permission.CANCEL_APPOINTMENT)
@with_encounter
def cancel_appointment(
    request: ActingRequest, encounter: Encounter, ods: str, appointment_id: str, system: str = ""
) -> HttpResponse:
    """Cancel with a reason, on a page that keeps the appointment unless told otherwise."""
    at = _at(request, encounter, ods, system)
    if request.method == "GET":
        current = read_appointment(at, appointment_id, actor=request.actor)
        typed = _typed_before(request, at, appointment_id, REASON)
        form = CancelForm(initial=typed | _fresh(at, current))
        fill_in(request, form)
        return _ask(request, at, "cancel", form, current, _changed_since(request, at, current))
    form = CancelForm(request.POST)
    seen = _seen(request, at, appointment_id)
    if seen is None:
        return _out_of_date(request, at, appointment_id)
    if not form.is_valid():
        return _ask(
            request, at, "cancel", form, read_appointment(at, appointment_id, actor=request.actor)
        )
    if form.cleaned_data["decision"] == "keep":
        return redirect(_address(at, "appointment", appointment_id))
    reason = form.cleaned_data["reason"]

    def again(current: Appointment) -> CancelForm:
        return CancelForm(initial={"reason": reason} | _fresh(at, current))

    def change() -> Command:
        return amend_cancel.cancel(
            at,
            appointment_id,
            seen["version"],
            reason,
            form_token=form.cleaned_data["form_token"],
            actor=request.actor,
        )

    return _change(request, at, "cancel", change, again, seen)


def _change(
    request: ActingRequest,
    at: PatientAtPractice,
    page: str,
    change: Callable[[], Command],
    again: Callable[[Appointment], AmendForm | CancelForm],
    seen: dict[str, str],
) -> HttpResponse:
    """Ask for the change and go to its command; or show what stands in the way. [AMEND-2]"""
    try:
        command = change()
    except AlreadyAsked as before:
        command = before.command
    except ChangedMeanwhile as meanwhile:
        current = meanwhile.current
        return _ask(request, at, page, again(current), current, changes(seen, current))
    except NotChangeable as problem:
        return _not_changeable(request, at, seen["id"], problem)
    return redirect_after(request, command)


def _ask(
    request: ActingRequest,
    at: PatientAtPractice,
    page: str,
    form: AmendForm | CancelForm,
    current: Appointment,
    changed: tuple[Change, ...] | None = None,
) -> HttpResponse:
    """The form; `changed` says what somebody changed while the user was looking."""
    try:
        amend_cancel.require_changeable(current)
    except NotChangeable as problem:
        return _not_changeable(request, at, current.id, problem)
    known = named_resources(at, [current], actor=request.actor)
    context = {
        "card": card_with(current, known),
        "form": form,
        "errors": errors_for(form),
        "changed": changed,
        "texts": texts_of(current, at, actor=request.actor) if page == "amend" else None,
        "may_decline": patient_script.may_decline(request.actor.organisation),
        "limits": {
            "description": DESCRIPTION_LIMIT,
            "comment": COMMENT_LIMIT,
            "reason": REASON_LIMIT,
        },
    }
    return _render(request, at, page, context, status=200 if changed is None else 409)


def _show(request: ActingRequest, at: PatientAtPractice, current: Appointment) -> HttpResponse:
    card = card_with(current, named_resources(at, [current], actor=request.actor))
    context = {
        "card": card,
        "may_amend": card.changeable and request.actor.may(Permission.AMEND_APPOINTMENT),
        "may_cancel": card.changeable and request.actor.may(Permission.CANCEL_APPOINTMENT),
        "may_move": card.changeable and may_move(request.actor),
    }
    return _render(request, at, "appointment", context)


def _render(
    request: ActingRequest,
    at: PatientAtPractice,
    page: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    shared = {
        "patient": PatientBanner.of(at.encounter),
        "encounter_id": at.encounter.pk,
        "ods": at.practice.ods_code,
        "system": at.system,
        "practice": f"{at.practice.name}, {at.practice.town}",
        "telephone": at.practice.telephone,
    }
    return render(request, f"appointments/patient/{page}.jinja", shared | context, status=status)


def _at(
    request: ActingRequest, encounter: Encounter, ods: str, known_at: str | None = None
) -> PatientAtPractice:
    """The patient at the practice; as in `find`, `known_at` is the system that an id is from."""
    practices = Practice.objects.for_organisation(request.actor.organisation)
    practice = get_object_or_404(practices, ods_code=ods)
    return find_at_practice(encounter, practice, actor=request.actor, known_at=known_at)


def _typed_before(
    request: ActingRequest, at: PatientAtPractice, appointment_id: str, names: tuple[str, ...]
) -> dict[str, str]:
    """What the user typed in a change that the practice refused, or a second time after what was
    sent (`?again=` its command)."""
    try:
        command_id = uuid.UUID(request.GET.get("again", ""))
    except ValueError:
        return {}
    before = (
        Command.objects.for_organisation(request.actor.organisation)
        .filter(
            pk=command_id,
            practice=at.practice,
            appointment_id=appointment_id,
            nhs_number__in=at.encounter.nhs_numbers,
            user=request.actor.user,
        )
        .first()
    )
    if before is None:
        return {}
    second = kept_for(request, page_of_command(before))
    if second is not None:  # typed after that had been sent
        sent = words_sent(before)
        return {
            name: second.text(name) if name in second.typed else sent[name]
            for name in names
            if name in sent
        }
    payload = before.payload
    return {name: payload[name] for name in names if name in payload}


def _fresh(at: PatientAtPractice, current: Appointment) -> dict[str, Any]:
    """A new form token, and what the page shows, signed for this encounter."""
    return {
        "form_token": uuid.uuid4(),
        "seen": _signer(at).sign_object(seen_fields(current), compress=True),
    }


def _seen(
    request: ActingRequest, at: PatientAtPractice, appointment_id: str
) -> dict[str, str] | None:
    try:
        seen: dict[str, str] = _signer(at).unsign_object(request.POST.get("seen", ""))
    except signing.BadSignature:
        return None
    return seen if seen["id"] == appointment_id else None


def _changed_since(
    request: ActingRequest, at: PatientAtPractice, current: Appointment
) -> tuple[Change, ...] | None:
    """What has changed since the page on which the kept form was typed; None for nothing."""
    if request.kept is None:
        return None
    try:
        seen: dict[str, str] = _signer(at).unsign_object(request.kept.text("seen"))
    except signing.BadSignature:
        return None
    return changes(seen, current) if seen["version"] != (current.version or "") else None


def _signer(at: PatientAtPractice) -> signing.Signer:
    return signing.Signer(salt=f"booking_portal.appointments.seen:{at.pk}:{at.system}")


def _address(at: PatientAtPractice, name: str, appointment_id: str) -> str:
    return address_of(name, at.encounter.pk, at.practice.ods_code, at.system, appointment_id)


def _not_changeable(
    request: ActingRequest, at: PatientAtPractice, appointment_id: str, problem: NotChangeable
) -> HttpResponse:
    failure = error_pages.Failure(
        "This appointment cannot be changed",
        f"{problem}{error_pages.unsent(request)}",
        "If something still has to change, ring the practice.",
        back=_address(at, "appointment", appointment_id),
    )
    return error_pages.failed(request, failure.at(at.practice), status=409)


def _out_of_date(
    request: ActingRequest, at: PatientAtPractice, appointment_id: str
) -> HttpResponse:
    failure = error_pages.Failure(
        "This page is out of date",
        "It was made for another appointment or another patient. Nothing was sent.",
        "Open the appointment again.",
        back=_address(at, "appointment", appointment_id),
    )
    return error_pages.failed(request, failure, status=409)

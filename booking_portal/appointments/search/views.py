"""Search practices for free slots, look at what came back, choose. [SFS-1..10, BOOK-6]"""

import uuid
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from booking_portal import error_pages
from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.search.forms import CHOOSE_DATES, DEFAULT_WHEN, SearchForm
from booking_portal.appointments.search.results import ResultsPage
from booking_portal.appointments.shared.formatting import clock_on_day
from booking_portal.appointments.shared.move_bar import MoveBar
from booking_portal.appointments.shared.move_carried import moving_query, with_moving
from booking_portal.appointments.shared.move_in_progress import MoveInProgress
from booking_portal.commands.models import Proposal
from booking_portal.commands.requests.booking import propose
from booking_portal.commands.sagas.decisions import choose_another
from booking_portal.forms import choices, errors_for
from booking_portal.integration import clients
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.models import Encounter
from booking_portal.patients.practice_record import (
    NoActiveRecord,
    PatientMismatch,
    find_at_practice,
)
from booking_portal.patients.presenters import PatientBanner
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import one_or_none
from booking_portal.slots.offers import NotBookable, Offer
from booking_portal.slots.search import SearchResults, keep_results, kept_results, search_all
from gpconnect.errors import GPConnectError

SEARCHES = "searches"
"""Where the session keeps the last search of each of its newest encounters."""
SEARCHES_KEPT = 8
NAMED_AT_MOST = 10


@require_http_methods(["GET", "POST"])
@acting(Permission.SEARCH_SLOTS)
@with_encounter
@with_moving
def search_slots(
    request: ActingRequest, encounter: Encounter, moving: MoveInProgress | None
) -> HttpResponse:
    """Ask for practices and dates; search; go to the results."""
    practices = practices_to_search(request, encounter)
    labels = [(practice.ods_code, f"{practice.name}, {practice.town}") for practice in practices]
    if request.method == "GET":
        initial = _initial(request, encounter, practices)
        form = SearchForm(practices=labels, initial=initial)
        fill_in(request, form)
        return _ask(request, encounter, moving, practices, form)
    form = SearchForm(request.POST, practices=labels)
    if not form.is_valid():
        return _ask(request, encounter, moving, practices, form)
    start, end = form.cleaned_data["range"]
    chosen = [each for each in practices if each.ods_code in form.cleaned_data["practices"]]
    _remember(
        request,
        encounter,
        {
            "when": form.cleaned_data["when"] or DEFAULT_WHEN,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "practices": form.cleaned_data["practices"],
        },
    )
    results = search_all(chosen, start, end, encounter=encounter, actor=request.actor)
    _learn_preferred_branch(request, encounter, chosen, results)
    search_id = keep_results(encounter, results)
    if search_id:
        address = reverse("slot-results", args=[encounter.pk, search_id])
        return redirect(address + moving_query(moving, encounter.pk))
    return _show(request, encounter, moving, results)  # the cache is away


@require_GET
@acting(Permission.SEARCH_SLOTS)
@with_encounter
@with_moving
def slot_results(
    request: ActingRequest,
    encounter: Encounter,
    moving: MoveInProgress | None,
    search_id: uuid.UUID,
) -> HttpResponse:
    """The results of a search, narrowed by the filters of the query; asks nobody anew."""
    results = kept_results(encounter, search_id)
    if results is None:
        return _gone(request, encounter, moving)
    return _show(request, encounter, moving, results, search_id=search_id)


@require_POST
@acting(Permission.BOOK_APPOINTMENT)
@with_encounter
@with_moving
def choose_slot(
    request: ActingRequest, encounter: Encounter, moving: MoveInProgress | None
) -> HttpResponse:
    """Take the chosen slot, or the ticked ones together, to the check page."""
    one = request.POST.get("only")
    tokens = [one] if one else request.POST.getlist("together")
    try:
        offers = [Offer.from_signed(token, encounter.pk) for token in tokens]
        practice = _practice_of(request, offers)
        typed = _typed_for(encounter, _uuid_or_none(request.POST.get("typed")))
        proposal = propose(
            encounter,
            practice,
            offers,
            actor=request.actor,
            typed=typed,
            moving=moving.as_json() if moving else None,
        )
        if typed is not None:
            choose_another(typed, proposal, actor=request.actor)
    except NotBookable as problem:
        return _not_bookable(request, encounter, moving, problem)
    address = reverse("check-booking", args=[encounter.pk, proposal.pk])
    search_id = _uuid_or_none(request.POST.get("search"))
    return redirect(f"{address}?search={search_id}" if search_id else address)


def practices_to_search(request: ActingRequest, encounter: Encounter) -> list[Practice]:
    """The organisation's practices, the patient's registered one first. [SFS-8]"""
    found = list(Practice.objects.for_organisation(request.actor.organisation).order_by("name"))
    registered = encounter.registered_practice_ods
    return sorted(found, key=lambda practice: practice.ods_code != registered)


def _show(
    request: ActingRequest,
    encounter: Encounter,
    moving: MoveInProgress | None,
    results: SearchResults,
    *,
    search_id: uuid.UUID | None = None,
    problem: str = "",
) -> HttpResponse:
    """The results page; `problem` says why a choice cannot be booked."""
    asked = {result.practice_ods for result in results.practices}
    may_ask = practices_to_search(request, encounter)
    practices = {each.ods_code: each for each in may_ask if each.ods_code in asked}
    if len(practices) < len(asked):  # one has left the federation since
        practices |= {each.ods_code: each for each in Practice.objects.filter(ods_code__in=asked)}
    bar = MoveBar.of(moving, encounter.pk) if moving else None
    carried = {"moving": bar.token} if bar else {}
    context = {
        "patient": PatientBanner.of(encounter),
        "encounter_id": encounter.pk,
        "search_id": search_id or "",
        "moving": bar,
        "page": ResultsPage.of(
            results,
            practices,
            encounter,
            request.GET.dict(),
            carried,
            _not_searched(encounter, may_ask, asked),
        ),
        "may_book": request.actor.may(Permission.BOOK_APPOINTMENT) and not encounter.deceased,
        "errors": [{"text": problem, "href": "#slots"}] if problem else [],
    }
    return render(
        request, "appointments/search/results.jinja", context, status=409 if problem else 200
    )


def _ask(
    request: HttpRequest,
    encounter: Encounter,
    moving: MoveInProgress | None,
    practices: list[Practice],
    form: SearchForm,
) -> HttpResponse:
    silent = clients.not_answering([practice.ods_code for practice in practices])
    context = {
        "patient": PatientBanner.of(encounter),
        "encounter_id": encounter.pk,
        "moving": MoveBar.of(moving, encounter.pk) if moving else None,
        "form": form,
        "errors": errors_for(form),
        "practices": [
            item | _hint(encounter, item["value"], silent.get(item["value"]))
            for item in choices(form["practices"])["items"]
        ],
        "any_practice": bool(practices),
        "registered_elsewhere": _registered_elsewhere(encounter, practices),
    }
    return render(request, "appointments/search/search.jinja", context)


def _hint(encounter: Encounter, ods_code: str, silent_since: datetime | None) -> dict[str, Any]:
    said = []
    if ods_code == encounter.registered_practice_ods:
        said.append("The patient is registered here")
    if silent_since is not None:
        said.append(f"Not answering since {clock_on_day(silent_since)}")
    return {"hint": {"text": ". ".join(said)}} if said else {}


def _registered_elsewhere(encounter: Encounter, practices: list[Practice]) -> str:
    """The code of the patient's registered practice where the organisation cannot search it."""
    registered = encounter.registered_practice_ods
    return "" if registered in {each.ods_code for each in practices} else registered


def _not_searched(encounter: Encounter, practices: list[Practice], asked: set[str]) -> list[str]:
    """The practices that have not been asked: the patient's own, and those that might have been."""
    registered = encounter.registered_practice_ods
    named = [
        f"{each.name}, {each.town}"
        + (" (the patient is registered here)" if each.ods_code == registered else "")
        for each in practices
        if each.ods_code not in asked
    ]
    elsewhere = _registered_elsewhere(encounter, practices)
    if elsewhere and elsewhere not in asked:
        named.insert(0, f"the patient's registered practice (code {elsewhere})")
    more = len(named) - NAMED_AT_MOST
    return named if more < 2 else [*named[:NAMED_AT_MOST], f"and {more} more"]


def _remember(request: ActingRequest, encounter: Encounter, search: dict[str, Any]) -> None:
    """Keep the encounter's last search, and those of the few encounters before it."""
    kept_now = dict(request.session.get(SEARCHES, {}))
    kept_now.pop(str(encounter.pk), None)
    kept_now[str(encounter.pk)] = search
    newest = list(kept_now.items())[-SEARCHES_KEPT:]
    request.session[SEARCHES] = dict(newest)


def _last_search(request: ActingRequest, encounter: Encounter) -> dict[str, Any]:
    """What was searched last for this patient in this sign-in; empty for nothing yet."""
    found: dict[str, Any] = request.session.get(SEARCHES, {}).get(str(encounter.pk), {})
    return found


def _initial(
    request: ActingRequest, encounter: Encounter, practices: list[Practice]
) -> dict[str, Any]:
    """What the address asks for, else what was searched last for this patient, else all.

    The practice where they are registered is always ticked.
    """
    last = _last_search(request, encounter)
    codes = {practice.ods_code for practice in practices}
    asked = [code for code in request.GET.getlist("practice") if code in codes]
    again = [code for code in last.get("practices", []) if code in codes]
    if request.GET.get("tick") == "all":
        asked = sorted(codes)
    ticked = asked or again or sorted(codes)
    registered = encounter.registered_practice_ods
    if registered in codes and registered not in ticked:
        ticked = [registered, *ticked]
    if request.GET.get("tick") == "none":
        ticked = []
    initial: dict[str, Any] = {
        "practices": ticked,
        "when": request.GET.get("when") or last.get("when", DEFAULT_WHEN),
    }
    if initial["when"] == CHOOSE_DATES and last:
        initial["start"] = date.fromisoformat(last["start"])
        initial["end"] = date.fromisoformat(last["end"])
    return initial


def _learn_preferred_branch(
    request: ActingRequest, encounter: Encounter, chosen: list[Practice], results: SearchResults
) -> None:
    """Find the patient where they are registered, so that their branch can be marked. [SFS-9]

    Whatever fails here is said on the check page, where it matters.
    """
    answered = {result.practice_ods for result in results.practices if not result.error_code}
    for practice in chosen:
        code = practice.ods_code
        if code == encounter.registered_practice_ods and code in answered:
            try:
                find_at_practice(encounter, practice, actor=request.actor)
            except (NoActiveRecord, PatientMismatch, GPConnectError):
                return


def _practice_of(request: ActingRequest, offers: list[Offer]) -> Practice:
    codes = {offer.practice_ods for offer in offers}
    if len(codes) > 1:
        raise NotBookable("Slots booked together must be at one practice.")
    practices = Practice.objects.for_organisation(request.actor.organisation)
    practice = one_or_none(practices.filter(ods_code__in=codes))
    if practice is None:
        raise NotBookable("Choose a slot.")
    return practice


def _typed_for(encounter: Encounter, proposal_id: uuid.UUID | None) -> Proposal | None:
    """The proposal whose texts are to be kept, when it belongs to this encounter."""
    if proposal_id is None:
        return None
    return one_or_none(Proposal.objects.filter(pk=proposal_id, encounter=encounter))


def _not_bookable(
    request: ActingRequest,
    encounter: Encounter,
    moving: MoveInProgress | None,
    problem: NotBookable,
) -> HttpResponse:
    search_id = _uuid_or_none(request.POST.get("search"))
    results = kept_results(encounter, search_id) if search_id else None
    if results is not None:
        return _show(request, encounter, moving, results, search_id=search_id, problem=str(problem))
    failure = error_pages.Failure(
        "This slot cannot be booked",
        str(problem),
        "Search again and choose another slot.",
        back=reverse("search-slots", args=[encounter.pk]) + moving_query(moving, encounter.pk),
    )
    return error_pages.failed(request, failure, status=409)


def _gone(
    request: ActingRequest, encounter: Encounter, moving: MoveInProgress | None
) -> HttpResponse:
    context = {
        "patient": PatientBanner.of(encounter),
        "encounter_id": encounter.pk,
        "moving": MoveBar.of(moving, encounter.pk) if moving else None,
        "same_again": _same_again(request, encounter),
    }
    return render(request, "appointments/search/results_gone.jinja", context, status=410)


def _same_again(request: ActingRequest, encounter: Encounter) -> list[tuple[str, str]]:
    """The last search for this patient as form fields; empty when there was none."""
    last = _last_search(request, encounter)
    if not last:
        return []
    fields = [("when", last["when"])] + [("practices", code) for code in last["practices"]]
    for name in ("start", "end"):
        day = date.fromisoformat(last[name])
        parts = {"day": day.day, "month": day.month, "year": day.year}
        fields += [(f"{name}-{part}", str(number)) for part, number in parts.items()]
    return fields


def _uuid_or_none(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None

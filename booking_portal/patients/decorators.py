"""A page about a patient: inside the actor's own encounter, and nowhere else."""

import uuid
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponse
from django.urls import reverse

from booking_portal import error_pages
from booking_portal.accounts import kept_forms
from booking_portal.accounts.decorators import View
from booking_portal.accounts.kept_for_page import Why
from booking_portal.accounts.requests import ActingRequest
from booking_portal.patients.models import Encounter, TraceTooOld
from booking_portal.patients.outcomes import RESTRICTED
from booking_portal.patients.pds_trace import RestrictedPatient
from booking_portal.patients.practice_record import NoActiveRecord, PatientMismatch, PracticeMoved
from booking_portal.patients.presenters import PatientBanner
from booking_portal.practices.models import Practice
from booking_portal.query_helpers import one_or_none
from booking_portal.typed_back import NOTHING
from gpconnect import errors
from gpconnect.errors import GPConnectError


def with_encounter(view: View) -> View:
    """Give the view the encounter that `encounter_id` names as its second argument.

    Goes inside `acting`. Somebody else's encounter is 404; one's own at another organisation
    offers to switch back. What stops a page about a patient becomes a page with a next step:
    an old trace (PDS-1), a patient who is restricted meanwhile (PDS-3), not found at the
    practice (FIND-2) or not certainly the same (PDS-6), any GPConnectError (ERR-1). Where the
    address has an `ods` code, that practice's telephone number is shown with it.
    """

    @wraps(view)
    def open_view(
        request: ActingRequest, encounter_id: uuid.UUID, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        mine = Encounter.objects.for_actor(request.actor)
        encounter = one_or_none(mine.filter(id=encounter_id))
        if encounter is None:
            return _at_another_organisation(request, encounter_id)
        if encounter.restricted:
            return stopped_page(request, encounter, RestrictedPatient())
        try:
            return view(request, encounter, *args, **kwargs)
        except STOPPED as error:
            practice = Practice.objects.filter(ods_code=kwargs.get("ods", "")).first()
            return stopped_page(request, encounter, error, practice)

    return open_view


STOPPED = (
    TraceTooOld,
    RestrictedPatient,
    NoActiveRecord,
    PatientMismatch,
    PracticeMoved,
    GPConnectError,
)


def stopped_page(
    request: ActingRequest, encounter: Encounter, error: Exception, practice: Practice | None = None
) -> HttpResponse:
    """The page (or, for htmx, the block) for what stops work on this patient.

    Raises: `error` itself when it is none of those.
    """
    back = reverse("encounter", args=[encounter.id])
    about = _page_about(encounter)
    match error:
        case TraceTooOld():
            return trace_too_old(request, encounter)
        case RestrictedPatient():
            return error_pages.failed(request, RESTRICTED, status=403, typed=NOTHING)
        case NoActiveRecord() | errors.PatientNotAtPractice():  # suppliers differ [FIND-2]
            failure = error_pages.Failure(
                "The patient has no record at this practice",
                "The practice shows no active record of the patient. It may have none, or one "
                "that it does not share. Nothing was booked or changed.",
                "Choose another practice, or ring the practice.",
                back=back,
            )
        case PatientMismatch():
            failure = error_pages.Failure(
                "The practice's record may not be this patient's",
                "The practice answered with another NHS number or with more than one record. "
                "Nothing was booked or changed.",
                "Do not book here. Ring the practice and ask them to look at the record.",
                back=back,
            )
        case PracticeMoved():
            failure = error_pages.Failure(
                "The practice has changed its system",
                f"{error}{error_pages.unsent(request)}",
                "Search again, or look at the patient's appointments at the practice again. If one "
                "that was booked before is not among them, ring the practice.",
                back=back,
            )
        case errors.AppointmentNotShown():  # not that nobody could look [ERR-2]
            failure = error_pages.Failure(
                "The practice does not show this appointment",
                f"{error.sentence}{error_pages.unsent(request)}",
                error.next_step,
                code=error.code,
                reference=error.trace_id or "",
                back=back,
            )
        case GPConnectError():
            again = _once_more(request)
            return error_pages.gpconnect_failed(
                request, error, practice, back=back, again=again, about=about
            )
        case _:
            raise error
    return error_pages.failed(request, failure.at(practice), status=409, about=about)


def _page_about(encounter: Encounter) -> error_pages.PageAbout:
    """What keeps the patient's banner on a page that could not be made."""
    context = {"patient": PatientBanner.of(encounter), "encounter_id": encounter.id}
    return error_pages.PageAbout("patients/failure.jinja", context)


def _once_more(request: ActingRequest) -> str:
    """Where the page that could not be made is tried again: a form with what was typed in it."""
    if request.method == "POST":
        return kept_forms.keep_form(request, Why.NOT_READ)
    return request.path if request.htmx else request.get_full_path()


def trace_too_old(request: ActingRequest, encounter: Encounter) -> HttpResponse:
    """Nothing more is sent until the patient has been traced again. [PDS-1]"""
    failure = error_pages.Failure(
        "Trace the patient again",
        "The patient was traced more than 24 hours ago. Nothing is sent to a practice until they "
        "are traced again.",
        "Check that you still have the same patient on the line or in front of you.",
        action=error_pages.Action(reverse("trace-again", args=[encounter.id]), "Trace again"),
        back=reverse("encounter", args=[encounter.id]),
    )
    about = _page_about(encounter)
    return error_pages.failed(request, failure, status=409, about=about)


def _at_another_organisation(request: ActingRequest, encounter_id: uuid.UUID) -> HttpResponse:
    organisations = [membership.organisation for membership in request.memberships]
    elsewhere = (
        Encounter.objects.filter(
            id=encounter_id, user=request.actor.user, organisation__in=organisations
        )
        .select_related("organisation")
        .first()
    )
    if elsewhere is None:
        raise Http404
    address = reverse("encounter", args=[encounter_id])
    return error_pages.another_organisation(
        request, request.actor, elsewhere.organisation, address, "this patient"
    )

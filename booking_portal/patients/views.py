"""Finding the patient who is on the line or in the room."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.kept_forms import fill_in
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.error_pages import Failure, failed
from booking_portal.forms import PlainForm, errors_for
from booking_portal.patients import pds_trace
from booking_portal.patients.confirmation import MoreToAsk, NotConfirmed
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.forms import ByNameForm, ByNumberForm
from booking_portal.patients.models import Encounter
from booking_portal.patients.outcomes import RESTRICTED, not_found
from booking_portal.typed_back import NOTHING
from gpconnect.errors import GPConnectError


@acting(Permission.TRACE_PATIENT)
@require_http_methods(["GET", "POST"])
def find_patient(request: ActingRequest) -> HttpResponse:
    """By NHS number and the birth date that the patient says. [PDS-8]"""
    form = ByNumberForm(_typed(request))
    return _find(
        request,
        form,
        "patients/find.jinja",
        lambda: pds_trace.open_by_number(
            form.cleaned_data["nhs_number"], form.said(), actor=request.actor
        ),
    )


@acting(Permission.TRACE_PATIENT)
@require_http_methods(["GET", "POST"])
def find_patient_by_name(request: ActingRequest) -> HttpResponse:
    """By name, birth date and what else is known. [PDS-7]"""
    form = ByNameForm(_typed(request))
    return _find(
        request,
        form,
        "patients/find_by_name.jinja",
        lambda: pds_trace.open_by_search(form.terms(), actor=request.actor),
    )


@acting(Permission.TRACE_PATIENT)
@with_encounter
@require_POST
def trace_patient_again(request: ActingRequest, encounter: Encounter) -> HttpResponse:
    """Renew the trace, so that the next 24 hours' requests may be sent. [PDS-1]"""
    before = encounter.nhs_number
    pds_trace.trace_again(encounter, actor=request.actor)
    if encounter.nhs_number != before:
        messages.warning(
            request, "PDS has given this patient a new NHS number. Read it back to the patient."
        )
    else:
        messages.success(request, "The patient has been traced again.")
    return redirect("encounter", encounter_id=encounter.id)


def _find(
    request: ActingRequest, form: PlainForm, template: str, open_encounter: Callable[[], Encounter]
) -> HttpResponse:
    """The form; with it filled in, the patient's page, or the form again and why not."""
    failure: Failure | None = None
    fill_in(request, form)
    if request.method == "POST" and form.is_valid():
        try:
            encounter = open_encounter()
        except pds_trace.RestrictedPatient:
            return failed(request, RESTRICTED, status=403, typed=NOTHING)
        except (NotConfirmed, GPConnectError) as error:
            outcome = not_found(error)
            if isinstance(error, MoreToAsk) and isinstance(form, ByNumberForm):
                form.ask_for(postcode=error.postcode)
            if outcome.field in form.fields:
                form.add_error(outcome.field, outcome.failure.sentence)
            else:
                failure = outcome.failure
        else:
            return redirect("encounter", encounter_id=encounter.id)
    return render(request, template, {"form": form, "errors": errors_for(form), "failure": failure})


def _typed(request: ActingRequest) -> QueryDict | None:
    """What the form sent; None when the page is only opened."""
    return request.POST if request.method == "POST" else None

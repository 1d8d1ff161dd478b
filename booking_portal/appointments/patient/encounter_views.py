"""The patient's page: what can be done for them, the next step first."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.patient.encounter_page import EncounterPage
from booking_portal.patients.decorators import with_encounter
from booking_portal.patients.models import Encounter
from booking_portal.patients.presenters import PatientBanner


@acting(Permission.TRACE_PATIENT)
@with_encounter
@require_GET
def encounter(request: ActingRequest, encounter: Encounter) -> HttpResponse:
    """Nothing is asked of a practice by opening it; the appointments come as a fragment."""
    context = {
        "encounter_id": encounter.pk,
        "patient": PatientBanner.of(encounter),
        "page": EncounterPage.of(encounter, request.actor),
    }
    return render(request, "appointments/patient/encounter.jinja", context)

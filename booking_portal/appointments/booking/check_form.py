"""What the forms have in common that are checked with the patient, each for one proposal."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from booking_portal.accounts.requests import ActingRequest
from booking_portal.commands.models import Proposal
from booking_portal.forms import PlainForm, errors_for
from booking_portal.patients.models import Encounter
from booking_portal.patients.presenters import PatientBanner


def proposal_of(encounter: Encounter, proposal_id: uuid.UUID) -> Proposal:
    """The encounter's own proposal, with its practice. Raises: Http404."""
    mine = Proposal.objects.select_related("practice")
    proposal = get_object_or_404(mine, pk=proposal_id, encounter=encounter)
    proposal.encounter = encounter
    return proposal


def search_of(request: ActingRequest) -> str:
    """The id of the search that the slot was chosen from, to go back to; empty without one."""
    try:
        return str(uuid.UUID(request.GET.get("search", "")))
    except ValueError:
        return ""


def show_form(
    request: HttpRequest,
    template: str,
    proposal: Proposal,
    form: PlainForm,
    context: dict[str, Any],
    *,
    problem: str = "",
    conflict: bool = False,
) -> HttpResponse:
    """The page with the form, its errors and the patient's banner.

    `problem` is what stands against the slot; 409 with one, or where there is another `conflict`.
    """
    errors = errors_for(form)
    if problem:
        errors.append({"text": problem, "href": "#slot"})
    shared = {
        "patient": PatientBanner.of(proposal.encounter),
        "encounter_id": proposal.encounter_id,
        "proposal_id": proposal.pk,
        "form": form,
        "errors": errors,
        "problem": problem,
    }
    status = 409 if problem or conflict else 200
    return render(request, template, shared | context, status=status)

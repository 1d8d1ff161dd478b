"""The auditor's page, and the portal's own health."""

import re
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from booking_portal.accounts.decorators import acting
from booking_portal.accounts.requests import ActingRequest
from booking_portal.accounts.roles import Permission
from booking_portal.forms import errors_for
from booking_portal.oversight import health
from booking_portal.oversight.audit_query import PAGE, Wanted, events
from booking_portal.oversight.forms import AuditFilter, AuditPatient
from booking_portal.oversight.monitor import may_see_details
from booking_portal.oversight.presenters import EventRow
from gpconnect import nhs_number

PATIENT_KEY = "audit_nhs_number"


@acting(Permission.VIEW_AUDIT)
@require_http_methods(["GET", "POST"])
def audit(request: ActingRequest) -> HttpResponse:
    """The organisation's audit trail: by day, person and kind in the address, by patient not."""
    patient_form = AuditPatient(request.POST or None)
    if request.method == "POST" and patient_form.is_valid():
        request.session[PATIENT_KEY] = patient_form.cleaned_data["nhs_number"]
        return redirect(request.get_full_path())
    filters = AuditFilter(request.GET or None)
    wanted = _wanted(request, filters)
    found = events(wanted, actor=request.actor) if wanted else []
    chosen = request.session.get(PATIENT_KEY, "")
    context = {
        "filters": filters,
        "patient_form": patient_form,
        "patient": nhs_number.spaced(chosen) if chosen else "",
        "rows": [EventRow.of(event) for event in found[:PAGE]],
        "older": _older(request, found[PAGE - 1].pk) if len(found) > PAGE else "",
        "errors": errors_for(patient_form) + errors_for(filters),
    }
    return render(request, "oversight/audit.jinja", context)


@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """503 only without the database. Everybody is told one word; each part's state needs a role
    or the monitoring system's token."""
    report = health.report()
    body = report.as_json() if may_see_details(request) else {"status": report.word}
    return JsonResponse(body, status=200 if report.usable else 503)


def _wanted(request: ActingRequest, filters: AuditFilter) -> Wanted | None:
    """What the auditor looks for; None when the form cannot be read."""
    if filters.is_bound and not filters.is_valid():
        return None
    data = filters.cleaned_data if filters.is_bound else {}
    before = request.GET.get("before", "")
    return Wanted(
        since=data.get("since"),
        until=data.get("until"),
        username=data.get("user", ""),
        kind=data.get("kind", ""),
        nhs_number=request.session.get(PATIENT_KEY, ""),
        before=int(before) if re.fullmatch("[0-9]{1,18}", before) else None,
    )


def _older(request: ActingRequest, last: int) -> str:
    kept = [(name, value) for name, value in request.GET.items() if name != "before"]
    return "?" + urlencode([*kept, ("before", str(last))])

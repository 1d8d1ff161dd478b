"""Choosing whom to act for."""

from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from booking_portal.accounts import middleware
from booking_portal.accounts.presenters import OrganisationChoice
from booking_portal.accounts.requests import PortalRequest


@login_required
@require_http_methods(["GET", "POST"])
def choose_organisation(request: PortalRequest) -> HttpResponse:
    """The user's organisations; choosing one is audited and lasts for this sign-in. [IG-1, IG-2]"""
    come_back = _own_address(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.method == "POST":
        wanted = request.POST.get("organisation", "")
        for membership in request.memberships:
            if membership.organisation.ods_code == wanted:
                middleware.set_organisation(request, membership)
                return redirect(come_back or "start")
    prefetch_related_objects(request.memberships, "organisation__type")
    chosen = request.actor.organisation.ods_code if request.actor else ""
    context = {
        "choices": [OrganisationChoice.of(one, chosen) for one in request.memberships],
        "come_back": come_back,
        "errors": [{"text": "Choose one of your organisations", "href": "#organisations"}]
        if request.method == "POST"
        else [],
    }
    return render(request, "accounts/choose_organisation.jinja", context)


def _own_address(request: HttpRequest, address: str) -> str:
    """The address if it is one of this portal's, else nothing."""
    mine = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if mine else ""

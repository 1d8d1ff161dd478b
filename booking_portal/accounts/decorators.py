"""Who may open a page: signed in, acting for an organisation, with the permission for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from booking_portal.accounts.requests import PortalRequest
from booking_portal.accounts.roles import Permission

View = Callable[..., HttpResponse]


def acting(*permissions: Permission) -> Callable[[View], View]:
    """Open the view only to a signed-in person who acts for an organisation. [IG-1]

    Without a sign-in or a chosen organisation the page asks for it and comes back. Every one of
    `permissions` is required.

    Raises (from the view): NotPermitted, after the refusal has been audited.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def open_view(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _elsewhere(request, redirect_to_login(_address(request)).url)
            if request.actor is None:
                query = urlencode({"next": _address(request)})
                return _elsewhere(request, f"{reverse('choose-organisation')}?{query}")
            for permission in permissions:
                request.actor.require(permission)
            return view(request, *args, **kwargs)

        return open_view

    return decorate


def _address(request: PortalRequest) -> str:
    """Where to come back to: the page itself, not the fragment that it asked for."""
    if request.htmx and request.htmx.current_url:
        shown = urlsplit(request.htmx.current_url)
        return f"{shown.path}?{shown.query}" if shown.query else shown.path
    if request.method == "POST":  # what was typed has gone with the sign-in
        return reverse("start")
    return request.get_full_path()


def _elsewhere(request: PortalRequest, address: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)

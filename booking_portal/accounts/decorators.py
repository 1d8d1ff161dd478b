"""Who may open a page: signed in, acting for an organisation, with the permission for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from booking_portal import error_pages
from booking_portal.accounts import kept_forms
from booking_portal.accounts.actor import Actor
from booking_portal.accounts.requests import PortalRequest
from booking_portal.accounts.roles import Permission

View = Callable[..., HttpResponse]


def acting(*permissions: Permission) -> Callable[[View], View]:
    """Open the view only to a signed-in person who acts for an organisation. [IG-1]

    Without a sign-in or a chosen organisation the page asks for it and comes back, with what was
    typed. A form that somebody else was given, or the same user for another organisation, is not
    taken. Every one of `permissions` is required.

    Raises (from the view): NotPermitted, after the refusal has been audited.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def open_view(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            if request.actor is None:
                query = urlencode({"next": _address(request)})
                return _elsewhere(request, f"{reverse('choose-organisation')}?{query}")
            not_theirs = _given_to_another(request, request.actor)
            if not_theirs is not None:
                return not_theirs
            request.kept = kept_forms.come_back(request)
            for permission in permissions:
                request.actor.require(permission)
            return view(request, *args, **kwargs)

        open_view.for_an_actor = True  # type: ignore[attr-defined]
        return open_view

    return decorate


def sign_in_first(request: PortalRequest) -> HttpResponse:
    """To the sign-in, and back from there; what was typed waits for its user."""
    return _elsewhere(request, redirect_to_login(_address(request)).url)


def for_an_actor(request: HttpRequest) -> bool:
    """Whether the address is one of a view that `acting` opens, also before it was resolved."""
    try:
        match = request.resolver_match or resolve(request.path_info)
    except Resolver404:
        return False
    return bool(getattr(match.func, "for_an_actor", False))


def _given_to_another(request: PortalRequest, actor: Actor) -> HttpResponse | None:
    """The page that says why a form is not taken from this actor; None for one that is theirs."""
    whose = kept_forms.whose_of(request) if request.method == "POST" else None
    if whose is None:
        return None
    if whose.user != actor.user.pk:
        return error_pages.not_your_form(request)
    if whose.organisation == actor.organisation.pk:
        kept_forms.served(request, whose)
        return None
    its = [one for one in request.memberships if one.organisation_id == whose.organisation]
    if not its:
        return error_pages.not_your_form(request)
    address = kept_forms.keep_form(request, kept_forms.Why.OTHER_ORGANISATION)
    return error_pages.another_organisation(request, actor, its[0].organisation, address)


def _address(request: PortalRequest) -> str:
    """Where to come back to: the page itself, not the fragment that it asked for."""
    if request.method == "POST":
        return kept_forms.keep_form(request, kept_forms.Why.SIGNED_OUT)
    if request.htmx and request.htmx.current_url:
        shown = urlsplit(request.htmx.current_url)
        return f"{shown.path}?{shown.query}" if shown.query else shown.path
    return request.get_full_path()


def _elsewhere(request: PortalRequest, address: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)

"""Who may open a page: signed in, acting for an organisation, with the permission for it."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse

from booking_portal.accounts import kept_forms
from booking_portal.accounts.actor import Actor
from booking_portal.accounts.kept_for_page import Why
from booking_portal.accounts.models import Organisation
from booking_portal.accounts.requests import PortalRequest
from booking_portal.accounts.roles import Permission

View = Callable[..., HttpResponse]


class NotYourForm(Exception):
    """Somebody else was signed in when the page was made, or acted for what its user has left."""


class FormOfAnotherOrganisation(Exception):
    """The user acted for another organisation of theirs when the page was made.

    `actor` is who they are now; `address` where they come back to once they act for `organisation`.
    """

    def __init__(self, actor: Actor, organisation: Organisation, address: str) -> None:
        super().__init__(organisation.ods_code)
        self.actor, self.organisation, self.address = actor, organisation, address


def acting(*permissions: Permission) -> Callable[[View], View]:
    """Open the view only to a signed-in person who acts for an organisation. [IG-1]

    Without a sign-in or a chosen organisation the page asks for it and comes back, with what was
    typed. A form that somebody else was given, or the same user for another organisation, is not
    taken. Every one of `permissions` is required.

    Raises (from the view): NotPermitted, after the refusal has been audited; NotYourForm,
    FormOfAnotherOrganisation.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def open_view(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            if request.actor is None:
                query = urlencode({"next": _address(request)})
                return _elsewhere(request, f"{reverse('choose-organisation')}?{query}")
            _require_own_form(request, request.actor)
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


def _require_own_form(request: PortalRequest, actor: Actor) -> None:
    """Go on only with a form that this actor was given. Raises: as `acting`."""
    whose = kept_forms.whose_of(request) if request.method == "POST" else None
    if whose is None:
        return
    if whose.user != actor.user.pk:
        raise NotYourForm
    if whose.organisation == actor.organisation.pk:
        kept_forms.served(request, whose)
        return
    its = [one for one in request.memberships if one.organisation_id == whose.organisation]
    if not its:
        raise NotYourForm
    address = kept_forms.keep_form(request, Why.OTHER_ORGANISATION)
    raise FormOfAnotherOrganisation(actor, its[0].organisation, address)


def _address(request: PortalRequest) -> str:
    """Where to come back to: the page itself, not the fragment that it asked for."""
    if request.method == "POST":
        return kept_forms.keep_form(request, Why.SIGNED_OUT)
    if request.htmx and request.htmx.current_url:
        shown = urlsplit(request.htmx.current_url)
        return f"{shown.path}?{shown.query}" if shown.query else shown.path
    return request.get_full_path()


def _elsewhere(request: PortalRequest, address: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)

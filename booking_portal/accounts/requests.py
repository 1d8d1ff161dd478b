"""Requests as the portal's views get them."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership


class PortalRequest(HttpRequest):
    """Any request behind ActorMiddleware: `actor` is None until an organisation is chosen."""

    actor: Actor | None
    memberships: list[Membership]
    signed_in: bool
    htmx: HtmxDetails


class ActingRequest(PortalRequest):
    """A request whose view demands an actor (see `accounts.decorators.acting`)."""

    actor: Actor

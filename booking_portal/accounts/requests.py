"""Requests as the portal's views get them."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.kept_for_page import Kept
from booking_portal.accounts.models import Membership


class PortalRequest(HttpRequest):
    """Any request behind ActorMiddleware: `actor` is None until an organisation is chosen.

    `kept` is what the user typed on this page before, when it could not be taken.
    """

    actor: Actor | None
    memberships: list[Membership]
    signed_in: bool
    kept: Kept | None
    htmx: HtmxDetails


class ActingRequest(PortalRequest):
    """A request whose view demands an actor (see `accounts.decorators.acting`)."""

    actor: Actor

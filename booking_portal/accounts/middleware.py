"""Puts the actor on each request: the signed-in user at the organisation they chose."""

from collections.abc import Callable
from typing import cast

from django.http import HttpRequest, HttpResponse

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership, User
from booking_portal.accounts.requests import PortalRequest
from booking_portal.accounts.signals import remote_address
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.logs import STAFF_ID, WEB_STAFF_ID

SESSION_KEY = "organisation"


class ActorMiddleware:
    """Sets `request.actor` (an Actor or None), `request.memberships` and `request.signed_in`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, plain: HttpRequest) -> HttpResponse:
        request = cast(PortalRequest, plain)
        request.actor = None
        request.memberships = []
        request.signed_in = False
        request.kept = None
        staff_id = ""
        if isinstance(request.user, User):
            request.memberships = memberships_of(request.user)
            request.actor = _actor(request)
            request.signed_in = True
            request.META[WEB_STAFF_ID] = staff_id = str(request.user.local_id)
        outside = STAFF_ID.set(staff_id)
        try:
            return self.get_response(request)
        finally:
            STAFF_ID.reset(outside)


def memberships_of(user: User) -> list[Membership]:
    """The user's active memberships at active organisations, by organisation name."""
    active = Membership.objects.filter(user=user, is_active=True, organisation__is_active=True)
    found = active.select_related("organisation")
    return sorted(found, key=lambda membership: membership.organisation.name)


def set_organisation(request: PortalRequest, membership: Membership) -> None:
    """Act for this membership's organisation from now on, in this sign-in."""
    request.session[SESSION_KEY] = membership.organisation_id
    request.actor = _actor(request)
    if request.actor is not None:
        trail.record(EventKind.ORGANISATION_CHOSEN, request.actor.who)


def _actor(request: PortalRequest) -> Actor | None:
    if not isinstance(request.user, User):
        return None
    chosen = request.session.get(SESSION_KEY)
    memberships = request.memberships
    if chosen is None and len(memberships) == 1:
        chosen = memberships[0].organisation_id
    for membership in memberships:
        if membership.organisation_id == chosen:
            return Actor(request.user, membership.organisation, membership, remote_address(request))
    return None

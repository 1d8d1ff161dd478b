"""Who may see how the portal is: a monitoring system by its token, a person by their role."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission

MAY_SEE = (Permission.VIEW_AUDIT, Permission.MANAGE_ORGANISATION)
"""Either of them: an auditor's, an administrator's."""
_SCHEME = "Bearer "


def has_token(request: HttpRequest) -> bool:
    """Whether the request carries MONITORING_TOKEN; nobody does where it is not set."""
    given = request.headers.get("Authorization", "")
    token = settings.MONITORING_TOKEN
    return (
        bool(token)
        and given.startswith(_SCHEME)
        and constant_time_compare(given.removeprefix(_SCHEME), token)
    )


def may_see_details(request: HttpRequest) -> bool:
    """Whether the parts of the portal's health are shown to who asks."""
    actor: Actor | None = getattr(request, "actor", None)
    return has_token(request) or (
        actor is not None and any(actor.may(permission) for permission in MAY_SEE)
    )

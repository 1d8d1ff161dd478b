"""What pages say on top: nothing is sent by itself just now, or nobody sees to something."""

from django.http import HttpRequest
from django.urls import reverse

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission
from booking_portal.appointments.shared import formatting
from booking_portal.commands.restore_models import Restoration
from booking_portal.commands.worklist.escalation import escalated_at
from booking_portal.page_registry import PageNotice
from booking_portal.query_helpers import one_or_none


def restore_notice(request: HttpRequest, actor: Actor) -> PageNotice | None:
    """While the organisation is on hold, for whoever may see the worklist."""
    if not actor.may(Permission.VIEW_WORKLIST):
        return None
    held = one_or_none(Restoration.objects.for_organisation(actor.organisation).on_hold())
    if held is None:
        return None
    return PageNotice(
        "appointments/worklist/_restore_notice.jinja",
        f"The database was restored, noticed at {formatting.clock_on_day(held.noticed_at)}: "
        "nothing is sent by itself until a manager releases it.",
    )


def escalation_notice(request: HttpRequest, actor: Actor) -> PageNotice | None:
    """How much nobody deals with: on every page for those who settle, for others on the first."""
    first = request.path == reverse("start") and actor.may(Permission.VIEW_WORKLIST)
    if not (first or actor.may(Permission.SETTLE_COMMANDS)):
        return None
    escalated = escalated_at(actor.organisation)
    if not escalated:
        return None
    return PageNotice("appointments/worklist/_escalation_notice.jinja", escalated)

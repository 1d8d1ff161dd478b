"""Reading the audit trail: what an auditor of one organisation may see. [IG-1, IG-2]"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.models import Membership
from booking_portal.accounts.roles import Permission
from booking_portal.audit import trail
from booking_portal.audit.models import Event, EventKind
from gpconnect import london

PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; days are London's, both included; empty means all."""

    since: date | None = None
    until: date | None = None
    username: str = ""
    kind: str = ""
    nhs_number: str = ""
    before: int | None = None


def events(wanted: Wanted, *, actor: Actor) -> list[Event]:
    """One page of the organisation's events, newest first, and one more if there are more.

    Sign-ins happen before an organisation is chosen: those of its own users are shown. Looking
    is itself in the trail. `before` is the number of the last event of the page before.

    Raises: NotPermitted.
    """
    actor.require(Permission.VIEW_AUDIT)
    found = list(_chosen(wanted, _visible(actor))[: PAGE + 1])
    trail.record(
        EventKind.AUDIT_READ,
        actor.who,
        nhs_number=wanted.nhs_number,
        detail={
            "since": str(wanted.since or ""),
            "until": str(wanted.until or ""),
            "username": wanted.username,
            "kind": wanted.kind,
        },
    )
    return found


def _visible(actor: Actor) -> QuerySet[Event]:
    ods_code = actor.organisation.ods_code
    people = Membership.objects.filter(organisation=actor.organisation).values_list(
        "user__username", flat=True
    )
    return Event.objects.filter(
        Q(organisation_ods=ods_code) | Q(organisation_ods="", username__in=list(people))
    )


def _chosen(wanted: Wanted, found: QuerySet[Event]) -> QuerySet[Event]:
    if wanted.since:
        found = found.filter(happened_at__gte=london.midnight(wanted.since))
    if wanted.until:
        found = found.filter(happened_at__lt=london.midnight(wanted.until + timedelta(days=1)))
    if wanted.username:
        found = found.filter(username__iexact=wanted.username.strip())
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.nhs_number:
        found = found.filter(nhs_number=wanted.nhs_number)
    if wanted.before:
        found = found.filter(pk__lt=wanted.before)
    return found.order_by("-pk")

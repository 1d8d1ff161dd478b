"""The header's links: only what the actor's role can open."""

from dataclasses import dataclass

from django.urls import reverse

from booking_portal.accounts.actor import Actor
from booking_portal.accounts.roles import Permission

LINKS = (
    (frozenset({Permission.TRACE_PATIENT}), "Find a patient", "find-patient"),
    (frozenset({Permission.VIEW_WORKLIST}), "Bookings", "bookings"),
    (frozenset({Permission.VIEW_AUDIT}), "Audit", "audit"),
    (
        frozenset({Permission.MANAGE_MEMBERS, Permission.MANAGE_ORGANISATION}),
        "Administration",
        "admin:index",
    ),
)
"""Any one of the permissions, the link's text, the page's name."""


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """One link in the header."""

    text: str
    address: str


def navigation_for(actor: Actor | None) -> list[NavigationItem]:
    """What the actor may open, in order; nothing without an actor."""
    if actor is None:
        return []
    return [
        NavigationItem(text, reverse(name))
        for permissions, text, name in LINKS
        if any(actor.may(permission) for permission in permissions)
    ]

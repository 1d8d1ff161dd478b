"""Who asks, on the command line: the same actor, permissions and audit as on the screens. [IG-1]

In demo and test the username is enough. In production it takes that person's own password, and
writing takes the setting COMMAND_LINE_MAY_WRITE as well.
"""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth import authenticate

from booking_portal.accounts.actor import Actor, actor_for
from booking_portal.accounts.models import Organisation, User
from booking_portal.accounts.roles import Permission
from booking_portal.accounts.signals import person
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind
from booking_portal.command_line import prompts
from booking_portal.command_line.answers import Problem, Stopped

# Where events came from, in place of a browser's address.
COMMAND_LINE = "command line"

NOT_SIGNED_IN = Problem(
    "NOT_SIGNED_IN",
    "There is no active user with this name, or the password is wrong.",
    "Check --as; in production, also the password.",
)
NO_MEMBERSHIP = Problem(
    "NOT_A_MEMBER",
    "The user has no role at this organisation.",
    "Check --organisation: it is for whom the user acts, by ODS code.",
)
READ_ONLY = Problem(
    "COMMAND_LINE_READ_ONLY",
    "The command line may only read in production.",
    "Use the portal's screens, or ask who runs it to set COMMAND_LINE_MAY_WRITE.",
)


def in_production() -> bool:
    """Whether the rules for real patients hold."""
    return bool(settings.REAL_PATIENTS)


def identify(username: str, organisation_ods: str) -> Actor:
    """The user as an actor at the organisation; signing in is audited.

    Raises: Stopped for an unknown user, a wrong password, or no membership there (audited).
    """
    user = _user(username)
    organisation = Organisation.objects.filter(ods_code=organisation_ods).first()
    actor = actor_for(user, organisation, COMMAND_LINE) if organisation else None
    if actor is None:
        trail.record(
            EventKind.NOT_PERMITTED,
            person(user, COMMAND_LINE),
            outcome="no role at the organisation",
            detail={"organisation": organisation_ods[:16]},
        )
        raise Stopped(NO_MEMBERSHIP)
    trail.record(EventKind.SIGNED_IN, actor.who, outcome=COMMAND_LINE)
    return actor


def require_any(actor: Actor, permissions: Iterable[Permission]) -> None:
    """Go on only with one of the permissions.

    Raises: NotPermitted for the first of them, after the refusal has been audited.
    """
    first, *others = permissions
    if not any(actor.may(permission) for permission in others):
        actor.require(first)


def require_may_write(actor: Actor) -> None:
    """Go on only where the command line may write.

    Raises: Stopped, after the refusal has been audited.
    """
    if in_production() and not settings.COMMAND_LINE_MAY_WRITE:
        trail.record(EventKind.NOT_PERMITTED, actor.who, outcome="the command line may not write")
        raise Stopped(READ_ONLY)


def _user(username: str) -> User:
    if in_production():
        # A failure is audited by the signal that authenticate sends.
        signed_in = authenticate(None, username=username, password=prompts.password(username))
        if isinstance(signed_in, User):
            return signed_in
        raise Stopped(NOT_SIGNED_IN)
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        trail.record(
            EventKind.SIGN_IN_FAILED,
            trail.Who(remote_address=COMMAND_LINE),
            outcome="unknown user",
        )
        raise Stopped(NOT_SIGNED_IN)
    return user

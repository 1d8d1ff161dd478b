"""Sign-ins, sign-outs and failures go to the audit trail; permissions follow the roles table."""

from typing import Any

from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete
from django.http import HttpRequest

from booking_portal.accounts.models import Membership, User
from booking_portal.accounts.permission_rows import grant
from booking_portal.audit import trail
from booking_portal.audit.models import EventKind


def connect() -> None:
    """Attach the receivers, once, when the app is ready."""
    user_logged_in.connect(_signed_in, dispatch_uid="audit-signed-in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit-signed-out")
    user_login_failed.connect(_sign_in_failed, dispatch_uid="audit-sign-in-failed")
    post_delete.connect(_membership_gone, sender=Membership, dispatch_uid="membership-gone")


def renew_permissions(**_: Any) -> None:
    """After a migration: the roles table may have changed."""
    if DjangoPermission.objects.filter(content_type__app_label="accounts").exists():
        for membership in Membership.objects.select_related("user", "organisation"):
            grant(membership.user, membership.organisation, membership.permissions)


def person(user: User, remote_address: str = "") -> trail.Who:
    """A signed-in person who does not act for an organisation (yet)."""
    return trail.Who(
        username=user.username,
        user_local_id=str(user.local_id),
        user_name=user.full_name,
        remote_address=remote_address,
    )


def remote_address(request: HttpRequest | None) -> str:
    """The client's address, as booking_portal.trusted_proxies found it."""
    return str(request.META.get("REMOTE_ADDR", "")) if request else ""


def _signed_in(*, request: HttpRequest, user: User, **_: Any) -> None:
    trail.record(EventKind.SIGNED_IN, person(user, remote_address(request)))


def _signed_out(*, request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        trail.record(EventKind.SIGNED_OUT, person(user, remote_address(request)))


def _sign_in_failed(*, credentials: dict[str, Any], request: HttpRequest | None, **_: Any) -> None:
    tried = str(credentials.get("username", ""))[:150]
    known = User.objects.filter(username=tried).exists()
    # An unknown name may be a password typed into the wrong box: it is not kept.
    who = trail.Who(username=tried if known else "", remote_address=remote_address(request))
    trail.record(EventKind.SIGN_IN_FAILED, who, outcome="known user" if known else "unknown user")


def _membership_gone(*, instance: Membership, **_: Any) -> None:
    grant(instance.user, instance.organisation, frozenset())

"""The demo's accounts where patients are real: their password opens nothing, and it is said."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from booking_portal.accounts.models import User

TEST_ACCOUNTS = ("receptionist", "clinician", "manager", "auditor", "administrator", "locum")
DEMO_PASSWORD = "demo-only-password"  # noqa: S105 - it is public


class NoDemoPassword:
    """The first of AUTHENTICATION_BACKENDS: nobody comes in by the password that is public.

    It looks at what was typed, not at the database, so it holds from the first sign-in on,
    whatever was restored or copied into the tables, and also when they could not be looked at.
    """

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        """Leaves everything else to the next backend.

        Raises: PermissionDenied, by which Django asks no further backend.
        """
        if settings.REAL_PATIENTS and credentials.get("password") == DEMO_PASSWORD:
            raise PermissionDenied


def open_demo_accounts() -> list[str]:
    """The names of demo accounts that are active and have the demo's password, to be switched off.

    No system check: those run in `migrate` too, before the tables or a new column exist.
    """
    return [
        user.username
        for user in User.objects.filter(username__in=TEST_ACCOUNTS, is_active=True).order_by(
            "username"
        )
        if user.check_password(DEMO_PASSWORD)
    ]

"""What production refuses to start with among its accounts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from booking_portal.accounts.models import User

TEST_ACCOUNTS = ("receptionist", "clinician", "manager", "auditor", "administrator", "locum")


def demo_accounts(
    app_configs: Any = None, databases: Any = None, **kwargs: Any
) -> list[CheckMessage]:
    """An account of the demo that still opens with the demo's password."""
    if settings.ENVIRONMENT_NAME != "production" or not databases:
        return []
    left = [
        user.username
        for user in User.objects.filter(username__in=TEST_ACCOUNTS, is_active=True)
        if user.check_password("demo-only-password")
    ]
    hint = "Switch them off: " + ", ".join(left)
    return [Error("Demo accounts are open.", hint=hint, id="booking_portal.E012")] if left else []

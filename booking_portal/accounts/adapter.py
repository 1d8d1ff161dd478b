"""django-allauth, closed: accounts are made by managers, never by visitors."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest


class ClosedAccounts(DefaultAccountAdapter):
    """No self-service sign-up, and plain words."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "The username or the password is wrong",
        "too_many_login_attempts": "Too many failed attempts. Wait five minutes and try again",
        "account_inactive": "This account is switched off. Ask your manager",
        "enter_current_password": "This is not your current password",
        "password_min_length": "The password must have at least {0} characters",
        "rate_limited": "Too many attempts. Wait a few minutes and try again",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody registers themselves. [IG-1]"""
        return False

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """One sentence where something changed; nothing for what the page shows anyway."""
        if message_template == "account/messages/password_changed.txt":
            messages.success(request, "Your password has been changed.")

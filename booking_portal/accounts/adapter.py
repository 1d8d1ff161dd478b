"""django-allauth, closed: accounts are made by managers, never by visitors."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccounts(DefaultAccountAdapter):
    """No self-service sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody registers themselves. [IG-1]"""
        return False

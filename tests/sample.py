"""The sample's organisations, accounts and practices, as tests want them in the database."""

from importlib import import_module

from django.apps import apps

from booking_portal.accounts.models import Organisation
from demo import seed

_TYPES = import_module("booking_portal.accounts.migrations.0002_organisation_types")


def add() -> None:
    """Everything of demo/sample.json, unless it is there.

    Where a test has emptied all tables, what a migration had added is gone with them.
    """
    if not Organisation.objects.exists():
        _TYPES.add_types(apps)
        seed.seed()

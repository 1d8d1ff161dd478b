"""A portal whose processes may die: what they have committed stays committed."""

from collections.abc import Callable, Generator, Iterator

import pytest
from django.core.management import call_command
from django.db import connection as database
from pytest_django import DjangoDbBlocker

from booking_portal.accounts.actor import Actor, actor_for
from booking_portal.accounts.models import Organisation, User
from booking_portal.commands.models import Saga
from booking_portal.commands.states import Kind
from tests.connections import forget_connections
from tests.portal.commands.killed.lives import (
    HERE,
    KNOWN_THERE,
    LIMITED,
    WITHOUT_APPOINTMENTS,
    Life,
    Lives,
    Place,
    forget_everything,
)
from tests.sandbox_control import Sandbox


@pytest.fixture
def _django_db_helper(django_db_setup: None) -> None:
    """In place of pytest-django's: what is committed stays, for the whole module. See `portal`."""


@pytest.fixture(scope="module")
def portal(
    sandbox: Sandbox, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Generator[Callable[[Kind | Saga.Kind], Place]]:
    """Where each kind is asked for; what these tests commit is gone after the last."""
    with django_db_blocker.unblock():
        forget_connections()
        sandbox.reset()
        limited = Place.of(acting("locum", "A1002"), LIMITED, KNOWN_THERE, sandbox)
        usual = Place.of(acting("receptionist", "A1001"), HERE, WITHOUT_APPOINTMENTS, sandbox)
        yield lambda kind: limited if kind == Saga.Kind.CANCEL_FIRST else usual
        call_command("flush", interactive=False, verbosity=0)
        database.close()


def acting(username: str, ods_code: str) -> Actor:
    """The user, for the organisation."""
    actor = actor_for(
        User.objects.get(username=username), Organisation.objects.get(ods_code=ods_code)
    )
    assert actor is not None
    return actor


@pytest.fixture
def life(
    portal: Callable[[Kind | Saga.Kind], Place],
    sandbox: Sandbox,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Lives]:
    """Begins a life of a kind; whatever happens in it, it has to end in the truth."""
    with django_db_blocker.unblock():
        forget_everything()
        yield lambda kind: Life(kind, portal(kind), sandbox)
        forget_everything()

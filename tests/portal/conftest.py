"""The sample's organisations, practices, federations and people, and signing in as one of them."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client

from booking_portal.accounts.actor import Actor, actor_for
from booking_portal.accounts.models import Organisation, User
from booking_portal.practices.models import Federation, Practice
from tests.connections import forget_connections
from tests.portal.counter import Counter
from tests.portal.redis_server import RedisServer
from tests.portal.rows import Rows
from tests.portal.saga_steps import Clerk
from tests.sandbox_control import Sandbox
from tests.services import Services

SignIn = Callable[[Client, User], None]


@pytest.fixture
def redis_server(services: Services) -> Iterator[RedisServer]:
    """For a test that takes Redis away; it is there again afterwards."""
    server = RedisServer(services)
    yield server
    server.comes_back()


@pytest.fixture
def sample(db: None) -> None:
    """Everything of demo/sample.json, which is there from the start. See tests/conftest.py."""


@pytest.fixture
def organisations(sample: None) -> dict[str, Organisation]:
    """A1001, A1002 and A20047 by ODS code."""
    return {one.ods_code: one for one in Organisation.objects.all()}


@pytest.fixture
def practices(sample: None) -> dict[str, Practice]:
    """All practices by ODS code."""
    return {one.ods_code: one for one in Practice.objects.all()}


@pytest.fixture
def federation(sample: None) -> Federation:
    """The one that A1001 searches."""
    return Federation.objects.get(organisation__ods_code="A1001")


@pytest.fixture
def receptionist(sample: None) -> User:
    return User.objects.get(username="receptionist")


@pytest.fixture
def clinician(sample: None) -> User:
    return User.objects.get(username="clinician")


@pytest.fixture
def manager(sample: None) -> User:
    return User.objects.get(username="manager")


@pytest.fixture
def auditor(sample: None) -> User:
    return User.objects.get(username="auditor")


@pytest.fixture
def administrator(sample: None) -> User:
    return User.objects.get(username="administrator")


@pytest.fixture
def locum(sample: None) -> User:
    """Receptionist at A1001 and clinician at A1002."""
    return User.objects.get(username="locum")


@pytest.fixture
def sign_in() -> SignIn:
    """Signs a client in as a user, without the page (which has tests of its own)."""

    def signed_in(client: Client, user: User) -> None:
        client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")

    return signed_in


@pytest.fixture
def acting_for() -> Callable[[User, str], Actor]:
    """The actor that a user is at an organisation, by its ODS code."""

    def acting(user: User, ods_code: str) -> Actor:
        actor = actor_for(user, Organisation.objects.get(ods_code=ods_code))
        assert actor is not None
        return actor

    return acting


@pytest.fixture
def spine(sandbox: Sandbox) -> Sandbox:
    """The sandbox, with the portal's connections made anew."""
    forget_connections()
    return sandbox


@pytest.fixture
def counter(client: Client, receptionist: User, sign_in: SignIn, spine: Sandbox) -> Counter:
    """The receptionist of A1001, signed in."""
    sign_in(client, receptionist)
    return Counter(client)


@pytest.fixture
def signed_in(counter: Counter) -> Client:
    """The receptionist's browser, for tests that send and read plain requests."""
    return counter.client


@pytest.fixture
def clerk(counter: Counter, receptionist: User, acting_for: Callable[[User, str], Actor]) -> Clerk:
    """The receptionist of A1001 with a patient traced, for tests that ask services."""
    return Clerk(counter, acting_for(receptionist, "A1001"))


@pytest.fixture
def rows(receptionist: User, acting_for: Callable[[User, str], Actor]) -> Rows:
    """Rows of the receptionist's at A1001, for tables of what may stand beside what."""
    return Rows(acting_for(receptionist, "A1001"))


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """Somebody at the portal beside this test; their thread's connections end with them."""
    with ThreadPoolExecutor(1) as one:
        yield one
        one.submit(connections.close_all).result()

"""What every test starts from: fresh state in the servers that it uses."""

import contextlib
import logging
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import redis
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from pytest_django import DjangoDbBlocker

from booking_portal.audit import insert_only
from tests import sample, telltales
from tests.own_database import OwnDatabase


@pytest.fixture(autouse=True)
def fresh_state(request: pytest.FixtureRequest, server_logs: Path) -> Generator[None]:
    """Empty Redis, and a sandbox as seeded, before each test that uses it.

    PostgreSQL is pytest-django's: it rolls back or empties the tables. The keys that a test
    leaves in Redis are written down, to be searched for patients' data with everything else.
    """
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client:
        client.flushdb()
    if "sandbox" in request.fixturenames:
        request.getfixturevalue("sandbox").reset()
    yield
    with (
        contextlib.suppress(redis.RedisError),  # a test may have taken Redis away
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2) as client,
        (server_logs / "cache-keys.log").open("ab") as log,
    ):
        log.writelines(key + b"\n" for key in client.scan_iter())


@pytest.fixture(scope="session", autouse=True)
def _written_of_nobody(server_logs: Path) -> Generator[None]:
    """Keep what the portal logs in this process, beside what the servers and browsers leave.

    Nothing of a patient may be in any address, log line or cache key of the whole session. [IG-3]
    """
    handler = logging.FileHandler(server_logs / "portal.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    handler.close()
    assert_tells_of_nobody(server_logs)


def assert_tells_of_nobody(logs: Path) -> None:
    """Raises AssertionError, naming the files and what they hold of patients, if any does."""
    assert telltales.of_the_sandbox().found_below(logs) == {}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let pytest-django empty the tables between tests; everywhere else nobody can.

    demo/sample.json is there from the start, which saves each test half of its time, and again
    whenever a test has emptied all tables.
    """
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(insert_only.ALLOW_TRUNCATE)
        sample.add()
    *_, last = (app for app in apps.get_app_configs() if app.models_module)
    post_migrate.connect(_sample_again, sender=last)


def _sample_again(**sent: object) -> None:
    """Emptying the tables says `post_migrate` of each app with models; a migration has a plan."""
    if "plan" not in sent:
        sample.add()


@pytest.fixture
def committed_sample(transactional_db: None) -> None:
    """Everything of demo/sample.json, for tests with threads or a browser.

    Such tests empty all tables when they end.
    """


@pytest.fixture(scope="module")
def own_server(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[OwnDatabase]:
    """A PostgreSQL server that a module's tests may kill.

    It needs nothing of the session's database. pytest-django makes that only where one of the
    collected tests is marked to use it; these are not, so alone they have none.
    """
    with django_db_blocker.unblock():
        own = OwnDatabase()
        own.leave()
    yield own
    own.forget()


@pytest.fixture
def own_database(
    own_server: OwnDatabase, django_db_blocker: DjangoDbBlocker
) -> Iterator[OwnDatabase]:
    """The portal on a fresh database of that server, with everything of demo/sample.json."""
    with django_db_blocker.unblock():
        own_server.fresh()
        yield own_server
        own_server.start()
        own_server.leave()

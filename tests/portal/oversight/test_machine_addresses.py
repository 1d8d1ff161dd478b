"""What machines ask: /livez and /readyz, without detail, by the process's own address."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.own_database import OwnDatabase
from tests.portal.counter import Counter
from tests.portal.redis_server import RedisServer
from tests.sandbox_control import Sandbox

MACHINE = ("/livez", "/readyz")


def words(client: Client | None = None) -> dict[str, tuple[int, str]]:
    """What each of the addresses answers."""
    client = client or Client()
    answers = {address: client.get(address) for address in MACHINE}
    return {name: (one.status_code, one.content.decode()) for name, one in answers.items()}


WELL = {"/livez": (200, "ok\n"), "/readyz": (200, "ok\n")}


@pytest.mark.django_db
def test_they_answer_one_word_that_nothing_keeps(client: Client) -> None:
    assert words() == WELL
    for address in MACHINE:
        answer = client.get(address)
        assert answer.headers["Cache-Control"] == "no-store"
        assert not answer.cookies
        assert client.head(address).status_code == 200
        assert client.post(address).status_code == 405


@pytest.mark.django_db
def test_they_are_asked_by_any_name_over_plain_http(client: Client, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True  # as in production
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    client = Client(SERVER_NAME="10.42.0.17", SERVER_PORT="8000")
    assert words(client) == WELL
    assert client.get(reverse("start")).status_code in {301, 400}


@pytest.mark.django_db
def test_a_process_is_ready_without_redis_a_worker_and_any_practice(
    spine: Sandbox, redis_server: RedisServer
) -> None:
    spine.fault(practice="*", use_case="*", kind="refuse", times=None)
    redis_server.goes_away()
    assert words() == WELL
    assert spine.exchanges() == []


def test_without_the_database_it_lives_and_is_not_ready(own_database: OwnDatabase) -> None:
    assert words() == WELL
    own_database.kill()
    assert words() == {"/livez": (200, "ok\n"), "/readyz": (503, "not ready\n")}
    assert Client().get("/healthz").status_code == 503
    own_database.start()
    connection.close()  # as a server does between two requests where one has failed
    assert words() == WELL


def test_asking_whether_it_lives_asks_nothing(
    counter: Counter, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(0):  # type: ignore[attr-defined]
        counter.client.get("/livez")
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        counter.client.get("/readyz")  # somebody signed in is a machine as well

"""Connections to the database: how many a process takes, and all of them together."""

import contextlib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests
from django.db import connection

from booking_portal import celery, database_connections
from booking_portal.database_connections import Taken, kind_of, room
from booking_portal.oversight import environment_check
from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.real_processes import START_SECONDS, Processes

SERVER = 197
"""Of the 200 of the tests' server, three are a superuser's."""


@contextlib.contextmanager
def connected(*names: str) -> Iterator[None]:
    """Others at the same database, with connections of these names."""
    with contextlib.ExitStack() as held:
        for name in names:
            named = connection.get_connection_params() | {"application_name": name}
            held.enter_context(contextlib.closing(connection.get_new_connection(named)))
        yield


@pytest.mark.django_db
def test_what_all_processes_may_take_is_known_from_the_database() -> None:
    web = "booking-portal web of 32 one:7"
    others = ("booking-portal worker of 9 three:1", "booking-portal beat of 1 four:1")
    with connected(web, web, "booking-portal web of 32 two:7", *others, "psql", "booking-portal"):
        found = room()
    assert found.limit == SERVER
    assert found.taken == (Taken("web", 2, 64), Taken("worker", 1, 9), Taken("beat", 1, 1))
    assert found.most == 74


@pytest.mark.django_db
@pytest.mark.parametrize(("most", "ok"), [(98, True), (99, False)])
def test_too_many_processes_are_said_before_they_are_all_busy(most: int, ok: bool) -> None:
    with connected(f"portal web of {most} one:7", "portal web of 99 two:7"):
        step = environment_check._connections()
    assert step.ok is ok
    assert step.found.startswith(
        f"at the most {most + 99} of {SERVER} are taken (2 web {most + 99}"
    )
    assert bool(step.do) is not ok


@pytest.mark.django_db
def test_behind_a_pooler_nobody_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    with connected("portal web of 1000 one:7"):
        assert environment_check._connections().found == "a pooler deals them out"


def test_only_what_is_named_so_is_a_process_of_the_portal() -> None:
    assert kind_of("a-trust's web of 32 host:1") == "web"
    for name in (None, "", "psql", "booking-portal", "portal nobody of 3 a:1", "portal web of x a"):
        assert kind_of(name) == "other"


def test_a_name_is_no_longer_than_the_database_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, object] = {"application_name": "a-name-of-the-operators-own " * 3}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 64)
    database_connections.announce("worker", 9)
    database_connections.announce("worker", 9)
    name = str(options["application_name"])
    assert len(name) <= 63
    assert kind_of(name) == "worker"
    assert name.startswith("a-name-of-the-operators")


@pytest.mark.long
def test_a_process_holds_no_more_than_it_has_threads_when_all_are_busy(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    """Everything waits for one table; so every thread that works is in the database."""
    processes = Processes(tmp_path, own_database.url)

    def held(server: psycopg.Connection, kind: str) -> tuple[int, int]:
        """The connections of that kind, and how many of them wait for the table."""
        rows = server.execute(
            "SELECT application_name, wait_event_type FROM pg_stat_activity"
            " WHERE datname = current_database()"
        ).fetchall()
        waiting = [event for name, event in rows if kind_of(name) == kind]
        return len(waiting), waiting.count("Lock")

    try:
        processes.start_web()
        processes.start_worker(threads=8)
        with (
            psycopg.connect(own_database.url, autocommit=True) as server,
            psycopg.connect(own_database.url) as locking,
            ThreadPoolExecutor(40) as people,
        ):
            assert until(lambda: held(server, "worker")[0] > 0, START_SECONDS), processes.log()
            locking.execute("LOCK TABLE django_session, commands_command IN ACCESS EXCLUSIVE MODE")
            asked = [
                people.submit(
                    requests.get, processes.address, cookies={"sessionid": "x" * 32},
                    timeout=60, allow_redirects=False,
                )
                for _ in range(40)
            ]  # fmt: skip
            for _ in range(20):
                celery.app.send_task("booking_portal.commands.tasks.settle_due")
            assert until(lambda: held(server, "web")[1] == 16, 30), held(server, "web")
            assert until(lambda: held(server, "worker")[1] == 8, 30), held(server, "worker")
            assert held(server, "web")[0] == 16
            assert 8 <= held(server, "worker")[0] <= 9
            assert held(server, "beat")[0] == 1
            locking.rollback()
            assert {one.result().status_code for one in asked} == {302}
            assert held(server, "web")[0] == 16
            assert room_of(server) == {"web": 16, "worker": 9, "beat": 1}
    finally:
        processes.stop()


def room_of(server: psycopg.Connection) -> dict[str, int]:
    """What each kind says that it may take at the most."""
    names = server.execute("SELECT DISTINCT application_name FROM pg_stat_activity").fetchall()
    return {one.kind: one.most for one in database_connections.taken_by(name for (name,) in names)}

"""/metrics: for who has the token, summed over all processes, and nothing of any patient."""

import json
import re
from typing import Any

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.urls import reverse
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from booking_portal import metrics
from booking_portal.accounts.models import User
from booking_portal.commands import beat_lease
from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.portal.conftest import SignIn
from tests.portal.counter import PATIENT, Counter
from tests.portal.monitor import headers
from tests.portal.redis_server import RedisServer
from tests.portal.unsettled import NEVER_ARRIVED, books_with
from tests.real_processes import Processes
from tests.sandbox_control import Sandbox
from tests.services import ROOT

FILES = ROOT / "monitoring"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def text() -> str:
    answer = Client().get("/metrics", headers=headers())
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.content.decode()


def samples_of(page: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def total(samples: Samples, name: str, **labels: str) -> float:
    """All samples of that name that have these labels, together."""
    wanted = labels.items()
    return sum(
        n for (one, has), n in samples.items() if one == name and wanted <= dict(has).items()
    )


@pytest.fixture(autouse=True)
def _from_nothing() -> None:
    metrics.forget()


@pytest.mark.django_db
def test_only_who_has_the_token_is_told_anything(
    client: Client, manager: User, sign_in: SignIn, settings: Settings
) -> None:
    sign_in(client, manager)
    for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        answer = client.get("/metrics", headers=given)
        assert (answer.status_code, answer.content) == (403, b"no\n")
    settings.MONITORING_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 403


@pytest.mark.django_db
@pytest.mark.requirement("IG-3")
def test_exchanges_pages_and_commands_are_counted_and_no_patient_is_named(
    counter: Counter, spine: Sandbox
) -> None:
    counter.traces()
    counter.searches("A20047")
    spine.fault(practice="A20047", use_case="search_slots", kind="status_500", times=1)
    counter.searches("A20047")
    page = text()
    now = samples_of(page)

    slots = "urn:nhs:names:services:gpconnect:fhir:rest:search:slot-1"
    exchanges = "portal_exchange_seconds_count"
    assert total(now, exchanges, interaction=slots, outcome="succeeded") == 1
    assert total(now, exchanges, interaction=slots, outcome="failed") == 1
    assert total(now, exchanges, service="pds") >= 1
    assert total(now, "portal_exchange_seconds_sum", interaction=slots) > 0
    assert total(now, "portal_practice_exchanges_total", practice="A20047", outcome="failed") == 1
    assert total(now, "portal_page_seconds_count") >= 3
    assert total(now, "portal_search_pool_wait_seconds_count") == 2
    assert total(now, "portal_database_connections") >= 1
    by_practice = {name for name, has in now if "practice" in dict(has)}
    assert by_practice == {"portal_practice_exchanges_total"}
    assert PATIENT not in page


@pytest.mark.django_db
def test_what_is_not_certain_is_told_by_state_and_age(counter: Counter, spine: Sandbox) -> None:
    books_with(counter, spine, NEVER_ARRIVED)
    now = samples_of(text())
    assert total(now, "portal_commands", kind="book", state="unconfirmed") == 1
    assert total(now, "portal_commands_oldest_seconds", kind="book", state="unconfirmed") > 0


@pytest.mark.django_db
def test_beat_is_seen_by_its_lease_and_never_without(client: Client) -> None:
    assert total(samples_of(text()), "portal_beat_seen_seconds") == float("inf")
    assert beat_lease.take("a beat")
    assert 0 <= total(samples_of(text()), "portal_beat_seen_seconds") < 60


@pytest.mark.django_db
def test_without_redis_what_is_counted_is_kept_until_it_is_back(
    client: Client, redis_server: RedisServer
) -> None:
    login = reverse("account_login")
    client.get(login)
    redis_server.goes_away()
    away = samples_of(text())
    assert total(away, "portal_redis_up") == 0
    assert total(away, "portal_database_up") == 1
    client.get(login)
    client.get(login)
    redis_server.comes_back()
    metrics._sums._redis_or_alone._away_until = 0.0
    assert total(samples_of(text()), "portal_page_seconds_count", page="account_login") >= 2


def test_without_the_database_the_rest_is_told(own_database: OwnDatabase) -> None:
    own_database.kill()
    now = samples_of(text())
    assert total(now, "portal_database_up") == 0
    assert total(now, "portal_redis_up") == 1
    assert not [name for name, _ in now if name.startswith("portal_commands")]
    own_database.start()
    connection.close()


def test_every_process_tells_the_sum_of_all(own_database: OwnDatabase, tmp_path: Any) -> None:
    processes = Processes(tmp_path, own_database.url)
    try:
        processes.start_web()
        processes.start_worker()
        client = Client()
        client.get(reverse("account_login"))  # counted here, as by another web process

        def complete() -> bool:
            now = samples_of(text())
            return (
                total(now, "portal_tasks_total", outcome="success") > 0
                and total(now, "portal_worker_seen_seconds") < 60
                and total(now, "portal_beat_seen_seconds") < 60
            )

        assert until(complete, 60), processes.log()
        now = samples_of(text())
        assert total(now, "portal_page_seconds_count", page="healthz") >= 1  # the web process's
        assert total(now, "portal_page_seconds_count", page="account_login") == 1
        for kind in ("web", "beat"):  # a worker's are given back when a task ends
            assert total(now, "portal_database_connections", process=kind) >= 1
        assert total(now, "portal_database_connections_most") >= 16 + 1
        assert total(now, "portal_database_connections_limit") == 197
    finally:
        processes.stop()


# The files for Prometheus and Grafana


def names_in(expression: str) -> set[str]:
    return {
        re.sub(r"_(bucket|sum|count|total)$", "", name)
        for name in re.findall(r"\bportal_\w+", expression)
    }


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((FILES / "alerts.yml").read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    dashboard = json.loads((FILES / "dashboard.json").read_text())
    of_panels = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return of_panels + [rule["expr"] for rule in rules()]


@pytest.mark.django_db
def test_every_metric_that_an_alert_or_a_panel_names_exists_and_each_is_shown() -> None:
    told = {
        re.sub(r"_total$", "", line.split()[2])
        for line in text().splitlines()
        if line.startswith("# TYPE")
    }
    named = set().union(*map(names_in, expressions()))
    assert named - told == set()
    assert told - named == {"portal_info"}


def test_every_expression_is_whole_and_every_alert_says_what_to_do() -> None:
    for expression in expressions():
        for opened, closed in ("()", "{}", "[]"):
            assert expression.count(opened) == expression.count(closed), expression
        assert expression.count('"') % 2 == 0
    for rule in rules():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
    assert {"WorkerGone", "BeatGone"} <= {rule["alert"] for rule in rules()}

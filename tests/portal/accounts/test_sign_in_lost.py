"""The sign-in cannot be kept when a page is done: what the page did is done all the same."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.portal.commands.delivery.test_database_away import Elsewhere, goes_away
from tests.portal.counter import Counter
from tests.sandbox_control import Sandbox


@pytest.fixture
def sample(own_database: OwnDatabase) -> None:
    """Everything of demo/sample.json, in a database that can be killed."""


@pytest.fixture(autouse=True)
def _as_in_production(client: Client) -> None:
    client.raise_request_exception = False


def test_the_database_dies_while_a_page_keeps_the_sign_in(
    counter: Counter, own_database: OwnDatabase, beside: ThreadPoolExecutor
) -> None:
    counter.traces()
    elsewhere = Elsewhere(own_database)
    elsewhere.hold_up("django_session")
    searched = beside.submit(counter.searches, "A20047")
    assert until(lambda: elsewhere.somebody_waits_for("django_session"))
    goes_away(own_database)
    page = searched.result(timeout=30)
    assert page.status == 503
    assert "cannot reach its records" in page.text
    elsewhere.close()


def test_signed_out_in_another_tab_while_a_page_is_made(
    counter: Counter, spine: Sandbox, beside: ThreadPoolExecutor
) -> None:
    counter.traces()
    spine.fault(practice="A20047", use_case="search_slots", kind="held_after", times=1)
    searched = beside.submit(counter.searches, "A20047")
    assert until(lambda: any(fault["happened"] for fault in spine.faults()))
    Session.objects.all().delete()
    spine.clear_faults()
    page = searched.result(timeout=30)
    assert page.status == 403
    assert "You have been signed out" in page.text
    assert "Nothing was sent" not in page.text

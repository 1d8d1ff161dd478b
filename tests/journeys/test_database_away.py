"""The database is lost between the practice's answer and our record, while somebody watches."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from playwright.sync_api import Browser, expect

from booking_portal.commands.database_clock import database_now
from booking_portal.commands.models import Command
from tests.demo.processes import until
from tests.journeys.conftest import Desks
from tests.journeys.journey import ORDINARY, Journey
from tests.own_database import OwnDatabase
from tests.real_processes import Processes

SETTLES_WITHIN_MS = 60_000


@pytest.fixture
def sample(own_database: OwnDatabase) -> None:
    """Everything of demo/sample.json, in a database that can be killed."""


@pytest.fixture
def portal(sample: None, own_database: OwnDatabase, tmp_path: Path) -> Iterator[Processes]:
    """The whole portal: web, worker and beat."""
    processes = Processes(
        tmp_path,
        own_database.url,
        WRITE_DEADLINE_SECONDS="40",
    )
    processes.start_worker()
    processes.start_web()
    yield processes
    processes.stop()


@pytest.fixture
def desks(
    browser: Browser, portal: Processes, server_logs: Path, judged: set[str]
) -> Iterator[Desks]:
    opened = Desks(browser, portal.address, server_logs / "urls.log", judged)
    yield opened
    opened.close()


class TestTheDatabaseIsLost(Journey):
    @pytest.mark.requirement("BOOK-7", "IG-4")
    def test_the_practice_has_confirmed_and_the_record_catches_up(
        self, own_database: OwnDatabase, portal: Processes
    ) -> None:
        self.given_i_am_signed_in_as("receptionist")
        self.given_i_have_found(ORDINARY)
        self.when_i_search_for_free_slots()
        self.when_i_choose_a_slot_at_dr_leggs()
        self.when_the_database_dies_before_the_answer_comes(own_database)
        self.desk.sees_heading("The practice has confirmed; our record is catching up")
        self.desk.check()
        self.desk.sees("Do not book it again.")
        assert until(lambda: bool(re.search("caught-up 503", portal.log()))), portal.log()
        self.desk.sees_heading("The practice has confirmed; our record is catching up")
        self.when_the_database_is_back(own_database)
        booked = self.desk.page.get_by_role("heading", name="Booked", exact=True).first
        expect(booked).to_be_visible(timeout=SETTLES_WITHIN_MS)
        self.desk.check()
        self.then_the_practice_has(ORDINARY, status="booked")

    def when_the_database_dies_before_the_answer_comes(self, own: OwnDatabase) -> None:
        self.given_the_practice_will("held_after", "book")
        self.desk.fill("What is the appointment for?", "Blood pressure review")
        button = self.desk.page.get_by_role("button", name=re.compile("^Book "))
        button.click(no_wait_after=True)
        assert until(lambda: any(fault["happened"] for fault in self.sandbox.faults()))
        own.kill()
        self.sandbox.clear_faults()

    def when_the_database_is_back(self, own: OwnDatabase) -> None:
        """And the lease of the lost sender is over."""
        own.start()
        connection.close()
        assert Command.objects.update(next_look_at=database_now()) == 1

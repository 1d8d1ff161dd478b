"""The walks themselves, as one test that pytest runs in the checkout that is measured.

It leans on as little of that checkout's tests as it can, so that older ones can be measured too: on
the servers (`tests.services`), the sample, and the reading of forms. The rest is the names of
addresses, and what the pages' forms hold.
"""

import inspect
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from booking_portal.accounts.models import User
from booking_portal.commands.models import Command
from booking_portal.commands.tasks import settle_due
from tests.conftest import django_db_setup, fresh_state  # noqa: F401 - fixtures
from tests.page_reading import Form, Page
from tests.sandbox_control import Sandbox

PRACTICE = "A20047"
PATIENT = {
    "nhs_number": "9658218873",
    "birth_date-day": "27",
    "birth_date-month": "11",
    "birth_date-year": "1962",
}
PRODUCT = tuple(f"{Path.cwd() / package}{os.sep}" for package in ("booking_portal", "gpconnect"))

Passed = dict[str, set[str]]
"""By file, the functions of it that ran."""


class Walks:
    """What each walk passed, by its name."""

    def __init__(self) -> None:
        self.passed: dict[str, Passed] = {}

    @contextmanager
    def walk(self, name: str) -> Iterator[None]:
        """Note every function of the product that is called meanwhile, in new threads too."""
        ran: set[CodeType] = set()

        def note(frame: FrameType, event: str, argument: object) -> None:
            if event == "call":
                ran.add(frame.f_code)

        threading.setprofile(note)
        sys.setprofile(note)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
        found: Passed = {}
        for code in ran:
            if code.co_filename.startswith(PRODUCT) and _is_named_function(code):
                file = str(Path(code.co_filename).relative_to(Path.cwd()))
                found.setdefault(file, set()).add(code.co_qualname)
        self.passed[name] = found


def _is_named_function(code: CodeType) -> bool:
    """Neither a module's or a class's body, nor a lambda or comprehension within a function."""
    return bool(code.co_flags & inspect.CO_OPTIMIZED) and not code.co_name.startswith("<")


class Desk:
    """A receptionist with one patient, page by page."""

    def __init__(self, client: Client) -> None:
        self._client = client
        found: Any = client.post(reverse("find-patient"), PATIENT)
        assert found.status_code == 302, Page(found, "").text
        self._encounter = found.url.strip("/").split("/")[-1]

    def search(self) -> Page:
        address = reverse("search-slots", args=[self._encounter])
        return self._followed(
            address,
            self._client.post(address, {"practices": [PRACTICE], "when": "14"}, follow=True),
        )

    def choose_last(self, results: Page) -> Page:
        """The check page of the slot that is furthest away."""
        form = results.form("/slots/choose")
        only = [value for name, value, _ in form.buttons if name == "only"][-1]
        answer = self._client.post(form.action, {**form.fields, "only": only}, follow=True)
        return self._followed(form.action, answer)

    def book(self, check: Page, *, follow: bool = False) -> Page:
        """Send the booking; `follow` also opens the page that tells how it stands."""
        form: Form = next(form for form in check.forms if "description" in form.fields)
        typed = {**form.fields, "description": "Knee pain", "comment": ""}
        address = form.action or check.address
        answer: Any = self._client.post(address, typed, follow=follow)
        return self._followed(address if follow else answer.url, answer)

    def open(self, address: str) -> Page:
        return self._followed(address, self._client.get(address))

    @staticmethod
    def _followed(address: str, response: Any) -> Page:
        chain = getattr(response, "redirect_chain", [])
        return Page(response, str(chain[-1][0]) if chain else address)


@pytest.mark.django_db
def test_walks(client: Client, sandbox: Sandbox) -> None:
    walks = Walks()
    user = User.objects.get(username="receptionist")
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    desk = Desk(client)
    its_booking = {"practice": PRACTICE, "use_case": "book", "times": 1}

    with walks.walk("a search, with its results"):
        results = desk.search()
    check = desk.choose_last(results)
    with walks.walk("a booking's POST"):
        booked = desk.book(check)
    with walks.walk("the booking's page"):
        page = desk.open(booked.address)
    assert page.status == 200
    assert _command_at(page).state == "done"

    check = desk.choose_last(desk.search())
    sandbox.fault(**its_booking, kind="slot_taken")
    with walks.walk("a practice's error: a booking's POST, and the page that tells it"):
        page = desk.book(check, follow=True)
    assert _command_at(page).state == "refused", page.text

    check = desk.choose_last(desk.search())
    sandbox.fault(**its_booking, kind="status_500_after")
    command = _command_at(desk.book(check))
    assert command.state == "unconfirmed"
    due = Now() - timedelta(seconds=1)
    Command.objects.filter(pk=command.pk).update(next_look_at=due)
    with walks.walk("a settling: the worker's tick that finds a booking's answer lost"):
        assert settle_due() == 1
    command.refresh_from_db()
    assert command.state == "done"

    told = {
        name: {file: sorted(functions) for file, functions in sorted(passed.items())}
        for name, passed in walks.passed.items()
    }
    Path(os.environ["WALKS_TO"]).write_text(json.dumps(told))


def _command_at(page: Page) -> Command:
    found = re.search(r"/bookings/([0-9a-f-]{36})/$", page.address)
    assert found, f"not a command's page: {page.address} {page.text[:600]}"
    return Command.objects.get(pk=found[1])

"""A real browser in front of the real portal."""

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.connections import forget_connections
from tests.journeys.desk import Desk
from tests.sandbox_control import Sandbox

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    """Debian's Chromium, headless, once a session."""
    program = shutil.which("chromium")
    assert program, "Chromium is not installed: `make test` installs it"
    with sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread; Django's ORM is still used without one.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        started = playwright.chromium.launch(executable_path=program, args=CHROMIUM_OPTIONS)
        yield started
        started.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def sample(committed_sample: None) -> None:
    """Everything of demo/sample.json, for every thread to see."""


@pytest.fixture
def spine(sandbox: Sandbox) -> Sandbox:
    """The sandbox, with the portal's connections made anew."""
    forget_connections()
    return sandbox


@pytest.fixture(scope="session")
def judged() -> set[str]:
    """The kinds of pages that were found accessible."""
    return set()


@pytest.fixture
def desks(
    browser: Browser, live_server: LiveServer, server_logs: Path, judged: set[str]
) -> Iterator["Desks"]:
    """As many desks (browsers that share nothing) as a journey needs."""
    opened = Desks(browser, live_server.url, server_logs / "urls.log", judged)
    yield opened
    opened.close()


@pytest.fixture
def desk(desks: "Desks") -> Desk:
    """One person's browser."""
    return desks.open()


class Desks:
    """Opens desks and closes them all at the end."""

    def __init__(self, browser: Browser, address: str, url_log: Path, judged: set[str]) -> None:
        self._judged = judged
        self._browser = browser
        self._address = address
        self._url_log = url_log
        self._open: list[Desk] = []

    def open(self, *, javascript: bool = True) -> Desk:
        """Another person's browser, with cookies of its own."""
        context = self._browser.new_context(
            base_url=self._address,
            java_script_enabled=javascript,
            viewport={"width": 1280, "height": 900},
            locale="en-GB",
            timezone_id="America/New_York",  # the browser's own zone must never matter
        )
        desk = Desk(context, self._url_log, self._judged, javascript=javascript)
        self._open.append(desk)
        return desk

    def close(self) -> None:
        """Close every desk. What the browsers complained of (a blocked script, ...) is a fault."""
        for desk in self._open:
            desk.close()
        complaints = [text for desk in self._open for text in desk.complaints]
        assert not complaints, complaints

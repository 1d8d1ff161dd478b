"""What every page does when something is wrong: a plain word, a next step, nothing else."""

import logging
from collections.abc import Generator
from typing import NoReturn

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.urls import path, reverse
from pytest_django import Settings

from booking_portal import urls
from booking_portal.accounts.models import User
from booking_portal.logs import PlainFormatter
from tests.portal.conftest import SignIn
from tests.portal.pages import text_of, title_of

SECRET = "ZELTHORPE 9658218873"


def breaks(request: HttpRequest) -> NoReturn:
    raise RuntimeError(SECRET)


class BrokenUrls:
    """The portal's addresses, and one whose view fails."""

    handler403, handler404, handler500 = urls.handler403, urls.handler404, urls.handler500
    urlpatterns = [*urls.urlpatterns, path("breaks", breaks)]


@pytest.fixture
def _database_away(transactional_db: None) -> Generator[None]:
    """Nothing listens where the portal's database was."""
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"
    yield
    connection.settings_dict["PORT"] = port
    connection.close()


@pytest.mark.django_db
def test_a_page_that_is_not_there(client: Client) -> None:
    page = client.get("/no-such-page")
    assert page.status_code == 404
    assert "Page not found" in title_of(page)
    assert "What to do next" in text_of(page)


@pytest.mark.django_db
@pytest.mark.requirement("IG-3")
def test_a_view_that_breaks_says_so_without_details(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ROOT_URLCONF = BrokenUrls

    page = client.get("/breaks")

    assert page.status_code == 500
    assert "Something went wrong" in text_of(page)
    reference = text_of(page).split("Reference for support: ")[1][:8]
    assert SECRET not in page.content.decode()
    assert SECRET not in caplog.text
    assert any(
        reference in record.getMessage() and "RuntimeError" in record.getMessage()
        for record in caplog.records
    )


@pytest.mark.usefixtures("_database_away")
def test_without_the_database_the_portal_says_so(client: Client) -> None:
    client.cookies["sessionid"] = "a" * 32
    client.raise_request_exception = False

    page = client.get(reverse("start"))

    assert page.status_code == 503
    assert "cannot reach its records" in text_of(page)
    assert "Nothing new is sent" in text_of(page)
    health = client.get("/healthz")
    assert health.status_code == 503


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused_plainly(receptionist: User, sign_in: SignIn) -> None:
    client = Client(enforce_csrf_checks=True)
    sign_in(client, receptionist)
    page = client.post(reverse("find-patient"), {"nhs_number": "9658218873"})
    assert page.status_code == 403
    assert "Nothing was sent" in text_of(page)


@pytest.mark.django_db
@pytest.mark.requirement("IG-3")
@pytest.mark.parametrize("address", ["/sign-in/", "/", "/no-such-page", "/healthz"])
def test_no_page_is_stored_anywhere_and_none_can_be_framed(address: str, client: Client) -> None:
    page = client.get(address)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.django_db
def test_every_page_says_which_environment_it_is(
    client: Client, receptionist: User, sign_in: SignIn, settings: Settings
) -> None:
    assert "Test: synthetic patients only" in text_of(client.get("/sign-in/"))
    sign_in(client, receptionist)
    assert "Test: synthetic patients only" in text_of(client.get("/"))
    settings.ENVIRONMENT_NAME = "live"
    settings.ENVIRONMENT_REACHES = "real patients. What is booked here reaches real practices."
    shown = text_of(client.get("/"))
    assert "synthetic patients only" not in shown
    assert "Live: real patients. What is booked here reaches real practices." in shown


@pytest.mark.requirement("IG-3")
def test_log_lines_never_hold_an_exceptions_text() -> None:
    formatter = PlainFormatter("%(levelname)s %(message)s")
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        caught = (type(error), error, error.__traceback__)
    plain = logging.LogRecord("any", logging.ERROR, __file__, 1, "it %s", ("failed",), caught)
    celery = logging.LogRecord(
        "celery.app.trace", logging.ERROR, __file__, 1, f"raised {SECRET}", (), caught
    )
    celery.data = {"name": "a.task"}

    lines = [formatter.format(record) for record in (plain, celery)]

    assert lines[0].startswith("ERROR it failed: builtins.ValueError at")
    assert lines[1].startswith("ERROR task a.task failed: builtins.ValueError at")
    assert not any(SECRET in line or "\n" in line for line in lines)

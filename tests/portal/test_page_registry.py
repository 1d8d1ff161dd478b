"""What rooms add to the shell: a page for an exception of theirs, and a bar on every page."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from booking_portal import page_registry
from booking_portal.page_registry import PageNotice
from tests.portal.counter import Counter


class Broken(Exception):
    """A room's own."""


class BrokenFurther(Broken):
    """A kind of it."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is added in a test is gone after it."""
    for name in ("_notices", "_failure_pages"):
        monkeypatch.setattr(page_registry, name, dict(getattr(page_registry, name)))


@pytest.mark.usefixtures("registry")
def test_an_exception_has_the_page_of_its_nearest_kind(rf: RequestFactory) -> None:
    page_registry.add_failure_page(Broken, lambda request, error: HttpResponse("broken"))
    assert page_registry.failure_page(rf.get("/"), ValueError()) is None
    for error in (Broken(), BrokenFurther()):
        page = page_registry.failure_page(rf.get("/"), error)
        assert page is not None
        assert page.content == b"broken"
    page_registry.add_failure_page(BrokenFurther, lambda request, error: HttpResponse("further"))
    page = page_registry.failure_page(rf.get("/"), BrokenFurther())
    assert page is not None
    assert page.content == b"further"


@pytest.mark.django_db
@pytest.mark.usefixtures("registry")
def test_a_bar_is_on_the_pages_of_who_acts_once_and_on_no_others(counter: Counter) -> None:
    template = "appointments/worklist/_restore_notice.jinja"

    def notice(request: object, actor: object) -> PageNotice:
        return PageNotice(template, "The <b>bar</b>.")

    page_registry.add_notice(notice)
    page_registry.add_notice(notice)
    assert counter.opens("/").html.count("The &lt;b&gt;bar&lt;/b&gt;.") == 1
    assert counter.opens("/bookings/").html.count("The &lt;b&gt;bar") == 1
    assert b"bar&lt;" not in Client().get("/sign-in/").content

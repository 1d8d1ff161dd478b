"""What the rooms add to the shell, each when its app is ready.

The shell (middleware, the templates' environment, error pages) knows no single screen. A room that
has something to say on top of every page adds a notice; one whose exception has a page of its own
adds that page.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

from booking_portal.accounts.actor import Actor

Failed = TypeVar("Failed", bound=Exception)


@dataclass(frozen=True, slots=True)
class PageNotice:
    """A bar on top of a page: the template that shows it, as `notice`, and what it says."""

    template: str
    says: str | int


NoticeOf = Callable[[HttpRequest, Actor], PageNotice | None]
"""The notice for who looks at the page that is asked for; None where there is nothing to say."""

# Dictionaries, so that what is added twice is there once, in the order of the first time.
_notices: dict[NoticeOf, None] = {}
_failure_pages: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {}


def add_notice(notice_of: NoticeOf) -> None:
    """Have a notice on every page of somebody who acts for an organisation."""
    _notices[notice_of] = None


def notices_on(request: HttpRequest, actor: Actor | None) -> list[PageNotice]:
    """What every page says on top, in the order of the rooms; nothing without an actor."""
    if actor is None:
        return []
    notices = (notice_of(request, actor) for notice_of in _notices)
    return [notice for notice in notices if notice is not None]


def add_failure_page(
    failed: type[Failed], page: Callable[[HttpRequest, Failed], HttpResponse]
) -> None:
    """Have this page for an exception that no view has handled, and for its subclasses."""
    _failure_pages[failed] = page


def failure_page(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The page that a room has for this exception; None where none has."""
    for kind in type(error).__mro__:
        if kind in _failure_pages:
            return _failure_pages[kind](request, error)
    return None

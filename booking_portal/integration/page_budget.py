"""A total deadline for every page: its reads together take no longer than PAGE_BUDGET_SECONDS.

Every read of a practice or the directory that a page does gets what is left of the page's time,
if that is less than its own deadline. Writes are not cut short: a sent booking waits for its
answer. Outside a page (the worker, the command line) there is no budget.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gpconnect.error_table import row
from gpconnect.errors import NotSent, Origin
from gpconnect.transport import Deadlines

_until: ContextVar[float | None] = ContextVar("page_budget_until", default=None)


class PageOutOfTime(NotSent):
    """The page's time is up; this was not asked any more."""

    def __init__(self) -> None:
        meaning = row("PAGE_OUT_OF_TIME")
        super().__init__(
            "PAGE_OUT_OF_TIME", meaning.sentence, meaning.next_step, origin=Origin.NETWORK
        )


class PageBudget:
    """Middleware: each request's budget begins when the request arrives."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _until.set(time.monotonic() + settings.PAGE_BUDGET_SECONDS)
        try:
            return self.get_response(request)
        finally:
            _until.reset(token)


def within_budget(limits: Deadlines) -> Deadlines:
    """The same deadlines, or what is left of the page's time where that is less.

    Raises: PageOutOfTime when nothing is left.
    """
    until = _until.get()
    if until is None:
        return limits
    left = until - time.monotonic()
    if left <= 0:
        raise PageOutOfTime
    return Deadlines(min(limits.connect, left), min(limits.total, left))

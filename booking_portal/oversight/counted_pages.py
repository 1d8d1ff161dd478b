"""Counts every request by its page's name, and hands on what this process has counted."""

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from booking_portal import metrics

METHODS: Final = frozenset({"GET", "HEAD", "POST"})


class CountedPages:
    """Outside all that makes a page. Files of ours, and addresses of nothing, have no name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        found = request.resolver_match
        page = found.view_name if found is not None else ""
        method = request.method if request.method in METHODS else "other"
        took = time.monotonic() - began
        metrics.PAGES.took(took, page, str(method), str(response.status_code))
        metrics.send()
        return response

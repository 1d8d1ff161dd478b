"""Names every request for the log, counts it by its page, and hands on what was counted."""

import time
import uuid
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from booking_portal import metrics, traces
from booking_portal.logs import REQUEST_ID, WEB_REQUEST_ID

METHODS: Final = frozenset({"GET", "HEAD", "POST"})


class CountedPages:
    """Outside all that makes a page. Files of ours, and addresses of nothing, have no name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        request_id = uuid.uuid4().hex  # ours: what a client says may be anything
        request.META[WEB_REQUEST_ID] = request_id
        outside = REQUEST_ID.set(request_id)
        method = str(request.method) if request.method in METHODS else "other"
        facts: dict[str, str | int] = {"request_id": request_id, "method": method}
        try:
            with traces.request_span(facts):
                response = self.get_response(request)
                found = request.resolver_match
                page = found.view_name if found is not None else ""
                facts |= {"page": page, "status": response.status_code}
        finally:
            REQUEST_ID.reset(outside)
        took = time.monotonic() - began
        metrics.PAGES.took(took, page, method, str(response.status_code))
        metrics.send()
        return response

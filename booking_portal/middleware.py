"""What holds for every page: never stored anywhere, and no failure without a plain word."""

import logging
import uuid
from collections.abc import Callable

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError

from booking_portal import error_pages, page_registry
from booking_portal.accounts.actor import NotPermitted
from booking_portal.accounts.decorators import FormOfAnotherOrganisation, NotYourForm
from booking_portal.logs import trace_of
from booking_portal.query_helpers import AWAY

log = logging.getLogger(__name__)

# Django has pages of ours for them.
PASSED_ON = (Http404, PermissionDenied, SuspiciousOperation, BadRequest, MultiPartParserError)


class NeverStored:
    """`Cache-Control: no-store` on every page; static files keep their own. [IG-3]"""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("X-Robots-Tag", "noindex")
        return response


class PlainFailures:
    """Turns what a view could not handle into a page with a next step and a reference.

    The log gets the reference, the exception's class and where it was raised, never its text
    or local variables, which may hold a patient's data.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The page for an exception that reached the top."""
        if isinstance(error, PASSED_ON):
            return None
        page = page_registry.failure_page(request, error)
        if page is not None:
            return page
        if isinstance(error, NotPermitted):
            return error_pages.not_permitted(request, error)
        if isinstance(error, NotYourForm):
            return error_pages.not_your_form(request)
        if isinstance(error, FormOfAnotherOrganisation):
            return error_pages.another_organisation(
                request, error.actor, error.organisation, error.address
            )
        reference = uuid.uuid4().hex[:8]
        log.error("%s %s", reference, trace_of(error))
        if isinstance(error, AWAY):
            return error_pages.database_away(request, reference)
        return error_pages.broken(request, reference)

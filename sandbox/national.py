"""The national services on one listener: SDS, PDS and its token endpoint."""

import logging
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.answers import Answer
from sandbox.demographics import Demographics
from sandbox.directory import SpineDirectory
from sandbox.misbehaviour import abort, hang, respond
from sandbox.services import Services

SDS_PATH = "/sds"
PDS_PATH = "/personal-demographics/FHIR/R4"
TOKEN_PATH = "/oauth2/token"  # noqa: S105  a path, no secret

_log = logging.getLogger("sandbox.national")


def application(services: Services) -> Starlette:
    """The ASGI application of the listener without client certificates."""
    access_tokens = services.access_tokens
    directory = SpineDirectory(services)
    demographics = Demographics(services, access_tokens)

    async def token(request: Request) -> Response:
        audience = f"https://{request.headers.get('host', '')}{TOKEN_PATH}"
        answer = access_tokens.issue(await request.body(), audience)
        _log.info("pds token: %s", answer.status)
        headers, body = answer.on_the_wire(gzipped=False)
        return Response(
            body, answer.status, {name.decode(): value.decode() for name, value in headers}
        )

    def sds(operation: str, handle: "_Handler") -> "_Operation":
        return _Operation(services, "sds", operation, directory.refusal, handle)

    def pds(operation: str, handle: "_Handler") -> "_Operation":
        return _Operation(services, "pds", operation, demographics.refusal, handle)

    return Starlette(
        routes=[
            Route(f"{SDS_PATH}/Endpoint", sds("endpoint", directory.endpoints), methods=["GET"]),
            Route(f"{SDS_PATH}/Device", sds("device", directory.devices), methods=["GET"]),
            Route(f"{PDS_PATH}/Patient", pds("search", demographics.search), methods=["GET"]),
            Route(
                f"{PDS_PATH}/Patient/{{number}}", pds("read", demographics.read), methods=["GET"]
            ),
            Route(TOKEN_PATH, token, methods=["POST"]),
        ]
    )


_Handler = Callable[[Request], Answer]
_Refusal = Callable[[Request], Answer | None]


class _Operation:
    """One operation of a service, as an ASGI application that can be made to fail."""

    def __init__(
        self, services: Services, service: str, operation: str, refusal: _Refusal, handle: _Handler
    ) -> None:
        self._services = services
        self._service = service
        self._operation = operation
        self._refusal = refusal
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or suffer a fault."""
        request = Request(scope, receive)
        struck = self._services.faults.striking(service=self._service)
        fault = struck.kind if struck else None
        answer: Answer | None = None
        if fault == "refuse":
            await abort(scope, receive)
        elif fault in {"hang_before", "hang_after"}:
            await hang(scope, receive)
        elif struck is not None and fault == "status_429":
            answer = _too_many(struck.retry_after)
        elif struck is not None and struck.words:
            issue = {"severity": "error", "code": "exception", "diagnostics": struck.words}
            answer = Answer(500, {"resourceType": "OperationOutcome", "issue": [issue]})
        elif fault is not None:
            status = 502 if fault == "status_502" else 500
            body = {"error": "the service is not available"}
            answer = Answer(status, body, content_type="application/json")
        else:
            answer = self._refusal(request) or self._handle(request)
        if answer is not None:
            gzipped = "gzip" in request.headers.get("accept-encoding", "")
            await respond(answer, send, gzipped=gzipped)
        # Never the path: PDS has the NHS number in it.
        status_text = answer.status if answer else "no answer"
        _log.info("%s %s: %s", self._service, self._operation, status_text)


def _too_many(retry_after: str) -> Answer:
    """Over the rate limit of the application."""
    coding = {
        "system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode",
        "version": "1",
        "code": "TOO_MANY_REQUESTS",
        "display": "Too Many Requests",
    }
    issue = {"severity": "error", "code": "throttled", "details": {"coding": [coding]}}
    headers = {"Retry-After": retry_after} if retry_after else {}
    return Answer(429, {"resourceType": "OperationOutcome", "issue": [issue]}, headers)

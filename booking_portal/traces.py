"""Spans for OpenTelemetry, sent to OPENTELEMETRY_ENDPOINT; where that is empty, nothing. [IG-3]

Their names and attributes are of the portal's own making: no address, no query, no exception's
text, nobody's id. The packages are optional (requirements-traces.txt) and loaded only where they
are used; `booking_portal.checks` refuses the setting without them.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from django.conf import settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Tracer

_EXPORTER: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"
_NANOSECONDS: Final = 1_000_000  # in a millisecond


def installed() -> bool:
    """Whether the packages are here, and all that they need."""
    try:
        import_module(_EXPORTER)
    except ImportError:
        return False
    return True


@contextmanager
def request_span(facts: dict[str, str | int]) -> Iterator[None]:
    """The span of a request, told by what `facts` holds when it ends; `page` is its name."""
    tracer = tracer_of_settings()
    if tracer is None:
        yield
        return
    from opentelemetry.trace import SpanKind

    with tracer.start_as_current_span(
        "request", kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        finally:
            span.update_name(str(facts.get("page") or "request"))
            span.set_attributes(facts)


def exchange_span(facts: Mapping[str, str | int], milliseconds: int, *, failed: bool) -> None:
    """The span of an exchange that has just ended, within the request that it was made for."""
    tracer = tracer_of_settings()
    if tracer is None:
        return
    from opentelemetry.trace import SpanKind, StatusCode

    ended = time.time_ns()
    span = tracer.start_span(
        f"exchange with {facts['service']}",
        kind=SpanKind.CLIENT,
        attributes=dict(facts),
        start_time=ended - milliseconds * _NANOSECONDS,
    )
    if failed:
        span.set_status(StatusCode.ERROR)
    span.end(ended)


@lru_cache(maxsize=1)
def tracer_of_settings() -> "Tracer | None":
    """What makes this process's spans; None where they are not asked for."""
    if not settings.OPENTELEMETRY_ENDPOINT:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=settings.OPENTELEMETRY_ENDPOINT)
    return tracer_with(BatchSpanProcessor(exporter))


def tracer_with(processor: "SpanProcessor") -> "Tracer":
    """One whose spans go to `processor`."""
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    about = {"service.name": "booking-portal", "service.version": settings.VERSION}
    provider = TracerProvider(resource=Resource.create(about))
    provider.add_span_processor(processor)
    return provider.get_tracer("booking_portal")

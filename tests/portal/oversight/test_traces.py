"""Spans for OpenTelemetry: of requests and exchanges, without anybody's data, only when asked."""

import gzip
import queue
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pytest_django import Settings

from booking_portal import traces
from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.checks import refuse_test_values
from tests.portal.counter import PATIENT, Counter
from tests.sandbox_control import Sandbox


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """Where spans go in this test."""
    exporter = InMemorySpanExporter()
    tracer = traces.tracer_with(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(traces, "tracer_of_settings", lambda: tracer)
    return exporter


@pytest.fixture
def _by_settings() -> Iterator[None]:
    """What is made of the settings of this test is forgotten with them."""
    traces.tracer_of_settings.cache_clear()
    yield
    traces.tracer_of_settings.cache_clear()


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.django_db
@pytest.mark.requirement("IG-3")
def test_each_request_and_its_exchanges_are_spans_and_nobody_is_named(
    counter: Counter, spine: Sandbox, manager: User, spans: InMemorySpanExporter
) -> None:
    counter.traces()
    spine.fault(practice="A20047", use_case="search_slots", kind="status_500", times=1)
    counter.searches("A20047")

    exchanges = named(spans, "exchange with gpconnect")
    everything = [
        *exchanges,
        *named(spans, "exchange with pds"),
        *named(spans, "exchange with sds"),
    ]
    audited = Event.objects.filter(kind=EventKind.EXCHANGE_ANSWERED)
    assert {told(span)["trace_id"] for span in everything} == set(
        audited.values_list("trace_id", flat=True)
    )
    requests = [span for span in spans.get_finished_spans() if "page" in told(span)]
    made = {span.context.span_id for span in requests if span.context}
    assert {span.parent.span_id for span in everything if span.parent} <= made
    assert all(span.parent for span in everything)
    [failed] = [span for span in exchanges if told(span).get("status") == 500]
    assert failed.status.status_code is StatusCode.ERROR
    assert {told(span)["method"] for span in requests} <= {"GET", "POST"}
    assert all(span.name == told(span)["page"] for span in requests)
    whole = "".join(span.to_json() for span in spans.get_finished_spans())
    who = set(audited.values_list("user_local_id", flat=True))
    assert all(who)
    for name in (PATIENT, manager.username, *who, "?", "/encounters/"):
        assert name not in whole


def test_what_goes_wrong_leaves_no_text_in_a_span(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), traces.request_span({"method": "GET"}):  # noqa: PT011
        raise ValueError("9658218873 JACKSON")
    [span] = spans.get_finished_spans()
    assert "JACKSON" not in span.to_json()


@pytest.mark.usefixtures("_by_settings")
@pytest.mark.django_db
def test_spans_go_to_the_endpoint_that_the_setting_names(settings: Settings) -> None:
    heard: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            plain = gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            heard.put((self.path, plain))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.OPENTELEMETRY_ENDPOINT = f"http://127.0.0.1:{server.server_port}/v1/traces"
        Client().get("/sign-in/?q=JACKSON")
        path, body = heard.get(timeout=30)
        server.shutdown()
    assert path == "/v1/traces"
    assert b"account_login" in body
    assert b"booking-portal" in body
    assert b"JACKSON" not in body


@pytest.mark.usefixtures("_by_settings")
def test_without_the_setting_there_is_nothing(settings: Settings) -> None:
    assert settings.OPENTELEMETRY_ENDPOINT == ""
    assert traces.tracer_of_settings() is None


def test_the_setting_without_the_packages_is_refused_at_start_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OPENTELEMETRY_ENDPOINT = "http://127.0.0.1:1/v1/traces"
    refuse_test_values()
    monkeypatch.setitem(sys.modules, traces._EXPORTER, None)
    with pytest.raises(ImproperlyConfigured, match=r"Install requirements-traces\.txt"):
        refuse_test_values()

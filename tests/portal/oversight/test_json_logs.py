"""In production a log line is one JSON object, without an exception's text."""

import json
import logging
import re
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from booking_portal.accounts.models import User
from booking_portal.audit.models import Event, EventKind
from booking_portal.logs import REQUEST_ID, JSONFormatter, PlainFormatter
from tests.demo.processes import until
from tests.own_database import OwnDatabase
from tests.portal.counter import PATIENT, Counter
from tests.real_processes import Processes
from tests.sandbox_control import Sandbox


def test_a_line_is_one_event_in_utc_with_its_request_and_without_the_exceptions_text() -> None:
    try:
        raise ValueError("9658218873 JACKSON\nJane")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("portal", logging.ERROR, "", 1, 'a "b"\n%s', ("c",), error)
    outside = REQUEST_ID.set("0123abcd")
    try:
        line = JSONFormatter().format(record)
    finally:
        REQUEST_ID.reset(outside)
    assert "\n" not in line
    assert "JACKSON" not in line
    event = json.loads(line)
    assert datetime.fromisoformat(event["time"]).utcoffset() == timedelta(0)
    assert event["request_id"] == "0123abcd"
    assert event["message"].startswith('a "b"\nc: builtins.ValueError at ')
    assert "request_id" not in json.loads(JSONFormatter().format(record))


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """What is written from now on, in production's form."""
    caplog.handler.setFormatter(JSONFormatter())
    caplog.set_level(logging.INFO)

    def events() -> list[dict[str, Any]]:
        return [json.loads(line) for line in caplog.text.splitlines()]

    return events


@pytest.mark.django_db
@pytest.mark.requirement("IG-3")
def test_an_exchange_is_told_by_its_trace_and_request_and_who_asked_by_an_opaque_id(
    counter: Counter, spine: Sandbox, manager: User, lines: Any, caplog: pytest.LogCaptureFixture
) -> None:
    counter.traces()
    counter.searches("A20047")

    exchanges = [event for event in lines() if "interaction" in event]
    audited = Event.objects.filter(kind=EventKind.EXCHANGE_ANSWERED)
    assert {event["trace_id"] for event in exchanges} == set(
        audited.values_list("trace_id", flat=True)
    )
    assert {event["staff_id"] for event in exchanges} == set(
        audited.values_list("user_local_id", flat=True)
    )
    assert {event["service"] for event in exchanges} >= {"gpconnect", "pds", "sds"}
    [search] = [event for event in exchanges if event["interaction"].endswith("search:slot-1")]
    assert search["practice"] == "A20047"
    assert (search["outcome"], search["status"]) == ("succeeded", 200)
    assert all(re.fullmatch("[0-9a-f]{32}", event["request_id"]) for event in exchanges)
    for name in (PATIENT, manager.username, manager.last_name, manager.full_name):
        assert not name or name not in caplog.text


def test_web_worker_and_beat_write_nothing_but_json(
    own_database: OwnDatabase, tmp_path: Path
) -> None:
    settings = tmp_path / "settings_in_json.py"
    settings.write_text(
        "from booking_portal.settings.test import *\n"
        "from booking_portal.settings.production import LOGGING\n"
    )
    processes = Processes(
        tmp_path,
        own_database.url,
        DJANGO_SETTINGS_MODULE=settings.stem,
        PYTHONPATH=str(tmp_path),
        PYTHONWARNINGS="ignore",  # of running as root, if the tests do: before Celery has a log
    )
    processes.celery = ("celery", "--quiet", "-A", "booking_portal")
    try:
        processes.start_web()
        processes.start_worker()
        for path in ("/sign-in/?q=JACKSON", f"/nobody/{PATIENT}/%0A%22forged%22?q=JACKSON"):
            try:
                urllib.request.urlopen(f"{processes.address}{path}", timeout=20).close()
            except urllib.error.HTTPError as answer:
                answer.close()
        assert until(lambda: " succeeded in " in processes.log(), 60), processes.log()
        log = processes.log()  # told to stop, Celery says so in plain words
    finally:
        processes.stop()

    events = [json.loads(line) for line in log.splitlines()]
    assert all(datetime.fromisoformat(event["time"]).utcoffset() is not None for event in events)
    answered = {event["path"]: event for event in events if event["logger"] == "gunicorn.access"}
    assert answered["/sign-in/"]["status"] == 200
    assert re.fullmatch("[0-9a-f]{32}", answered["/sign-in/"]["request_id"])
    assert answered["/nobody/[number]/%0A%22forged%22"]["status"] == 404
    assert PATIENT not in log
    assert "JACKSON" not in log
    done = next(event for event in events if " succeeded in " in event["message"])
    assert done["request_id"] in done["message"]
    assert any(event["logger"] == "gunicorn.error" for event in events)
    assert any(event["logger"] == "celery.beat" for event in events)


@pytest.mark.parametrize("logger", ["gunicorn.error", "django.request", "django.security.csrf"])
def test_what_others_complain_of_has_no_query_and_nobodys_number(logger: str) -> None:
    address = f"/patients/{PATIENT}?name=JACKSON"
    record = logging.LogRecord(logger, logging.WARNING, "", 1, "Bad: %s", (address,), None)
    for formatter in (JSONFormatter(), PlainFormatter()):
        assert "Bad: /patients/[number]?[query]" in formatter.format(record)

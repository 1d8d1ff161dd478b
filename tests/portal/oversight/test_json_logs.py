"""In production a log line is one JSON object, without an exception's text."""

import json
import logging
import sys
from datetime import datetime, timedelta

from booking_portal.logs import REQUEST_ID, JSONFormatter


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

"""Log lines that can be kept: an exception's class and places, never its text. [IG-3]

Exception texts, tracebacks' source lines and local variables may hold a patient's data.
"""

import json
import logging
from contextvars import ContextVar
from copy import copy
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from gpconnect.diagnostics import masked

PLACES = 8
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered, or the task that is done; it goes with the context into
the threads of a search."""
STAFF_ID: ContextVar[str] = ContextVar("staff_id", default="")
"""Who asks: `User.local_id`, by which the audit viewer has them. It is random and names nobody to
whoever has the log alone; a keyed hash would lead to nobody at all, and end with its key."""
TRACE_ID: ContextVar[str] = ContextVar("trace_id", default="")
"""Of the exchange that is being made, the Ssp-TraceID."""
WEB_REQUEST_ID: Final = "portal.request_id"
WEB_STAFF_ID: Final = "portal.staff_id"
"""What the portal leaves in a request's environ for its access line."""
# Celery writes the exception's text and traceback into the message itself.
_CELERY_TRACE = "celery.app.trace"
# Both repeat the address of a request that they complain of, as it came.
_WITH_ADDRESSES = ("django.request", "django.security", "gunicorn.error")


class PlainFormatter(logging.Formatter):
    """A formatter for every handler: exceptions become one line without their text."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        plain = copy(record)
        if record.name == _CELERY_TRACE and record.exc_info:
            data: dict[str, Any] = getattr(record, "data", {})
            plain.msg, plain.args = f"task {data.get('name', '')} failed", ()
        if record.levelno >= logging.WARNING and record.name.startswith(_WITH_ADDRESSES):
            plain.msg, plain.args = masked(record.getMessage()), ()
        if record.exc_info and record.exc_info[1] is not None:
            plain.msg = f"{plain.getMessage()}: {trace_of(record.exc_info[1])}"
            plain.args, plain.exc_info, plain.exc_text = (), None, None
        return super().format(plain)


class JSONFormatter(PlainFormatter):
    """Each event as one line of JSON: its time in UTC with the offset, and what it belongs to.

    That is the request, who asks, and the exchange, each as far as there is one, and what the
    line's `extra={"facts": ...}` says: a mapping of names to strings and numbers.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line of JSON."""
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": super().format(record),
            "process": record.process,
        }
        event |= {one.name: one.get() for one in (REQUEST_ID, STAFF_ID, TRACE_ID) if one.get()}
        return json.dumps(event | getattr(record, "facts", {}))


def trace_of(error: BaseException) -> str:
    """The exception's class and the places it passed, without its text."""
    return f"{type(error).__module__}.{type(error).__name__} at " + " > ".join(
        _places(error.__traceback__)[-PLACES:]
    )


def _places(step: TracebackType | None) -> list[str]:
    places = []
    while step is not None:
        code = step.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return places

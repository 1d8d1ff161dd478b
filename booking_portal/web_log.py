"""Gunicorn's lines, written as the settings say that all lines are. [IG-3]"""

import os
from collections.abc import Mapping
from datetime import timedelta
from logging.config import dictConfig
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from booking_portal.logs import WEB_REQUEST_ID, WEB_STAFF_ID
from gpconnect.diagnostics import masked


class WebLog(Logger):  # type: ignore[misc]
    """One line for each request: its path without the query, and no header.

    Neither of them may carry a patient's data, but a stranger may ask for any path and a browser
    may be led to: what could be a person's is masked, and a line break stays as the address has it.
    """

    def setup(self, cfg: Any) -> None:
        """As Gunicorn does it, but all goes to the root's handlers."""
        super().setup(cfg)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "booking_portal.settings.production")
        from django.conf import settings

        dictConfig(settings.LOGGING)
        for one in (self.error_log, self.access_log):
            one.handlers.clear()
            one.propagate = True

    def access(
        self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: timedelta
    ) -> None:
        """Write the line of a request that was answered."""
        facts = {
            "method": masked(str(environ.get("REQUEST_METHOD", ""))),
            "path": masked(quote(str(environ.get("PATH_INFO", "")).encode("latin-1"))),
            "status": int(resp.status_code),
            "bytes": int(resp.sent or 0),
            "milliseconds": request_time // timedelta(milliseconds=1),
        }
        message = "{method} {path} {status} {bytes} bytes {milliseconds} ms".format_map(facts)
        names = {"request_id": WEB_REQUEST_ID, "staff_id": WEB_STAFF_ID}
        facts |= {name: environ[key] for name, key in names.items() if key in environ}
        self.access_log.info("%s", message, extra={"facts": facts})

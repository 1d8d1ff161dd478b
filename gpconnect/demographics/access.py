"""In whose name PDS is asked, in its turn, and once more where that helps. [PDS-5]

Two modes: *application-restricted*, with a token that the application fetches for itself, and
*healthcare worker*, with the token of the user's CIS2 sign-in. A question that comes with a
`HealthcareWorker` is asked in the user's name; any other in the application's.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from gpconnect.attempt import Remaining
from gpconnect.demographics.rate_limit import RateLimit, Urgency
from gpconnect.demographics.token import ApplicationToken
from gpconnect.error_evidence import failure
from gpconnect.errors import DemographicsError, Origin
from gpconnect.fhir import checks, elements
from gpconnect.national import Reply

_HEADER_VALUE: Final = re.compile(r"[!-~]+", re.ASCII)
_PAUSE_WHEN_BUSY: Final = 1.0  # seconds, when PDS does not say


@dataclass(frozen=True, slots=True)
class HealthcareWorker:
    """A user's CIS2 sign-in: its access token for PDS, and the role profile chosen in it."""

    access_token: str = field(repr=False)
    session_urid: str


class Access:
    """The ways in that this application has; `token` is None without one of its own."""

    def __init__(
        self,
        token: ApplicationToken | None,
        rate_limit: RateLimit,
        clock: Callable[[], datetime],
    ) -> None:
        self.token = token
        self.rate_limit = rate_limit
        self.clock = clock


class Visit:
    """One question to PDS: the headers of each time that it is sent."""

    def __init__(
        self,
        access: Access,
        organisation_ods: str,
        worker: HealthcareWorker | None,
        urgency: Urgency,
    ) -> None:
        checks.ods_code(organisation_ods, "organisation")
        if worker is not None:
            checks.require(_HEADER_VALUE.fullmatch(worker.access_token), "access token")
            checks.require(_HEADER_VALUE.fullmatch(worker.session_urid), "session URID")
        self._access = access
        self._organisation_ods = organisation_ods
        self._worker = worker
        self._urgency = urgency
        self._correlation = str(uuid.uuid4())
        self._sent_token = ""

    @property
    def claims(self) -> Mapping[str, str]:
        """In whose name it asks, for the audit trail."""
        if self._worker is None:
            return {"access": "application"}
        return {"access": "healthcare worker", "session_urid": self._worker.session_urid}

    def headers(self, trace_id: str, remaining: Remaining) -> Mapping[str, str]:
        """The headers, once it is the question's turn.

        Raises: DemographicsError.
        """
        try:
            authority = self._authority(remaining)
            # Half of the time that is left is kept for the answer.
            self._access.rate_limit.turn(self._urgency, remaining.seconds / 2)
        except DemographicsError as error:
            error.trace_id = error.trace_id or trace_id
            raise
        return {
            **authority,
            "X-Request-ID": trace_id,
            "X-Correlation-ID": self._correlation,
            "NHSD-End-User-Organisation-ODS": self._organisation_ods,
        }

    def once_more(self, reply: Reply, remaining: Remaining) -> bool:
        """Whether to send it again: with a new token, or when PDS is no longer busy."""
        if reply.status == 401 and self._worker is None and self._access.token is not None:
            self._access.token.discard(self._sent_token)
            return True
        if reply.status != 429:
            return False
        said = retry_after(reply, self._access.clock())
        self._access.rate_limit.pause(_PAUSE_WHEN_BUSY if said is None else said)
        return said is not None and said < remaining.seconds / 2

    def refused(self, reply: Reply) -> bool:
        """Whether PDS did not accept the user's sign-in."""
        return reply.status == 401 and self._worker is not None

    def _authority(self, remaining: Remaining) -> Mapping[str, str]:
        if self._worker is not None:
            return {
                "Authorization": f"Bearer {self._worker.access_token}",
                "NHSD-Session-URID": self._worker.session_urid,
            }
        if self._access.token is None:
            raise failure("PDS_SIGN_IN_NEEDED", origin=Origin.PDS)
        self._sent_token = self._access.token.value(remaining.deadlines)
        return {"Authorization": f"Bearer {self._sent_token}"}


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Seconds, from a number or a date of HTTP."""
    said = (elements.text(reply.headers.get("Retry-After")) or "").strip()
    if said.isascii() and said.isdigit():
        return float(min(int(said[:9]), 86_400))
    try:
        then = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max((then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds(), 0.0)

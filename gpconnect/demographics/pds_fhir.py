"""The Personal Demographics Service by its FHIR API (R4), application-restricted. [PDS-5]"""

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from gpconnect import london, nhs_number
from gpconnect.attempt import Deadlines
from gpconnect.demographics.patient import TracedPatient, traced
from gpconnect.demographics.token import ApplicationToken
from gpconnect.errors import DemographicsUnavailable, GPConnectError
from gpconnect.fhir import checks, elements
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.national import Asker, NationalService, Parameters, Reply, bundled, issue_codes
from gpconnect.observer import ExchangeObserver
from gpconnect.wire import Wire

Result = TypeVar("Result")


class PDSFHIRDemographics:
    """Thread-safe; one for a process. See `gpconnect.demographics.Demographics`."""

    def __init__(
        self,
        url: str,
        wire: Wire,
        token: ApplicationToken,
        observer: ExchangeObserver | None = None,
        *,
        clock: Callable[[], datetime] = london.now_utc,
    ) -> None:
        self._service = NationalService("pds", url, wire, "PDS_UNAVAILABLE")
        self._wire = wire
        self._token = token
        self._observer = observer
        self._clock = clock

    def close(self) -> None:
        self._wire.close()

    def trace(
        self,
        nhs_number_: str,
        *,
        organisation_ods: str,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> TracedPatient:
        """As `Demographics.trace`."""
        number = nhs_number.normalise(nhs_number_)

        def read(reply: Reply) -> TracedPatient:
            if reply.status != 200 or reply.document is None:
                raise self._refusal(reply)
            return self._traced(reply.document, number, reply)

        return self._get(
            "trace", f"/Patient/{number}", (), organisation_ods, observer, deadlines, read
        )

    def search(
        self,
        *,
        family: str,
        birth_date: date,
        given: str | None = None,
        gender: str | None = None,
        postcode: str | None = None,
        organisation_ods: str,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> TracedPatient:
        """As `Demographics.search`."""
        checks.words(family, "family name")
        optional = (("given", given), ("gender", gender), ("address-postalcode", postcode))
        parameters = (
            ("family", family.strip()),
            ("birthdate", f"eq{birth_date.isoformat()}"),
            *((name, value.strip()) for name, value in optional if value and value.strip()),
        )

        def read(reply: Reply) -> str:
            if "TOO_MANY_MATCHES" in issue_codes(reply):
                raise self._service.error("PDS_SEVERAL_MATCHES", reply)
            found = bundled(reply, "Patient") if reply.status == 200 else None
            if found is None:
                raise self._refusal(reply)
            if len(found) != 1:
                code = "PDS_SEVERAL_MATCHES" if found else "PDS_NO_MATCH"
                raise self._service.error(code, reply)
            return self._traced(found[0], "", reply).nhs_number

        number = self._get(
            "search", "/Patient", parameters, organisation_ods, observer, deadlines, read
        )
        # A search gives less than a trace does; what follows rests on a trace.
        return self.trace(
            number, organisation_ods=organisation_ods, observer=observer, deadlines=deadlines
        )

    def _get(
        self,
        what: str,
        path: str,
        parameters: Parameters,
        organisation_ods: str,
        observer: ExchangeObserver | None,
        deadlines: Deadlines | None,
        read: Callable[[Reply], Result],
    ) -> Result:
        checks.ods_code(organisation_ods, "organisation")
        sent: list[str] = []
        correlation = str(uuid.uuid4())

        def headers(trace_id: str) -> Mapping[str, str]:
            sent.append(self._token.value(deadlines))
            return {
                "Authorization": f"Bearer {sent[-1]}",
                "X-Request-ID": trace_id,
                "X-Correlation-ID": correlation,
                "NHSD-End-User-Organisation-ODS": organisation_ods,
            }

        def renewed(reply: Reply) -> bool:
            if reply.status == 401:
                self._token.discard(sent[-1])
            return reply.status == 401

        return self._service.get(
            what,
            path,
            parameters,
            asker=Asker(organisation_ods, observer=observer or self._observer),
            headers=headers,
            read=read,
            deadlines=deadlines,
            again_with=renewed,
        )

    def _traced(self, resource: Json, asked: str, reply: Reply) -> TracedPatient:
        try:
            return traced(resource, asked, self._clock().astimezone(UTC))
        except Unreadable:
            raise self._service.error("PDS_UNAVAILABLE", reply) from None

    def _refusal(self, reply: Reply) -> GPConnectError:
        codes = issue_codes(reply)
        if "INVALIDATED_RESOURCE" in codes:
            return self._service.error("PDS_INVALIDATED", reply)
        if "RESOURCE_NOT_FOUND" in codes or reply.status == 404:
            return self._service.error("PDS_UNKNOWN", reply)
        if "INVALID_RESOURCE_ID" in codes:
            return self._service.error("NHS_NUMBER_INVALID", reply)
        diagnostics = " ".join(sorted(codes))
        if reply.status == 429:
            error = self._service.error("PDS_BUSY", reply, diagnostics)
            assert isinstance(error, DemographicsUnavailable)
            error.retry_after = _retry_after(reply, self._clock())
            return error
        refused = 400 <= reply.status < 500
        return self._service.error(
            "PDS_REFUSED" if refused else "PDS_UNAVAILABLE", reply, diagnostics
        )


def _retry_after(reply: Reply, now: datetime) -> float | None:
    """Seconds, from a number or a date of HTTP."""
    said = (elements.text(reply.headers.get("Retry-After")) or "").strip()
    if said.isascii() and said.isdigit():
        return float(min(int(said[:9]), 86_400))
    try:
        then = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max((then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds(), 0.0)

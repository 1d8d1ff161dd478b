"""The Personal Demographics Service by its FHIR API (R4). [PDS-5]"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from gpconnect import london, nhs_number
from gpconnect.attempt import Deadlines, Remaining
from gpconnect.demographics import search_rules
from gpconnect.demographics.access import Access, HealthcareWorker, Visit, retry_after
from gpconnect.demographics.patient import TracedPatient, traced
from gpconnect.demographics.rate_limit import Urgency
from gpconnect.errors import DemographicsUnavailable, GPConnectError
from gpconnect.fhir import checks
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.national import Asker, NationalService, Parameters, Reply, bundled, issue_codes
from gpconnect.observer import ExchangeObserver
from gpconnect.wire import Wire

Result = TypeVar("Result")

# What PDS says of a search that it cannot do: about what was typed, and nothing for support staff.
_UNSEARCHABLE: Final = frozenset({"INVALID_SEARCH_DATA", "INVALID_VALUE", "MISSING_VALUE"})


class PDSFHIRDemographics:
    """Thread-safe; one for a process. See `gpconnect.demographics.Demographics`."""

    def __init__(
        self,
        url: str,
        wire: Wire,
        access: Access,
        observer: ExchangeObserver | None = None,
        *,
        clock: Callable[[], datetime] = london.now_utc,
    ) -> None:
        self._service = NationalService("pds", url, wire, "PDS_UNAVAILABLE")
        self._wire = wire
        self._access = access
        self._observer = observer
        self._clock = clock

    def close(self) -> None:
        self._wire.close()

    def trace(
        self,
        nhs_number_: str,
        *,
        organisation_ods: str,
        worker: HealthcareWorker | None = None,
        urgency: Urgency = Urgency.LIVE,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> TracedPatient:
        """As `Demographics.trace`."""
        number = nhs_number.normalise(nhs_number_)
        visit = Visit(self._access, organisation_ods, worker, urgency)
        remaining = self._service.remaining(deadlines)
        return self._trace(number, visit, organisation_ods, observer, remaining)

    def search(
        self,
        *,
        family: str,
        birth_date: date,
        given: tuple[str, ...] = (),
        gender: str | None = None,
        postcode: str | None = None,
        organisation_ods: str,
        worker: HealthcareWorker | None = None,
        urgency: Urgency = Urgency.LIVE,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> TracedPatient:
        """As `Demographics.search`."""
        checks.words(family, "family name")
        names = [each.strip() for each in given if each.strip()]
        for name in (family.strip(), *names):
            checks.require(search_rules.slip(name) is None, "name")
        checks.require(search_rules.slip(postcode or "", longest=None) is None, "postcode")
        optional = (("gender", gender), ("address-postalcode", postcode))
        parameters = (
            ("family", family.strip()),
            *(("given", name) for name in names),
            ("birthdate", f"eq{birth_date.isoformat()}"),
            *((name, value.strip()) for name, value in optional if value and value.strip()),
        )

        def read(reply: Reply) -> str:
            if "TOO_MANY_MATCHES" in issue_codes(reply):
                raise self._service.error("PDS_SEVERAL_MATCHES", reply)
            if reply.status == 400 and _UNSEARCHABLE & set(issue_codes(reply)):
                raise self._service.error("PDS_CANNOT_SEARCH", reply)
            found = bundled(reply, "Patient") if reply.status == 200 else None
            if found is None:
                raise self._refusal(reply)
            if len(found) != 1:
                code = "PDS_SEVERAL_MATCHES" if found else "PDS_NO_MATCH"
                raise self._service.error(code, reply)
            return self._traced(found[0], "", reply).nhs_number

        visit = Visit(self._access, organisation_ods, worker, urgency)
        remaining = self._service.remaining(deadlines)
        number = self._get(
            "search", "/Patient", parameters, visit, observer, remaining, organisation_ods, read
        )
        # A search gives less than a trace does; what follows rests on a trace.
        return self._trace(number, visit, organisation_ods, observer, remaining)

    def _trace(
        self,
        number: str,
        visit: Visit,
        organisation_ods: str,
        observer: ExchangeObserver | None,
        remaining: Remaining,
    ) -> TracedPatient:

        def read(reply: Reply) -> TracedPatient:
            if reply.status != 200 or reply.document is None:
                raise self._refusal(reply)
            return self._traced(reply.document, number, reply)

        return self._get(
            "trace", f"/Patient/{number}", (), visit, observer, remaining, organisation_ods, read
        )

    def _get(
        self,
        what: str,
        path: str,
        parameters: Parameters,
        visit: Visit,
        observer: ExchangeObserver | None,
        remaining: Remaining,
        organisation_ods: str,
        read: Callable[[Reply], Result],
    ) -> Result:
        def read_unless_refused(reply: Reply) -> Result:
            if visit.refused(reply):
                raise self._service.error("PDS_SIGN_IN_NEEDED", reply)
            return read(reply)

        return self._service.get(
            what,
            path,
            parameters,
            asker=Asker(organisation_ods, observer=observer or self._observer, claims=visit.claims),
            headers=visit.headers,
            read=read_unless_refused,
            remaining=remaining,
            again_with=visit.once_more,
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
        if reply.status == 429:
            error = self._service.error("PDS_BUSY", reply)
            assert isinstance(error, DemographicsUnavailable)
            error.retry_after = retry_after(reply, self._clock())
            return error
        refused = 400 <= reply.status < 500
        return self._service.error("PDS_REFUSED" if refused else "PDS_UNAVAILABLE", reply)

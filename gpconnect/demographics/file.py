"""Demographics in a file, for test use: a JSON list of PDS's FHIR R4 Patient resources."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gpconnect import london, nhs_number
from gpconnect.attempt import Deadlines
from gpconnect.demographics.access import HealthcareWorker
from gpconnect.demographics.cross_check import says_the_same
from gpconnect.demographics.patient import TracedPatient, traced
from gpconnect.demographics.rate_limit import Urgency
from gpconnect.error_evidence import failure
from gpconnect.errors import Origin
from gpconnect.fhir import checks, elements, names
from gpconnect.fhir.elements import Json, Unreadable
from gpconnect.observer import Asked, ExchangeObserver, observed


class FileDemographics:
    """Reads the file each time, so that it can be changed while in use.

    A resource whose `identifier` holds the number asked for, and whose `id` is another, is that
    of a superseded number.
    """

    def __init__(
        self,
        url: str,
        observer: ExchangeObserver | None = None,
        *,
        clock: Callable[[], datetime] = london.now_utc,
    ) -> None:
        self._path = Path(unquote(urlsplit(url).path))
        self._observer = observer
        self._clock = clock

    def close(self) -> None:
        """Nothing is held open."""

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
        with observed(observer or self._observer, self._asked("trace", organisation_ods)):
            for resource in self._resources():
                if number in (
                    resource.get("id"),
                    elements.identifier(resource, names.NHS_NUMBER),
                ):
                    return self._traced(resource, number)
            raise failure("PDS_UNKNOWN", origin=Origin.PDS)

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

        def matches(patient: TracedPatient) -> bool:
            name, address = patient.official_name, patient.address
            return (
                name is not None
                and says_the_same(name.family, family)
                and patient.birth_date == birth_date
                and all(any(says_the_same(had, asked) for had in name.given) for asked in given)
                and (not gender or patient.gender == gender)
                and (not postcode or says_the_same(address.postcode if address else None, postcode))
            )

        with observed(observer or self._observer, self._asked("search", organisation_ods)):
            everyone = (self._traced(each, str(each.get("id"))) for each in self._resources())
            found = [patient for patient in everyone if matches(patient)]
            if len(found) != 1:
                code = "PDS_SEVERAL_MATCHES" if found else "PDS_NO_MATCH"
                raise failure(code, origin=Origin.PDS)
            return found[0]

    def _asked(self, what: str, organisation_ods: str) -> Asked:
        return Asked(
            trace_id=str(uuid.uuid4()),
            service="pds",
            interaction_id=f"pds:{what}",
            method="GET",
            spine_from=None,
            spine_to=None,
            practice_ods=None,
            claims={"organisation": organisation_ods},
            asked_at=london.now_utc(),
        )

    def _resources(self) -> list[Json]:
        try:
            return list(elements.objects(json.loads(self._path.read_bytes())))
        except (OSError, ValueError):
            raise failure("PDS_UNAVAILABLE", origin=Origin.PDS) from None

    def _traced(self, resource: Json, asked: str) -> TracedPatient:
        try:
            return traced(resource, asked, self._clock().astimezone(UTC))
        except Unreadable:
            raise failure("PDS_UNAVAILABLE", origin=Origin.PDS) from None

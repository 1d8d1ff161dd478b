"""Who is the patient? The Personal Demographics Service, and the cross-check. [PDS-2..7]"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Protocol
from urllib.parse import urlsplit

from gpconnect import london
from gpconnect.attempt import DEFAULT_DEADLINES, Deadlines
from gpconnect.demographics.access import Access, HealthcareWorker
from gpconnect.demographics.cross_check import Difference, cross_check, same_given, says_the_same
from gpconnect.demographics.file import FileDemographics
from gpconnect.demographics.patient import TracedPatient
from gpconnect.demographics.pds_fhir import PDSFHIRDemographics
from gpconnect.demographics.rate_limit import (
    REQUESTS_PER_SECOND,
    ProcessRateLimit,
    RateLimit,
    Urgency,
)
from gpconnect.demographics.signing_key import SigningKey, SigningKeys
from gpconnect.demographics.token import ApplicationToken
from gpconnect.demographics.validity import Dated, Standing
from gpconnect.observer import ExchangeObserver
from gpconnect.tls import TLS
from gpconnect.trust import Trust
from gpconnect.wire import Wire

__all__ = [
    "REQUESTS_PER_SECOND",
    "ApplicationToken",
    "Dated",
    "Demographics",
    "Difference",
    "FileDemographics",
    "HealthcareWorker",
    "PDSFHIRDemographics",
    "ProcessRateLimit",
    "RateLimit",
    "SigningKey",
    "SigningKeys",
    "Standing",
    "TracedPatient",
    "Urgency",
    "cross_check",
    "from_url",
    "same_given",
    "says_the_same",
]


class Demographics(Protocol):
    """Answers who a patient is, on behalf of an organisation.

    With a `worker` PDS is asked in the user's own name, by the token of their CIS2 sign-in;
    without one in the application's. `urgency` says whether a person waits for it. [PDS-5]
    """

    def trace(
        self,
        nhs_number: str,
        *,
        organisation_ods: str,
        worker: HealthcareWorker | None = None,
        urgency: Urgency = Urgency.LIVE,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> TracedPatient:
        """The patient with this number, as PDS has them now. [PDS-2..5]

        Raises: InvalidNHSNumber before anything is sent; PatientUnknown, PatientInvalidated,
        DemographicsUnavailable, DemographicsNotPermitted, SignInNeeded.
        """
        ...

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
        """The one patient with these details, traced. [PDS-7]

        `given`: first and further names, each by itself. Family name, given names and postcode
        may have `*` for any ending, and keep to `search_rules`.

        Raises: InvalidRequest before anything is sent; PatientNotUnique for none or several, and
        as `trace`.
        """
        ...

    def close(self) -> None: ...


def from_url(
    url: str,
    *,
    tls: TLS | Trust,
    token_url: str = "",
    client_id: str = "",
    keys: SigningKeys | None = None,
    rate_limit: RateLimit | None = None,
    observer: ExchangeObserver | None = None,
    deadlines: Deadlines = DEFAULT_DEADLINES,
    clock: Callable[[], datetime] = london.now_utc,
) -> Demographics:
    """PDS at `url`: `https://...` (FHIR) or `file:///...json` (test).

    Without `token_url` the application has no access of its own: each call needs a `worker`.
    Without `rate_limit` this process keeps to the usual five requests a second by itself.

    Raises: ValueError for any other scheme, or for a `token_url` without `keys`.
    """
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return FileDemographics(url, observer, clock=clock)
    if scheme != "https":
        raise ValueError("The URL of PDS must begin with https:// or file://")
    wire = Wire(tls, deadlines)
    token: ApplicationToken | None = None
    if token_url:
        if keys is None:
            raise ValueError("PDS asks for a private key")
        token = ApplicationToken(token_url, client_id=client_id, keys=keys, wire=wire, clock=clock)
    access = Access(token, rate_limit or ProcessRateLimit(), clock)
    return PDSFHIRDemographics(url, wire, access, observer, clock=clock)

"""The Personal Demographics Service by its FHIR API (R4): read by number, search. [PDS-2..7]"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from starlette.requests import Request

from sandbox import pds_records
from sandbox.access_tokens import AccessTokens
from sandbox.answers import Answer
from sandbox.people import Person, is_valid_nhs_number
from sandbox.services import Services

_FHIR_JSON = "application/fhir+json"

_BIRTH_DATE = re.compile(r"(eq|ge|le)(\d{4}-\d{2}-\d{2})")


class Demographics:
    """The two ways to look somebody up."""

    def __init__(self, services: Services, access_tokens: AccessTokens) -> None:
        self._services = services
        self._access_tokens = access_tokens

    def refusal(self, request: Request) -> Answer | None:
        """What is wrong with the request itself, or None."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self._access_tokens.is_valid(token):
            return _outcome(request, 401, "login", "ACCESS_DENIED", "Access Denied",
                            "Missing, invalid or expired access token")  # fmt: skip
        identifier = request.headers.get("x-request-id")
        if identifier is None:
            return _outcome(request, 412, "structure", "PRECONDITION_FAILED",
                            "Required condition not fulfilled",
                            "Missing X-Request-ID header")  # fmt: skip
        if not _is_uuid(identifier):
            return _outcome(request, 400, "value", "INVALID_VALUE", "Provided value is invalid",
                            "X-Request-ID is not a UUID")  # fmt: skip
        session = self._access_tokens.session_urid(token)
        if session is not None and request.headers.get("nhsd-session-urid") != session:
            return _outcome(request, 400, "value", "INVALID_VALUE", "Provided value is invalid",
                            "Missing or invalid NHSD-Session-URID header")  # fmt: skip
        return None

    def read(self, request: Request) -> Answer:
        """A patient by NHS number."""
        number = request.path_params["number"]
        if not is_valid_nhs_number(number):
            return _outcome(request, 400, "value", "INVALID_RESOURCE_ID", "Resource Id is invalid")
        person = self._services.population.get(number)
        if person is not None and person.pds == "superseded" and person.superseded_by:
            person = self._services.population.get(person.superseded_by)
        if person is None or person.pds == "unknown":
            return _outcome(request, 404, "not-found", "RESOURCE_NOT_FOUND", "Resource not found")
        if person.pds == "invalidated":
            return _outcome(request, 404, "processing", "INVALIDATED_RESOURCE",
                            "Resource that has been marked as invalid was requested - "
                            "invalid resources cannot be retrieved")  # fmt: skip
        return Answer(
            200, pds_records.patient(person), {**_echo(request), "ETag": 'W/"2"'}, _FHIR_JSON
        )

    def search(self, request: Request) -> Answer:
        """The one patient who matches; nobody, or too many, is an answer without a patient."""
        asked = request.query_params
        if not (asked.get("family") and asked.get("birthdate")):
            return _outcome(request, 400, "required", "TOO_FEW_SEARCH_PARAMS",
                            "Too few search parameters were provided")  # fmt: skip
        try:
            tests = list(_tests(request))
        except ValueError as error:
            return _outcome(request, 400, "value", "INVALID_SEARCH_DATA",
                            "Search data is invalid", str(error))  # fmt: skip
        found = [
            person
            for person in self._services.people
            if person.pds not in {"unknown", "invalidated", "superseded"}
            and all(test(person) for test in tests)
        ]
        if len(found) > 1:
            return _outcome(request, 200, "multiple-matches", "TOO_MANY_MATCHES",
                            "Too Many Matches", severity="information")  # fmt: skip
        base = str(request.url).partition("?")[0]
        entries = [
            {
                "fullUrl": f"{base}/{person.nhs_number}",
                "search": {"score": 1},
                "resource": pds_records.patient(person),
            }
            for person in found
        ]
        bundle = {
            "resourceType": "Bundle",
            "type": "searchset",
            "timestamp": "2024-01-01T00:00:00+00:00",
            "total": len(found),
            **({"entry": entries} if entries else {}),
        }
        return Answer(200, bundle, _echo(request), _FHIR_JSON)


def _tests(request: Request) -> Iterable[Callable[[Person], bool]]:
    """One test for each search parameter. Raises ValueError for a bad birth date or gender."""
    asked = request.query_params
    family, given = asked["family"], asked.getlist("given")
    postcode = asked.get("address-postalcode", asked.get("address-postcode"))
    yield lambda person: _alike(family, person.family)
    if given:
        yield lambda person: all(any(_alike(one, name) for name in person.given) for one in given)
    for value in asked.getlist("birthdate"):
        yield _birth_test(value)
    if gender := asked.get("gender"):
        if gender not in {"male", "female", "other", "unknown"}:
            raise ValueError("Invalid value in field gender")
        yield lambda person: person.gender == gender
    if postcode:
        wanted = postcode.replace(" ", "")
        yield lambda person: _alike(wanted, person.address.postcode.replace(" ", ""))


def _birth_test(value: str) -> Callable[[Person], bool]:
    match = _BIRTH_DATE.fullmatch(value)
    if match is None:
        raise ValueError("Invalid value in field birthdate")
    prefix, day = match.groups()
    if prefix == "eq":
        return lambda person: person.birth_date.isoformat() == day
    if prefix == "ge":
        return lambda person: person.birth_date.isoformat() >= day
    return lambda person: person.birth_date.isoformat() <= day


def _alike(asked: str, known: str) -> bool:
    """Equal but for case; an asterisk after at least two characters stands for any ending."""
    wanted, have = asked.casefold(), known.casefold()
    if wanted.endswith("*") and len(wanted) > 2:
        return have.startswith(wanted[:-1])
    return wanted == have


def _outcome(
    request: Request,
    status: int,
    issue: str,
    code: str,
    display: str,
    diagnostics: str | None = None,
    severity: str = "error",
) -> Answer:
    coding = {
        "system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode",
        "version": "1",
        "code": code,
        "display": display,
    }
    body: dict[str, Any] = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": severity,
                "code": issue,
                "details": {"coding": [coding]},
                **({"diagnostics": diagnostics} if diagnostics else {}),
            }
        ],
    }
    return Answer(status, body, _echo(request), _FHIR_JSON)


def _echo(request: Request) -> dict[str, str]:
    """The request's own identifiers, given back."""
    return {
        name: request.headers[name]
        for name in ("X-Request-ID", "X-Correlation-ID")
        if name in request.headers and _is_uuid(request.headers[name])
    }


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False

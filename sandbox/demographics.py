"""The Personal Demographics Service by its FHIR API (R4): read by number, search. [PDS-2..7]"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from uuid import UUID

from starlette.requests import Request

from sandbox import pds_records
from sandbox.access_tokens import AccessTokens
from sandbox.answers import Answer
from sandbox.people import Person, is_valid_nhs_number
from sandbox.services import Services

_FHIR_JSON = "application/fhir+json"

_BIRTH_DATE = re.compile(r"(eq|ge|le|)(\d{4}-\d{2}-\d{2})")
_LONGEST_NAME = 35
_BEFORE_WILDCARD = 2
_POSTCODES = ("address-postalcode", "address-postcode")
_PARAMETERS = frozenset(
    {
        "_fuzzy-match", "_exact-match", "_history", "_max-results", "family", "given", "gender",
        "birthdate", "death-date", *_POSTCODES, "general-practitioner", "email", "phone",
    }
)  # fmt: skip


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
        if number in self._services.pds_records:
            return self._found(request, self._services.pds_records[number])
        person = self._services.population.get(number)
        if person is not None and person.pds == "superseded" and person.superseded_by:
            person = self._services.population.get(person.superseded_by)
        if person is None or person.pds == "unknown":
            return _outcome(request, 404, "not-found", "RESOURCE_NOT_FOUND", "Resource not found")
        if person.pds == "invalidated":
            return _outcome(request, 404, "processing", "INVALIDATED_RESOURCE",
                            "Resource that has been marked as invalid was requested - "
                            "invalid resources cannot be retrieved")  # fmt: skip
        return self._found(request, pds_records.patient(person))

    @staticmethod
    def _found(request: Request, record: dict[str, Any]) -> Answer:
        return Answer(200, record, {**_echo(request), "ETag": 'W/"2"'}, _FHIR_JSON)

    def search(self, request: Request) -> Answer:
        """The one patient who matches; nobody, or too many, is an answer without a patient."""
        refused = _refused_search(request)
        if refused is not None:
            return refused
        tests = list(_tests(request))
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


def _refused_search(request: Request) -> Answer | None:
    """What PDS's specification does not allow of a non-fuzzy search, or None."""
    asked = request.query_params

    def refusal(code: str, display: str, diagnostics: str) -> Answer:
        issue = {"MISSING_VALUE": "required", "ADDITIONAL_PROPERTIES": "additional-properties"}
        return _outcome(request, 400, issue.get(code, "value"), code, display, diagnostics)

    if not asked:
        return refusal("UNSUPPORTED_SERVICE", "Unsupported Service", "No search parameters")
    if unknown := sorted(set(asked) - _PARAMETERS):
        names = ", ".join(f"'{name}'" for name in unknown)
        were = "was" if len(unknown) == 1 else "were"
        return refusal("ADDITIONAL_PROPERTIES", "Additional properties are not allowed",
                       "Invalid request with error - Additional properties are not allowed "
                       f"({names} {were} unexpected)")  # fmt: skip
    if not asked.get("birthdate"):
        return refusal("MISSING_VALUE", "Required value is missing", "Missing value - "
                       "'birth_date/birth_date_range_start/birth_date_range_end'")  # fmt: skip
    if not asked.get("family") or all(name in asked for name in _POSTCODES):
        return refusal("INVALID_SEARCH_DATA", "Search data is invalid",
                       "Invalid search data provided - 'No searches were performed as the search "
                       "criteria did not meet the minimum requirements'")  # fmt: skip
    for name, value in asked.multi_items():
        if not _is_searchable(name, value):
            return refusal("INVALID_VALUE", "Provided value is invalid",
                           f"Invalid value - '{value}' in field '{name}'")  # fmt: skip
    return None


def _is_searchable(name: str, value: str) -> bool:
    """Whether PDS takes the value for the parameter."""
    if name in {"family", "given"} and len(value) > _LONGEST_NAME:
        return False
    if name in {"family", "given", *_POSTCODES}:
        return "*" not in value[:_BEFORE_WILDCARD]
    if name in {"birthdate", "death-date"}:
        return _BIRTH_DATE.fullmatch(value) is not None
    return name != "gender" or value in {"male", "female", "other", "unknown"}


def _tests(request: Request) -> Iterable[Callable[[Person], bool]]:
    """One test for each search parameter that people differ in."""
    asked = request.query_params
    family, given = asked["family"], asked.getlist("given")
    postcode = asked.get("address-postalcode", asked.get("address-postcode"))
    yield lambda person: _alike(family, person.family)
    for one in given:
        yield partial(_is_called, one)
    for value in asked.getlist("birthdate"):
        yield _birth_test(value)
    if gender := asked.get("gender"):
        yield lambda person: person.gender == gender
    if postcode:
        wanted = postcode.replace(" ", "")
        yield lambda person: _alike(wanted, person.address.postcode.replace(" ", ""))


def _is_called(given: str, person: Person) -> bool:
    """Any of the given names; with an asterisk only the first, as PDS says."""
    return any(_alike(given, name) for name in (person.given[:1] if "*" in given else person.given))


def _birth_test(value: str) -> Callable[[Person], bool]:
    match = _BIRTH_DATE.fullmatch(value)
    assert match is not None  # refused before
    prefix, day = match.groups()
    if prefix == "ge":
        return lambda person: person.birth_date.isoformat() >= day
    if prefix == "le":
        return lambda person: person.birth_date.isoformat() <= day
    return lambda person: person.birth_date.isoformat() == day


def _alike(asked: str, known: str) -> bool:
    """Equal but for case; an asterisk stands for anything."""
    parts = (re.escape(part) for part in asked.casefold().split("*"))
    return re.fullmatch(".*".join(parts), known.casefold()) is not None


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

"""The Spine Directory Service by its FHIR API (R4): Endpoint and Device. [SDS-2..5]"""

import os
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from starlette.requests import Request

from sandbox.answers import Answer
from sandbox.interactions import BY_ID
from sandbox.registrations import Registration, registrations
from sandbox.services import Services

API_KEY = os.environ.get("SANDBOX_SDS_KEY", "sandbox-sds-key")

_ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_INTERACTION = "https://fhir.nhs.uk/Id/nhsServiceInteractionId"
_PARTY_KEY = "https://fhir.nhs.uk/Id/nhsMhsPartyKey"
_ASID = "https://fhir.nhs.uk/Id/nhsSpineASID"
_EXTENSION = "https://fhir.nhs.uk/StructureDefinition/Extension-SDS-"


class SpineDirectory:
    """The two searches over what is registered."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def endpoints(self, request: Request) -> Answer:
        """Message handling records: party key and service root of an organisation."""
        ods, interaction, party_key = _parameters(request)
        found = [
            _endpoint(system, address, interaction or next(iter(BY_ID)))
            for system in registrations(self._services.spine)
            if ods in {None, system.ods} and _is_met(system, interaction, party_key)
            for address in system.service_roots
        ]
        return _searchset(request, "Endpoint", found)

    def devices(self, request: Request) -> Answer:
        """Accredited system records: ASIDs of practices and of consumers."""
        ods, interaction, party_key = _parameters(request)
        found = [
            _device(system, asid)
            for system in registrations(self._services.spine)
            if ods == system.ods and _is_met(system, interaction, party_key)
            for asid in system.asids
        ]
        return _searchset(request, "Device", found)

    def refusal(self, request: Request) -> Answer | None:
        """What is wrong with the request itself, or None."""
        if request.headers.get("apikey") != API_KEY:
            return _outcome(401, "login", "UNAUTHORISED", "missing or wrong apikey")
        if not request.query_params.get("organization") and request.url.path.endswith("Device"):
            return _outcome(400, "required", "MISSING_VALUE", "organization is missing")
        if not request.query_params.get("identifier"):
            return _outcome(400, "required", "MISSING_VALUE", "identifier is missing")
        return None


def _parameters(request: Request) -> tuple[str | None, str | None, str | None]:
    """ODS code, interaction id and party key, each None if not given."""
    given = {}
    for name in ("organization", "identifier"):
        for value in request.query_params.getlist(name):
            system, _, code = value.partition("|")
            given[system] = code
    return given.get(_ODS_CODE), given.get(_INTERACTION), given.get(_PARTY_KEY)


def _is_met(system: Registration, interaction: str | None, party_key: str | None) -> bool:
    return interaction in {None, *BY_ID} and party_key in {None, system.party_key}


def _endpoint(system: Registration, address: str | None, interaction: str) -> dict[str, Any]:
    return {
        "resourceType": "Endpoint",
        "id": _id("endpoint", f"{system.ods} {address}"),
        "status": "active",
        "connectionType": {
            "system": "http://terminology.hl7.org/CodeSystem/endpoint-connection-type",
            "code": "hl7-fhir-rest",
            "display": "HL7 FHIR",
        },
        "payloadType": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/endpoint-payload-type",
                        "code": "any",
                        "display": "Any",
                    }
                ]
            }
        ],
        **({"address": address} if address else {}),
        "managingOrganization": {"identifier": {"system": _ODS_CODE, "value": system.ods}},
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/nhsMhsFQDN", "value": "provider.sandbox.test"},
            {"system": _PARTY_KEY, "value": system.party_key},
        ],
        "extension": [_interaction(interaction)],
    }


def _device(system: Registration, asid: str) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "id": _id("device", asid),
        "identifier": [
            {"system": _ASID, "value": asid},
            {"system": _PARTY_KEY, "value": system.party_key},
        ],
        "extension": [_interaction(interaction) for interaction in BY_ID],
        "owner": {"identifier": {"system": _ODS_CODE, "value": system.ods}},
    }


def _interaction(interaction: str) -> dict[str, Any]:
    reference = {"identifier": {"system": _INTERACTION, "value": interaction}}
    return {"url": _EXTENSION + "NhsServiceInteractionId", "valueReference": reference}


def _id(kind: str, key: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://sandbox.test/sds/{kind}/{key}")).upper()


def _searchset(request: Request, kind: str, found: list[dict[str, Any]]) -> Answer:
    base = str(request.url).partition("?")[0]
    return Answer(
        200,
        {
            "resourceType": "Bundle",
            "id": str(uuid4()).upper(),
            "type": "searchset",
            "total": len(found),
            "link": [{"relation": "self", "url": str(request.url)}],
            "entry": [
                {
                    "fullUrl": f"{base}/{resource['id']}",
                    "resource": resource,
                    "search": {"mode": "match"},
                }
                for resource in found
            ],
        },
        _echo(request),
        "application/fhir+json",
    )


def _outcome(status: int, issue: str, code: str, why: str) -> Answer:
    coding = {
        "system": "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode",
        "code": code,
        "display": why,
    }
    return Answer(
        status,
        {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": issue, "details": {"coding": [coding]}}],
        },
        content_type="application/fhir+json",
    )


def _echo(request: Request) -> dict[str, str]:
    correlation = request.headers.get("x-correlation-id")
    return {"X-Correlation-Id": correlation} if correlation else {}

"""Who asks: device, organisation and user, and the token that says so. [JWT-1..5]"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from gpconnect.interactions import Scope

ODS_CODE: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
SDS_USER_ID: Final = "https://fhir.nhs.uk/Id/sds-user-id"
SDS_ROLE_PROFILE_ID: Final = "https://fhir.nhs.uk/Id/sds-role-profile-id"
TOKEN_LIFETIME: Final = timedelta(seconds=300)
WITHOUT_SMARTCARD: Final = "UNK"


@dataclass(frozen=True, slots=True)
class Device:
    """The system that asks, e.g. this installation of the product. [JWT-3]"""

    identifier_system: str
    identifier_value: str
    model: str
    version: str


@dataclass(frozen=True, slots=True)
class RequestingOrganisation:
    """The organisation that the user acts for, with its own ASID. [SSP-2, JWT-4, SFS-3]

    `type` is a code of GPConnect-OrganisationType-1 ("gp-practice", "urgent-care", ...); with
    None neither searches nor bookings give a type.
    """

    ods_code: str
    name: str
    type: str | None
    asid: str
    telephone: str


@dataclass(frozen=True, slots=True)
class RequestingUser:
    """The person who asks; never a fixed or generic one. [JWT-5]"""

    local_id: str
    local_id_system: str
    family: str
    given: tuple[str, ...] = ()
    prefix: str | None = None
    sds_user_id: str | None = None
    sds_role_profile_id: str | None = None


@dataclass(frozen=True, slots=True)
class Requester:
    """All that a practice is told of who asks; `issuer` is the consumer's own endpoint URL."""

    issuer: str
    device: Device
    organisation: RequestingOrganisation
    user: RequestingUser


def claims(
    requester: Requester, audience: str, scope: Scope, issued_at: datetime
) -> dict[str, Any]:
    """The claims of one request's token. [JWT-2..5]

    `audience` is the practice's service root URL, `issued_at` an aware instant, cut to whole
    seconds; the token ends exactly five minutes later.
    """
    issued = int(issued_at.timestamp())
    device, organisation, user = requester.device, requester.organisation, requester.user
    name: dict[str, Any] = {"family": user.family, "given": list(user.given)}
    if user.prefix:
        name["prefix"] = [user.prefix]
    return {
        "iss": requester.issuer,
        "sub": user.local_id,
        "aud": audience,
        "exp": issued + int(TOKEN_LIFETIME.total_seconds()),
        "iat": issued,
        "reason_for_request": "directcare",
        "requested_scope": scope.value,
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [_identifier(device.identifier_system, device.identifier_value)],
            "model": device.model,
            "version": device.version,
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [_identifier(ODS_CODE, organisation.ods_code)],
            "name": organisation.name,
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": user.local_id,
            "identifier": [
                _identifier(SDS_USER_ID, user.sds_user_id or WITHOUT_SMARTCARD),
                _identifier(SDS_ROLE_PROFILE_ID, user.sds_role_profile_id or WITHOUT_SMARTCARD),
                _identifier(user.local_id_system, user.local_id),
            ],
            "name": [name],
        },
    }


def unsigned_token(token_claims: Mapping[str, Any]) -> str:
    """The claims as an unsigned JSON Web Token, ending in a dot. [JWT-1]"""
    return f"{_encode({'alg': 'none', 'typ': 'JWT'})}.{_encode(token_claims)}."


def _identifier(system: str, value: str) -> dict[str, str]:
    return {"system": system, "value": value}


def _encode(part: Mapping[str, Any]) -> str:
    text = json.dumps(part, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")

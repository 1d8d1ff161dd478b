"""The consumer's JSON Web Token: unsigned, five minutes, saying who asks for what. [JWT-1..5]"""

import base64
import binascii
import json
from typing import Any, NoReturn

from sandbox import clock
from sandbox.interactions import Interaction
from sandbox.outcomes import Refused
from sandbox.practices import Consumer

LIFETIME = 300
_CLOCK_SKEW = 5
_ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
_SDS_USER_ID = "https://fhir.nhs.uk/Id/sds-user-id"
_SDS_ROLE_PROFILE_ID = "https://fhir.nhs.uk/Id/sds-role-profile-id"


def check(
    authorization: str | None, *, consumer: Consumer, service_root: str, interaction: Interaction
) -> None:
    """Refuse unless the Authorization header carries a sound token for this very request.

    Raises Refused BAD_REQUEST whose diagnostics name the claim.
    """
    claims = _claims(authorization)
    _check_times(claims)
    _require(claims.get("iss") == consumer.issuer, "iss is not the consumer's Spine endpoint URL")
    _require(claims.get("aud") == service_root, "aud is not the provider's service root URL")
    _require(claims.get("reason_for_request") == "directcare", "reason_for_request")
    _require(
        claims.get("requested_scope") == interaction.scope,
        f"requested_scope is not {interaction.scope}",
    )
    _check_device(_resource(claims, "requesting_device", "Device"))
    _check_organisation(_resource(claims, "requesting_organization", "Organization"), consumer)
    practitioner = _resource(claims, "requesting_practitioner", "Practitioner")
    _check_practitioner(practitioner)
    _require(
        _is_text(claims.get("sub")) and claims["sub"] == practitioner["id"],
        "sub is not the id of requesting_practitioner",
    )


def _claims(authorization: str | None) -> dict[str, Any]:
    if authorization is None:
        _refuse("Authorization header missing")
    scheme, _, token = authorization.partition(" ")
    _require(scheme == "Bearer", "Authorization is not Bearer")
    parts = token.split(".")
    _require(len(parts) == 3, "the token has not three parts")
    _require(parts[2] == "", "the signature is not empty")
    header = _decode(parts[0])
    _require(header == {"alg": "none", "typ": "JWT"}, "the token's header")
    return _decode(parts[1])


def _decode(part: str) -> dict[str, Any]:
    _require("=" not in part and "+" not in part and "/" not in part, "base64url encoding")
    try:
        decoded = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError):
        _refuse("not base64url encoded JSON")
    if not isinstance(decoded, dict):
        _refuse("not a JSON object")
    return decoded


def _check_times(claims: dict[str, Any]) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        _refuse("iat and exp are not whole seconds")
    _require(expires == issued + LIFETIME, "exp is not iat + 300")
    now = clock.now()
    _require(expires > now, "the token has expired")
    _require(issued <= now + _CLOCK_SKEW, "iat is in the future")


def _resource(claims: dict[str, Any], claim: str, kind: str) -> dict[str, Any]:
    resource = claims.get(claim)
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        _refuse(f"{claim} is not a {kind}")
    return resource


def _identifiers(resource: dict[str, Any], claim: str) -> list[tuple[str, str]]:
    identifiers = resource.get("identifier")
    if not isinstance(identifiers, list) or not identifiers:
        _refuse(f"{claim} has no identifier")
    pairs = []
    for identifier in identifiers:
        if not (
            isinstance(identifier, dict)
            and _is_text(identifier.get("system"))
            and _is_text(identifier.get("value"))
        ):
            _refuse(f"{claim} has an identifier without system or value")
        pairs.append((identifier["system"], identifier["value"]))
    return pairs


def _check_device(device: dict[str, Any]) -> None:
    _identifiers(device, "requesting_device")
    for element in ("model", "version"):
        _require(_is_text(device.get(element)), f"requesting_device has no {element}")


def _check_organisation(organisation: dict[str, Any], consumer: Consumer) -> None:
    _require(_is_text(organisation.get("name")), "requesting_organization has no name")
    codes = [
        value
        for system, value in _identifiers(organisation, "requesting_organization")
        if system == _ODS_CODE
    ]
    _require(
        codes == [consumer.ods], "requesting_organization is not the organisation of the sender"
    )


def _check_practitioner(practitioner: dict[str, Any]) -> None:
    claim = "requesting_practitioner"
    _require(_is_text(practitioner.get("id")), f"{claim} has no id")
    names = practitioner.get("name")
    if not isinstance(names, list) or not names or not isinstance(names[0], dict):
        _refuse(f"{claim} has no name")
    given = names[0].get("given")
    _require(_is_text(names[0].get("family")), f"{claim} family is not a string")
    _require(
        isinstance(given, list) and bool(given) and all(map(_is_text, given)),
        f"{claim} given is not a list of strings",
    )
    systems = [system for system, _ in _identifiers(practitioner, claim)]
    _require(systems.count(_SDS_USER_ID) == 1, f"{claim} has no SDS user id")
    _require(systems.count(_SDS_ROLE_PROFILE_ID) == 1, f"{claim} has no SDS role profile id")
    local = [one for one in systems if one not in {_SDS_USER_ID, _SDS_ROLE_PROFILE_ID}]
    _require(bool(local), f"{claim} has no local identifier")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _require(met: bool, what: str) -> None:
    if not met:
        _refuse(what)


def _refuse(what: str) -> NoReturn:
    raise Refused("BAD_REQUEST", f"JWT: {what}")

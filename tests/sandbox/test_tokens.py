"""The consumer's token: every claim that is missing or wrong is refused by the practice."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.exchange import Exchange, encoded
from tests.sandbox.test_spine import FIND
from tests.sandbox.wire import Wire, error_code

Claims = dict[str, Any]


def refusal(wire: Wire, change: Callable[[Exchange], object]) -> str:
    """The diagnostics of the refusal that a changed token meets."""
    response = wire.ask("find_patient", FIND, changed=change)
    assert response.status_code == 400
    assert error_code(response) == "BAD_REQUEST"
    diagnostics: str = response.json()["issue"][0]["diagnostics"]
    return diagnostics


def set_claim(name: str, value: object) -> Callable[[Exchange], object]:
    return lambda exchange: exchange.claims.update({name: value})


@pytest.mark.requirement("JWT-1")
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256", "typ": "JWT"},
        {"alg": "none", "typ": "jwt"},
        {"alg": "none", "typ": "JWT", "kid": "1"},
    ],
)
def test_another_token_header(wire: Wire, header: dict[str, str]) -> None:
    assert "header" in refusal(wire, lambda one: setattr(one, "jwt_header", header))


@pytest.mark.requirement("JWT-1")
def test_a_token_with_a_signature(wire: Wire) -> None:
    assert "signature" in refusal(wire, lambda one: setattr(one, "signature", "c2ln"))


@pytest.mark.requirement("JWT-1")
@pytest.mark.parametrize("shape", ["missing", "basic", "no dot", "padded", "not json", "a list"])
def test_an_authorization_that_is_no_unsecured_token(wire: Wire, shape: str) -> None:
    exchange = wire.exchange("find_patient", FIND)
    header, body = encoded(exchange.jwt_header), encoded(exchange.claims)
    padded = base64.urlsafe_b64encode(json.dumps(exchange.jwt_header).encode()).decode() + "=="
    authorization = {
        "missing": "",
        "basic": f"Basic {header}.{body}.",
        "no dot": f"Bearer {header}.{body}",
        "padded": f"Bearer {padded}.{body}.",
        "not json": f"Bearer {header}.bm90IGpzb24.",
        "a list": f"Bearer {header}.{encoded([])}.",
    }[shape]
    exchange.headers["Authorization"] = authorization
    answer = wire.send_raw(exchange)
    assert answer.status_code == 400
    assert error_code(answer) == "BAD_REQUEST"


CLAIMS = [
    "iss", "sub", "aud", "iat", "exp", "reason_for_request", "requested_scope",
    "requesting_device", "requesting_organization", "requesting_practitioner",
]  # fmt: skip


@pytest.mark.requirement("JWT-2", "JWT-3", "JWT-4", "JWT-5")
@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("value", ["missing", None])
def test_a_claim_that_is_missing_or_null(wire: Wire, claim: str, value: str | None) -> None:
    def change(exchange: Exchange) -> None:
        if value == "missing":
            del exchange.claims[claim]
        else:
            exchange.claims[claim] = None

    refusal(wire, change)


@pytest.mark.requirement("JWT-2")
@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "https://booking-portal.example.nhs.uk/"),
        ("sub", "someone else"),
        ("aud", "https://provider.sandbox.test/A20047/STU3/1/gpconnect/"),
        ("aud", "https://provider.sandbox.test/B82617/STU3/1/gpconnect"),
        ("reason_for_request", "DirectCare"),
        ("requested_scope", "patient/*.write"),
        ("requested_scope", "organization/*.read"),
    ],
)
def test_a_claim_with_another_value(wire: Wire, claim: str, value: str) -> None:
    assert claim in refusal(wire, set_claim(claim, value))


@pytest.mark.requirement("JWT-2")
@pytest.mark.parametrize(
    ("shift", "lifetime"), [(-301, 300), (60, 300), (0, 299), (0, 301), (-10, 600)]
)
def test_a_token_that_has_expired_or_lives_too_long(wire: Wire, shift: int, lifetime: int) -> None:
    issued = int(time.time()) + shift
    refusal(wire, lambda one: one.claims.update(iat=issued, exp=issued + lifetime))


@pytest.mark.requirement("JWT-2")
def test_times_that_are_not_whole_seconds(wire: Wire) -> None:
    now = time.time()
    assert "whole seconds" in refusal(wire, lambda one: one.claims.update(iat=now, exp=now + 300))


@pytest.mark.requirement("JWT-3")
@pytest.mark.parametrize("element", ["resourceType", "identifier", "model", "version"])
def test_a_device_without_an_element(wire: Wire, element: str) -> None:
    diagnostics = refusal(wire, lambda one: one.claims["requesting_device"].pop(element))
    assert "requesting_device" in diagnostics


@pytest.mark.requirement("JWT-4", "SSP-2")
def test_an_organisation_that_does_not_own_the_sending_asid(wire: Wire) -> None:
    def change(exchange: Exchange) -> None:
        exchange.claims["requesting_organization"]["identifier"][0]["value"] = "A1002"

    assert "organisation of the sender" in refusal(wire, change)


@pytest.mark.requirement("JWT-4")
@pytest.mark.parametrize("element", ["name", "identifier"])
def test_an_organisation_without_an_element(wire: Wire, element: str) -> None:
    refusal(wire, lambda one: one.claims["requesting_organization"].pop(element))


@pytest.mark.requirement("JWT-5")
@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_practitioner_without_one_of_the_three_identifiers(wire: Wire, missing: int) -> None:
    assert "requesting_practitioner" in refusal(
        wire, lambda one: one.claims["requesting_practitioner"]["identifier"].pop(missing)
    )


@pytest.mark.requirement("JWT-5")
@pytest.mark.parametrize(
    "name",
    [
        [],
        [{"given": ["Joan"]}],
        [{"family": ["Weatherall"], "given": ["Joan"]}],
        [{"family": "Weatherall", "given": "Joan"}],
    ],
)
def test_a_practitioner_with_a_name_of_another_shape(wire: Wire, name: list[Claims]) -> None:
    assert "requesting_practitioner" in refusal(
        wire, lambda one: one.claims["requesting_practitioner"].update(name=name)
    )

"""Practitioners and locations, looked up at practices and kept in Redis for some hours.

All of it can be lost: a miss costs one exchange. Keys hold the practice's ODS code and a
digest of the resource's id; values hold nothing about patients.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.cache import cache

from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError
from gpconnect.models import Address, HumanName, Location, Practitioner


def practitioner(client: GPConnectClient, ods_code: str, resource_id: str) -> Practitioner | None:
    """The practitioner, from the cache or the practice; None when the practice does not say."""
    kept = _looked_up(
        f"practitioner:{ods_code}:{_digest(resource_id)}",
        lambda: asdict(client.read_practitioner(resource_id)),
    )
    if kept is None:
        return None
    name = kept.pop("name")
    return Practitioner(
        **kept | {"roles": tuple(kept["roles"]), "name": _name(name) if name else None}
    )


def location(client: GPConnectClient, ods_code: str, resource_id: str) -> Location | None:
    """The location, from the cache or the practice; None when the practice does not say."""
    kept = _looked_up(
        f"location:{ods_code}:{_digest(resource_id)}",
        lambda: asdict(client.read_location(resource_id)),
    )
    if kept is None:
        return None
    address = kept.pop("address")
    return Location(**kept, address=_address(address) if address else None)


def _looked_up(key: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = cache.get(key)
    if kept is not None:
        return kept
    try:
        found = ask()
    except GPConnectError:
        return None  # audited with its exchange; the screen says "not given"
    cache.set(key, found, settings.LOOK_UP_LIFETIME.total_seconds())
    return dict(found)


def _digest(resource_id: str) -> str:
    return hashlib.sha256(resource_id.encode()).hexdigest()[:24]


def _name(kept: dict[str, Any]) -> HumanName:
    return HumanName(**kept | {"given": tuple(kept["given"]), "prefix": tuple(kept["prefix"])})


def _address(kept: dict[str, Any]) -> Address:
    return Address(**kept | {"lines": tuple(kept["lines"])})

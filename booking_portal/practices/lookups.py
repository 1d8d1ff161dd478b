"""Practitioners and locations, looked up at practices and kept in Redis for some hours.

All of it can be lost: a miss costs one exchange. Keys hold the practice's ODS code, the system that
the id is from [SDS-3] and a digest of the id; values hold nothing about patients.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache

from booking_portal.practices.systems import system_of
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError
from gpconnect.models import Address, Endpoint, HumanName, Location, Practitioner

Resource = TypeVar("Resource", Practitioner, Location)


def practitioner(
    client: GPConnectClient, endpoint: Endpoint, resource_id: str
) -> Practitioner | None:
    """The practitioner, from the cache or the practice; None when the practice does not say."""
    return _looked_up(
        _key("practitioner", endpoint, resource_id),
        _practitioner,
        lambda: client.read_practitioner(resource_id),
    )


def location(client: GPConnectClient, endpoint: Endpoint, resource_id: str) -> Location | None:
    """The location, from the cache or the practice; None when the practice does not say."""
    return _looked_up(
        _key("location", endpoint, resource_id),
        _location,
        lambda: client.read_location(resource_id),
    )


def _looked_up(
    key: str, read: Callable[[dict[str, Any]], Resource], ask: Callable[[], Resource]
) -> Resource | None:
    kept: dict[str, Any] | None = cache.get(key)
    if kept is not None:
        with suppress(AttributeError, KeyError, TypeError):  # kept by an earlier version
            return read(kept)
    try:
        found = ask()
    except GPConnectError:
        return None  # audited with its exchange; the screen says that it could not be read
    cache.set(key, asdict(found), settings.LOOK_UP_LIFETIME.total_seconds())
    return found


def _key(kind: str, endpoint: Endpoint, resource_id: str) -> str:
    digest = hashlib.sha256(resource_id.encode()).hexdigest()[:24]
    return f"{kind}:{endpoint.ods_code}:{system_of(endpoint)}:{digest}"


def _practitioner(kept: dict[str, Any]) -> Practitioner:
    name = _name(kept["name"]) if kept["name"] else None
    return Practitioner(**kept | {"roles": tuple(kept["roles"]), "name": name})


def _location(kept: dict[str, Any]) -> Location:
    address = _address(kept["address"]) if kept["address"] else None
    return Location(**kept | {"address": address})


def _name(kept: dict[str, Any]) -> HumanName:
    return HumanName(**kept | {"given": tuple(kept["given"]), "prefix": tuple(kept["prefix"])})


def _address(kept: dict[str, Any]) -> Address:
    return Address(**kept | {"lines": tuple(kept["lines"])})

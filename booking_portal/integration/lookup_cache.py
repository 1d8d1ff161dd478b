"""Practitioners, locations and services, looked up at practices and kept in Redis for some hours.

All of it can be lost: a miss costs one exchange. Keys hold the practice's ODS code, the system that
the id is from [SDS-3] and a digest of the id; values hold nothing about patients, and of the people
who work there only what pages show.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final, TypeVar

from django.conf import settings
from django.core.cache import cache

from booking_portal.integration.page_budget import PageOutOfTime, within_budget
from booking_portal.integration.systems import system_of
from gpconnect.client import GPConnectClient
from gpconnect.errors import GPConnectError
from gpconnect.models import (
    Address,
    Endpoint,
    FreeSlot,
    HealthcareService,
    HumanName,
    Location,
    Practitioner,
)
from gpconnect.transport import Deadlines

Resource = TypeVar("Resource", Practitioner, Location, HealthcareService)

_SHOWN: Final = frozenset({"id", "name", "gender", "roles", "telephone", "address"})
_NAMING_SECONDS: Final = 2.0
"""How long free slots wait for the names of services, and a find for that of a branch: both go on
without."""


def practitioner(
    client: GPConnectClient, endpoint: Endpoint, resource_id: str
) -> Practitioner | None:
    """The practitioner, from the cache or the practice; None when the practice does not say."""
    return _looked_up(
        _key("practitioner", endpoint, resource_id),
        _practitioner,
        lambda: client.read_practitioner(resource_id),
    )


def location(
    client: GPConnectClient,
    endpoint: Endpoint,
    resource_id: str,
    deadline: Deadlines | None = None,
) -> Location | None:
    """The location, from the cache or the practice; None when the practice does not say."""
    return _looked_up(
        _key("location", endpoint, resource_id),
        _location,
        lambda: client.read_location(resource_id, deadline=deadline),
    )


def location_name(client: GPConnectClient, endpoint: Endpoint, resource_id: str) -> str:
    """The name of a location, for what does not wait long for it; empty where it is not known."""
    try:
        found = location(client, endpoint, resource_id, _soon(_NAMING_SECONDS))
    except PageOutOfTime:
        return ""
    return (found.name if found else None) or ""


def service(
    client: GPConnectClient,
    endpoint: Endpoint,
    resource_id: str,
    deadline: Deadlines | None = None,
) -> HealthcareService | None:
    """The service, from the cache or the practice; None when the practice does not say."""
    return _looked_up(
        _key("service", endpoint, resource_id),
        _service,
        lambda: client.read_healthcare_service(resource_id, deadline=deadline),
    )


def service_names(
    client: GPConnectClient, endpoint: Endpoint, slots: Iterable[FreeSlot]
) -> Mapping[str, str]:
    """The names, by id, of the slots' services that came without one.

    Where the practice does not tell one, or not soon, it is not asked for the rest.
    """
    nameless = {slot.service.id for slot in slots if slot.service and slot.service.name is None}
    names: dict[str, str] = {}
    until = time.monotonic() + _NAMING_SECONDS
    for resource_id in sorted(nameless):
        left = until - time.monotonic()
        try:
            found = service(client, endpoint, resource_id, _soon(left)) if left > 0 else None
        except PageOutOfTime:
            found = None
        if found is None:
            break
        names[resource_id] = found.name or ""
    return names


def _soon(seconds: float) -> Deadlines:
    """So many seconds, or what the page still has. Raises: PageOutOfTime."""
    return within_budget(Deadlines(min(settings.CONNECT_DEADLINE_SECONDS, seconds), seconds))


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
    shown = {name: value for name, value in asdict(found).items() if name in _SHOWN}
    cache.set(key, shown, settings.LOOK_UP_LIFETIME.total_seconds())
    return read(shown)


def _key(kind: str, endpoint: Endpoint, resource_id: str) -> str:
    digest = hashlib.sha256(resource_id.encode()).hexdigest()[:24]
    return f"{kind}:{endpoint.ods_code}:{system_of(endpoint)}:{digest}"


def _practitioner(kept: dict[str, Any]) -> Practitioner:
    name = _name(kept["name"]) if kept["name"] else None
    return Practitioner(**kept | {"roles": tuple(kept["roles"]), "name": name})


def _location(kept: dict[str, Any]) -> Location:
    address = _address(kept["address"]) if kept["address"] else None
    return Location(**kept | {"address": address})


def _service(kept: dict[str, Any]) -> HealthcareService:
    return HealthcareService(**kept)


def _name(kept: dict[str, Any]) -> HumanName:
    return HumanName(**kept | {"given": tuple(kept["given"]), "prefix": tuple(kept["prefix"])})


def _address(kept: dict[str, Any]) -> Address:
    return Address(**kept | {"lines": tuple(kept["lines"])})

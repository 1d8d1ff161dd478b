"""The Spine Directory Service by LDAP: MHS and AS records below ou=Services, o=nhs. [SDS-1, SDS-5]

The server is ldaptor's. asyncio carries it, so that it shares the sandbox's loop, TLS settings and
orderly end; no Twisted reactor runs.
"""
# mypy: allow-untyped-calls
# (ldaptor has no annotations)

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ldaptor.inmemory import ReadOnlyInMemoryLDAPEntry
from ldaptor.protocols.ldap import ldaperrors
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from twisted.internet.defer import Deferred

from sandbox.faults import Faults
from sandbox.interactions import BY_ID
from sandbox.practices import Spine
from sandbox.registrations import Registration, registrations
from sandbox.services import Services

Attributes = dict[str, list[str]]

_MANUFACTURER = "YGSBX"
_log = logging.getLogger("sandbox.ldap")


class LDAPListener:
    """The directory's LDAP door: mutual TLS, anonymous bind, searches only."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._spine = services.spine
        self._tree = _tree(services.spine)
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, bound: socket.socket, tls: ssl.SSLContext) -> None:
        """Accept connections on a bound socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=bound, ssl=tls)

    def close(self) -> None:
        """Stop listening, and cut every connection."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.abort()

    def _connection(self) -> "_Connection":
        if self._spine is not self._services.spine:  # somebody has registered anew
            self._spine = self._services.spine
            self._tree = _tree(self._spine)
        return _Connection(_Session(self._tree, self._services.faults), self._connections)


class _Connection(asyncio.Protocol):
    """Carries one client's session."""

    def __init__(self, session: "_Session", everyone: "set[_Connection]") -> None:
        self._session = session
        self._everyone = everyone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._everyone.add(self)
        self._session.transport = transport
        self._session.connectionMade()

    def data_received(self, data: bytes) -> None:
        self._session.dataReceived(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._everyone.discard(self)
        self._session.connectionLost()

    def abort(self) -> None:
        self._session.transport.abort()


class _Session(LDAPServer):
    """What one client asks for. A handler answers by its result; None is no answer."""

    transport: Any

    def __init__(self, tree: ReadOnlyInMemoryLDAPEntry, faults: Faults) -> None:
        super().__init__()
        self.factory = tree
        self._faults = faults

    def handle_LDAPSearchRequest(  # noqa: N802  ldaptor's name
        self, request: Any, controls: Any, reply: Any
    ) -> Deferred[Any] | None:
        """Answer a search, or suffer a fault."""
        struck = self._faults.striking(service="sds")
        fault = struck.kind if struck else None
        _log.info("sds search: %s", fault or "answered")
        if fault == "refuse":
            self.transport.abort()
            return None
        if fault in {"hang_before", "hang_after"}:
            return None
        if fault is not None:
            words = struck.words if struck else ""
            raise ldaperrors.LDAPUnavailable(words or "the service is not available")
        answer: Deferred[Any] = super().handle_LDAPSearchRequest(request, controls, reply)
        return answer

    def handle_LDAPUnbindRequest(  # noqa: N802
        self, request: Any, controls: Any, reply: Any
    ) -> None:
        """The client takes its leave."""
        self.transport.close()

    def _refuse(self, request: Any, controls: Any, reply: Any) -> None:
        raise ldaperrors.LDAPUnwillingToPerform("the directory is for reading")

    handle_LDAPAddRequest = _refuse  # noqa: N815
    handle_LDAPDelRequest = _refuse  # noqa: N815
    handle_LDAPModifyRequest = _refuse  # noqa: N815
    handle_LDAPModifyDNRequest = _refuse  # noqa: N815
    handle_LDAPExtendedRequest = _refuse  # noqa: N815


def _tree(spine: Spine) -> ReadOnlyInMemoryLDAPEntry:
    tree = ReadOnlyInMemoryLDAPEntry("o=nhs", _raw({"objectClass": ["organization"], "o": ["nhs"]}))
    unit: Attributes = {"objectClass": ["organizationalUnit"], "ou": ["Services"]}
    services = tree.addChild("ou=Services", _raw(unit))
    for registration in registrations(spine):
        for record in (*_message_handling(registration), *_accredited_systems(registration)):
            services.addChild(f"uniqueIdentifier={record['uniqueIdentifier'][0]}", _raw(record))
    return tree


def _message_handling(registration: Registration) -> Iterator[Attributes]:
    """One record for each interaction, as providers have (and consumers have not)."""
    for number, service_root in enumerate(registration.service_roots):
        for interaction in BY_ID:
            key = f"https://sandbox.test/sds/mhs/{registration.ods}/{number}/{interaction}"
            yield {
                "objectClass": ["top", "nhsMhs"],
                "uniqueIdentifier": [uuid5(NAMESPACE_URL, key).hex[:20]],
                "nhsIDCode": [registration.ods],
                "nhsMhsPartyKey": [registration.party_key],
                "nhsMhsSvcIA": [interaction],
                "nhsMhsFQDN": ["provider.sandbox.test"],
                **({"nhsMhsEndPoint": [service_root]} if service_root else {}),
            }


def _accredited_systems(registration: Registration) -> Iterator[Attributes]:
    for asid in registration.asids:
        yield {
            "objectClass": ["top", "nhsAs"],
            "uniqueIdentifier": [asid],
            "nhsIDCode": [registration.ods],
            "nhsMhsPartyKey": [registration.party_key],
            "nhsAsSvcIA": [*BY_ID],
            "nhsMhsManufacturerOrg": [_MANUFACTURER],
        }


def _raw(attributes: Attributes) -> dict[str, list[bytes]]:
    # ldaptor compares substrings in bytes only.
    return {name: [value.encode() for value in values] for name, values in attributes.items()}

"""The Spine Directory Service by LDAP over mutual TLS: MHS record, then AS record. [SDS-1]"""

import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from gpconnect import london
from gpconnect.attempt import DEFAULT_DEADLINES, AttemptEnded, Deadlines
from gpconnect.directory.ldap_session import LDAPAnswer, LDAPSession, Record
from gpconnect.directory.records import endpoint, problem, what_to_check
from gpconnect.errors import DirectoryError
from gpconnect.fhir import checks
from gpconnect.identity import Requester
from gpconnect.interactions import SEARCH_FREE_SLOTS, Interaction
from gpconnect.models import Endpoint
from gpconnect.national import Asker
from gpconnect.observer import Asked, ExchangeObserver, observed
from gpconnect.tls import TLS
from gpconnect.trust import Trust
from gpconnect.watchdog import Watchdog

BASE: Final = "ou=services, o=nhs"

_LDAPS_PORT: Final = 636
_RECORDS: Final = {"nhsMhs": "MHS record (nhsMhs)", "nhsAs": "AS record (nhsAs)"}
_ATTRIBUTES: Final = {
    "nhsMhs": ("nhsMhsEndPoint", "nhsMhsPartyKey"),
    "nhsAs": ("uniqueIdentifier",),
}
_SUCCESS: Final = 0
# operationsError, timeLimitExceeded, busy, unavailable, other: the directory's trouble, not ours.
_ITS_TROUBLE: Final = frozenset({1, 3, 51, 52, 80})


class SDSLDAPDirectory:
    """Looks a practice up by the interaction that it must be enabled for. Thread-safe.

    Each look-up has a connection of its own, and all of it together the total deadline.
    """

    def __init__(
        self,
        url: str,
        tls: TLS | Trust,
        deadlines: Deadlines = DEFAULT_DEADLINES,
        observer: ExchangeObserver | None = None,
        interaction: Interaction = SEARCH_FREE_SLOTS,
    ) -> None:
        parts = urlsplit(url)
        extras = (parts.username, parts.path.strip("/"), parts.query, parts.fragment)
        if parts.scheme != "ldaps" or not parts.hostname or any(extras):
            raise ValueError("The URL of SDS by LDAP must be ldaps://host or ldaps://host:port")
        self._host = parts.hostname
        self._port = parts.port or _LDAPS_PORT
        self._trust = Trust.of(tls)
        self._watchdog = Watchdog()
        self._deadlines = deadlines
        self._observer = observer
        self._interaction = interaction.id

    def close(self) -> None:
        self._watchdog.close()

    def look_up(
        self,
        ods_code: str,
        *,
        requester: Requester | None = None,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> Endpoint:
        """As `Directory.look_up`; `deadlines` are for the whole look-up."""
        checks.ods_code(ods_code)
        asker = Asker.of(requester, observer or self._observer)
        limits = deadlines or self._deadlines
        session = LDAPSession(self._host, self._port, self._trust, self._watchdog, limits)
        with closing(session):
            by_interaction = {"nhsMhsSvcIA": self._interaction}
            mhs = self._record(session, "nhsMhs", ods_code, by_interaction, asker)
            party_key = _only(mhs, "nhsMhsPartyKey")
            if not party_key:
                raise problem(
                    "DIRECTORY_MALFORMED",
                    ods_code,
                    "the party key (nhsMhsPartyKey) of the practice's MHS record",
                )
            by_party_key = {"nhsMHSPartyKey": party_key}
            system = self._record(session, "nhsAs", ods_code, by_party_key, asker)
        return endpoint(ods_code, _only(system, "uniqueIdentifier"), _only(mhs, "nhsMhsEndPoint"))

    def _record(
        self,
        session: LDAPSession,
        kind: str,
        ods_code: str,
        more: Mapping[str, str],
        asker: Asker,
    ) -> Record:
        """The one record of a kind. Raises: DirectoryError."""
        trace_id = str(uuid.uuid4())
        wanted = {"nhsIDCode": ods_code, "objectClass": kind, **more}
        with observed(asker.observer, self._question(kind, ods_code, trace_id, asker)):
            try:
                answer = session.search(BASE, wanted, _ATTRIBUTES[kind])
            except AttemptEnded:
                cause = session.why_ended()
            else:
                return self._judged(answer, kind, ods_code, trace_id)
            raise problem(
                "DIRECTORY_UNREACHABLE",
                ods_code,
                what_to_check(cause),
                trace_id=trace_id,
                diagnostics=cause,
            )

    def _judged(self, answer: LDAPAnswer, kind: str, ods_code: str, trace_id: str) -> Record:
        where = f"the practice's {_RECORDS[kind]} for {self._interaction}"

        def error(code: str, check: str = where, diagnostics: str = "") -> DirectoryError:
            return problem(code, ods_code, check, trace_id=trace_id, diagnostics=diagnostics)

        words = ": ".join(filter(None, (answer.name, answer.message)))
        if answer.code in _ITS_TROUBLE:
            raise error("DIRECTORY_UNREACHABLE", "SDS itself", words)
        if answer.code != _SUCCESS:
            raise error("DIRECTORY_REFUSED", "our access to SDS", words)
        if not answer.records:
            raise error("PRACTICE_NOT_ENABLED")
        if len(answer.records) > 1:
            raise error("DIRECTORY_AMBIGUOUS")
        return answer.records[0]

    def _question(self, kind: str, ods_code: str, trace_id: str, asker: Asker) -> Asked:
        return Asked(
            trace_id=trace_id,
            service="sds",
            interaction_id=f"sds:{kind}",
            method="SEARCH",
            spine_from=asker.spine_from,
            spine_to=None,
            practice_ods=ods_code,
            claims={"organisation": asker.organisation_ods} if asker.organisation_ods else {},
            asked_at=london.now_utc(),
        )


def _only(record: Record, attribute: str) -> str | None:
    """The value of an attribute that must have exactly one."""
    values = record.get(attribute.lower(), ())
    return values[0] if len(values) == 1 else None

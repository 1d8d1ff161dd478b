"""The Spine Directory Service by its FHIR API (R4): MHS record, then AS record. [SDS-2]"""

from typing import Final

from gpconnect.attempt import Deadlines, Remaining
from gpconnect.directory.records import endpoint, problem, what_to_check
from gpconnect.errors import DirectoryError
from gpconnect.fhir import checks, elements, names
from gpconnect.fhir.elements import Json
from gpconnect.identity import Requester
from gpconnect.interactions import SEARCH_FREE_SLOTS, Interaction
from gpconnect.models import Endpoint
from gpconnect.national import Asker, NationalService, Parameters, Reply, bundled, words_of
from gpconnect.observer import ExchangeObserver
from gpconnect.wire import Wire

_INTERACTION: Final = "https://fhir.nhs.uk/Id/nhsServiceInteractionId"
_PARTY_KEY: Final = "https://fhir.nhs.uk/Id/nhsMhsPartyKey"
_ASID: Final = "https://fhir.nhs.uk/Id/nhsSpineASID"
_RECORDS: Final = {"Endpoint": "MHS record (nhsMhs)", "Device": "AS record (nhsAs)"}


class SDSFHIRDirectory:
    """Looks a practice up by the interaction that it must be enabled for."""

    def __init__(
        self,
        url: str,
        wire: Wire,
        api_key: str,
        observer: ExchangeObserver | None = None,
        interaction: Interaction = SEARCH_FREE_SLOTS,
    ) -> None:
        self._service = NationalService("sds", url, wire, "DIRECTORY_UNREACHABLE")
        self._wire = wire
        self._api_key = api_key
        self._observer = observer
        self._interaction = interaction.id

    def close(self) -> None:
        self._wire.close()

    def look_up(
        self,
        ods_code: str,
        *,
        requester: Requester | None = None,
        observer: ExchangeObserver | None = None,
        deadlines: Deadlines | None = None,
    ) -> Endpoint:
        """As `Directory.look_up`."""
        checks.ods_code(ods_code)
        asker = Asker.of(requester, observer or self._observer)
        remaining = self._service.remaining(deadlines)
        mhs = self._record("Endpoint", ods_code, (), asker, remaining)
        party_key = elements.identifier(mhs, _PARTY_KEY)
        if party_key is None:
            raise problem(
                "DIRECTORY_MALFORMED", ods_code, "the party key of the practice's MHS record"
            )
        party = (("identifier", f"{_PARTY_KEY}|{party_key}"),)
        system = self._record("Device", ods_code, party, asker, remaining)
        return endpoint(
            ods_code, elements.identifier(system, _ASID), elements.text(mhs.get("address"))
        )

    def _record(
        self,
        kind: str,
        ods_code: str,
        more: Parameters,
        asker: Asker,
        remaining: Remaining,
    ) -> Json:
        """The one record of a kind. Raises: DirectoryError."""

        def headers(trace_id: str, _: Remaining) -> dict[str, str]:
            return {"apikey": self._api_key, "X-Correlation-Id": trace_id}

        def read(reply: Reply) -> Json:
            found = bundled(reply, kind) if reply.status == 200 else None
            if found is None:
                refused = 400 <= reply.status < 500 and reply.status != 429
                code = "DIRECTORY_REFUSED" if refused else "DIRECTORY_UNREACHABLE"
                raise self._problem(code, ods_code, "the API key and SDS itself", reply)
            if not found:
                raise self._problem("PRACTICE_NOT_ENABLED", ods_code, self._where(kind), reply)
            if len(found) > 1:
                raise self._problem("DIRECTORY_AMBIGUOUS", ods_code, self._where(kind), reply)
            return found[0]

        try:
            return self._service.get(
                kind.lower(),
                f"/{kind}",
                (
                    ("organization", f"{names.ODS_CODE}|{ods_code}"),
                    ("identifier", f"{_INTERACTION}|{self._interaction}"),
                    *more,
                ),
                asker=asker,
                headers=headers,
                read=read,
                practice_ods=ods_code,
                remaining=remaining,
            )
        except DirectoryError as error:
            if not error.check:  # no answer came that `read` could have judged
                error.ods_code, error.check = ods_code, what_to_check(error.diagnostics)
            raise

    def _where(self, kind: str) -> str:
        return f"the practice's {_RECORDS[kind]} for {self._interaction}"

    def _problem(self, code: str, ods_code: str, check: str, reply: Reply) -> DirectoryError:
        return problem(
            code,
            ods_code,
            check,
            status=reply.status,
            trace_id=reply.trace_id,
            diagnostics=words_of(reply),
        )

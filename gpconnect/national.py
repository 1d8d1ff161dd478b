"""One question to a national service (SDS or PDS): observed, traced, read as JSON."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar
from urllib.parse import quote, urlsplit

from gpconnect import london
from gpconnect.attempt import Deadlines, Remaining
from gpconnect.error_evidence import failure
from gpconnect.errors import GPConnectError, NoAnswer, NotSent, Origin, UnreadableAnswer
from gpconnect.fhir import elements, parsing
from gpconnect.fhir.elements import Json
from gpconnect.fhir.outcome import said
from gpconnect.identity import Requester
from gpconnect.observer import Asked, ExchangeObserver, observed
from gpconnect.wire import Wire, WireAnswer, WireRequest

Result = TypeVar("Result")
Parameters = tuple[tuple[str, str], ...]

_ORIGINS: Final = {"sds": Origin.SDS, "pds": Origin.PDS}


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf a national service is asked, and who is told of it."""

    organisation_ods: str | None = None
    spine_from: str | None = None
    observer: ExchangeObserver | None = None
    claims: Mapping[str, str] = field(default_factory=dict)  # further ones

    @classmethod
    def of(cls, requester: Requester | None, observer: ExchangeObserver | None) -> "Asker":
        if requester is None:
            return cls(observer=observer)
        organisation = requester.organisation
        return cls(organisation.ods_code, organisation.asid, observer)

    def all_claims(self) -> Mapping[str, str]:
        """What the audit trail keeps of who asks."""
        organisation = {"organisation": self.organisation_ods} if self.organisation_ods else {}
        return {**organisation, **self.claims}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status; `document` is None when it is no JSON object."""

    status: int
    headers: Mapping[str, str]
    document: Json | None
    trace_id: str


class NationalService:
    """`unavailable` is the error code for "no usable answer", whatever the cause."""

    def __init__(
        self, service: Literal["sds", "pds"], url: str, wire: Wire, unavailable: str
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise ValueError(f"The URL of {service.upper()} must begin with https://")
        self._service = service
        self._origin = f"https://{parts.netloc}"
        self._path = parts.path.rstrip("/")
        self._wire = wire
        self._unavailable = unavailable

    def get(
        self,
        what: str,
        path: str,
        parameters: Parameters,
        *,
        asker: Asker,
        headers: Callable[[str, Remaining], Mapping[str, str]],
        read: Callable[[Reply], Result],
        practice_ods: str | None = None,
        remaining: Remaining | None = None,
        again_with: Callable[[Reply, Remaining], bool] = lambda reply, remaining: False,
    ) -> Result:
        """Ask once (`what` names the question in the audit trail) and read the reply.

        `headers` are made from the trace id. When `again_with` says so of the reply, the same
        is asked once more, with the same trace id and headers made anew. [PDS-5] All of it
        together takes no longer than what is `remaining`.

        Raises: GPConnectError, from `read` or for an answer that never came.
        """
        trace_id = str(uuid.uuid4())
        left = remaining or self.remaining(None)
        asked = Asked(
            trace_id=trace_id,
            service=self._service,
            interaction_id=f"{self._service}:{what}",
            method="GET",
            spine_from=asker.spine_from,
            spine_to=None,
            practice_ods=practice_ods,
            claims=asker.all_claims(),
            asked_at=london.now_utc(),
        )
        with observed(asker.observer, asked) as progress:
            reply = self._send(path, parameters, trace_id, headers, left)
            if again_with(reply, left):
                reply = self._send(path, parameters, trace_id, headers, left)
            progress.status = reply.status
            return read(reply)

    def remaining(self, deadlines: Deadlines | None) -> Remaining:
        """What several questions may take together."""
        return Remaining(deadlines or self._wire.deadlines)

    def error(self, code: str, reply: Reply) -> GPConnectError:
        """The error for a reply, with its status, its trace id and what it says."""
        return failure(
            code,
            origin=_ORIGINS[self._service],
            status=reply.status,
            trace_id=reply.trace_id,
            diagnostics=words_of(reply),
        )

    def _send(
        self,
        path: str,
        parameters: Parameters,
        trace_id: str,
        headers: Callable[[str, Remaining], Mapping[str, str]],
        remaining: Remaining,
    ) -> Reply:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters)
        request = WireRequest(
            method="GET",
            origin=self._origin,
            target=f"{self._path}{path}{'?' if query else ''}{query}",
            headers={
                "Accept": "application/fhir+json",
                "Accept-Encoding": "gzip",
                **headers(trace_id, remaining),
            },
            trace_id=trace_id,
        )
        try:
            answer = self._wire.send(request, remaining.deadlines)
        except (NotSent, NoAnswer, UnreadableAnswer) as cause:
            broken = failure(
                self._unavailable,
                origin=_ORIGINS[self._service],
                status=cause.status,
                trace_id=trace_id,
                diagnostics=why_none(cause),
            )
        else:
            return Reply(answer.status, answer.headers, document(answer), trace_id)
        raise broken


def document(answer: WireAnswer) -> Json | None:
    """The JSON object in an answer, or None."""
    try:
        found = parsing.parse(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def issue_codes(reply: Reply) -> frozenset[str]:
    """The codes of a reply's OperationOutcome; none if it is something else."""
    outcome = reply.document or {}
    if outcome.get("resourceType") != "OperationOutcome":
        return frozenset()
    return frozenset(
        code
        for issue in elements.objects(outcome.get("issue"))
        for coding in elements.objects(elements.mapping(issue.get("details")).get("coding"))
        for code in elements.texts(coding.get("code"))
    )


def words_of(reply: Reply) -> str:
    """What a reply's OperationOutcome says, codes first, unmasked; nothing for anything else."""
    return " ".join([*sorted(issue_codes(reply)), *filter(None, [said(reply.document)])])


def why_none(cause: GPConnectError) -> str:
    """Why there is no usable answer: the cause's code, and its reason where it has one."""
    return f"{cause.code}: {cause.diagnostics}" if cause.diagnostics else cause.code


def bundled(reply: Reply, kind: str) -> list[Json] | None:
    """The resources of a kind in a reply's bundle; None when it is no bundle."""
    bundle = reply.document or {}
    if bundle.get("resourceType") != "Bundle":
        return None
    found = (
        elements.mapping(entry.get("resource")) for entry in elements.objects(bundle.get("entry"))
    )
    return [resource for resource in found if resource.get("resourceType") == kind]

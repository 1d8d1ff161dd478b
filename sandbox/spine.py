"""The Spine Secure Proxy: checks every request, then passes it to the practice. [SSP-1..5]

The URL is used as it came, never normalised: what follows the first slash must begin with the
practice's service root exactly as the directory has it.
"""

import logging
import re
import time
from dataclasses import replace
from functools import partial
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from sandbox import tokens
from sandbox.answers import Answer
from sandbox.exchanges import Brief, Exchange
from sandbox.ids import FHIR_ID
from sandbox.interactions import BY_ID, Interaction
from sandbox.misbehaviour import Line, receive_body
from sandbox.outcomes import (
    CODES_AS_CODE_SYSTEM,
    CODES_AS_VALUE_SET,
    Refused,
    RefusedBySpine,
)
from sandbox.practices import Consumer, Practice
from sandbox.provider import HANDLERS
from sandbox.provider.asked import Asked, read_query
from sandbox.provider.mishaps import Occasion
from sandbox.services import Services
from sandbox.suffering import suffer

_log = logging.getLogger("sandbox.ssp")

_METHODS = ("GET", "POST", "PUT")
_HEADERS = ("ssp-traceid", "ssp-from", "ssp-to", "ssp-interactionid")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ACCEPT = re.compile(r"application/fhir\+json(;charset=utf-8)?", re.IGNORECASE)
_ANY_FHIR = re.compile(r"application/fhir\+(json|xml)(;charset=utf-8)?", re.IGNORECASE)
_CONTENT_TYPE = re.compile(r"application/fhir\+json;charset=utf-8", re.IGNORECASE)


class SpineSecureProxy:
    """The ASGI application behind the listener that demands client certificates."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one exchange, or suffer the fault that was asked for."""
        began = time.perf_counter()
        exchange = Exchange(
            method=scope["method"],
            raw_path=_target(scope),
            headers=[_text_pair(pair) for pair in scope["headers"]],
            body=(await receive_body(receive)).decode("utf-8", "replace"),
        )
        brief = self._services.recorder.keep(exchange)
        line = Line(scope, receive, send, gzipped=exchange.accepts_gzip())
        try:
            route = self._route(exchange)
            brief.use_case, brief.practice = route.interaction.use_case, route.practice.ods
            exchange.status = await self._pass_on(route, exchange, brief, line)
        except (RefusedBySpine, Refused) as refusal:
            exchange.status = await line.answer(Answer(refusal.status, refusal.outcome()))
        finally:
            brief.status, brief.fault = exchange.status, exchange.fault
        self._note(exchange, (time.perf_counter() - began) * 1000)

    async def _pass_on(
        self, route: "_Route", exchange: Exchange, brief: Brief, line: Line
    ) -> int | None:
        """The status of what the practice answers; None when nothing was answered."""
        practice = route.practice
        line = replace(
            line,
            gzipped=line.gzipped and practice.flavour.compresses,
            chunked=practice.flavour.chunked,
        )
        occasion = Occasion(
            store=self._services.store,
            spine=self._services.spine,
            practice=practice,
            body=exchange.body,
            ask=partial(self._ask_and_note, route, exchange, brief),
            refusal=partial(_refusal, practice),
        )
        fault = self._services.faults.striking(
            practice=practice.ods, use_case=route.interaction.use_case
        )
        if fault is None:
            return await line.answer(occasion.ask())
        exchange.fault = fault.kind
        occasion = replace(occasion, words=fault.words)
        if fault.kind == "status_502":
            reason = f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{route.target_url}"
            raise RefusedBySpine(502, reason)
        return await suffer(fault, occasion, line, self._services.late_work)

    def _note(self, exchange: Exchange, milliseconds: float) -> None:
        """The access log: no path and no query, so nothing about a patient."""
        interaction = BY_ID.get(exchange.header("ssp-interactionid") or "")
        practice = self._services.spine.practice_with_asid(exchange.header("ssp-to") or "")
        _log.info(
            "%s at %s: %s in %.1f ms",
            interaction.use_case if interaction else "unknown",
            practice.ods if practice else "unknown",
            exchange.status or "no answer",
            milliseconds,
        )

    def _route(self, exchange: Exchange) -> "_Route":
        """The checks of the SSP itself, in the order in which it makes them."""
        if exchange.method not in _METHODS:
            raise RefusedBySpine(405, "Method Not Allowed")
        if not _ACCEPT.fullmatch(_wanted_format(exchange)):
            raise RefusedBySpine(415, "Unsupported_Media_Type")
        if exchange.method == "GET" and not _ANY_FHIR.fullmatch(
            exchange.header("content-type") or "application/fhir+json"
        ):
            raise RefusedBySpine(415, "Unsupported_Media_Type")
        if exchange.method != "GET" and not _CONTENT_TYPE.fullmatch(
            exchange.header("content-type") or ""
        ):
            raise RefusedBySpine(415, "Unsupported_Media_Type")
        for name in _HEADERS:
            if not exchange.header(name):
                raise Refused("BAD_REQUEST", f"header {name} is missing or repeated")
        if not _UUID.fullmatch(exchange.header("ssp-traceid") or ""):
            raise Refused("BAD_REQUEST", "Ssp-TraceID is not a UUID")
        sender, receiver = exchange.header("ssp-from") or "", exchange.header("ssp-to") or ""
        consumer = self._services.spine.consumer_with_asid(sender)
        interaction = BY_ID.get(exchange.header("ssp-interactionid") or "")
        if consumer is None or interaction is None:
            raise RefusedBySpine(403, f"ASID_CHECK_FAILED_MESSAGESENDER_{sender}")
        practice = self._services.spine.practice_with_asid(receiver)
        if practice is None:
            reason = f"PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{receiver}"
            raise RefusedBySpine(403, reason)
        target_url, _, query = exchange.raw_path.removeprefix("/").partition("?")
        if not target_url.startswith(practice.service_root + "/"):
            reason = f"ENDPOINT_{practice.service_root}_VARIES_FROM_TARGETURL_{target_url}"
            raise RefusedBySpine(400, reason)
        if practice.ods in consumer.no_agreement_with:
            reason = f"FOT_CHECK_FAILED_MESSAGESENDER_{sender}_MESSAGERECEIVER_{receiver}"
            raise RefusedBySpine(403, reason)
        return _Route(consumer, practice, interaction, target_url, query)

    def _ask_and_note(self, route: "_Route", exchange: Exchange, brief: Brief) -> Answer:
        """The practice's answer, with what it has written because of it noted."""
        before = self._services.store.last_entry()
        try:
            return self._ask_practice(route, exchange)
        finally:
            brief.wrote += range(before + 1, self._services.store.last_entry() + 1)

    def _ask_practice(self, route: "_Route", exchange: Exchange) -> Answer:
        """The practice's own checks, and its answer. [section 10, rule 1]"""
        practice, interaction = route.practice, route.interaction
        try:
            path = route.target_url.removeprefix(practice.service_root)
            match = interaction.path.fullmatch(path)
            if exchange.method != interaction.method or match is None:
                raise Refused("BAD_REQUEST", "the interaction id does not match the request")
            tokens.check(
                exchange.header("authorization"),
                consumer=route.consumer,
                service_root=practice.service_root,
                interaction=interaction,
            )
            target = unquote(match[1]) if match.groups() else ""
            if target and not FHIR_ID.fullmatch(target):
                raise Refused("NO_RECORD_FOUND", "not a logical id")
            asked = Asked(
                store=self._services.store,
                spine=self._services.spine,
                population=self._services.population,
                practice=practice,
                consumer=route.consumer,
                interaction=interaction,
                target=target,
                query=read_query(route.query),
                body=exchange.body,
                if_match=exchange.header("if-match"),
            )
            code = practice.denies(route.consumer.ods, interaction.use_case)
            if code is not None:
                raise Refused(code, "this use case is switched off for the organisation")
            return HANDLERS[interaction.use_case](asked)
        except Refused as refusal:
            return _refusal(practice, refusal)


class _Route:
    """Where a request that the SSP has let through goes."""

    def __init__(
        self,
        consumer: Consumer,
        practice: Practice,
        interaction: Interaction,
        target_url: str,
        query: str,
    ) -> None:
        self.consumer = consumer
        self.practice = practice
        self.interaction = interaction
        self.target_url = target_url
        self.query = query


def _wanted_format(exchange: Exchange) -> str:
    """The format of the answer: `_format` decides where there is no Accept. [GPC-SPN-TST-06]"""
    _, _, query = exchange.raw_path.partition("?")
    asked = dict(part.partition("=")[::2] for part in query.split("&"))
    return exchange.header("accept") or unquote(asked.get("_format", ""))


def _text_pair(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    return pair[0].decode("latin-1"), pair[1].decode("latin-1")


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    path: str = scope["raw_path"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _refusal(practice: Practice, refusal: Refused) -> Answer:
    """An error as the practice's system writes it; consumers accept all kinds. [RES-4, ERR-2]"""
    flavour = practice.flavour
    systems = {"value-set": CODES_AS_VALUE_SET, "code-system": CODES_AS_CODE_SYSTEM}
    return Answer(
        refusal.own_status or flavour.statuses.get(refusal.code, refusal.status),
        refusal.outcome(systems[flavour.error_codes], flavour.spellings),
    )

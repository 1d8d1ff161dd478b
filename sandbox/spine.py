"""The Spine Secure Proxy: checks every request, then passes it to the practice. [SSP-1..5]

The URL is used as it came, never normalised: what follows the first slash must begin with the
practice's service root exactly as the directory has it.
"""

import logging
import re
import time
from typing import Any
from urllib.parse import unquote

from starlette.types import Receive, Scope, Send

from sandbox import tokens
from sandbox.answers import Answer
from sandbox.appointment_book import take
from sandbox.exchanges import Exchange
from sandbox.ids import FHIR_ID
from sandbox.interactions import BY_ID, Interaction
from sandbox.misbehaviour import abort, hang, receive_body, respond
from sandbox.outcomes import (
    CODES_AS_CODE_SYSTEM,
    CODES_AS_VALUE_SET,
    Refused,
    RefusedBySpine,
)
from sandbox.practices import Consumer, Practice
from sandbox.provider import HANDLERS
from sandbox.provider.asked import Asked, read_query
from sandbox.services import Services

_log = logging.getLogger("sandbox.ssp")

_METHODS = ("GET", "POST", "PUT")
_HEADERS = ("ssp-traceid", "ssp-from", "ssp-to", "ssp-interactionid")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ACCEPT = re.compile(r"application/fhir\+json(;charset=utf-8)?", re.IGNORECASE)
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
        self._services.recorder.keep(exchange)
        answer: Answer | None
        try:
            route = self._route(exchange)
            answer = await self._pass_on(route, exchange, scope, receive)
        except RefusedBySpine as refusal:
            answer = Answer(refusal.status, refusal.outcome())
        except Refused as refusal:
            answer = Answer(refusal.status, refusal.outcome())
        if answer is not None:
            exchange.status = answer.status
            await respond(answer, send, gzipped=exchange.accepts_gzip())
        self._note(exchange, (time.perf_counter() - began) * 1000)

    async def _pass_on(
        self, route: "_Route", exchange: Exchange, scope: Scope, receive: Receive
    ) -> Answer | None:
        """What the practice answers; None when nothing will ever be answered."""
        fault = self._services.faults.strike(
            practice=route.practice.ods, use_case=route.interaction.use_case
        )
        if fault == "refuse":
            await abort(scope, receive)
            return None
        if fault == "hang_before":
            await hang(scope, receive)
            return None
        if fault == "status_502":
            reason = f"ERROR_COMMUNICATING_TO_ENDPOINT_URL_{route.target_url}"
            raise RefusedBySpine(502, reason)
        if fault == "slot_taken":
            self._let_another_take_the_slot(route.practice, exchange.body)
        if fault == "status_500":
            return _failed(route.practice)
        answer = self._ask_practice(route, exchange)
        if fault == "hang_after":
            await hang(scope, receive)
            return None
        return _failed(route.practice) if fault == "status_500_after" else answer

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

    def _let_another_take_the_slot(self, practice: Practice, body: str) -> None:
        """Someone at the practice's desk is faster than the booking in the body."""
        references = re.findall(r'"reference"\s*:\s*"(Slot|Patient)/([^"]+)"', body)
        wanted = [logical_id for kind, logical_id in references if kind == "Slot"]
        patient = next((one for kind, one in references if kind == "Patient"), "")
        for slot in wanted[:1]:
            take(self._services.store, self._services.spine, practice, slot, not_by=patient)

    def _route(self, exchange: Exchange) -> "_Route":
        """The checks of the SSP itself, in the order in which it makes them."""
        if exchange.method not in _METHODS:
            raise RefusedBySpine(405, "Method Not Allowed")
        if not _ACCEPT.fullmatch(exchange.header("accept") or ""):
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
            return HANDLERS[interaction.use_case](asked)
        except Refused as refusal:
            return Answer(refusal.status, refusal.outcome(_code_system(practice)))


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


def _text_pair(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    return pair[0].decode("latin-1"), pair[1].decode("latin-1")


def _target(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    path: str = scope["raw_path"].decode("latin-1")
    return f"{path}?{query}" if query else path


def _code_system(practice: Practice) -> str:
    # Suppliers disagree about the URL; a consumer accepts both. [RES-4]
    return CODES_AS_CODE_SYSTEM if practice.ids == "guid" else CODES_AS_VALUE_SET


def _failed(practice: Practice) -> Answer:
    refusal = Refused("INTERNAL_SERVER_ERROR", "the practice's system has failed")
    outcome: dict[str, Any] = refusal.outcome(_code_system(practice))
    return Answer(500, outcome)

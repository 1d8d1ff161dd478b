"""Answering, and the ways of not answering that only the transport knows."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from sandbox.answers import Answer

_TRANSPORT = "sandbox.transport"


class OpenProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, handing its transport to the application."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._application: Any = self.app
        self.app = self._with_transport

    async def _with_transport(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("extensions", {})[_TRANSPORT] = self.transport
        await self._application(scope, receive, send)


async def receive_body(receive: Receive) -> bytes:
    """The whole request body."""
    body = b""
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body += part
        if not message.get("more_body", False):
            return body


async def respond(answer: Answer, send: Send, *, gzipped: bool) -> None:
    """Send an answer."""
    headers, body = answer.on_the_wire(gzipped=gzipped)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def abort(scope: Scope, receive: Receive) -> None:
    """Reset the connection without a byte of an answer."""
    transport: asyncio.Transport = scope["extensions"][_TRANSPORT]
    transport.abort()
    await _disconnection(receive)


async def hang(scope: Scope, receive: Receive) -> None:
    """Never answer; return when the client has gone, or when the sandbox stops."""
    try:
        await _disconnection(receive)
    except asyncio.CancelledError:
        # uvicorn would answer 500 now, which is not what a dead service does.
        await abort(scope, receive)


async def _disconnection(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

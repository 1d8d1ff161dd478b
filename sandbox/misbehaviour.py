"""Answering, and the ways of not answering that only the transport knows."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from sandbox.answers import Answer

_TRANSPORT = "sandbox.transport"
_CHUNKS = 7


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


@dataclass(frozen=True, slots=True)
class Line:
    """The connection of one exchange: every way to answer on it, and not to.

    What sends headers gives back the status that was sent; the rest gives back None.
    """

    scope: Scope
    receive: Receive
    send: Send
    gzipped: bool = False
    chunked: bool = False

    async def answer(self, answer: Answer) -> int:
        """Send an answer whole."""
        await respond(answer, self.send, gzipped=self.gzipped, chunked=self.chunked)
        return answer.status

    async def abort(self) -> None:
        """Drop the connection without a byte of an answer."""
        await abort(self.scope, self.receive)

    async def reset(self) -> None:
        """Reset the connection (TCP RST) without a byte of an answer."""
        connection = self.scope["extensions"][_TRANSPORT].get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await abort(self.scope, self.receive)

    async def hang(self) -> None:
        """Never answer."""
        await hang(self.scope, self.receive)

    async def cut_after_headers(self, answer: Answer) -> int:
        """Send the headers and close."""
        await self._begin(answer)
        return await self._close(answer)

    async def truncated(self, answer: Answer) -> int:
        """Send the headers and half of the body, and close."""
        body = await self._begin(answer)
        await self._part(body[: len(body) // 2])
        return await self._close(answer)

    async def garbled(self, answer: Answer) -> int:
        """Send the right headers with a body of the right length that is no JSON."""
        body = await self._begin(answer, gzipped=False)
        middle = len(body) // 2
        await self._part(body[:middle] + b"\xff" + body[:middle:-1], last=True)
        return answer.status

    async def latin_1(self, answer: Answer) -> int:
        """Send the body with a letter of Latin-1 in every family name."""
        body = await self._begin(answer, gzipped=False)
        await self._part(re.sub(rb'("family":")[ -~]', b"\\1\xeb", body), last=True)
        return answer.status

    async def drip(self, answer: Answer, seconds: float) -> int:
        """Send the body byte by byte, with a pause of so many seconds after each."""
        body = await self._begin(answer)
        for place in range(len(body)):
            if await self._has_gone(within=seconds):
                return answer.status
            await self._part(body[place : place + 1], last=place == len(body) - 1)
        return answer.status

    async def held(self, answer: Answer, is_over: Callable[[], bool]) -> int | None:
        """Answer when it is over, unless the client has gone first."""
        while not is_over():
            if await self._has_gone(within=0.02):
                return None
        return await self.answer(answer)

    async def await_late(self, work: asyncio.Task[Answer]) -> int | None:
        """Answer with what the work gives, unless it is given up or the client has gone first."""
        gone = asyncio.create_task(_disconnection(self.receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.abort()
            return None
        finally:
            gone.cancel()
        if work.done() and not work.cancelled():
            return await self.answer(work.result())
        await self.abort()
        return None

    async def _begin(self, answer: Answer, *, gzipped: bool | None = None) -> bytes:
        """Send the headers; the body, to be sent."""
        gzipped = self.gzipped if gzipped is None else gzipped
        headers, body = answer.on_the_wire(gzipped=gzipped, chunked=self.chunked)
        await self.send(
            {"type": "http.response.start", "status": answer.status, "headers": headers}
        )
        return body

    async def _part(self, part: bytes, *, last: bool = False) -> None:
        await self.send({"type": "http.response.body", "body": part, "more_body": not last})

    async def _close(self, answer: Answer) -> int:
        self.scope["extensions"][_TRANSPORT].close()
        await _disconnection(self.receive)
        return answer.status

    async def _has_gone(self, *, within: float) -> bool:
        try:
            async with asyncio.timeout(within):
                await _disconnection(self.receive)
        except TimeoutError:
            return False
        return True


async def respond(answer: Answer, send: Send, *, gzipped: bool, chunked: bool = False) -> None:
    """Send an answer, the body in several chunks if so wished."""
    headers, body = answer.on_the_wire(gzipped=gzipped, chunked=chunked)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    size = len(body) // _CHUNKS + 1 if chunked else len(body)
    for place in range(0, len(body), size):
        part, more = body[place : place + size], place + size < len(body)
        await send({"type": "http.response.body", "body": part, "more_body": more})


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

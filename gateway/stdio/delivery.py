"""What comes back from the endpoint, on its way to the client: JSON or events, passed on as received."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from gateway.stdio import messages
from gateway.stdio.endpoint import BODY_BYTES, Tell, refusal
from gateway.stdio.http import Reply
from gateway.stdio.messages import Line
from gateway.stdio.parameters import Annotated
from gateway.stdio.pipes import Output
from gateway.stdio.response import Broken
from registry.mcp import jsonrpc
from registry.mcp.sse import EventTooLarge, SseReader

LINGER: Final = 1.0  # How long the end of a stream is awaited after its answer, so that the connection can be kept.
LISTS_TOOLS: Final = "tools/list"

OnResult = Callable[[bytes], None]


@dataclass(slots=True, eq=False)
class Pending:
    """A request of the client that waits. `lasting` ones have no answer that anybody waits for at the end."""

    line: Line
    request: jsonrpc.Request
    lasting: bool = False
    sent: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    withdrawn: bool = False
    answered: bool = False


def is_stream(reply: Reply) -> bool:
    """Whether a reply is an event stream."""
    return reply.status == 200 and reply.media_type == "text/event-stream"


async def events(reply: Reply) -> AsyncIterator[bytes]:
    """The messages of an event stream, each on one line. Raises Broken."""
    reader = SseReader(BODY_BYTES)
    async for chunk in reply.chunks():
        try:
            found = reader.feed(chunk)
        except EventTooLarge as wrong:
            raise Broken(str(wrong)) from None
        for event in found:
            if payload := messages.one_line(event.data):
                yield payload


class Delivery:
    """Writes to the client, and notes on the way what later requests need."""

    def __init__(self, output: Output, annotated: Annotated, tell: Tell) -> None:
        self._output, self._annotated, self._tell = output, annotated, tell

    def answer(self, pending: Pending, payload: bytes) -> None:
        """Answer a request, once; one that was withdrawn stays without."""
        if not (pending.answered or pending.withdrawn):
            self._output.put(payload)
        pending.answered = True

    def say(self, payload: bytes) -> None:
        """Write something that answers no request."""
        self._output.put(payload)

    async def deliver(self, reply: Reply, pending: Pending, on_result: OnResult | None = None) -> None:
        """Pass on a reply to a request until it is answered. Raises Broken; `on_result` hears a result first."""
        if not is_stream(reply):
            self.whole(reply, await reply.body(BODY_BYTES), pending, on_result)
            return
        async for payload in events(reply):
            self.pass_on(payload, pending, on_result)
            await self._output.room()
            if pending.answered:
                await self._linger(reply)
                return
        raise Broken("the event stream ended before the answer")

    def pass_on(
        self, payload: bytes, pending: Pending | None, on_result: OnResult | None = None
    ) -> jsonrpc.Message | None:
        """Pass on one message of a stream; gives it as it was understood, None when it was dropped."""
        try:
            message = jsonrpc.decode(payload)
        except jsonrpc.NotJsonRpc as wrong:
            self._tell(f"the endpoint sent an event that is no message: {wrong}")
            return None
        if not isinstance(message, jsonrpc.Response):
            self.say(payload)
            return message
        return message if self._answered(message, payload, pending, on_result) else None

    def _answered(
        self, message: jsonrpc.Response, payload: bytes, pending: Pending | None, on_result: OnResult | None
    ) -> bool:
        fitting = None if pending is None else messages.for_request(message, payload, pending.request.id)
        if pending is None or fitting is None:
            self._tell("the endpoint sent an answer to something that was not asked there; dropped")
            return False
        if message.result is not None:
            if pending.request.method == LISTS_TOOLS:
                first = jsonrpc.member(pending.request.params, "cursor") is None
                self._annotated.learn(message.result, first_page=first)
            if on_result is not None:
                on_result(message.result)
        self.answer(pending, fitting)
        return True

    def whole(self, reply: Reply, body: bytes, pending: Pending, on_result: OnResult | None = None) -> None:
        """Pass on a reply that is no stream, with this body."""
        payload = messages.one_line(body)
        try:
            message = jsonrpc.decode(payload)
        except jsonrpc.NotJsonRpc:
            message = None
        if isinstance(message, jsonrpc.Response) and self._answered(message, payload, pending, on_result):
            return
        number, told = pending.request.id, refusal(reply, body)
        if reply.status < 300 or reply.status >= 500:
            self.answer(pending, messages.unknown_outcome(number, told[:1].lower() + told[1:]))
        else:
            self.answer(pending, messages.refused(number, told))

    async def _linger(self, reply: Reply) -> None:
        with suppress(TimeoutError, Broken):
            async with asyncio.timeout(LINGER):
                async for _ in reply.chunks():
                    pass

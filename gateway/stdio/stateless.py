"""The stateless era: every request stands alone, with headers that say what its body says."""

from __future__ import annotations

import asyncio
from typing import Final

from gateway.stdio import messages
from gateway.stdio.delivery import Delivery, Pending, events, is_stream
from gateway.stdio.endpoint import Endpoint, Headers
from gateway.stdio.http import Reply
from gateway.stdio.messages import Line, Listened
from gateway.stdio.parameters import Annotated
from gateway.stdio.response import Broken
from registry.mcp import jsonrpc
from registry.mcp.revisions import NAMED_METHODS, header_value

LISTEN: Final = "subscriptions/listen"
CALLS_TOOL: Final = "tools/call"


class StatelessEra:
    """Messages of the stateless era. Cancelling the task that serves a request closes its stream, which cancels it."""

    def __init__(self, endpoint: Endpoint, delivery: Delivery, annotated: Annotated) -> None:
        self._endpoint, self._delivery, self._annotated = endpoint, delivery, annotated

    async def request(self, pending: Pending) -> None:
        """Serve one request. Raises Broken, NotSent, RefusedForGood."""
        if pending.lasting:
            await self._listen(pending)
            return
        headers = self.headers(pending.line)
        async with self._endpoint.post(pending.line.raw, headers, sent=pending.sent) as reply:
            await self._delivery.deliver(reply, pending)

    def headers(self, line: Line) -> Headers:
        """The headers of one request or notification, made from its body."""
        message = line.message
        assert not isinstance(message, jsonrpc.Response)
        headers = [("MCP-Protocol-Version", header_value(line.version)), ("Mcp-Method", header_value(message.method))]
        member = NAMED_METHODS.get(message.method)
        name = messages.text(jsonrpc.member(message.params, member)) if member else None
        if name is not None:
            headers.append(("Mcp-Name", header_value(name)))
            if message.method == CALLS_TOOL:
                headers += self._annotated.headers(name, message.params)
        return headers

    async def _listen(self, pending: Pending) -> None:
        """Serve a subscription: its stream is opened again when it is lost, until it is answered or cancelled."""
        promised: list[Listened] = []
        headers, backoff, clock = self.headers(pending.line), self._endpoint.backoff(), asyncio.get_running_loop().time
        while not pending.answered:
            begun = clock()
            try:
                patience = float("inf") if promised else None
                async with self._endpoint.post(
                    pending.line.raw, headers, sent=pending.sent, patience=patience
                ) as reply:
                    if is_stream(reply):
                        await self._hear(reply, pending, promised)
                    elif not promised or reply.status < 500:
                        await self._delivery.deliver(reply, pending)
            except Broken:
                pass  # A lost stream is opened again: asking twice to be told does nothing twice.
            if not pending.answered:
                await asyncio.sleep(backoff.after(clock() - begun))

    async def _hear(self, reply: Reply, pending: Pending, promised: list[Listened]) -> None:
        """Pass a stream on to its end. One that was opened again says first what the client may have missed."""
        async for payload in events(reply):
            now = _acknowledgement(payload) if b"acknowledged" in payload else None
            if now is not None and promised:
                for told in now.after_a_gap():
                    self._delivery.say(told)
                continue
            if now is not None:
                promised.append(now)
            self._delivery.pass_on(payload, pending)


def _acknowledgement(payload: bytes) -> Listened | None:
    try:
        message = jsonrpc.decode(payload)
    except jsonrpc.NotJsonRpc:
        return None
    if not isinstance(message, jsonrpc.Notification) or message.method != messages.ACKNOWLEDGED:
        return None
    return messages.acknowledged(message.params)

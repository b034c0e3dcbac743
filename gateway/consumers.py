"""The Channels consumer of the MCP endpoint: bytes in, bytes out."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.generic.http import AsyncHttpConsumer

from gateway import runtime
from gateway.exchange import Exchange
from gateway.mcp import outbound
from gateway.sse_door import Overheard

log = logging.getLogger("gatehouse.mcp")


class MCPConsumer(AsyncHttpConsumer):
    """Serves `/mcp/<server>`, and `/sse/<server>` for clients of the older transport.

    The stock `__call__` reads a body without limit, never sees a disconnect while it works, and queues behind the
    shared database thread; so this one does the three things itself.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; whatever nobody expected is refused here."""
        path = scope["path"]
        heard = Overheard(receive) if path.startswith("/sse/") else None
        exchange = Exchange(scope, heard or receive, send, runtime.event_loop())
        try:
            gateway = await runtime.started()
            if heard is not None:
                await gateway.sse.serve(exchange, heard, path[len("/sse/") :])
            else:
                await gateway.endpoint.serve(exchange, path[len("/mcp/") :])
        except asyncio.CancelledError:
            raise
        except Exception as problem:
            log.error("a request failed inside the gateway", exc_info=problem)
            if not exchange.started:
                reply = outbound.error(50300, "The gateway failed on this request.")
                await exchange.answer(outbound.response(exchange.rpc_id, reply), 500)

"""Carries messages to one HTTP upstream: requests, and what goes beside them on connections of its own. No Django."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace
from typing import Final

from registry.mcp import jsonrpc
from registry.transports.base import Answer, Limits
from registry.transports.http_address import HttpAddress
from registry.transports.http_exchange import Exchange
from registry.transports.http_head import Heads
from registry.transports.http_pool import Pool
from registry.transports.peer import PeerFacts

SIDE_CONNECTIONS: Final = 8


class Courier:
    """The connections of one upstream. Nothing is sent twice.

    Replies, cancellations and listening streams never wait for a connection that a request holds: a request that waits
    for a reply would hold it for good.
    """

    def __init__(self, address: HttpAddress, limits: Limits, tls: ssl.SSLContext | None) -> None:
        self._pool = Pool(address, limits, tls=tls)
        self._side = Pool(address, replace(limits, connections=limits.streams + SIDE_CONNECTIONS), tls=tls)

    @property
    def peer(self) -> PeerFacts | None:
        """Who answered the last connection that was made for requests, or beside them."""
        return self._pool.peer or self._side.peer

    @property
    def open_connections(self) -> int:
        """How many connections exist now."""
        return self._pool.open_connections + self._side.open_connections

    async def carry(
        self, message: bytes, exchange: Exchange, until: float, *, aside: bool = False
    ) -> jsonrpc.Response | None:
        """Write `message` and wait for its answer until a loop time. Raises UpstreamError."""
        pool = self._pool
        now = exchange.future.get_loop().time()
        connection = pool.take(now) or await (self._side if aside else pool).connection(until)
        exchange.wait_until(until)
        connection.send(message, exchange)
        try:
            return await exchange.future
        except BaseException:
            connection.abandon(exchange)
            raise
        finally:
            exchange.over()

    async def stream(self, message: bytes, exchange: Exchange, until: float) -> jsonrpc.Response | None:
        """Write `message` until a loop time and follow what it opens to its end. Raises UpstreamError."""
        connection = await self._side.connection(until)
        connection.send(message, exchange)
        try:
            return await exchange.future
        finally:
            connection.abandon(exchange)

    async def ask(
        self, heads: Heads, number: int, method: str, params: bytes, until: float
    ) -> tuple[Answer, str | None]:
        """A request of the gateway's own: its answer, and the session that the server opened. Raises UpstreamError."""
        exchange = Exchange(b"%d" % number, asyncio.get_running_loop())
        body = jsonrpc.request(number, method, params)
        response = await self.carry(heads.post(method, None, len(body)) + body, exchange, until)
        assert response is not None
        return Answer(response.result, response.error), exchange.session

    async def tell(self, heads: Heads, body: bytes, until: float) -> None:
        """Post a message that has no answer. Raises UpstreamError."""
        exchange = Exchange(None, asyncio.get_running_loop())
        await self.carry(heads.post("", None, len(body)) + body, exchange, until, aside=True)

    def close(self) -> None:
        """Close every connection; exchanges on them end as BrokenOff."""
        self._pool.close()
        self._side.close()

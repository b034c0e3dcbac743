"""Keep-alive connections to one upstream: bounded in number, every address judged, before and after. No Django."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from functools import cache

from registry.transports.base import Limits, NotSent, Unreachable
from registry.transports.http_address import HttpAddress, require_allowed, resolve
from registry.transports.http_wire import Connection
from registry.transports.peer import PeerFacts


@cache
def default_tls() -> ssl.SSLContext:
    """The system's trust anchors, host names checked, HTTP/1.1 alone; made once."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Pool:
    """Hands out connections of one upstream; at most `limits.connections` exist at any time.

    A connection is handed out while nothing is known to be wrong with it and no byte of the request is written. What
    happens to a request after that is never repaired here: nothing is sent twice.
    """

    def __init__(self, address: HttpAddress, limits: Limits, *, tls: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._limits = limits
        self._tls = tls
        self._idle: deque[Connection] = deque()  # The most recently used one is at the right end and is taken first.
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open: set[Connection] = set()
        self._connecting = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False
        self.peer: PeerFacts | None = None  # Who answered the last connection that was made.

    @property
    def open_connections(self) -> int:
        """How many connections exist now."""
        return len(self._open) + self._connecting

    def take(self, now: float) -> Connection | None:
        """An idle connection that is still good at loop time `now`; None when one must be waited for."""
        return None if self._waiting else self._take(now)

    def _take(self, now: float) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and now - connection.idle_since < connection.idle_seconds:
                return connection
            connection.abort()
        return None

    async def connection(self, until: float) -> Connection:
        """A connection to write one request to, at loop time `until` at the latest. Raises NotSent or a kind of it."""
        loop = asyncio.get_running_loop()
        queued = bool(self._waiting)  # Who comes later waits behind those that wait already.
        while True:
            if self._closed:
                raise NotSent("the connection to this server was closed")
            if not queued:
                found = self._take(loop.time())
                if found is not None:
                    return found
                if self.open_connections < self._limits.connections:
                    return await self._connect(loop, until)
            await self._turn(loop, until)
            queued = False

    async def _turn(self, loop: asyncio.AbstractEventLoop, until: float) -> None:
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout_at(until):
                try:
                    await turn
                except asyncio.CancelledError:
                    if not turn.cancelled():
                        self._wake()  # Woken and cancelled at the same moment: the turn goes to the next.
                    raise
        except TimeoutError:
            raise NotSent(f"all {self._limits.connections} connections to this server are busy") from None

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    # Opening one.

    async def _connect(self, loop: asyncio.AbstractEventLoop, until: float) -> Connection:
        self._connecting += 1
        try:
            async with asyncio.timeout_at(min(until, loop.time() + self._limits.connect_seconds)):
                connection = await self._first_that_answers(loop)
        except TimeoutError:
            raise Unreachable(f"{self._address.authority} did not answer the connection in time") from None
        else:
            self._open.add(connection)
            return connection
        finally:
            self._connecting -= 1
            if self.open_connections < self._limits.connections:
                self._wake()

    async def _first_that_answers(self, loop: asyncio.AbstractEventLoop) -> Connection:
        address = self._address
        failure = "has no address"
        for ip in await resolve(address, loop):
            connection = Connection(self, self._limits, loop)
            try:
                await loop.create_connection(
                    lambda made=connection: made,
                    ip,
                    address.port,
                    ssl=(self._tls or default_tls()) if address.secure else None,
                    server_hostname=address.host if address.secure else None,
                )
            except ssl.SSLError as wrong:
                reason = wrong.reason or type(wrong).__name__
                raise Unreachable(f"{address.authority} failed the TLS handshake ({reason})") from None
            except OSError as wrong:
                failure = f"refused the connection ({wrong.strerror or type(wrong).__name__})"
            else:
                self._judge_peer(connection)
                if connection.usable:
                    return connection
                failure = "closed the connection at once"
        raise Unreachable(f"{address.authority} {failure}")

    def _judge_peer(self, connection: Connection) -> None:
        assert connection.transport is not None
        name = connection.transport.get_extra_info("peername")
        try:
            require_allowed(name[0] if name else "", self._address)
        except NotSent:
            connection.abort()
            raise
        tls = connection.transport.get_extra_info("ssl_object")
        self.peer = PeerFacts(name[0], name[1], tls.getpeercert(binary_form=True) if tls is not None else None)

    # What connections tell it.

    def free(self, connection: Connection) -> None:
        """Take back a connection whose exchange ended cleanly."""
        if self._closed:
            connection.abort()
            return
        self._idle.append(connection)
        if self._waiting:
            self._wake()
        if self._sweep is None:
            self._plan_sweep()

    def lost(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._open.discard(connection)
        self._wake()

    def _plan_sweep(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(self._limits.idle_seconds, self._close_idle, loop)

    def _close_idle(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep = None
        now = loop.time()
        kept = deque[Connection]()
        for connection in self._idle:
            if connection.usable and now - connection.idle_since < connection.idle_seconds:
                kept.append(connection)
            else:
                connection.abort()
        self._idle = kept
        if kept and not self._closed:
            self._plan_sweep()

    def close(self) -> None:
        """Close every connection; requests on them end as BrokenOff, waiting ones as NotSent."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self._open):
            connection.abort()
        self._idle.clear()
        while self._waiting:
            self._wake()

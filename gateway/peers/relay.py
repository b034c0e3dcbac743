"""Relay a whole HTTP request to the process that owns what it is about, and its response back as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from gateway.exchange import Receive, Scope, Send
from gateway.peers import signature
from gateway.peers.arrivals import MISDIRECTED, NOT_HERE, is_relayed, request_of, target_of
from gateway.peers.directory import Peers
from gateway.peers.wire import Broken, Connection, Response, encoded, passed_on
from gateway.refusal import Unavailable

log = logging.getLogger("gatehouse.peers")

# Less than the five seconds after which a peer's server closes a connection that rests.
IDLE_SECONDS: Final = 3.0
IDLE_CONNECTIONS: Final = 64
# How long a peer may say nothing before it is asked again whether it lives; a machine that vanished closes nothing.
SILENCE_SECONDS: Final = 5.0
DRAIN_SECONDS: Final = 5.0
LISTENING: Final = "GET"
METHODS: Final = ("POST", "GET", "DELETE")
NOT_FROM_CLIENT: Final = (signature.HEADER, b"content-length")
NOT_FROM_PEER: Final = (signature.HEADER, b"date")  # Each server dates its own answers.


class PeerGone(Exception):
    """The process is gone, or went before it answered anything. `sent` says whether it may have acted all the same."""

    def __init__(self, reason: str, *, sent: bool = False) -> None:
        super().__init__(reason)
        self.sent = sent


class Relay:
    """Carries requests to other processes, each of them once. For one event loop; `now` is in seconds since 1970.

    There is no bound of its own on connections: each serves one request that this process has open anyway.
    """

    def __init__(self, peers: Peers, key: bytes, *, now: Callable[[], float], silence: float = SILENCE_SECONDS) -> None:
        self._peers = peers
        self._key = key
        self._now = now
        self._silence = silence
        self._idle: dict[str, dict[Connection, asyncio.TimerHandle]] = {}
        self._busy: dict[Connection, str] = {}  # With the method of what each carries.
        self._draining = False

    @property
    def open_connections(self) -> int:
        """How many connections exist now."""
        return len(self._busy) + sum(map(len, self._idle.values()))

    async def forward(self, scope: Scope, receive: Receive, send: Send, body: bytes | None, *, to: str) -> None:
        """Let the process `to` answer this request; `body` is the whole body that was read, None where there is none.

        Raises PeerGone while nothing has been answered, and Unavailable when the database cannot say where the process
        is. Returns early when the client has left, and leaves the response unfinished when the peer breaks off.
        """
        if to == self._peers.own.process or scope["method"] not in METHODS:
            raise ValueError(f"{scope['method']} is not relayed to {to}: POST, GET and DELETE are, to other processes")
        if is_relayed(scope):
            raise PeerGone("a request is relayed once, and this one was")
        address = await self._peers.address_of(to)
        if not address:
            raise PeerGone(f"the process {to} is gone")
        wire = self._wire(scope, body, to)
        connection = await self._connection(address, to)
        carrying = asyncio.current_task()
        left = asyncio.Event()
        watching = asyncio.create_task(_see_off(receive, left, connection))
        self._busy[connection] = scope["method"]
        try:
            await self._carry(connection, wire, send, to, left)
            watching.cancel()  # A server says of a response that ended that its client has left.
            ended = self._draining and scope["method"] == LISTENING
            if not left.is_set() and (connection.whole or ended):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            watching.cancel()
            self._busy.pop(connection, None)
            cut_off = carrying is not None and carrying.cancelling()
            if connection.reusable and not left.is_set() and not cut_off:
                self._keep(address, connection)
            else:
                connection.abort()

    def _wire(self, scope: Scope, body: bytes | None, to: str) -> bytes:
        client = signature.client_named((scope.get("client") or (None, 0))[0])
        claim = signature.Claim(to, int(self._now()), client)
        header = (signature.HEADER, signature.sign(self._key, claim, request_of(scope, body or b"")))
        headers = passed_on(scope["headers"], without=NOT_FROM_CLIENT)
        return encoded(str(scope["method"]), target_of(scope), [*headers, header], body)

    async def _carry(self, connection: Connection, wire: bytes, send: Send, to: str, left: asyncio.Event) -> None:
        response = connection.send(wire)
        started = False
        try:
            while not response.complete or not started:
                await self._more(connection, to)
                if left.is_set():
                    return
                started = started or await self._started(response, send, to)
                pieces, response.pieces = response.pieces, []
                for piece in pieces if started else ():
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Broken as problem:
            if left.is_set() or (started and self._draining):
                return
            if not started:
                raise PeerGone(f"the process {to} went before it answered: {problem}", sent=True) from problem
            # A response that is started and not ended is what the server makes a broken connection of.
            log.warning("the process %s broke off in the middle of a response: %s", to, problem)

    async def _started(self, response: Response, send: Send, to: str) -> bool:
        """Pass the head on once it is there. Raises PeerGone when another process answered at that address."""
        if not response.begun:
            return False
        if response.status == MISDIRECTED and response.first(signature.HEADER) == NOT_HERE:
            raise PeerGone(f"the process {to} is gone; another one is at its address")
        headers = passed_on(response.headers, without=NOT_FROM_PEER)
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        return True

    async def _more(self, connection: Connection, to: str) -> None:
        """Wait for more of the response, for as long as the peer is known to live. Raises Broken."""
        coming = asyncio.ensure_future(connection.more())
        try:
            while not (await asyncio.wait({coming}, timeout=self._silence))[0]:
                if await self._is_gone(to):
                    raise Broken("its lease ran out while it said nothing")
            await coming
        finally:
            coming.cancel()

    async def _is_gone(self, process: str) -> bool:
        try:
            return await self._peers.address_of(process) is None
        except Unavailable:
            return False  # Who cannot ask does not know better than an open connection.

    # Connections.

    async def _connection(self, address: str, to: str) -> Connection:
        resting = self._idle.get(address, {})
        while resting:
            connection, timer = resting.popitem()
            timer.cancel()
            if connection.usable:
                return connection
            connection.abort()
        try:
            return await Connection.opened(address)
        except (OSError, TimeoutError) as problem:
            raise PeerGone(f"the process {to} does not answer at {address}: {problem or 'in time'}") from problem

    def _keep(self, address: str, connection: Connection) -> None:
        resting = self._idle.setdefault(address, {})
        if len(resting) >= IDLE_CONNECTIONS:
            connection.abort()
            return
        timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, address, connection)
        resting[connection] = timer

    def _drop(self, address: str, connection: Connection) -> None:
        resting = self._idle.get(address, {})
        resting.pop(connection, None)
        if not resting:
            self._idle.pop(address, None)
        connection.abort()

    def drain(self, within: float = DRAIN_SECONDS) -> None:
        """This process is told to end: listening streams end now, calls have a while."""
        self._draining = True
        for connection, method in tuple(self._busy.items()):
            if method == LISTENING:
                connection.abort()
            else:
                asyncio.get_running_loop().call_later(within, connection.abort)

    async def close(self) -> None:
        """Close every connection; what is being relayed ends broken."""
        idle, self._idle = self._idle, {}
        for resting in idle.values():
            for connection, timer in resting.items():
                timer.cancel()
                connection.abort()
        for connection in tuple(self._busy):
            connection.abort()


async def _see_off(receive: Receive, left: asyncio.Event, connection: Connection) -> None:
    """Close the connection to the peer when the client closes its own: that is how the peer learns of it."""
    while (await receive())["type"] != "http.disconnect":
        pass
    left.set()
    connection.abort()

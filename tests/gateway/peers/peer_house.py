"""Two gateway processes in the test's own loop, over real sockets: one that relays everything to one that answers."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from gateway.http import CorkedProtocol
from gateway.peers.arrivals import Arrivals
from gateway.peers.directory import Peers
from gateway.peers.identity import Identity
from gateway.peers.relay import PeerGone, Relay
from tests.doubles import HandClock

KEY = bytes(range(32))
OURS, OWNERS, DEAD = "a" * 16, "b" * 16, "d" * 16
BODY_BYTES = 5 * 1024 * 1024


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The address of a server for an ASGI application; it and its connections are gone at the end."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(
        app, http=CorkedProtocol, ws="none", lifespan="off", log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))  # `serve` would take the signals of the test run.
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@dataclass
class Table:
    """What the database says of the processes; `reads` counts how often it was asked."""

    rows: dict[str, str] = field(default_factory=dict)
    reads: int = 0
    problem: Exception | None = None

    def __call__(self) -> Mapping[str, str]:
        """One reading."""
        self.reads += 1
        if self.problem is not None:
            raise self.problem
        return dict(self.rows)


@dataclass
class Owner:
    """The process that owns everything. `requests` holds scope and body of what was let in, `act` answers it."""

    clock: HandClock
    table: Table
    process: str = OWNERS
    requests: list[tuple[Any, bytes]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    unavailable: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(
            Peers(Identity(self.process, ""), read=self.table),
            KEY,
            now=self.clock,
            body_bytes=BODY_BYTES,
            note=lambda address, what: self.refused.append((address, what)),
            unavailable=self._count_unavailable,
        )

    def _count_unavailable(self) -> None:
        self.unavailable += 1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The whole application."""
        await self.arrivals.admit(self.inside, scope, receive, send)

    async def inside(self, scope: Any, receive: Any, send: Any) -> None:
        """What lies behind: it answers by path, and the body with itself."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.requests.append((scope, body))
        await getattr(self, scope["path"].rpartition("/")[2])(receive, send, body)

    async def echo(self, _: Any, send: Any, body: bytes) -> None:
        """The body, plainly, with headers of every kind."""
        headers = [(b"content-length", b"%d" % len(body)), (b"x-twice", b"1"), (b"x-twice", b"2")]
        await send({"type": "http.response.start", "status": 203, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def stream(self, receive: Any, send: Any, _: bytes) -> None:
        """One event, and the next when the test says so; notes when the client leaves before that."""
        await self._open(send)
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        await self._wait(receive)
        await send({"type": "http.response.body", "body": b"data: 2\n\n"})

    async def silent(self, receive: Any, send: Any, _: bytes) -> None:
        """Nothing until the test says so."""
        await self._wait(receive)
        await self.echo(receive, send, b"late")

    async def breaks(self, _: Any, send: Any, __: bytes) -> None:
        """A response that does not end."""
        await self._open(send)
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        raise ConnectionAbortedError

    async def large(self, _: Any, send: Any, body: bytes) -> None:
        """As many bytes as the body says."""
        await self._open(send)
        for _each in range(int(body) // 65_536):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b"x" * (int(body) % 65_536)})

    async def nothing(self, _: Any, send: Any, __: bytes) -> None:
        """No content."""
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _open(self, send: Any) -> None:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _wait(self, receive: Any) -> None:
        leaving = asyncio.create_task(receive())
        going = asyncio.create_task(self.go_on.wait())
        done, pending = await asyncio.wait({leaving, going}, return_when=asyncio.FIRST_COMPLETED)
        for each in pending:
            each.cancel()
        if leaving in done and leaving.result()["type"] == "http.disconnect":
            self.left.set()


@dataclass
class Front:
    """The process that an agent came to. It relays to the process `to` and answers 404 when that is gone."""

    relay: Relay
    to: str = OWNERS
    gone: list[PeerGone] = field(default_factory=list)
    done: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The whole application."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        given = body if scope["method"] == "POST" else None
        try:
            await self.relay.forward(scope, receive, send, given, to=self.to)
        except PeerGone as problem:
            self.gone.append(problem)
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.done += 1


@dataclass
class House:
    """Both, and where they are."""

    owner: Owner
    front: Front
    table: Table
    clock: HandClock
    owner_address: str
    address: str


@asynccontextmanager
async def house(owner_process: str = OWNERS, silence: float = 5.0) -> AsyncIterator[House]:
    """A front and an owner that calls itself `owner_process`; the table names OWNERS at its address."""
    clock, table = HandClock(), Table()
    owner = Owner(clock, table, owner_process)
    async with serving(owner) as owner_address:
        table.rows = {OWNERS: owner_address}
        relay = Relay(Peers(Identity(OURS, ""), read=table), KEY, now=clock, silence=silence)
        front = Front(relay)
        async with serving(front) as address:
            try:
                yield House(owner, front, table, clock, owner_address, address)
            finally:
                owner.go_on.set()
                await relay.close()


@dataclass(frozen=True)
class Answered:
    """What a client got. `body` is what came of it, `whole` whether it ended as it should."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    whole: bool


async def ask(
    address: str,
    path: str,
    body: bytes | None = None,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """One request on a connection of its own."""
    return await asyncio.to_thread(_ask, address, path, body, method, dict(headers or {}))


def _ask(address: str, path: str, body: bytes | None, method: str, headers: dict[str, str]) -> Answered:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        try:
            return Answered(response.status, response.getheaders(), response.read(), True)
        except http.client.IncompleteRead as cut:
            return Answered(response.status, response.getheaders(), cut.partial, False)
    finally:
        connection.close()


async def streamed(address: str, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has asked for `path` and reads what comes."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 2\r\n\r\n{{}}".encode())
    return reader, writer

"""The SSE transport of 2024-11-05 against a server that misbehaves: whose origin, whose answer, whose stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from registry.transports.base import (
    BrokenOff,
    Garbage,
    HttpStatus,
    Limits,
    NotSent,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from registry.transports.sse import SseUpstream
from tests.upstream_faults import head, piece
from tests.upstream_offer import Offer


class OldServer:
    """GET opens a stream, POST takes a message; a tool's name may be a fault."""

    def __init__(self, endpoint: str = "/messages?s=1") -> None:
        self.endpoint = endpoint
        self.offer = Offer(eras=frozenset(("legacy",)))
        self.posted: list[str] = []
        self.streams: list[asyncio.StreamWriter] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/sse"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[OldServer]:
        self.tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            if self.tasks:
                await asyncio.wait(self.tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    top = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    if top.startswith("get"):
                        self.streams.append(writer)
                        self._say(b"", opening=True)
                    else:
                        size = int(top.split("content-length: ")[1].split("\r\n")[0])
                        self.posted.append(top.split(" ")[1])
                        self._take(writer, json.loads(await reader.readexactly(size)))
        finally:
            writer.transport.abort()

    def _say(self, payload: bytes, opening: bool = False) -> None:
        if opening:
            start = head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")
            self.streams[-1].write(start + piece(f"event: endpoint\ndata: {self.endpoint}\n\n".encode()))
        else:
            self.streams[-1].write(piece(b"event: message\ndata: " + payload + b"\n\n"))

    def _take(self, writer: asyncio.StreamWriter, message: dict[str, object]) -> None:
        params = message.get("params")
        fault = params.get("name") if isinstance(params, dict) else None
        if fault == "refuse":
            writer.write(head("400 Bad Request", "Content-Length: 0"))
            return
        writer.write(head("202 Accepted", "Content-Length: 0"))
        if "id" not in message or fault == "hang":
            return
        if fault == "end":
            self.streams[-1].transport.abort()
            return
        if fault == "others":
            self._say(json.dumps({"jsonrpc": "2.0", "id": 999, "result": {"stolen": True}}).encode())
            return
        if fault == "flood":
            self.streams[-1].write(piece(b"data: " + b"x" * 1_000_000))
            return
        self._say(json.dumps(self.offer.respond(message)).encode())


async def call(upstream: SseUpstream, tool: str, text: str = "", deadline: float = 5.0) -> str:
    params = json.dumps({"name": tool, "arguments": {"text": text}}).encode()
    answer = await upstream.request("tools/call", params, name=tool, deadline=deadline)
    assert answer.result is not None
    said: str = json.loads(answer.result)["content"][0]["text"]
    return said


@asynccontextmanager
async def opened(server: OldServer) -> AsyncIterator[SseUpstream]:
    upstream = SseUpstream(server.url, allow_private=True, limits=Limits(result_bytes=64 * 1024))
    try:
        yield upstream
    finally:
        await upstream.close()


async def test_many_calls_share_one_stream() -> None:
    async with OldServer().running() as server, opened(server) as upstream:
        answers = await asyncio.gather(*(call(upstream, "echo", str(number)) for number in range(20)))
        assert answers == [str(number) for number in range(20)]
        assert len(server.streams) == 1
        assert set(server.posted) == {"/messages?s=1"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("hang", TimedOut), ("others", TimedOut), ("end", BrokenOff), ("refuse", HttpStatus)],
)
async def test_a_fault_ends_its_call_and_the_next_call_is_answered(fault: str, expected: type[UpstreamError]) -> None:
    async with OldServer().running() as server, opened(server) as upstream:
        await upstream.open()
        with pytest.raises(UpstreamError) as failure:
            await call(upstream, fault, deadline=0.3)
        assert type(failure.value) is expected
        assert failure.value.sent
        assert await call(upstream, "echo", "after") == "after"


async def test_an_event_without_end_ends_the_stream_and_all_that_wait_on_it() -> None:
    async with OldServer().running() as server, opened(server) as upstream:
        await upstream.open()
        beside = asyncio.create_task(call(upstream, "hang"))
        with pytest.raises(UpstreamError) as failure:
            await call(upstream, "flood")
        assert failure.value.sent
        with pytest.raises(UpstreamError):
            await beside
        assert await call(upstream, "echo", "after") == "after"
        assert len(server.streams) == 2


@pytest.mark.parametrize(
    "endpoint", ["http://192.0.2.1/messages", "https://127.0.0.1/messages", "messages", "", "//\x7f", "/a b"]
)
async def test_an_endpoint_elsewhere_is_refused_and_nothing_is_posted(endpoint: str) -> None:
    async with OldServer(endpoint).running() as server, opened(server) as upstream:
        with pytest.raises(Garbage):
            await upstream.open()
        with pytest.raises(Unreachable):
            await call(upstream, "echo")
        assert server.posted == []


async def test_a_path_that_looks_like_another_host_stays_on_this_one() -> None:
    async with OldServer("//192.0.2.1/messages").running() as server, opened(server) as upstream:
        assert await call(upstream, "echo", "here") == "here"
        assert set(server.posted) == {"//192.0.2.1/messages"}


async def test_a_server_without_such_a_stream_says_its_status() -> None:
    async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head("404 Not Found", "Content-Length: 0"))
        writer.close()

    server = await asyncio.start_server(nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = SseUpstream(f"http://127.0.0.1:{port}/sse", allow_private=True)
    with pytest.raises(HttpStatus) as failure:
        await upstream.open()
    assert failure.value.status == 404
    await upstream.close()
    server.close()


async def test_after_closing_nothing_is_sent() -> None:
    async with OldServer().running() as server, opened(server) as upstream:
        await upstream.open()
        waiting = asyncio.create_task(call(upstream, "hang"))
        await asyncio.sleep(0)
        await upstream.close()
        with pytest.raises(UpstreamError):
            await waiting
        posted = len(server.posted)
        with pytest.raises(NotSent):
            await call(upstream, "echo")
        assert len(server.posted) == posted

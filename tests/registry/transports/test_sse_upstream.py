"""The SSE transport of 2024-11-05 against a server that misbehaves: whose origin, whose answer, whose stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
from tests.upstream_faults import head
from tests.upstream_old import OldServer


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


async def test_what_belongs_to_no_request_is_heard_by_all_who_listen_and_the_end_of_the_stream_ends_that() -> None:
    async with OldServer().running() as server, opened(server) as upstream:
        await upstream.open()
        heard: list[list[str]] = [[], []]
        confirmed: list[bytes] = []
        listening = [
            asyncio.create_task(
                upstream.listen(
                    b"{}",
                    lambda method, _, to=to: to.append(method),  # type: ignore[misc]
                    deadline=5.0,
                    on_confirmed=confirmed.append,
                )
            )
            for to in heard
        ]
        await asyncio.sleep(0)
        assert confirmed == [b"{}"] * 2
        for method in ("notifications/resources/updated", "notifications/message", "notifications/progress"):
            server.say({"jsonrpc": "2.0", "method": method, "params": {}})
        assert await call(upstream, "echo", "after") == "after"
        assert heard == [["notifications/resources/updated", "notifications/message"]] * 2
        with pytest.raises(BrokenOff):
            await call(upstream, "end")
        async with asyncio.timeout(5):
            await asyncio.gather(*listening)

"""How large the head of a request may be, and how long it may take to arrive."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from gateway.http import MAX_HEAD, MAX_LINES, CorkedProtocol

PLAIN = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: here\r\ntransfer-encoding: chunked\r\n\r\n"
FILLER = b"x" * 1024


class Hasty(CorkedProtocol):
    """The protocol of the gateway with a shorter patience, so that a test need not wait ten seconds."""

    head_within = 0.3


class App:
    """Answers `ok` to each request once its body is read, and counts them."""

    def __init__(self) -> None:
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def served(protocol: type[CorkedProtocol], app: App, **settings: Any) -> AsyncIterator[int]:
    """The port of a real server in this loop."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="off", log_level="critical", timeout_graceful_shutdown=1, **settings
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))  # `serve` would take the signals of the test run.
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What the server sends until it closes; a reset is a close as well."""
    got = b""
    try:
        while piece := await reader.read(65536):
            got += piece
    except ConnectionError:
        pass
    return got


async def told(port: int, *pieces: bytes) -> bytes:
    """What the server says until it closes, when these pieces are sent one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    try:
        return await asyncio.wait_for(everything(reader), 8)
    finally:
        writer.close()


def ended(lines: bytes) -> bytes:
    """A request with these header lines that asks for the connection to end after its answer."""
    return b"GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n" + lines + b"\r\n"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /" + b"a" * MAX_HEAD, id="a request line without an end"),
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"a" * MAX_HEAD, id="a value without an end"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"a" * MAX_HEAD, id="a name without an end"),
        pytest.param(b"\r\n" * MAX_HEAD, id="no request line at all"),
        pytest.param(ended(b"x: " + b"a" * MAX_HEAD + b"\r\n"), id="a complete head"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: 1\r\n" * (MAX_LINES + 2), id="lines without an end"),
        pytest.param(ended(b"x: 1\r\n" * (MAX_LINES - 1)), id="a complete head of many lines"),
    ],
)
async def test_a_head_that_is_too_large_is_refused_and_never_reaches_the_application(head: bytes) -> None:
    app = App()
    async with served(CorkedProtocol, app) as port:
        said = await told(port, head)
    assert said.startswith(b"HTTP/1.1 431 ") and b"connection: close" in said
    assert app.requests == 0


async def test_a_head_that_comes_in_pieces_is_counted_over_all_of_them() -> None:
    app = App()
    async with served(CorkedProtocol, app) as port:
        said = await told(port, b"GET / HTTP/1.1\r\nx: ", *[FILLER] * (MAX_HEAD // len(FILLER) + 1))
    assert app.requests == 0
    assert said.startswith(b"HTTP/1.1 431 ") or not said  # A reset may overtake the answer.


async def test_the_largest_head_and_a_larger_body_are_taken() -> None:
    head = ended(b"content-length: 400000\r\nx: " + b"a" * (MAX_HEAD - 200) + b"\r\n")
    async with served(CorkedProtocol, App()) as port:
        assert (await told(port, head + b"b" * 400_000)).startswith(b"HTTP/1.1 200 ")
        assert (await told(port, ended(b"x: 1\r\n" * (MAX_LINES - 2)))).startswith(b"HTTP/1.1 200 ")


async def test_a_body_of_many_small_pieces_is_no_head() -> None:
    """Its framing alone is larger than any head may be."""
    head = CHUNKED.replace(b"host", b"connection: close\r\nhost")
    async with served(CorkedProtocol, App()) as port:
        assert (await told(port, head, b"1\r\nb\r\n" * MAX_HEAD, b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(b"0\r\nx: " + b"a" * (4 * MAX_HEAD), id="a trailer without an end"),
        pytest.param(b"0\r\n" + b"x: 1\r\n" * (MAX_LINES + 1), id="trailers without an end"),
        pytest.param(b"1;x=" + b"a" * (4 * MAX_HEAD), id="a chunk line without an end"),
    ],
)
async def test_what_follows_a_chunked_body_is_no_way_around(after: bytes) -> None:
    """The application waits for the body here; an answer in between would not be its own, so there is none."""
    async with served(CorkedProtocol, App()) as port:
        assert await told(port, CHUNKED, after) == b""


async def test_many_requests_on_one_connection_are_counted_apart() -> None:
    app = App()
    large = PLAIN[:-2] + b"x: " + b"a" * (MAX_HEAD // 2) + b"\r\n\r\n"
    async with served(CorkedProtocol, app) as port:
        said = await told(port, large, large, large, ended(b""))
    assert (app.requests, said.count(b" 200 OK")) == (4, 4)


@pytest.mark.parametrize(
    "begun",
    [
        pytest.param(b"GET / HTTP/1.1\r\nhost:", id="half a head"),
        pytest.param(b"G", id="one byte"),
        pytest.param(b"", id="nothing"),
        pytest.param(PLAIN + b"GET /", id="half of the next head"),
    ],
)
async def test_a_head_that_does_not_end_in_time_ends_the_connection(begun: bytes) -> None:
    app = App()
    async with served(Hasty, app, timeout_keep_alive=1) as port:
        said = await told(port, begun)
    assert app.requests == said.count(b" 200 OK") == begun.count(PLAIN)


async def test_a_head_that_drips_is_not_given_more_time_for_each_drop() -> None:
    async with served(Hasty, App()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        loop = asyncio.get_running_loop()
        closed = asyncio.create_task(everything(reader))
        begun = loop.time()
        writer.write(PLAIN[:16])
        while not closed.done() and loop.time() < begun + 5:
            writer.write(b"a")
            await asyncio.wait([closed], timeout=Hasty.head_within / 6)
        assert closed.done()
        assert await closed == b""
        writer.close()


async def test_the_second_head_on_a_connection_is_timed_as_the_first() -> None:
    """The patience of a kept connection ends with the first byte; another has to begin there."""
    async with served(Hasty, App(), timeout_keep_alive=60) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PLAIN)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"GET /")
        assert await asyncio.wait_for(everything(reader), 5) == b""
        writer.close()


async def test_neither_a_slow_body_nor_a_kept_connection_is_timed_as_a_head() -> None:
    async with served(Hasty, App(), timeout_keep_alive=60) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 2\r\n\r\na")
        late = asyncio.Event()
        asyncio.get_running_loop().call_later(Hasty.head_within * 2, late.set)
        await late.wait()
        writer.write(b"b")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        late.clear()
        asyncio.get_running_loop().call_later(Hasty.head_within * 2, late.set)
        await late.wait()
        writer.write(PLAIN)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        writer.close()


def test_ten_seconds_are_the_patience_in_earnest() -> None:
    assert (CorkedProtocol.head_within, MAX_HEAD, MAX_LINES) == (10.0, 64 * 1024, 100)

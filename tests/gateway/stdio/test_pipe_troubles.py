"""`gatehouse stdio`: answers that are none, an endpoint that is away, and lines too long or without sense."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

import pytest

from gateway.stdio.pipes import LINE_BYTES
from tests.gateway.stdio.piping import Asked, endpoint, piped, plain, request, stateless


async def test_a_redirect_is_not_followed() -> None:
    """The token goes to the endpoint it is for; the client is told where the redirect points."""

    async def serve(asked: Asked) -> None:
        await asked.answer(b"", 307, Location="http://127.0.0.1:1/elsewhere")

    async with endpoint(serve) as server, piped(server.url) as pipe:
        answer = await pipe.ask(stateless(1, "x"))
        assert "redirects are not followed (it points to http://127.0.0.1:1/elsewhere)" in answer["error"]["message"]
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"HTTP/1.1 502 X\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n<h1>Bad</h1>", "HTTP 502: <h1>Bad"),
        (b"HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n", "HTTP 403"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n", "ended before the answer"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
            "ended before the answer",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "compressed"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "head of the answer"),
        (b"SSH-2.0-Other\r\n\r\n", "rules of HTTP"),
        (b"", "ended before the answer"),
    ],
)
async def test_an_answer_that_is_none_is_an_error_and_the_next_request_works(raw: bytes, said: str) -> None:
    """Sent once, answered once; the program goes on."""

    async def serve(asked: Asked) -> None:
        if asked.message["method"] == "odd":
            await asked.raw(raw)
            asked._writer.close()
        else:
            await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        answer = await pipe.ask(stateless("a", "odd"))
        assert answer["id"] == "a" and said in answer["error"]["message"]
        assert (await pipe.ask(stateless("b", "x")))["result"] == {}
    assert len(server.posted("odd")) == 1


# Away.


async def test_a_request_waits_for_an_endpoint_that_is_away() -> None:
    """Nothing went out, so it is tried again; once it is there exactly one request arrives."""
    async with endpoint(plain) as server:
        await server.stop()
        async with piped(server.url) as pipe:
            pipe.write(stateless(1, "x"))
            await pipe.complaint("cannot be reached")
            await server.start()
            assert (await pipe.message())["id"] == 1
            await pipe.complaint("is reached again")
    assert len(server.asked) == 1


async def test_a_request_that_went_out_is_never_sent_twice() -> None:
    """The answer says that its outcome is unknown."""

    async def serve(asked: Asked) -> None:
        if asked.message["id"] == 1:
            asked.hang_up()
        else:
            await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        answer = await pipe.ask(stateless(1, "tools/call", name="pay"))
        assert answer["error"]["data"] == {"outcome": "unknown"}
        assert (await pipe.ask(stateless(2, "x")))["result"] == {}
    assert [each.message["id"] for each in server.asked] == [1, 2]


async def test_a_kept_connection_that_was_closed_meanwhile_costs_no_request() -> None:
    """A restart between two calls: the next one takes a new connection."""
    async with endpoint(plain) as server, piped(server.url) as pipe:
        await pipe.ask(stateless(1, "x"))
        await pipe.ask(stateless(2, "x"))
        assert server.connections == 1
        await server.stop()
        await server.start()
        assert (await pipe.ask(stateless(3, "x")))["result"] == {}
    assert server.connections == 2


async def test_a_surplus_answer_is_given_to_nobody() -> None:
    """A connection that says more than was asked is not used again."""

    async def serve(asked: Asked) -> None:
        await asked.result({"n": asked.message["id"]})
        if asked.message["id"] == 1:
            await asked.answer({"jsonrpc": "2.0", "id": 2, "result": {"n": "forged"}})

    async with endpoint(serve) as server, piped(server.url) as pipe:
        assert (await pipe.ask(stateless(1, "x")))["result"] == {"n": 1}
        assert (await pipe.ask(stateless(2, "x")))["result"] == {"n": 2}
    assert server.connections == 2


# Sizes and nonsense.


async def test_large_lines_pass_and_larger_ones_are_answered() -> None:
    """16 MiB at the limit; past it the line is refused and the next one works."""

    async def serve(asked: Asked) -> None:
        await asked.result({"size": len(asked.body)})

    shell = stateless(1, "x", text="")
    room = LINE_BYTES - len(json.dumps(shell).encode())
    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(stateless(1, "x", text="a" * room))
        assert (await pipe.message())["result"] == {"size": LINE_BYTES}
        pipe.write(stateless(1, "x", text="a" * (room + 1)))
        refused = await pipe.message()
        assert refused["id"] == 1 and str(LINE_BYTES) in refused["error"]["message"]
        last = {"method": "x", "params": {"text": "a" * LINE_BYTES}, "jsonrpc": "2.0", "id": "last"}
        assert (await pipe.ask(last))["id"] == "last"
        assert (await pipe.ask(stateless(2, "x")))["id"] == 2
    assert len(server.asked) == 2


async def test_a_large_answer_passes() -> None:
    """Larger than any buffer on its way, as JSON and as an event."""
    large = "ü" * 6_000_000

    async def serve(asked: Asked) -> None:
        if asked.message["method"] == "json":
            await asked.result({"text": large})
        else:
            await asked.stream({"jsonrpc": "2.0", "id": asked.message["id"], "result": {"text": large}})
            await asked.end_stream()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        for number, method in enumerate(("json", "sse")):
            assert (await pipe.ask(stateless(number, method)))["result"] == {"text": large}


async def test_a_body_that_is_refused_before_it_is_read_gets_the_refusal() -> None:
    """A gateway that answers 413 early and hangs up is heard."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"too long"}}'
        head = b"HTTP/1.1 413 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        with suppress(OSError):
            await writer.drain()
            while await reader.read(65536):
                pass
        writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, piped(f"http://127.0.0.1:{port}/mcp/x") as pipe:
        answer = await pipe.ask(stateless(9, "x", text="a" * 8_000_000))
    assert (answer["id"], answer["error"]["message"]) == (9, "too long")


async def test_nonsense_is_answered_and_the_rest_goes_on() -> None:
    """Standard output stays protocol."""
    async with endpoint(plain) as server, piped(server.url) as pipe:
        for nonsense in (b"hello", b"[]", b'{"jsonrpc":"2.0"}', b"\xff\xfe"):
            answer = await pipe.ask(nonsense)
            assert (answer["id"], answer["error"]["code"]) == (None, -32700)
        pipe.write(b"", b"  ")
        assert (await pipe.ask(stateless(1, "x")))["id"] == 1
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":5}', [7]),
        (b'[{"jsonrpc":"2.0","id":8,"method":"ping"},{"jsonrpc":"2.0","id":9,"method":"ping"}]', [8, 9]),
        (b'{"jsonrpc":"2.0","id":10,"method":"x","method":5}', [10]),
    ],
)
async def test_what_cannot_be_read_is_answered_under_its_own_ids(line: bytes, ids: list[int]) -> None:
    """A caller that waits for its id hears at once."""
    async with endpoint(plain) as server, piped(server.url) as pipe:
        pipe.write(line)
        assert [said["id"] for said in await pipe.messages(len(ids))] == ids
    assert not server.asked


async def test_an_address_that_is_no_endpoint_is_said_as_such() -> None:
    """A page for browsers helps nobody on a pipe."""

    async def serve(asked: Asked) -> None:
        page = b"<!doctype html><title>Not Found</title>"
        await asked.raw(b"HTTP/1.1 404 X\r\nContent-Type: text/html; charset=utf-8\r\n")
        await asked.raw(b"Content-Length: %d\r\n\r\n%s" % (len(page), page))

    async with endpoint(serve) as server, piped(server.url.replace("/mcp/desk", "/nope")) as pipe:
        told = (await pipe.ask(request(1, "initialize")))["error"]["message"]
    assert "this is no MCP endpoint; use …/mcp or …/mcp/SERVER" in told and "<" not in told


async def test_an_id_in_use_is_refused() -> None:
    """Two answers to one id would be taken for each other; an id may be used again afterwards."""
    go = asyncio.Event()

    async def serve(asked: Asked) -> None:
        await go.wait()
        await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(stateless(1, "x"), stateless(1, "x"))
        assert "still waiting" in (await pipe.message())["error"]["message"]
        go.set()
        assert (await pipe.message())["result"] == {}
        assert (await pipe.ask(stateless(1, "x")))["result"] == {}
    assert len(server.asked) == 2


async def test_an_id_is_free_once_it_is_answered() -> None:
    """Also while the end of the answer's stream is still to come."""

    async def serve(asked: Asked) -> None:
        if len(server.asked) > 1:
            await asked.result()
        else:
            await asked.stream({"jsonrpc": "2.0", "id": 1, "result": {}})
            await asked.left()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        for _ in range(2):
            assert (await pipe.ask(stateless(1, "x")))["result"] == {}

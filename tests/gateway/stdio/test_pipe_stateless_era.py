"""`gatehouse stdio` in the stateless era: bytes, headers, streams, cancellation, subscriptions."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.gateway.stdio.piping import MODERN, Asked, endpoint, notification, piped, request, stateless
from tests.waiting import eventually_async

ODD = (
    b'{ "method":"tools/call","jsonrpc":"2.0","zzz":[1.0,1e2],"id":12345678901234567890,"params":{"name":"t",'
    b'"arguments":{"n":123456789012345678901234567890,"f":1.50,"s":"\\u00fc \xc3\xbc \\ud83d\\ude00","k":null},'
    b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},'
    b'"x":0.10}}}'
)
ODD_ANSWER = (
    b'{"id":12345678901234567890,"jsonrpc":"2.0","extra":1,"result":{"resultType":"complete","n":98765432109876543210,'
    b'"f":2.50,"s":"\\u00e9 \xc3\xa9\xe2\x80\xa8"}}'
)


async def test_bytes_pass_unchanged_both_ways() -> None:
    """Number literals, member order, unknown members, escapes."""

    async def serve(asked: Asked) -> None:
        await asked.answer(ODD_ANSWER)

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(ODD)
        assert await pipe.line() == ODD_ANSWER + b"\n"
        assert server.asked[0].body == ODD


async def test_a_pretty_printed_answer_comes_on_one_line() -> None:
    """A line is a message on this side."""

    async def serve(asked: Asked) -> None:
        text = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"a": "x\ny"}}, indent=1)
        if asked.message["method"] == "a":
            await asked.answer(text.replace("\n", "\r\n").encode())
        else:
            await asked.stream(b"".join(b"data: %s\n" % line.encode() for line in text.split("\n")) + b"\n")
            await asked.end_stream()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        for method in ("a", "b"):
            assert (await pipe.ask(stateless(1, method)))["result"] == {"a": "x\ny"}


async def test_headers_say_what_the_body_says() -> None:
    """Protocol 1.2: revision, method, name (encoded where it has to be), annotated parameters; and the token."""
    schema = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}

    async def serve(asked: Asked) -> None:
        listed = {"tools": [{"name": "größe", "inputSchema": schema}]}
        await asked.result(listed if asked.message["method"] == "tools/list" else {})

    async with endpoint(serve) as server, piped(server.url, token="gha_abc") as pipe:
        await pipe.ask(stateless(1, "server/discover"))
        await pipe.ask(stateless(2, "tools/list"))
        await pipe.ask(stateless(3, "tools/call", name="größe", arguments={"region": "süd"}))
        await pipe.ask(stateless(4, "resources/read", uri="test://x"))
    discover, _, call, read = server.asked
    assert all(each.headers["mcp-protocol-version"] == MODERN for each in server.asked)
    assert all(each.headers["authorization"] == "Bearer gha_abc" for each in server.asked)
    assert all(each.headers["accept"] == "application/json, text/event-stream" for each in server.asked)
    assert all("mcp-session-id" not in each.headers for each in server.asked)
    assert (discover.headers["mcp-method"], discover.headers.get("mcp-name")) == ("server/discover", None)
    assert call.headers["mcp-name"] == "=?base64?Z3LDtsOfZQ==?="
    assert call.headers["mcp-param-region"] == "=?base64?c8O8ZA==?="
    assert read.headers["mcp-name"] == "test://x"
    assert read.target == "/mcp/desk"


async def test_a_name_cannot_smuggle_a_header() -> None:
    """What a client writes into its message goes encoded into the head."""

    async def serve(asked: Asked) -> None:
        await asked.result()

    evil = "x\r\nMcp-Session-Id: stolen"
    sent = request(1, "tools/call\r\nX-A: b", name=evil, _meta={"io.modelcontextprotocol/protocolVersion": evil})
    async with endpoint(serve) as server, piped(server.url) as pipe:
        await pipe.ask(sent)
    assert server.asked[0].headers.keys().isdisjoint({"mcp-session-id", "x-a"})
    assert server.asked[0].headers["mcp-protocol-version"].startswith("=?base64?")


async def test_answers_come_as_they_are_ready() -> None:
    """Any number of requests at once; the first is answered last."""
    first = asyncio.Event()

    async def serve(asked: Asked) -> None:
        if asked.message["id"] == 0:
            await first.wait()
        await asked.result({"for": asked.message["id"]})

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(*(stateless(number, "x") for number in range(40)))
        got = await pipe.messages(39)
        first.set()
        got.append(await pipe.message())
    assert got[-1]["id"] == 0
    assert sorted(each["id"] for each in got) == list(range(40))
    assert all(each["result"] == {"for": each["id"]} for each in got)
    assert len(server.asked) == 40


async def test_what_is_said_before_the_answer_comes_before_it() -> None:
    """Progress and log messages of a stream, in order."""
    said = [notification("notifications/progress", progressToken=1, progress=step) for step in range(3)]

    async def serve(asked: Asked) -> None:
        await asked.stream(b": ping\n\n", *said, {"jsonrpc": "2.0", "id": 5, "result": {}})
        await asked.end_stream()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(stateless(5, "x"))
        assert await pipe.messages(4) == [*said, {"jsonrpc": "2.0", "id": 5, "result": {}}]


async def test_a_cancelled_request_closes_its_stream_and_gets_no_answer() -> None:
    """Protocol 1.2: over HTTP closing the stream is the cancellation; nothing is POSTed."""
    gone = asyncio.Event()

    async def serve(asked: Asked) -> None:
        if asked.message["id"] == "slow":
            await asked.stream(notification("notifications/message", level="info", data="begun"))
            await asked.left()
            gone.set()
        else:
            await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(stateless("slow", "x"))
        assert (await pipe.message())["params"]["data"] == "begun"
        pipe.write(notification("notifications/cancelled", requestId="slow"))
        await asyncio.wait_for(gone.wait(), 10)
        assert (await pipe.ask(stateless("next", "x")))["id"] == "next"
        assert len(server.asked) == 2


async def test_an_unknown_cancellation_is_nothing() -> None:
    """It may cross with the answer."""

    async def serve(asked: Asked) -> None:
        await asked.result()

    async with endpoint(serve) as server, piped(server.url) as pipe:
        pipe.write(notification("notifications/cancelled", requestId=77), notification("notifications/cancelled"))
        assert (await pipe.ask(stateless(1, "x")))["id"] == 1
        assert len(server.asked) == 1


def listening(*, ended: asyncio.Event | None = None) -> Any:
    """An endpoint that grants what is asked for, tells of one change, and hangs up on the first stream."""
    heard: list[Asked] = []

    async def serve(asked: Asked) -> None:
        heard.append(asked)
        meta = {"io.modelcontextprotocol/subscriptionId": asked.message["id"]}
        granted = asked.message["params"]["notifications"]
        ack = notification("notifications/subscriptions/acknowledged", _meta=meta, notifications=granted)
        change = notification("notifications/tools/list_changed", _meta=meta)
        await asked.stream(ack)
        if len(heard) == 1:
            await asked.events(change)
            asked.hang_up()
        elif ended is not None:
            await ended.wait()
            await asked.events({"jsonrpc": "2.0", "id": asked.message["id"], "result": {"_meta": meta}})
            await asked.end_stream()
        else:
            await asked.left()

    return serve


async def test_a_lost_subscription_is_opened_again_and_the_gap_is_told() -> None:
    """The client sees one acknowledgement; after the gap it is told to look again at what it listens to."""
    wanted = {"toolsListChanged": True, "resourceSubscriptions": ["test://r"]}
    meta = {"io.modelcontextprotocol/subscriptionId": "listen-1"}
    ended = asyncio.Event()
    async with endpoint(listening(ended=ended)) as server, piped(server.url) as pipe:
        pipe.write(stateless("listen-1", "subscriptions/listen", notifications=wanted))
        ack, change, again, updated = await pipe.messages(4)
        assert ack["method"] == "notifications/subscriptions/acknowledged"
        assert change == again == notification("notifications/tools/list_changed", _meta=meta)
        assert updated == notification("notifications/resources/updated", uri="test://r", _meta=meta)
        ended.set()
        assert (await pipe.message())["result"] == {"_meta": meta}, "a graceful end is an answer"
        assert server.asked[0].body == server.asked[1].body
        assert len(server.asked) == 2


async def test_a_cancelled_subscription_stays_closed() -> None:
    """And input that ends does not wait for one that is open."""
    async with endpoint(listening()) as server, piped(server.url) as pipe:
        for number in ("listen-1", "listen-2"):
            pipe.write(stateless(number, "subscriptions/listen", notifications={"toolsListChanged": True}))
        await pipe.messages(2)
        await eventually_async(lambda: len(server.asked) == 3, what="the lost one is opened again")
        pipe.write(notification("notifications/cancelled", requestId="listen-1"))
        pipe.write(notification("notifications/cancelled", requestId="listen-2"))
        pipe.end_input()
        assert await pipe.ended() == 0
    assert len(server.asked) == 3

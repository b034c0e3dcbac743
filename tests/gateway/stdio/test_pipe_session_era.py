"""`gatehouse stdio` in the session era: the session's headers, its stream, what the server asks, and a session lost."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.gateway.stdio.piping import (
    INITIALIZE,
    INITIALIZED,
    LEGACY,
    Asked,
    Sessions,
    endpoint,
    notification,
    opened,
    piped,
    request,
    stateless,
)
from tests.waiting import eventually_async


async def answers(asked: Asked) -> None:
    """Answer any request with its own id as the result."""
    await asked.result({"for": asked.message["id"]})


async def test_a_session_is_opened_used_and_ended() -> None:
    """Protocol 1.4: no headers on `initialize`, both on everything after it, DELETE when input ends."""
    async with endpoint(Sessions(answers)) as server, piped(server.url) as pipe:
        assert (await opened(pipe))["protocolVersion"] == LEGACY
        assert (await pipe.ask(request(1, "tools/list")))["result"] == {"for": 1}
        await eventually_async(lambda: server.having("GET"), what="the stream is asked for")
        pipe.end_input()
        assert await pipe.ended() == 0
        assert await pipe.complaints() == ""
    first, *rest = server.asked
    assert first.body == json.dumps(INITIALIZE).encode()
    assert first.headers.keys().isdisjoint({"mcp-session-id", "mcp-protocol-version", "mcp-method"})
    assert all(each.headers["mcp-session-id"] == "s1" for each in rest)
    assert all(each.headers["mcp-protocol-version"] == LEGACY for each in rest)
    assert [each.method for each in rest][-1] == "DELETE"
    assert len(server.having("GET")) == 1, "405 says that there is no stream, once"


async def test_a_call_before_initialize_is_told_what_to_send_first() -> None:
    """Not which header is missing: a client on a pipe knows of none. Other refusals stay as they are."""
    said = ["Send the `Mcp-Session-Id` that `initialize` answered with.", "`params` must be an object."]

    async def serve(asked: Asked) -> None:
        error = {"code": -32600, "message": said[asked.message["id"]]}
        await asked.answer({"jsonrpc": "2.0", "id": None, "error": error}, 400)

    async with endpoint(serve) as server, piped(server.url) as pipe:
        early = await pipe.ask(request(0, "tools/list"))
        assert (early["id"], early["error"]["message"]) == (0, "Send `initialize` first.")
        assert (await pipe.ask(request(1, "tools/list")))["error"]["message"] == said[1]


async def test_what_is_written_at_once_arrives_in_order() -> None:
    """A script does not wait: nothing is sent before the session is there and the server knows it."""

    async def serve(asked: Asked) -> None:
        assert server.posted("notifications/initialized"), "ahead of notifications/initialized"
        await answers(asked)

    async with endpoint(Sessions(serve)) as server, piped(server.url) as pipe:
        pipe.write(INITIALIZE, INITIALIZED, *(request(number, "x") for number in range(1, 6)))
        pipe.end_input()
        got = await pipe.messages(6)
        assert await pipe.ended() == 0
    assert sorted(each["id"] for each in got) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("where", ["the session's stream", "the call's stream"])
async def test_a_question_of_the_server_reaches_the_client_and_its_answer_the_server(where: str) -> None:
    """Elicitation, sampling and roots, on any stream."""
    question = request("q-1", "elicitation/create", message="Who?", requestedSchema={})
    answered = asyncio.Event()

    async def stream(asked: Asked) -> None:
        await asked.stream(*([question] if where == "the session's stream" else []))
        await asked.left()

    async def serve(asked: Asked) -> None:
        await asked.stream(*([question] if where == "the call's stream" else []))
        await answered.wait()
        await asked.events({"jsonrpc": "2.0", "id": 1, "result": {}})
        await asked.end_stream()

    async def watched(asked: Asked) -> None:
        await sessions(asked)
        if asked.body and asked.message.get("id") == "q-1":
            answered.set()

    sessions = Sessions(serve, stream=stream)
    async with endpoint(watched) as server, piped(server.url) as pipe:
        await opened(pipe)
        pipe.write(request(1, "tools/call", name="ask"))
        assert await pipe.message() == question
        pipe.write(b'{"jsonrpc":"2.0", "id":"q-1","result":{"action":"accept","content":{"n":1.0}}}')
        assert (await pipe.message())["id"] == 1
    (told,) = [each for each in server.having("POST") if each.message.get("id") == "q-1"]
    assert told.body == b'{"jsonrpc":"2.0", "id":"q-1","result":{"action":"accept","content":{"n":1.0}}}'
    assert told.headers["mcp-session-id"] == "s1"


async def test_a_cancellation_is_posted_after_its_request_which_gets_no_answer() -> None:
    """Protocol 1.4: a mere disconnect cancels nothing in this era."""
    cancelled = asyncio.Event()

    async def serve(asked: Asked) -> None:
        if asked.message["id"] == 1:
            await cancelled.wait()
            await asked.answer(b"", 202)
        else:
            await answers(asked)

    async def watched(asked: Asked) -> None:
        await sessions(asked)
        if asked.body and asked.message.get("method") == "notifications/cancelled":
            cancelled.set()

    sessions = Sessions(serve)
    async with endpoint(watched) as server, piped(server.url) as pipe:
        await opened(pipe)
        pipe.write(request(1, "tools/call", name="slow"))
        await eventually_async(lambda: server.posted("tools/call"), what="the call arrives")
        pipe.write(notification("notifications/cancelled", requestId=1, reason="enough"))
        await asyncio.wait_for(cancelled.wait(), 10)
        assert (await pipe.ask(request(2, "x")))["id"] == 2
    assert server.posted("notifications/cancelled")[0].headers["mcp-session-id"] == "s1"


async def test_a_lost_session_is_replaced_and_what_met_the_loss_is_sent_again() -> None:
    """One new session however many requests meet the 404; the client learns nothing of it."""
    async with endpoint(sessions := Sessions(answers)) as server, piped(server.url) as pipe:
        await opened(pipe)
        await pipe.ask(request(1, "x"))
        sessions.alive.clear()
        pipe.write(*(request(number, "x") for number in range(2, 8)))
        got = await pipe.messages(6)
        assert {each["id"]: each["result"]["for"] for each in got} == {number: number for number in range(2, 8)}
        assert "opening another one" in await pipe.complaint("session")
    assert sessions.given == 2
    assert [each.body for each in server.posted("initialize")] == [json.dumps(INITIALIZE).encode()] * 2
    assert [each.headers.get("mcp-session-id") for each in server.posted("notifications/initialized")] == ["s1", "s2"]


async def test_what_the_lost_session_had_been_told_the_new_one_is_told() -> None:
    """The last log level and the subscriptions that stand; their answers are nobody's business."""
    async with endpoint(sessions := Sessions(answers)) as server, piped(server.url) as pipe:
        await opened(pipe)
        await pipe.ask(request(1, "logging/setLevel", level="debug"))
        await pipe.ask(request(2, "logging/setLevel", level="error"))
        for number, uri in enumerate(("test://a", "test://b"), 3):
            await pipe.ask(request(number, "resources/subscribe", uri=uri))
        await pipe.ask(request(5, "resources/unsubscribe", uri="test://a"))
        sessions.alive.clear()
        before = len(server.asked)
        assert (await pipe.ask(request(6, "x")))["result"] == {"for": 6}
    later = [each.message for each in server.asked[before:] if each.body]
    told = [each["params"] for each in later if each.get("id") in range(1, 6)]
    assert told == [{"level": "error"}, {"uri": "test://b"}]


async def test_a_lost_session_gets_its_stream_back_and_the_gap_is_told() -> None:
    """The stream belongs to the session; only what the server promised to tell is told."""
    streams: list[Asked] = []

    async def stream(asked: Asked) -> None:
        streams.append(asked)
        await asked.stream()
        await asked.left()

    async with endpoint(sessions := Sessions(answers, stream=stream)) as server, piped(server.url) as pipe:
        await opened(pipe)
        await eventually_async(lambda: streams, what="a stream")
        sessions.alive.clear()
        pipe.write(request(2, "x"))
        got = await pipe.messages(2)
        assert notification("notifications/tools/list_changed") in got
        assert [each for each in got if "result" in each][0]["id"] == 2
    assert [each.headers["mcp-session-id"] for each in server.having("GET")] == ["s1", "s2"]


async def test_a_stream_that_breaks_is_opened_again() -> None:
    """With the same session; a refused connection in between is waited out."""
    streams: list[Asked] = []

    async def stream(asked: Asked) -> None:
        streams.append(asked)
        await asked.stream()
        if len(streams) > 1:
            await asked.events(notification("notifications/message", level="info", data="again"))
            await asked.left()

    async with endpoint(Sessions(answers, stream=stream)) as server, piped(server.url) as pipe:
        await opened(pipe)
        await eventually_async(lambda: streams, what="a stream")
        await server.stop()
        await pipe.complaint("cannot be reached")
        await server.start()
        got = await pipe.messages(2)
    assert got[0] == notification("notifications/tools/list_changed")
    assert got[1]["params"]["data"] == "again"
    assert [each.headers["mcp-session-id"] for each in streams] == ["s1", "s1"]


@pytest.mark.parametrize("what", ["refuses", "speaks another revision", "forgets at once"])
async def test_a_session_that_cannot_be_replaced_ends_in_an_error_not_in_a_loop(what: str) -> None:
    """Nothing was executed, and the answer says so."""

    async def serve(asked: Asked) -> None:
        if asked.body and asked.message.get("method") == "initialize" and server.posted("initialize")[1:]:
            if what == "refuses":
                gone = {"jsonrpc": "2.0", "id": None, "error": {"code": 40400, "message": "Unknown server: desk"}}
                await asked.answer(gone, 404)
                return
            if what == "speaks another revision":
                await asked.result({"protocolVersion": "2024-11-05", "capabilities": {}}, Mcp_Session_Id="s9")
                return
        await sessions(asked)
        if what == "forgets at once" and asked.body and asked.message.get("method") == "initialize":
            sessions.alive.clear()

    sessions = Sessions(answers)
    async with endpoint(serve) as server, piped(server.url) as pipe:
        await opened(pipe)
        sessions.alive.clear()
        answer = await pipe.ask(request(2, "x"))
        assert answer["id"] == 2 and "Session not found" in answer["error"]["message"]
    assert len(server.posted("initialize")) <= 8
    assert len(server.posted("x")) <= 3


async def test_a_second_initialize_begins_a_session_of_its_own() -> None:
    """The client's word counts."""
    async with endpoint(Sessions(answers)) as server, piped(server.url) as pipe:
        await opened(pipe)
        await opened(pipe)
        await pipe.ask(request(5, "x"))
    assert server.posted("x")[0].headers["mcp-session-id"] == "s2"


async def test_an_initialize_of_the_stateless_era_holds_up_nothing() -> None:
    """It opens no session, whatever it is called: the endpoint says what it makes of it."""
    async with endpoint(Sessions(answers)) as server, piped(server.url) as pipe:
        await opened(pipe)
        await pipe.ask(stateless(1, "initialize", protocolVersion=LEGACY, capabilities={}))
        assert (await pipe.ask(request(2, "x")))["result"] == {"for": 2}
    assert server.posted("x")[0].headers["mcp-session-id"] == "s1"


async def test_an_endpoint_without_sessions_is_served_too() -> None:
    """A 404 there is an answer, not a lost session."""

    async def serve(asked: Asked) -> None:
        method = asked.message["method"] if asked.body else ""
        if method == "initialize":
            await asked.result({"protocolVersion": LEGACY, "capabilities": {}})
        elif method == "missing":
            body = {"jsonrpc": "2.0", "id": asked.message["id"], "error": {"code": -32601, "message": "no such thing"}}
            await asked.answer(body, 404)
        else:
            await asked.answer(b"", 202 if asked.body else 405)

    async with endpoint(serve) as server, piped(server.url) as pipe:
        await opened(pipe)
        answer: Any = await pipe.ask(request(1, "missing"))
        assert answer["error"]["message"] == "no such thing"
        pipe.end_input()
        assert await pipe.ended() == 0
    assert not server.having("DELETE")
    assert len(server.posted("initialize")) == 1

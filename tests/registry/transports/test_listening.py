"""Notices of an HTTP server that belong to no request: who hears them, and how a stream ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from registry.transports.base import Answer, Limits, NotSent
from registry.transports.http import HttpUpstream
from tests.upstream_faults import whole
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually_async

PATIENCE = 10.0
CHANGED = "notifications/tools/list_changed"
Heard = list[tuple[str, bytes]]


@pytest.fixture(params=["modern", "legacy"])
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[HttpSimulator]:
    era: str = request.param
    async with HttpSimulator(Offer(eras=frozenset((era,))), session=era == "legacy", notices=True) as running:
        yield running


@pytest.fixture
async def upstream(simulator: HttpSimulator) -> AsyncIterator[HttpUpstream]:
    opened = HttpUpstream(simulator.url, allow_private=True, limits=Limits(connections=1))
    yield opened
    await opened.close()


def listen(upstream: HttpUpstream, heard: Heard, notifications: bytes = b"{}") -> asyncio.Task[None]:
    return asyncio.create_task(
        upstream.listen(notifications, lambda method, params: heard.append((method, params)), deadline=PATIENCE)
    )


def confirming(upstream: HttpUpstream, confirmed: list[bytes], notifications: bytes) -> asyncio.Task[None]:
    return asyncio.create_task(
        upstream.listen(notifications, lambda *_: None, deadline=PATIENCE, on_confirmed=confirmed.append)
    )


async def stop(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def is_modern(simulator: HttpSimulator) -> bool:
    return "modern" in simulator.offer.eras


def has_opened(simulator: HttpSimulator) -> bool:
    return any(one.verb == "GET" for one in simulator.received)


async def test_a_notice_is_heard_without_our_subscription_and_the_acknowledgement_is_not(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    heard: Heard = []
    listening = listen(upstream, heard, b'{"toolsListChanged":true}')
    await simulator.until(lambda: simulator.streams)
    await simulator.announce(CHANGED, {})
    await eventually_async(lambda: heard)
    assert heard == [(CHANGED, b"{}")]
    if is_modern(simulator):
        sent = simulator.calls("subscriptions/listen")[0]
        assert sent.message["params"]["notifications"] == {"toolsListChanged": True}
        assert sent.headers["mcp-method"] == "subscriptions/listen"
    else:
        opened = next(one for one in simulator.received if one.verb == "GET")
        assert (opened.headers["accept"], opened.headers["mcp-session-id"]) == ("text/event-stream", "session-1")
    await stop(listening)


async def test_several_listen_at_once_each_with_its_own_filter_or_all_on_one_stream(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    heard: list[Heard] = [[], []]
    listening = [listen(upstream, heard[0])]
    await simulator.until(lambda: simulator.streams)
    listening.append(listen(upstream, heard[1]))
    await simulator.until(lambda: len(simulator.streams) == (2 if is_modern(simulator) else 1))
    await asyncio.sleep(0)
    await simulator.announce(CHANGED, {"for": "the last"})
    await eventually_async(lambda: heard[1])
    expected = [(CHANGED, b'{"for":"the last"}')] if is_modern(simulator) else [(CHANGED, b'{"for": "the last"}')]
    assert heard[1] == expected
    assert heard[0] == ([] if is_modern(simulator) else expected)
    await stop(listening[0])
    await simulator.announce(CHANGED, {"for": "who is left"})
    await eventually_async(lambda: len(heard[1]) == 2)
    await stop(listening[1])
    await simulator.until(lambda: len(simulator.ended) >= len(simulator.streams))


async def test_listening_is_confirmed_when_the_server_has_confirmed_it(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    """By its acknowledgement, which may leave something out, or by the head of the session's own stream."""
    simulator.confirms.clear()
    simulator.left_out = {"x:2"}
    wanted = {"toolsListChanged": True, "resourceSubscriptions": ["x:1", "x:2"]}
    confirmed: list[bytes] = []
    listening = confirming(upstream, confirmed, json.dumps(wanted).encode())
    await simulator.until(lambda: simulator.calls("subscriptions/listen") or has_opened(simulator))
    answer = await upstream.request("tools/call", b'{"name":"echo","arguments":{"text":"x"}}', deadline=PATIENCE)
    assert answer.result is not None and confirmed == []
    simulator.confirms.set()
    await eventually_async(lambda: confirmed)
    expected = wanted | {"resourceSubscriptions": ["x:1"]} if is_modern(simulator) else wanted
    assert [json.loads(one) for one in confirmed] == [expected]
    await stop(listening)


@pytest.mark.parametrize("simulator", ["legacy"], indirect=True)
async def test_who_joins_a_sessions_open_stream_is_confirmed_at_once(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    """And who joins it before it is open, when it is; a stream that is opened again is confirmed again."""
    simulator.confirms.clear()
    confirmed: list[bytes] = []
    listening = [confirming(upstream, confirmed, b'{"n":%d}' % number) for number in range(2)]
    await simulator.until(lambda: has_opened(simulator))
    assert confirmed == []
    simulator.confirms.set()
    await eventually_async(lambda: len(confirmed) == 2)
    listening.append(confirming(upstream, confirmed, b'{"n":2}'))
    await eventually_async(lambda: len(confirmed) == 3)
    assert sorted(confirmed) == [b'{"n":0}', b'{"n":1}', b'{"n":2}'] and len(simulator.streams) == 1
    await simulator.end_stream()
    await asyncio.wait(listening)
    simulator.confirms.clear()
    listening = [confirming(upstream, confirmed, b'{"n":3}')]
    await simulator.until(lambda: sum(one.verb == "GET" for one in simulator.received) == 2)
    assert len(confirmed) == 3
    simulator.confirms.set()
    await eventually_async(lambda: len(confirmed) == 4)
    await stop(*listening)


@pytest.mark.parametrize("simulator", ["legacy"], indirect=True)
async def test_a_head_that_is_of_no_event_stream_confirms_nothing(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    """It is the head of an answer that offers no stream."""

    async def answered(wire: Any, number: Any, wanted: Any) -> None:
        await wire.send(whole(b"{}"))

    simulator._listened = answered  # type: ignore[method-assign]
    confirmed: list[bytes] = []
    with pytest.raises(NotSent, match="offers no stream"):
        await confirming(upstream, confirmed, b"{}")
    assert confirmed == []


async def test_listening_takes_no_connection_from_the_calls(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    listening = [listen(upstream, []) for _ in range(3)]
    await simulator.until(lambda: simulator.streams)
    answer = await upstream.request("tools/call", b'{"name":"echo","arguments":{"text":"x"}}', deadline=PATIENCE)
    assert answer.result is not None
    await stop(*listening)


async def test_a_server_that_ends_its_stream_ends_the_listening_and_can_be_listened_to_again(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    for streams in (1, 2):
        heard: Heard = []
        listening = listen(upstream, heard)
        await simulator.until(lambda wanted=streams: len(simulator.streams) == wanted)  # type: ignore[misc]
        await simulator.announce(CHANGED, {})
        await eventually_async(lambda heard=heard: heard)  # type: ignore[misc]
        await simulator.end_stream()
        async with asyncio.timeout(PATIENCE):
            await listening


async def test_a_stream_that_breaks_off_ends_the_listening(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    listening = listen(upstream, [])
    await simulator.until(lambda: simulator.streams)
    await simulator.close_idle()
    async with asyncio.timeout(PATIENCE):
        await listening


async def test_listening_ends_with_its_time(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    async with asyncio.timeout(PATIENCE):
        await upstream.listen(b"{}", lambda *_: None, deadline=0.2)
    assert len(simulator.streams) == 1


async def test_closing_ends_the_listening(upstream: HttpUpstream, simulator: HttpSimulator) -> None:
    listening = listen(upstream, [])
    await simulator.until(lambda: simulator.streams)
    await upstream.close()
    async with asyncio.timeout(PATIENCE):
        await listening


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_server_that_offers_no_stream_says_so(era: str) -> None:
    async with HttpSimulator(Offer(eras=frozenset((era,)))) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        confirmed: list[bytes] = []
        for _ in range(2):
            with pytest.raises(NotSent, match="offers no stream"):
                await upstream.listen(b"{}", lambda *_: None, deadline=PATIENCE, on_confirmed=confirmed.append)
        assert confirmed == []
        assert (await upstream.request("tools/list", b"{}", deadline=PATIENCE)).result is not None
        await upstream.close()


@pytest.mark.parametrize("simulator", ["legacy"], indirect=True)
async def test_what_belongs_to_a_call_reaches_that_call_on_a_sessions_own_stream_too(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    heard: Heard = []
    noticed: Heard = []
    asked: list[str] = []

    async def answer(method: str, params: bytes) -> Answer:
        asked.append(method)
        return Answer(result=b"{}")

    listening = listen(upstream, heard)
    await simulator.until(lambda: simulator.streams)
    hanging = asyncio.create_task(
        upstream.request(
            "tools/call",
            b'{"name":"hang"}',
            deadline=PATIENCE,
            progress_token=b'"mine"',
            on_event=lambda method, params: noticed.append((method, params)),
            on_request=answer,
        )
    )
    await simulator.until(lambda: simulator.calls("tools/call"))
    token = simulator.calls("tools/call")[0].message["params"]["_meta"]["progressToken"]
    await simulator.announce("notifications/progress", {"progressToken": token, "progress": 1})
    await simulator.announce("notifications/progress", {"progressToken": "another's", "progress": 1})
    await simulator.say({"jsonrpc": "2.0", "id": "q9", "method": "roots/list"})
    await simulator.until(lambda: any(b'"id":"q9","result"' in one.body for one in simulator.received))
    assert asked == ["roots/list"]
    assert noticed == [("notifications/progress", b'{"progressToken":"mine","progress":1}')]
    assert heard == []
    hanging.cancel()
    await asyncio.wait([hanging])
    await simulator.say({"jsonrpc": "2.0", "id": "q10", "method": "roots/list"})
    await simulator.until(lambda: any(b'"id":"q10","error"' in one.body for one in simulator.received))
    assert asked == ["roots/list"]
    await stop(listening)


@pytest.mark.parametrize("simulator", ["modern"], indirect=True)
async def test_unknown_members_of_a_notice_stay_and_a_question_is_dropped(
    upstream: HttpUpstream, simulator: HttpSimulator
) -> None:
    heard: Heard = []
    listening = listen(upstream, heard)
    await simulator.until(lambda: simulator.streams)
    number, _ = simulator.streams[0]
    meta = {"io.modelcontextprotocol/subscriptionId": number, "com.example/kept": 1}
    await simulator.say({"jsonrpc": "2.0", "id": 1, "method": "roots/list"})
    await simulator.say({"jsonrpc": "2.0", "method": CHANGED, "params": {"_meta": meta, "new": 1}})
    await eventually_async(lambda: heard)
    assert [(method, json.loads(params)) for method, params in heard] == [
        (CHANGED, {"_meta": {"com.example/kept": 1}, "new": 1})
    ]
    assert not any(b'"method"' not in one.body for one in simulator.received)
    await stop(listening)

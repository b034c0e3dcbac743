"""An HTTP upstream and the eras: which is asked for first, what each loses, and what a server asks meanwhile."""

from __future__ import annotations

import asyncio
import json

import pytest

from registry.mcp.revisions import Era
from registry.transports.base import Answer, Limits, NotSent, TimedOut, Unreachable
from registry.transports.http import HttpUpstream
from tests.registry.transports.over_http import LEGACY_ONLY, MODERN_ONLY, echo
from tests.upstream_offer import Offer
from tests.upstream_simulator import HttpSimulator


@pytest.mark.parametrize(
    ("eras", "prefer", "asked"),
    [
        (MODERN_ONLY | LEGACY_ONLY, Era.LEGACY, ["initialize"]),
        (MODERN_ONLY | LEGACY_ONLY, Era.MODERN, ["server/discover"]),
        (LEGACY_ONLY, Era.LEGACY, ["initialize"]),
        (LEGACY_ONLY, Era.MODERN, ["server/discover", "initialize"]),
        (MODERN_ONLY, Era.LEGACY, ["initialize", "server/discover"]),
    ],
)
async def test_the_preferred_era_is_asked_for_first_and_the_other_one_where_it_is_not_spoken(
    eras: frozenset[str], prefer: Era, asked: list[str]
) -> None:
    async with HttpSimulator(Offer(eras=eras)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True, prefer=prefer)
        assert await echo(upstream, "hello") == "hello"
        methods = [one.message["method"] for one in simulator.received]
        assert [method for method in methods if method in ("initialize", "server/discover")] == asked
        assert (await upstream.open()).era is (Era.LEGACY if asked[-1] == "initialize" else Era.MODERN)
        await upstream.close()


async def test_a_server_that_is_silent_in_the_preferred_era_is_asked_in_the_other() -> None:
    async with HttpSimulator(Offer(eras=MODERN_ONLY)) as simulator:
        simulator.silent = "initialize"
        limits = Limits(open_seconds=1.0, probe_seconds=0.5)
        upstream = HttpUpstream(simulator.url, allow_private=True, prefer=Era.LEGACY, limits=limits)
        assert (await upstream.open()).era is Era.MODERN
        await upstream.close()


async def test_a_server_that_cannot_be_reached_is_not_asked_in_the_other_era() -> None:
    attempts = 0

    def count_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.close()

    server = await asyncio.start_server(count_connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = HttpUpstream(f"https://127.0.0.1:{port}/", allow_private=True, prefer=Era.LEGACY)
    with pytest.raises(Unreachable):
        await upstream.open()
    assert attempts == 1
    server.close()
    await upstream.close()


async def test_a_lost_session_is_opened_anew_for_the_next_call_and_nothing_is_sent_twice() -> None:
    async with HttpSimulator(Offer(eras=LEGACY_ONLY), session=True) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        await echo(upstream, "first")
        simulator.sessions.clear()
        with pytest.raises(NotSent):
            await echo(upstream, "lost")
        simulator.sessions.add("spent")
        assert await echo(upstream, "third") == "third"
        texts = [one.message["params"]["arguments"]["text"] for one in simulator.calls("tools/call")]
        assert texts == ["first", "lost", "third"]
        assert len(simulator.calls("initialize")) == 2
        await upstream.close()


async def test_a_server_that_changed_its_era_is_asked_anew_for_the_next_call() -> None:
    async with HttpSimulator(Offer(eras=MODERN_ONLY)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        assert await echo(upstream, "modern") == "modern"
        simulator.offer.eras = LEGACY_ONLY
        simulator.version_refused = True
        with pytest.raises(NotSent):
            await echo(upstream, "refused")
        simulator.version_refused = False
        assert await echo(upstream, "legacy") == "legacy"
        assert (await upstream.open()).era is Era.LEGACY
        await upstream.close()


async def test_closing_a_session_tells_the_server() -> None:
    async with HttpSimulator(Offer(eras=LEGACY_ONLY), session=True) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        await echo(upstream, "first")
        await upstream.close()
        last = simulator.received[-1]
        assert (last.verb, last.headers["mcp-session-id"]) == ("DELETE", "session-1")


async def test_a_question_of_the_server_is_answered_by_who_waits() -> None:
    async with HttpSimulator(Offer(eras=LEGACY_ONLY)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)

        async def name_it(method: str, params: bytes) -> Answer:
            assert (method, params) == ("elicitation/create", b'{"message": "who?"}')
            return Answer(result=b'{"action":"accept","content":{"name":"bob"}}')

        answer = await upstream.request("tools/call", b'{"name":"ask"}', name="ask", deadline=5, on_request=name_it)
        assert b'\\"id\\":\\"q1\\",\\"result\\":{\\"action\\":\\"accept\\"' in (answer.result or b"")
        await upstream.close()


@pytest.mark.parametrize(("tool", "reply"), [("ask", '"error":{"code":-32601'), ("ping_me", '"result":{}')])
async def test_without_an_answerer_questions_are_refused_and_pings_answered(tool: str, reply: str) -> None:
    async with HttpSimulator(Offer(eras=LEGACY_ONLY)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        answer = await upstream.request("tools/call", json.dumps({"name": tool}).encode(), deadline=5)
        assert answer.result is not None
        assert reply in json.loads(answer.result)["content"][0]["text"]
        await upstream.close()


async def test_a_question_in_the_modern_era_is_dropped() -> None:
    async with HttpSimulator(Offer(eras=MODERN_ONLY)) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        heard: list[str] = []
        with pytest.raises(TimedOut):
            await upstream.request(
                "tools/call", b'{"name":"ask"}', deadline=0.3, on_event=lambda method, _: heard.append(method)
            )
        assert heard == []
        assert upstream.dropped == 1
        await upstream.close()


async def test_nobody_listening_is_unreachable() -> None:
    async with HttpSimulator() as simulator:
        url = simulator.url
    upstream = HttpUpstream(url, allow_private=True)
    with pytest.raises(Unreachable) as failure:
        await echo(upstream, "hello")
    assert not failure.value.sent
    await upstream.close()


async def test_a_server_that_accepts_and_says_nothing_is_unreachable_within_the_deadline() -> None:
    async with HttpSimulator(mute=True) as simulator:
        upstream = HttpUpstream(simulator.url, allow_private=True)
        with pytest.raises(Unreachable) as failure:
            await echo(upstream, "hello", deadline=0.3)
        assert not failure.value.sent
        assert simulator.calls("tools/call") == []
        await upstream.close()

"""Resources that agents watch: nobody is told that a resource is watched before its server said so, and then no change
of it is lost. The server of these tests confirms a stream when the test says so."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.adapters import hearing
from tests.gateway.inside import POLICY, Inside, inside
from tests.gateway.speaking import Legacy, Modern, RichOffer, Streaming
from tests.upstream_simulator import UPDATED, HttpSimulator

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]
ALL = POLICY + '\n  - {id: all, server: "*", action: allow, reason: A test}\n'
TWICE = ({"name": "all", "servers": ["tools", "other"]},)
ONE, TWO, LATER = "file:///docs/one", "file:///docs/two", "file:///docs/later"
SPEAKS = {"stateless": frozenset(("modern",)), "session": frozenset(("legacy",))}
NEVER_WAITED = 1000.0  # A bound that no test lives to see: whoever waits for it fails.
SOON = 0.5

AGENTS = pytest.mark.parametrize("agent", ["stateless", "session"])
SERVERS = pytest.mark.parametrize("server", ["stateless", "session"])


def simulated(server: str, **named: Any) -> HttpSimulator:
    """A server of one era that tells of changes."""
    return HttpSimulator(RichOffer(eras=SPEAKS[server]), session=server == "session", **{"notices": True} | named)


def asked_to_listen(simulator: HttpSimulator) -> int:
    """How often the server was asked for a stream."""
    listening = len(simulator.calls("subscriptions/listen"))
    return listening + sum(one.verb == "GET" for one in simulator.received)


def updates(stream: Streaming) -> list[str]:
    """The resources whose change was told on a stream."""
    return [event["params"]["uri"] for event in stream.events if event.get("method") == UPDATED]


def honoured(stream: Streaming) -> list[str]:
    """The resources that its acknowledgement names."""
    assert stream.methods[0] == "notifications/subscriptions/acknowledged", stream.events
    found: list[str] = stream.events[0]["params"]["notifications"].get("resourceSubscriptions", [])
    return found


class Watcher:
    """An agent of one era that begins to watch: `answer` is what tells it so, on `stream` it hears of changes."""

    def __init__(self, answer: Streaming, stream: Streaming) -> None:
        self.answer, self.stream = answer, stream

    @classmethod
    async def begun(cls, place: Inside, agent: str, *uris: str) -> Watcher:
        """Listen, or subscribe within a session whose stream is open."""
        if agent == "stateless":
            stream = Modern(place).start("subscriptions/listen", notifications={"resourceSubscriptions": list(uris)})
            return cls(stream, stream)
        session = await Legacy.opened(place)
        stream = Streaming(place, "GET", b"", "dev-claude", session._headers)
        (uri,) = uris
        return cls(session.start("resources/subscribe", uri=uri), stream)

    async def told(self) -> None:
        """Wait until it is told that it watches, and its stream is open."""
        await self.answer.until(lambda: self.answer.events or self.answer.task.done(), "an acknowledgement")
        if self.answer is not self.stream:
            assert "result" in (await self.answer.over()).message
            await self.stream.until(lambda: self.stream.status, "an open stream")


@AGENTS
@SERVERS
async def test_an_agent_is_told_after_its_server_confirmed_and_misses_no_change_from_then_on(
    agent: str, server: str
) -> None:
    """Between agents and servers of both eras; the one change is made the moment the agent was told."""
    async with inside(ALL, simulator=simulated(server)) as place:
        simulator = place.simulator
        simulator.confirms.clear()
        watcher = await Watcher.begun(place, agent, ONE)
        await simulator.until(lambda: asked_to_listen(simulator))
        assert (await place.call("echo", text="meanwhile")).text == "meanwhile"
        assert (await place.call("echo", text="once more")).text == "once more"
        assert not watcher.answer.sent
        simulator.confirms.set()
        await watcher.told()
        assert await simulator.change(ONE) == 1
        await watcher.stream.until(lambda: updates(watcher.stream), "the change")
        assert updates(watcher.stream) == [ONE]
        await watcher.stream.left()


@AGENTS
async def test_a_change_while_streams_are_switched_is_told(agent: str) -> None:
    """Who watches already hears of it on the old stream, until the server has confirmed the new one."""
    async with inside(ALL, simulator=simulated("stateless")) as place:
        simulator = place.simulator
        first = await Watcher.begun(place, agent, ONE)
        await first.told()
        before = asked_to_listen(simulator)
        simulator.confirms.clear()
        second = await Watcher.begun(place, "stateless", TWO)
        await simulator.until(lambda: asked_to_listen(simulator) > before)
        assert (await place.call("echo", text="meanwhile")).text == "meanwhile"
        assert await simulator.change(ONE) >= 1
        await first.stream.until(lambda: updates(first.stream), "a change while the new stream is not confirmed")
        simulator.confirms.set()
        await second.told()
        assert honoured(second.stream) == [TWO]
        for uri in (ONE, TWO):
            assert await simulator.change(uri) >= 1
        await first.stream.until(lambda: len(updates(first.stream)) >= 2, "a change after the switch")
        await second.stream.until(lambda: updates(second.stream), "a change of what is watched since")
        assert set(updates(first.stream)) == {ONE} and set(updates(second.stream)) == {TWO}
        await first.stream.left()
        await second.stream.left()


async def test_what_the_server_leaves_out_is_not_acknowledged_to_the_agent() -> None:
    """And asked for again by the next who wants it."""
    async with inside(ALL, simulator=simulated("stateless")) as place:
        place.simulator.left_out = {TWO}
        stream = await Modern(place).listening({"resourceSubscriptions": [ONE, TWO]})
        assert honoured(stream) == [ONE]
        assert sorted(await place.entries(closed_ones=2)) == sorted(
            [("call.intent", ""), ("call.outcome", "ok"), ("call.intent", ""), ("call.outcome", "not_sent")]
        )
        place.simulator.left_out = set()
        again = await Modern(place).listening({"resourceSubscriptions": [ONE, TWO]})
        assert honoured(again) == [ONE, TWO]
        await stream.left()
        await again.left()


async def test_the_resources_of_one_listener_are_judged_one_after_the_other() -> None:
    """A rule on what was done before counts them too, however long their server takes to confirm them."""
    few = '{calls: "tools/file:///docs/*", within: 1h, more_than: 2}'
    rule = f'  - {{id: few, resource: "file:///docs/*", action: deny, reason: A test, history: {few}}}\n'
    async with inside(ALL + rule, simulator=simulated("stateless")) as place:
        wanted = [f"file:///docs/{number}" for number in range(6)]
        place.simulator.confirms.clear()
        stream = Modern(place).start("subscriptions/listen", notifications={"resourceSubscriptions": wanted})
        entries = await place.entries(closed_ones=3)
        place.simulator.confirms.set()
        await stream.until(lambda: stream.events, "an acknowledgement")
        assert entries.count(("call.refused", "denied")) == 3
        assert honoured(stream) == wanted[:3]
        await stream.left()


async def test_a_server_that_never_confirms_holds_up_no_listener_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the aggregate endpoint, however many of its resources are wanted: one bound for all. The rest is watched."""
    monkeypatch.setattr(hearing, "CONFIRM_SECONDS", SOON)
    async with simulated("stateless") as silent:
        silent.confirms.clear()
        other = {"name": "other", "transport": "http", "url": silent.url, "allow_private_address": True}
        async with inside(ALL, simulator=simulated("stateless"), beside=[other], roles=TWICE) as place:
            agent = Modern(place, path="/mcp")
            wanted = [f"gatehouse+other:file:///docs/{number}" for number in range(40)] + [f"gatehouse+tools:{ONE}"]
            stream = agent.start("subscriptions/listen", notifications={"resourceSubscriptions": wanted})
            await silent.until(lambda: asked_to_listen(silent))
            await stream.until(lambda: stream.events, "an acknowledgement", within=10 * SOON)
            assert honoured(stream) == [f"gatehouse+tools:{ONE}"]
            assert await place.simulator.change(ONE) == 1
            await stream.until(lambda: updates(stream), "the change")
            entries = await place.entries(closed_ones=41)
            assert entries.count(("call.outcome", "timeout")) == 40
            await stream.left()


async def test_a_server_that_never_confirms_is_asked_again_when_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was given up is not held against it."""
    monkeypatch.setattr(hearing, "CONFIRM_SECONDS", SOON)
    async with inside(ALL, simulator=simulated("stateless")) as place:
        place.simulator.confirms.clear()
        stream = await Modern(place).listening({"resourceSubscriptions": [ONE]})
        assert honoured(stream) == []
        place.simulator.confirms.set()
        again = await Modern(place).listening({"resourceSubscriptions": [ONE]})
        assert honoured(again) == [ONE]
        assert await place.simulator.change(ONE) >= 1
        await again.until(lambda: updates(again), "the change")
        await stream.left()
        await again.left()


@SERVERS
async def test_the_stream_of_a_session_opens_beside_a_server_that_never_confirms(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """After a short while, in which nothing else is held up."""
    monkeypatch.setattr(hearing, "HEAR_SECONDS", SOON)
    async with inside(ALL, simulator=simulated(server)) as place:
        place.simulator.confirms.clear()
        session = await Legacy.opened(place)
        stream = Streaming(place, "GET", b"", "dev-claude", session._headers)
        await place.simulator.until(lambda: asked_to_listen(place.simulator))
        assert (await place.call("echo", text="meanwhile")).text == "meanwhile"
        await stream.until(lambda: stream.status, "an open stream", within=10 * SOON)
        assert stream.status == 200
        await stream.left()


@SERVERS
async def test_the_stream_of_a_session_opens_after_its_server_confirmed(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """Its own connection is listened to by then."""
    monkeypatch.setattr(hearing, "HEAR_SECONDS", NEVER_WAITED)
    async with inside(ALL, simulator=simulated(server)) as place:
        place.simulator.confirms.clear()
        session = await Legacy.opened(place)
        stream = Streaming(place, "GET", b"", "dev-claude", session._headers)
        await place.simulator.until(lambda: asked_to_listen(place.simulator))
        assert (await session.request("tools/call", name="echo", arguments={"text": "x"})).text == "x"
        assert not stream.status
        place.simulator.confirms.set()
        await stream.until(lambda: stream.status, "an open stream")
        await stream.left()


async def test_a_session_that_ended_while_its_stream_was_opened_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream would otherwise outlive it."""
    monkeypatch.setattr(hearing, "HEAR_SECONDS", NEVER_WAITED)
    async with inside(ALL, simulator=simulated("session")) as place:
        place.simulator.confirms.clear()
        session = await Legacy.opened(place)
        stream = Streaming(place, "GET", b"", "dev-claude", session._headers)
        await place.simulator.until(lambda: asked_to_listen(place.simulator))
        assert await session.delete() == 200
        place.simulator.confirms.set()
        assert (await stream.over()).status == 404
        assert place.gateway.streams._open == {}


@SERVERS
async def test_a_server_without_a_stream_of_notices_delays_nothing(
    monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """In the session era the subscription is the server's own affair; in the stateless one nothing is watched then."""
    for name in ("CONFIRM_SECONDS", "HEAR_SECONDS"):
        monkeypatch.setattr(hearing, name, NEVER_WAITED)
    async with inside(ALL, simulator=simulated(server, notices=False)) as place:
        session = await Legacy.opened(place)
        stream = await session.listening()
        for uri in (ONE, TWO):
            reply = await session.request("resources/subscribe", uri=uri)
            assert ("result" in reply.message) is (server == "session")
        listener = await Modern(place).listening({"resourceSubscriptions": [ONE]})
        assert honoured(listener) == ([ONE] if server == "session" else [])
        await stream.left()
        await listener.left()

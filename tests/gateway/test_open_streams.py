"""Streams that agents keep open: what is told on them, to whom, and how soon they end."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from gateway import session_era, stateless_era
from gateway.streams import Stream
from governance import agents, policies, roles, switches
from governance.models import AgentToken
from governance.rights import Machine
from tests.gateway.inside import POLICY, Inside, in_thread, inside
from tests.gateway.speaking import Legacy, Modern, RichOffer, Streaming
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually_async

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]
ALL = POLICY + '\n  - {id: all, server: "*", action: allow, reason: A test}\n'
ONE, KEY = "file:///docs/one", "file:///docs/secret/key"
EVERYTHING = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
UPDATED, MESSAGE = "notifications/resources/updated", "notifications/message"
TOOLS = "notifications/tools/list_changed"
ONE_ERA = {"stateless": frozenset(("modern",)), "session": frozenset(("legacy",))}
NOTICED = 2.0


def house(policy: str = ALL, *, era: str = "stateless", **named: Any) -> Any:
    """A gateway in front of a server that offers streams."""
    simulator = HttpSimulator(RichOffer(eras=ONE_ERA[era]), session=era == "session", notices=True)
    return inside(policy, simulator=simulator, **named)


async def opened(place: Inside, era: str, agent: str = "dev-claude") -> Streaming:
    """A stream that hears of every list."""
    if era == "stateless":
        return await Modern(place, agent=agent).listening(EVERYTHING)
    return await (await Legacy.opened(place, agent=agent)).listening()


def told(stream: Streaming) -> list[str]:
    """What was told on it, beside its acknowledgement."""
    return [method for method in stream.methods if not method.endswith("/acknowledged")]


async def settled(place: Inside) -> None:
    """Wait until the streams have been looked at under the newest configuration."""
    await place.caught_up()
    streams = place.gateway.streams
    await eventually_async(lambda: streams._seen is place.gateway.holder.current(), what="a look at the streams")


ERAS = pytest.mark.parametrize("era", ["stateless", "session"])


@ERAS
async def test_a_new_policy_is_told_where_it_changes_what_is_listed(era: str) -> None:
    """Within two seconds, once, and only of the lists that changed (issue, point 7)."""
    async with house() as place:
        stream = await opened(place, era)
        await settled(place)
        began = time.monotonic()
        stricter = ALL + "\n  - {id: no-adding, tool: add, action: hide, reason: A test}\n"
        await in_thread(policies.publish, stricter, by=Machine.OPERATOR, reason="stricter")
        await stream.until(lambda: told(stream), "a changed list")
        assert time.monotonic() - began < NOTICED
        await settled(place)
        assert told(stream) == [TOOLS]
        if era == "stateless":
            subscription = [event["params"]["_meta"] for event in stream.events]
            assert subscription == [{"io.modelcontextprotocol/subscriptionId": "listen-1"}] * 2
        await stream.left()


@ERAS
async def test_a_role_that_reaches_less_is_told(era: str) -> None:
    """Only to who has that role."""
    wide = [{"name": "all", "tools": ["tools/*"], "prompts": ["tools/*"], "resources": []}]
    async with house(roles=wide) as place:
        stream = await opened(place, era)
        await settled(place)
        began = time.monotonic()
        await in_thread(
            roles.set_role,
            name="all",
            servers=[],
            tools=["tools/echo"],
            prompts=["tools/*"],
            resources=[],
            by=Machine.OPERATOR,
        )
        await stream.until(lambda: told(stream), "a changed list")
        assert time.monotonic() - began < NOTICED and told(stream) == [TOOLS]
        await stream.left()


@ERAS
async def test_nothing_is_told_when_nothing_that_the_agent_sees_changed(era: str) -> None:
    """A stop, another constraint, a rule of another server: its lists are the same."""
    async with house() as place:
        stream = await opened(place, era)
        await settled(place)
        await in_thread(switches.stop, scope_kind="agent", scope_name="other-bot", reason="x", by=Machine.OPERATOR)
        await settled(place)
        other = (
            ALL.replace("{max: 100}", "{max: 99}") + "\n  - {id: x, server: elsewhere, action: deny, reason: A test}\n"
        )
        await in_thread(policies.publish, other, by=Machine.OPERATOR, reason="other")
        before = place.gateway.holder.current().rules
        await eventually_async(lambda: place.gateway.holder.current().rules is not before or before.version == "2")
        await settled(place)
        assert told(stream) == []
        await stream.left()


async def test_a_change_while_a_subscription_is_judged_is_told() -> None:
    """What is known of a stream is what its agent saw when it knocked, and that may be old when it begins."""
    async with house() as place:
        first = await opened(place, "stateless")
        await settled(place)
        old = place.gateway.holder.current()
        stricter = ALL + "\n  - {id: no-adding, tool: add, action: hide, reason: A test}\n"
        await in_thread(policies.publish, stricter, by=Machine.OPERATOR, reason="stricter")
        await first.until(lambda: told(first), "a changed list")
        late: list[str] = []
        token = next(iter(name for name, one in old.identity.tokens.items() if one.agent == "dev-claude"))
        stream = Stream("dev-claude", token, ("tools",), lambda method, params: late.append(method), lambda: None)
        place.gateway.streams.add(stream, old, old.identity.agents["dev-claude"])
        await eventually_async(lambda: late, what="the change that came before it began", within=NOTICED)
        assert late == [TOOLS]
        await first.left()


@ERAS
async def test_a_revoked_token_ends_its_streams(era: str) -> None:
    """Within a second of the look that sees it; others stay."""
    async with house() as place:
        stream, other = await opened(place, era), await opened(place, era, "other-bot")
        row = await in_thread(AgentToken.objects.get, agent__name="dev-claude")
        began = time.monotonic()
        await in_thread(agents.revoke_token, public_id=row.public_id, by=Machine.OPERATOR, reason="lost")
        await stream.over()
        assert time.monotonic() - began < 1.0
        assert not other.task.done()
        await other.left()
        assert place.gateway.streams._open == {}


async def test_a_subscription_that_is_ended_gets_its_result() -> None:
    """A graceful end is the answer to the request (protocol 1.3)."""
    async with house() as place:
        stream = await opened(place, "stateless")
        place.gateway.drain()
        reply = await stream.over()
    assert reply.message["id"] == "listen-1"
    assert reply.result["_meta"]["io.modelcontextprotocol/subscriptionId"] == "listen-1"


@ERAS
async def test_an_agent_has_only_so_many_streams(monkeypatch: pytest.MonkeyPatch, era: str) -> None:
    """At the limit and past it; another agent has its own, and a closed one makes room."""
    monkeypatch.setattr(session_era, "PER_AGENT", 2)
    monkeypatch.setattr(stateless_era, "PER_AGENT", 2)
    async with house() as place:
        open_ones = [await opened(place, era) for _ in range(2)]
        refused = await (await opened(place, era)).over()
        assert (refused.status, refused.error["code"]) == (429, -32600)
        other = await opened(place, era, "other-bot")
        await open_ones.pop().left()
        open_ones.append(await opened(place, era))
        assert not any(stream.task.done() for stream in (*open_ones, other))
        for stream in (*open_ones, other):
            await stream.left()
        assert place.gateway.streams._open == {}


async def test_streams_that_are_opened_at_once_keep_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while resources are judged, which takes time."""
    monkeypatch.setattr(stateless_era, "PER_AGENT", 2)
    async with house() as place:
        wanted = {"resourceSubscriptions": [ONE]}
        streams = [Modern(place).start("subscriptions/listen", notifications=wanted) for _ in range(6)]
        await eventually_async(lambda: sum(stream.task.done() for stream in streams) == 4, what="four refused")
        assert place.gateway.streams.of("dev-claude") == 2
        for stream in streams:
            await stream.left()


# What servers say of their own accord.


async def watching(place: Inside, era: str, agent: str) -> Streaming:
    """A stream that watches one resource."""
    if era == "stateless":
        return await Modern(place, agent=agent).listening({"resourceSubscriptions": [ONE]})
    legacy = await Legacy.opened(place, agent=agent)
    stream = await legacy.listening()
    assert (await legacy.request("resources/subscribe", uri=ONE)).result == {"resultType": "complete"}
    return stream


async def upstream_streams(place: Inside, count: int) -> None:
    """Wait until the gateway listens to the server so often, with what is watched."""
    await place.simulator.until(lambda: len(place.simulator.streams) >= count)


@ERAS
async def test_an_update_reaches_who_watches_over_that_connection(era: str) -> None:
    """Each agent has a connection of its own: what is said on it is said to this agent alone."""
    async with house(era=era) as place:
        mine, theirs = await watching(place, era, "dev-claude"), await watching(place, era, "other-bot")
        await upstream_streams(place, 2)
        own = [
            place.gateway.upstreams._connections._open[key].key.holder
            for key in place.gateway.upstreams._connections._open
        ]
        assert sorted(holder for holder in own if holder) == ["dev-claude", "other-bot"]
        await eventually_async(lambda: len(place.simulator.streams) >= 2)
        for uri in (KEY, "x:y", ONE):
            await place.simulator.announce(UPDATED, {"uri": uri, "io.gatehouse/decision": 1}, stream=0)
        await eventually_async(lambda: told(mine) or told(theirs), what="an update")
        await settled(place)
        assert sorted([told(mine), told(theirs)]) == [[], [UPDATED]]
        heard = next(stream for stream in (mine, theirs) if told(stream)).events[-1]["params"]
        assert heard["uri"] == ONE and "io.gatehouse/decision" not in heard
        await mine.left()
        await theirs.left()


@pytest.mark.parametrize(
    "params",
    [{}, {"uri": 5}, {"uri": [ONE]}, {"uri": ONE + "x"}, {"uri": {"x": ONE}}],
    ids=repr,
)
async def test_garbage_in_an_update_is_dropped_and_the_stream_lives(params: Any) -> None:
    """The next one is heard."""
    async with house() as place:
        stream = await watching(place, "stateless", "dev-claude")
        await upstream_streams(place, 1)
        await place.simulator.announce(UPDATED, params)
        await place.simulator.announce("notifications/unheard-of", params)
        await place.simulator.announce(UPDATED, {"uri": ONE})
        await stream.until(lambda: told(stream), "an update")
        assert told(stream) == [UPDATED]
        await stream.left()


async def test_an_update_of_what_may_no_longer_be_read_is_not_told() -> None:
    """A subscription is judged when it is made, and each time it would tell something."""
    async with house() as place:
        stream = await watching(place, "stateless", "dev-claude")
        await upstream_streams(place, 1)
        stricter = ALL + f'\n  - {{id: no-one, resource: "{ONE}", action: deny, reason: A test}}\n'
        before = place.gateway.holder.current().rules
        await in_thread(policies.publish, stricter, by=Machine.OPERATOR, reason="stricter")
        await eventually_async(lambda: place.gateway.holder.current().rules is not before, what="the new policy")
        heard: list[str] = []
        streams = place.gateway.streams
        holder = next(key.holder for key in place.gateway.upstreams._connections._open if key.holder)
        streams.heard("tools", holder, UPDATED, json.dumps({"uri": ONE}).encode())
        await asyncio.sleep(0)
        heard += told(stream)
        assert heard == []
        await stream.left()


@pytest.mark.parametrize("level", ["debug", "warning"])
async def test_log_messages_reach_the_agent_whose_connection_it_is(level: str) -> None:
    """From the level that its session asked for; never over a connection that is shared."""
    async with house(era="session") as place:
        mine, theirs = await Legacy.opened(place), await Legacy.opened(place, agent="other-bot")
        streams = [await mine.listening(), await theirs.listening()]
        assert (await mine.request("logging/setLevel", level="warning")).result == {}
        said = json.dumps({"level": level, "data": "of dev-claude"}).encode()
        place.gateway.streams.heard("tools", "dev-claude", MESSAGE, said)
        place.gateway.streams.heard("tools", "", MESSAGE, said)
        place.gateway.streams.heard("elsewhere", "dev-claude", MESSAGE, said)
        await settled(place)
        assert [told(stream) for stream in streams] == [[MESSAGE] if level == "warning" else [], []]
        for stream in streams:
            await stream.left()


async def test_a_secret_in_a_notice_is_not_told() -> None:
    """No rule covers what belongs to no call, so what holds a secret is dropped."""
    key = "AK" + "IA" + "Q3EGS7W2XK5TJ9LM"
    async with house(era="session") as place:
        stream = await (await Legacy.opened(place)).listening()
        for data in (key, {"x": [key]}, "harmless"):
            params = json.dumps({"level": "error", "data": data, "_meta": {"io.gatehouse/x": 1}}).encode()
            place.gateway.streams.heard("tools", "dev-claude", MESSAGE, params)
        await stream.until(lambda: told(stream), "a message")
        assert [event["params"]["data"] for event in stream.events] == ["harmless"]
        assert "io.gatehouse" not in json.dumps(stream.events)
        await stream.left()

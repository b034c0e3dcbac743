"""Connections to servers: one for a key however many want it, given up when unused, never somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.adapters import connections
from gateway.adapters.connections import Connections, Key
from gateway.refusal import UpstreamFailed
from gateway.snapshot.model import ServerRecord
from registry.mcp.revisions import Era
from registry.transports.base import Handshake, OnConfirmed, OnEvent, Unreachable, Upstream
from tests.waiting import eventually_async

OWN = ServerRecord("files", 1, "http", 1.0, 1, own_sessions=True, fingerprint="f1")
SHARED = ServerRecord("shared", 2, "http", 1.0, 1, fingerprint="f2")


class Server:
    """An Upstream that speaks one era; `let_go` cleared makes its opening stand still, `down` fails it."""

    def __init__(self, era: Era) -> None:
        self.era = era
        self.opened = 0
        self.closed = 0
        self.down = False
        self.let_go = asyncio.Event()
        self.let_go.set()

    async def open(self) -> Handshake:
        """Agree."""
        self.opened += 1
        await self.let_go.wait()
        if self.down:
            raise Unreachable("down")
        return Handshake(self.era, "x", {"tools": {"listChanged": True}})

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        """Never say anything."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Count."""
        self.closed += 1


Made = Callable[[ServerRecord, Era, bytes], Upstream]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> list[Server]:
    """Every upstream that was made; a test may put some in front to be made next."""
    made: list[Server] = []
    monkeypatch.setattr(connections, "_connect", lambda pk, capabilities, prefer: made_next(made, prefer))
    return made


def made_next(made: list[Server], prefer: Era) -> Server:
    """The next upstream."""
    made.append(made_next.plan.pop(0) if made_next.plan else Server(prefer))  # type: ignore[attr-defined]
    return made[-1]


@pytest.fixture(autouse=True)
def plan() -> list[Server]:
    """The upstreams to be made next; beyond it they speak the era that is asked for."""
    made_next.plan = []  # type: ignore[attr-defined]
    return made_next.plan  # type: ignore[attr-defined, no-any-return]


def pool() -> Connections:
    """A pool that hears nothing."""
    return Connections(lambda connection, method, params: None)


def key(agent: str = "a", era: Era = Era.LEGACY, capabilities: bytes = b"{}", server: ServerRecord = OWN) -> Key:
    """The key of an agent's connection."""
    return Key(server.name, agent if server.own_sessions else "", era, capabilities)


def test_who_shares_a_connection_and_who_does_not() -> None:
    """ADR 0006, point 5."""
    two = [("a", b'{"roots":{}}'), ("b", b"{}")]
    shared = {pool().key_of(SHARED, agent=agent, era=Era.LEGACY, capabilities=said) for agent, said in two}
    own = {pool().key_of(OWN, agent=agent, era=Era.LEGACY, capabilities=said) for agent, said in two}
    assert len(shared) == 1 and len(own) == 2 and {one.holder for one in own} == {"a", "b"}


async def test_many_who_want_it_at_once_open_it_once(servers: list[Server]) -> None:
    """And leave no lock behind."""
    many = pool()
    opened = await asyncio.gather(*(many.opened(key(), OWN) for _ in range(20)))
    assert len(set(opened)) == 1 and [server.opened for server in servers] == [1]
    assert many._opening == {} and not many._wanted
    await many.close()
    assert [server.closed for server in servers] == [1]


async def test_a_failed_opening_is_tried_again_by_the_next(servers: list[Server], plan: list[Server]) -> None:
    """Each who waits tries once; nothing is left open."""
    broken = Server(Era.LEGACY)
    broken.down = True
    plan.append(broken)
    one = pool()
    with pytest.raises(Unreachable):
        await one.opened(key(), OWN)
    assert one._opening == {} and broken.closed == 1
    assert (await one.opened(key(), OWN)).upstream is servers[1]
    await one.close()


async def test_openings_by_way_of_both_eras_keep_the_first(servers: list[Server], plan: list[Server]) -> None:
    """A server that speaks one era: the connection that a call runs over is not closed by another opening."""
    slow, fast = Server(Era.LEGACY), Server(Era.LEGACY)
    slow.let_go.clear()
    plan += [slow, fast]
    both = pool()
    first = asyncio.ensure_future(both.opened(key(era=Era.LEGACY), OWN))
    await eventually_async(lambda: slow.opened, what="the slow opening")
    second = await both.opened(key(era=Era.MODERN), OWN)
    slow.let_go.set()
    assert await first is second and second.upstream is fast
    await eventually_async(lambda: slow.closed, what="the spare one closed")
    assert fast.closed == 0
    assert both.key_of(OWN, agent="a", era=Era.MODERN, capabilities=b"{}") == second.key
    await both.close()


async def test_an_agent_that_declares_ever_more_loses_its_own(servers: list[Server]) -> None:
    """At the limit and past it: other agents' connections are not its to take."""
    many = pool()
    other = await many.opened(key("b"), OWN)
    other.used_at = asyncio.get_running_loop().time()
    for number in range(connections.MOST_OF_ONE_AGENT * 3):
        made = await many.opened(key("a", capabilities=b'{"x":%d}' % number), OWN)
        made.used_at = asyncio.get_running_loop().time()
    held = [one.key.holder for one in many._open.values()]
    assert held.count("a") == connections.MOST_OF_ONE_AGENT and held.count("b") == 1
    assert many._opening == {}
    await many.close()


async def test_what_is_in_use_is_never_let_go(servers: list[Server]) -> None:
    """However many others there are."""
    many = pool()
    used = await many.opened(key("a", capabilities=b'{"used":1}'), OWN)
    used.users = 1
    for number in range(connections.MOST_OF_ONE_AGENT * 2):
        await many.opened(key("a", capabilities=b'{"x":%d}' % number), OWN)
    assert used in many._open.values()
    await many.close()


async def test_another_way_to_reach_a_server_renews_its_connection(servers: list[Server]) -> None:
    """And a server that is gone has none."""
    one = pool()
    await one.opened(key(), OWN)
    moved = ServerRecord("files", 1, "http", 1.0, 1, own_sessions=True, fingerprint="f9")
    assert one.ready(key(), moved) is None
    one.keep_only({"files": moved})
    await eventually_async(lambda: servers[0].closed, what="the old one closed")
    await one.opened(key(), moved)
    one.keep_only({})
    await eventually_async(lambda: servers[1].closed, what="the last one closed")
    assert one._open == {}


async def test_a_server_that_is_gone_is_not_sent_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error, unsent."""

    def gone(pk: int, capabilities: bytes, prefer: Era) -> Any:
        raise connections.NotReady("The server is gone.")

    monkeypatch.setattr(connections, "_connect", gone)
    with pytest.raises(UpstreamFailed) as failed:
        await pool().opened(key(), OWN)
    assert (failed.value.status, failed.value.sent) == ("not_sent", False)


async def test_who_gives_up_waiting_for_an_opening_leaves_nothing_open(
    servers: list[Server], plan: list[Server]
) -> None:
    """A cancelled opening closes what it had begun, which may be a child process."""
    slow = Server(Era.LEGACY)
    slow.let_go.clear()
    plan.append(slow)
    one = pool()
    opening = asyncio.ensure_future(one.opened(key(), OWN))
    await eventually_async(lambda: slow.opened, what="the slow opening")
    opening.cancel()
    await asyncio.wait({opening})
    assert slow.closed == 1 and one._open == {}

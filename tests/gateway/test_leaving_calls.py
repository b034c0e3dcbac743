"""Agents that leave in the middle, through the real application: one closing record each, and the server is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from registry.mcp.revisions import LATEST_LEGACY
from tests.gateway.inside import POLICY, Inside, inside
from tests.upstream_faults import FAULTS
from tests.waiting import eventually_async

pytestmark = pytest.mark.usefixtures("own_database")
SLOW = "hang"


@pytest.fixture(autouse=True)
def a_tool_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """`echo` hangs until the caller leaves, as the fault of that name does."""
    monkeypatch.setitem(FAULTS, "echo", FAULTS[SLOW])


async def begun(place: Inside, call: Any) -> asyncio.Task[Any]:
    """A call that has reached the server."""
    task = asyncio.create_task(call)
    await place.simulator.until(lambda: place.forwarded("gone") == 1)
    return task


async def test_a_modern_agent_that_leaves_cancels_its_call() -> None:
    """Protocol 1.2: closing the stream cancels; recorded `cancelled`, and the server sees its connection close."""
    async with inside() as place:
        task = await begun(place, place.call(text="gone"))
        place.left.set()
        with pytest.raises((asyncio.CancelledError, IndexError)):
            await task
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "cancelled")]
        await place.simulator.until(lambda: bool(place.simulator.gone))


async def opened(place: Inside) -> str:
    """A session of the session era."""
    params = {"protocolVersion": LATEST_LEGACY, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    return (await place.post(json.dumps(message).encode())).headers["mcp-session-id"]


def legacy(place: Inside, session: str, method: str, params: dict[str, Any], rpc_id: int | None = 5) -> Any:
    """One message of the session era."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
    if rpc_id is not None:
        message["id"] = rpc_id
    headers = {"mcp-session-id": session, "mcp-protocol-version": LATEST_LEGACY}
    return place.post(json.dumps(message).encode(), **headers)


async def test_a_session_era_agent_that_loses_its_connection_does_not_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protocol 1.4: the call goes on, and its outcome is recorded as it was."""
    release = asyncio.Event()

    async def slow(wire: Any, message: Any, good: bytes) -> None:
        await release.wait()
        await FAULTS["chunked"](wire, message, good)

    monkeypatch.setitem(FAULTS, "echo", slow)
    async with inside() as place:
        session = await opened(place)
        call = {"name": "echo", "arguments": {"text": "gone"}}
        task = await begun(place, legacy(place, session, "tools/call", call))
        place.left.set()
        await eventually_async(lambda: any(one.gone for one in place.gateway.endpoint.sessions.in_flight.values()))
        release.set()
        await task
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "ok")]


async def test_a_cancellation_in_so_many_words_ends_the_call() -> None:
    """Protocol 1.4: no answer to the cancelled request; recorded `cancelled`; the server is told."""
    async with inside() as place:
        session = await opened(place)
        call = {"name": "echo", "arguments": {"text": "gone"}}
        task = await begun(place, legacy(place, session, "tools/call", call))
        notice = await legacy(place, session, "notifications/cancelled", {"requestId": 5}, rpc_id=None)
        assert notice.status == 202
        reply = await task
        assert (reply.status, reply.body) == (202, b"")
        assert await place.entries() == [("call.intent", ""), ("call.outcome", "cancelled")]
        assert not place.gateway.endpoint.sessions.in_flight


async def test_a_cancellation_of_another_session_does_nothing() -> None:
    """Security section 4: ids are per session; another agent's notice reaches nobody."""
    async with inside() as place:
        session, other = await opened(place), await opened(place)
        call = {"name": "echo", "arguments": {"text": "gone"}}
        task = await begun(place, legacy(place, session, "tools/call", call))
        await legacy(place, other, "notifications/cancelled", {"requestId": 5}, rpc_id=None)
        await legacy(place, session, "notifications/cancelled", {"requestId": "5"}, rpc_id=None)
        assert not task.done() and len(place.gateway.endpoint.sessions.in_flight) == 1
        await legacy(place, session, "notifications/cancelled", {"requestId": 5}, rpc_id=None)
        await task


async def test_an_id_that_is_still_running_is_not_used_twice() -> None:
    """Protocol: a second request with the id of a running one could cancel or answer for it."""
    async with inside() as place:
        session = await opened(place)
        call = {"name": "echo", "arguments": {"text": "gone"}}
        task = await begun(place, legacy(place, session, "tools/call", call))
        second = await legacy(place, session, "tools/call", call)
        assert second.error["code"] == -32600 and place.forwarded("gone") == 1
        await legacy(place, session, "notifications/cancelled", {"requestId": 5}, rpc_id=None)
        await task


async def test_a_limit_keeps_what_was_forwarded_and_cancelled() -> None:
    """Contract 4.15: given back on `not_sent` alone; a call that may have acted counts."""
    limited = POLICY.replace("reason: A test}", "reason: A test, limit: {calls: 1, per: 1h, by: agent}}", 1)
    async with inside(limited) as place:
        task = await begun(place, place.call(text="gone"))
        place.left.set()
        with pytest.raises((asyncio.CancelledError, IndexError)):
            await task
        place.left.clear()
        await place.entries()
        assert (await place.call(text="next")).decision["status"] == "limited"

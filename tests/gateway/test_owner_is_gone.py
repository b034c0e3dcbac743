"""A session whose process is gone: what a request of it is answered, in the process that it reaches instead."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.call import Client
from gateway.peers.relay import PeerGone, Relay
from gateway.sessions import Parked, digest_of
from tests.gateway.inside import Inside, inside
from tests.raw_agent import LEGACY, Reply

pytestmark = [pytest.mark.usefixtures("own_database"), pytest.mark.any_database]
CALL: dict[str, Any] = {"id": 7, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "once"}}}


def told(monkeypatch: pytest.MonkeyPatch, *, sent: bool) -> None:
    """Whoever relays is told that the process is gone, before or after it had the request."""

    async def forward(*_: Any, **__: Any) -> None:
        raise PeerGone("the process is gone", sent=sent)

    monkeypatch.setattr(Relay, "forward", forward)


async def post(place: Inside, message: dict[str, Any]) -> Reply:
    """One message of a session that another process opened."""
    handles = place.gateway.endpoint.sessions.handles
    with pytest.MonkeyPatch.context() as there:
        there.setattr(handles, "_owner", "feed")
        session = handles.open_session(agent="dev-claude", server="tools", version=LEGACY, client=Client())
    headers = {"mcp-session-id": session, "mcp-protocol-version": LEGACY}
    return await place.post(json.dumps({"jsonrpc": "2.0", **message}).encode(), **headers)


async def test_a_request_that_reached_nobody_is_served_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the session is lost where the server's connection is shared."""
    told(monkeypatch, sent=False)
    async with inside() as place:
        assert "result" in (await post(place, CALL)).message
        assert place.forwarded("once") == 1


async def test_a_request_that_may_have_been_carried_out_is_not_invited_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """404 would say that the session is to be opened anew, and clients send again what met it."""
    told(monkeypatch, sent=True)
    async with inside() as place:
        reply = await post(place, CALL)
        assert (reply.status, reply.error["code"]) == (200, 50400)
        assert "unknown" in reply.error["message"] and reply.message["id"] == 7
        assert place.forwarded() == 0


@pytest.mark.parametrize(
    "message",
    [{"method": "notifications/cancelled", "params": {"requestId": 7}}, {"id": "gatehouse-1", "result": {}}],
    ids=["notification", "answer"],
)
async def test_what_asks_for_nothing_is_told_that_its_session_is_gone(
    monkeypatch: pytest.MonkeyPatch, message: dict[str, Any]
) -> None:
    """It carries nothing out, so it may be sent again."""
    told(monkeypatch, sent=True)
    async with inside() as place:
        reply = await post(place, message)
        assert (reply.status, reply.error["code"]) == (404, -32600)


@pytest.mark.parametrize(("sent", "code"), [(True, 50400), (False, -32602)])
async def test_the_next_leg_of_a_parked_call_says_whether_it_may_have_gone_on(
    monkeypatch: pytest.MonkeyPatch, sent: bool, code: int
) -> None:
    """The answers may have reached the server by the process that had the call; or nobody."""
    told(monkeypatch, sent=sent)
    async with inside() as place:
        handles = place.gateway.endpoint.sessions.handles
        asked = digest_of("tools/call", "echo", b'{"text":"once"}')
        state = handles.seal_state(Parked("feed", "1"), agent="dev-claude", server="tools", call=asked)
        reply = await place.call(state=state, text="once")
        assert reply.error["code"] == code
        assert place.forwarded() == 0

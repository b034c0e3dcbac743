"""A server that asks in the middle of a call, agents that call it, and what came of that."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.inside import Inside
from tests.gateway.speaking import Legacy, Modern
from tests.raw_agent import Reply
from tests.upstream_faults import FAULTS, whole

KEY = "AK" + "IA" + "Q3EGS7W2XK5TJ9LM"
MAY = {"client_requests": {"elicitation": "allow"}}
CAN = {"elicitation": {}}
FORM = {"method": "elicitation/create", "params": {"message": "who?", "requestedSchema": {}, "mode": "form"}}
QUESTION = {"resultType": "input_required", "inputRequests": {"q": FORM}, "requestState": "theirs"}
DONE = {"content": [{"type": "text", "text": "done"}], "resultType": "complete"}
ACCEPT = {"action": "accept", "content": {"name": "bob"}}


def answering(monkeypatch: pytest.MonkeyPatch, *results: Any) -> None:
    """Let `echo` give these results one after the other, the last one again and again; bytes are sent as they are."""
    left = list(results)

    async def act(wire: Any, message: Any, good: bytes) -> None:
        result = left.pop(0) if len(left) > 1 else left[0]
        raw = result if isinstance(result, bytes) else json.dumps(result).encode()
        await wire.send(whole(b'{"jsonrpc":"2.0","id":%d,"result":%s}' % (message["id"], raw)))

    monkeypatch.setitem(FAULTS, "echo", act)


async def echoed(agent: Modern | Legacy, **more: Any) -> Reply:
    """One call of `echo`."""
    return await agent.request("tools/call", name="echo", arguments={"text": "x"}, **more)


async def ended(place: Inside, reply: Reply, status: str) -> None:
    """The call ended so for the agent, and once in the ledger."""
    assert reply.decision["status"] == status, reply.message
    assert reply.result["isError"] is True and reply.result.get("resultType") != "input_required"
    assert await place.entries(reply.decision["record"]) == [("call.intent", ""), ("call.outcome", status)]


def sent(place: Inside) -> list[dict[str, Any]]:
    """The params of the calls that reached the server."""
    return [one.message["params"] for one in place.simulator.calls("tools/call")]

"""The real ASGI application in the process of the test, on a database copy, in front of a simulated server.

`async with inside(policy) as place: reply = await place.call("echo", text="x")`. Needs the fixture `own_database`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from gateway import runtime
from gateway.asgi import application
from governance.models.ledger import LedgerEntry
from registry.apply import apply_configuration, known_names
from registry.configuration.parse import parse_config
from tests.raw_agent import META, MODERN, Reply
from tests.upstream_simulator import HttpSimulator
from tests.waiting import eventually, eventually_async

P = ParamSpec("P")
T = TypeVar("T")
CLOSING = ("call.outcome", "call.refused", "call.held")
POLICY = """
version: "1"
default: deny
rules:
  - {id: echoing, tool: echo, action: allow, constraints: {text: {length: {max: 100}}}, reason: A test}
  - {id: adding, tool: add, action: escalate, reason: A test, approve: {from: [team:platform], within: 10m}}
"""
ALL = ({"name": "all", "servers": ["tools"]},)
PEOPLE = [
    {"email": "sec@example.com", "roles": ["security-admin", "approver", "policy-author"], "teams": ["platform"]},
    {"email": "approver@example.com", "roles": ["approver"], "teams": ["platform"]},
    {"email": "dev@example.com", "roles": ["developer"], "teams": []},
]


async def in_thread(act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Run what uses the ORM off the event loop."""
    return await asyncio.to_thread(act, *given, **named)


@dataclass
class Inside:
    """A running data plane, and the server behind it."""

    simulator: HttpSimulator
    tokens: Mapping[str, str]
    gateway: runtime.Gateway
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, tool: str = "echo", *, agent: str = "dev-claude", state: str = "", **arguments: Any) -> Reply:
        """One modern tools/call."""
        params: dict[str, Any] = {"name": tool, "arguments": arguments, "_meta": META}
        if state:
            params["requestState"] = state
        message = {"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": params}
        headers = {"mcp-protocol-version": MODERN, "mcp-method": "tools/call", "mcp-name": tool}
        return await self.post(json.dumps(message).encode(), agent=agent, **headers)

    async def post(self, body: bytes, *, agent: str = "dev-claude", **headers: str) -> Reply:
        """One POST through the ASGI application; `left` set makes the agent hang up."""
        sent: list[Any] = []
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            message = next(given, None)
            if message is None:
                await self.left.wait()
            return message or {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        usual = {
            "host": "127.0.0.1",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {self.tokens[agent]}",
        }
        pairs = [(name.encode(), value.encode()) for name, value in (usual | headers).items()]
        scope = {"type": "http", "method": "POST", "path": "/mcp/tools", "headers": pairs, "client": ("127.0.0.1", 9)}
        await application(scope, receive, send)
        said = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], said, b"".join(message.get("body", b"") for message in sent[1:]))

    def forwarded(self, text: str = "") -> int:
        """How many calls the server received, of all or with this text."""
        calls = self.simulator.calls("tools/call")
        return sum(1 for call in calls if not text or call.message["params"]["arguments"].get("text") == text)

    async def entries(self, call: str = "", closed_ones: int = 1) -> list[tuple[str, str]]:
        """The ledger's entries of one call, or of all calls, as (kind, status), once so many closing ones are there."""

        def read() -> list[tuple[str, str]]:
            rows = LedgerEntry.objects.exclude(call=None).exclude(kind="call.decided").order_by("stream", "seq")
            return list((rows.filter(call=UUID(call)) if call else rows).values_list("kind", "status"))

        def closed() -> list[tuple[str, str]]:
            found = read()
            return found if sum(kind in CLOSING for kind, _ in found) >= closed_ones else []

        return await in_thread(eventually, closed, what=f"a closing record of {call or 'any call'}")

    async def caught_up(self) -> None:
        """Wait until a look at the database that begins now has reached the event loop."""
        await self.gateway.holder.with_new_tokens()

    async def writer_is_stuck(self) -> None:
        """Wait until the writer works on a line that somebody waits for."""
        writer = self.gateway.writer
        await eventually_async(lambda: bool(writer._waiting) and writer.caught_up, what="a line under way")


@asynccontextmanager
async def inside(
    policy: str = POLICY,
    *,
    simulator: HttpSimulator | None = None,
    serving: Mapping[str, Any] | None = None,
    beside: Sequence[Mapping[str, Any]] = (),
    roles: Sequence[Mapping[str, Any]] = ALL,
    **agent: Any,
) -> AsyncIterator[Inside]:
    """Apply a small configuration and start the data plane; both end with the block.

    `serving` adds to the server's entry, `beside` are further servers, `roles` are the data-plane roles; the agents
    have the one named `all`.
    """
    async with simulator or HttpSimulator() as simulator:
        server = {"name": "tools", "transport": "http", "url": simulator.url, "allow_private_address": True}
        server |= serving or {}
        config = {
            "version": 1,
            "teams": [{"name": "platform"}],
            "people": PEOPLE,
            "servers": [{**one, "approve": "all", "accept_findings": ["*"]} for one in (server, *beside)],
            "roles": list(roles),
            "agents": [
                {"name": "dev-claude", "owner": "dev@example.com", "roles": ["all"], **agent},
                {"name": "other-bot", "owner": "sec@example.com", "roles": ["all"]},
            ],
            "policy": {"file": "policy.yaml"},
        }
        tokens = await in_thread(applied, config, policy)
        gateway = await runtime.started()
        gateway.endpoint.sessions.hold_seconds = gateway.endpoint.stateless.leg_seconds = 1.0
        try:
            await eventually_async(lambda: not gateway.unready(), what="a ready gateway")
            simulator.received.clear()
            yield Inside(simulator, tokens, gateway)
        finally:
            await runtime.stop()


def applied(config: Mapping[str, Any], policy: str) -> dict[str, str]:
    """Apply a configuration; the tokens of its agents."""
    given: dict[str, Any] = {}
    parsed = parse_config(json.dumps(config), source="test", read_file=lambda name: policy, known=known_names())
    apply_configuration(parsed, environment={}, folder=Path(), deliver=given.update)
    return dict(given["agents"])

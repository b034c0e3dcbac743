"""Speaking to `inside` as agents of both eras do, streams and questions included.

`Modern(place).request("prompts/get", name="greet")`, `await Legacy.opened(place, {"elicitation": {}})`; `Streaming` is
one request whose answer is read while it comes.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from gateway.asgi import application
from tests.gateway.inside import Inside
from tests.raw_agent import LEGACY, META, MODERN, Reply
from tests.upstream_offer import NotHere, Offer
from tests.waiting import eventually_async

CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
NAMES = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_numbers = itertools.count(1)


class Streaming:
    """One HTTP request to the application in a task; `events` grows while it is answered."""

    def __init__(
        self, place: Inside, method: str, body: bytes, agent: str, headers: Mapping[str, str], path: str = "/mcp/tools"
    ) -> None:
        self.sent: list[Any] = []
        self._given = iter([{"type": "http.request", "body": body, "more_body": False}])
        self._left = asyncio.Event()
        usual = {
            "host": "127.0.0.1",
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {place.tokens[agent]}",
        }
        pairs = [(name.encode(), value.encode()) for name, value in (usual | dict(headers)).items()]
        scope = {"type": "http", "method": method, "path": path, "headers": pairs, "client": ("127.0.0.1", 9)}
        self.task = asyncio.ensure_future(application(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        message = next(self._given, None)
        if message is None:
            await self._left.wait()
        return message or {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        """The status, 0 until there is one."""
        return int(self.sent[0]["status"]) if self.sent else 0

    @property
    def events(self) -> list[Any]:
        """The messages that came so far."""
        text = b"".join(message.get("body", b"") for message in self.sent[1:]).decode()
        return [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: ")]

    @property
    def methods(self) -> list[str]:
        """The methods of the notifications and questions that came so far."""
        return [event["method"] for event in self.events if "method" in event]

    async def until(self, look: Callable[[], Any], what: str = "", within: float = 5.0) -> Any:
        """The first true answer of `look`."""
        return await eventually_async(look, what=what or f"{self.events}", within=within)

    async def over(self, within: float = 10.0) -> Reply:
        """The whole answer, once it has ended."""
        async with asyncio.timeout(within):
            await self.task
        said = {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}
        return Reply(self.status, said, b"".join(message.get("body", b"") for message in self.sent[1:]))

    def leave(self) -> None:
        """Close the connection as the agent."""
        self._left.set()

    async def left(self) -> None:
        """Close it, and wait until the gateway has done with it."""
        self.leave()
        async with asyncio.timeout(10):
            await asyncio.wait({self.task})


@dataclass
class Modern:
    """An agent of the stateless era."""

    place: Inside
    capabilities: Mapping[str, Any] = field(default_factory=dict)
    agent: str = "dev-claude"
    path: str = "/mcp/tools"

    def start(
        self, method: str, *, rpc_id: Any = None, headers: Mapping[str, str] | None = None, **params: Any
    ) -> Streaming:
        """Begin a request; `headers` are further ones."""
        meta = META | {CAPABILITIES: dict(self.capabilities)} | params.pop("_meta", {})
        sent = {"mcp-protocol-version": MODERN, "mcp-method": method} | dict(headers or {})
        if method in NAMES:
            sent.setdefault("mcp-name", str(params.get(NAMES[method])))
        number = next(_numbers) if rpc_id is None else rpc_id
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params | {"_meta": meta}}
        return Streaming(self.place, "POST", json.dumps(message).encode(), self.agent, sent, self.path)

    async def request(self, method: str, **params: Any) -> Reply:
        """One request and its answer."""
        return await self.start(method, **params).over()

    async def listening(self, notifications: Mapping[str, Any], rpc_id: Any = "listen-1") -> Streaming:
        """A subscription that has been acknowledged, or refused."""
        stream = self.start("subscriptions/listen", rpc_id=rpc_id, notifications=notifications)
        await stream.until(lambda: stream.events or stream.task.done(), "an acknowledgement")
        return stream


@dataclass
class Legacy:
    """An agent of the session era, in one session."""

    place: Inside
    session: str
    agent: str = "dev-claude"

    @classmethod
    async def opened(
        cls, place: Inside, capabilities: Mapping[str, Any] | None = None, agent: str = "dev-claude"
    ) -> Self:
        """Open a session."""
        params = {
            "protocolVersion": LEGACY,
            "capabilities": capabilities or {},
            "clientInfo": {"name": "t", "version": "1"},
        }
        body = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}).encode()
        reply = await place.post(body, agent=agent)
        return cls(place, reply.headers["mcp-session-id"], agent)

    def send(self, message: Mapping[str, Any]) -> Streaming:
        """Send any message."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        return Streaming(self.place, "POST", body, self.agent, self._headers)

    def start(self, method: str, *, rpc_id: Any = None, **params: Any) -> Streaming:
        """Begin a request."""
        return self.send({"id": next(_numbers) if rpc_id is None else rpc_id, "method": method, "params": params})

    async def request(self, method: str, **params: Any) -> Reply:
        """One request and its answer."""
        return await self.start(method, **params).over()

    async def answer(self, question: Mapping[str, Any], **said: Any) -> int:
        """Answer a question of the server, with `result` or `error`; the status of that POST."""
        return (await self.send({"id": question["id"], **said}).over()).status

    async def listening(self) -> Streaming:
        """The GET stream, open."""
        stream = Streaming(self.place, "GET", b"", self.agent, self._headers)
        await stream.until(lambda: stream.status, "an open stream")
        return stream

    async def delete(self) -> int:
        """End the session."""
        return (await Streaming(self.place, "DELETE", b"", self.agent, self._headers).over()).status

    @property
    def _headers(self) -> dict[str, str]:
        return {"mcp-session-id": self.session, "mcp-protocol-version": LEGACY}


def _prompt(name: str) -> dict[str, Any]:
    return {"name": name, "description": "A prompt.", "arguments": [{"name": "text", "required": False}]}


@dataclass
class RichOffer(Offer):
    """A server with prompts, resources, templates and completion; `said` replaces the result of a method."""

    prompts: Any = (_prompt("greet"), _prompt("secret"))
    resources: Any = (
        {"uri": "file:///docs/one", "name": "one"},
        {"uri": "file:///docs/secret/key", "name": "key"},
    )
    templates: Any = ({"uriTemplate": "file:///docs/{+path}", "name": "docs"},)
    capabilities: Mapping[str, Any] = field(
        default_factory=lambda: {
            "tools": {}, "prompts": {}, "resources": {"subscribe": True}, "completions": {}, "logging": {},
        }
    )  # fmt: skip
    said: dict[str, Any] = field(default_factory=dict)

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """The result of one ordinary request. Raises NotHere."""
        method, params = message["method"], message.get("params") or {}
        if method in self.said:
            made = self.said[method]
            return dict(made(params) if callable(made) else made)
        results: dict[str, Any] = {
            "prompts/get": {
                "messages": [{"role": "user", "content": {"type": "text", "text": str(params.get("name"))}}]
            },
            "resources/read": {"contents": [{"uri": params.get("uri"), "text": "content"}]},
            "completion/complete": {"completion": {"values": ["done"]}},
            "resources/subscribe": {},
            "resources/unsubscribe": {},
            "logging/setLevel": {},
        }
        if method not in results:
            return super().answer(message)
        if method in ("resources/subscribe", "resources/unsubscribe") and "legacy" not in self.eras:
            raise NotHere(method)
        return {"resultType": "complete", **results[method]}

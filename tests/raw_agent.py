"""An MCP client down to the bytes, for flows that need to say what no official client would: `Agent(running, token)`.

Blocking, over http.client, one connection per request; a held call waits in a thread (`started`).
"""

from __future__ import annotations

import http.client
import itertools
import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.running import Running

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
DECISION = "io.gatehouse/decision"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
_threads = ThreadPoolExecutor(64, thread_name_prefix="agent")


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer: the JSON-RPC message in it (the last event of a stream), and what came before that."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def events(self) -> list[Any]:
        """Every message in the answer, in order."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            lines = self.body.decode().split("\n")
            return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
        return [json.loads(self.body)] if self.body else []

    @property
    def message(self) -> Any:
        """The answer proper."""
        return self.events[-1]

    @property
    def result(self) -> Any:
        """The result; fails where there is none."""
        assert "result" in self.message, self.message
        return self.message["result"]

    @property
    def error(self) -> Any:
        """The error; fails where there is none."""
        assert "error" in self.message, self.message
        return self.message["error"]

    @property
    def decision(self) -> Any:
        """What the gateway decided, from a result or an error; empty when it let the server speak."""
        if "error" in self.message:
            return self.error.get("data", {}).get(DECISION, {})
        return self.result.get("_meta", {}).get(DECISION, {})

    @property
    def text(self) -> str:
        """The text of a tool result."""
        return "".join(part["text"] for part in self.result["content"])


class Agent:
    """One agent at one server, or at `path`. `legacy` opens a session first; without it every request stands alone."""

    def __init__(
        self, running: Running, token: str, server: str = "desk", *, legacy: bool = False, path: str = ""
    ) -> None:
        self.running, self.token, self.legacy = running, token, legacy
        self.path = path or f"/mcp/{server}"
        self.session = ""
        self._ids = itertools.count(1)

    def post(self, body: bytes | Mapping[str, Any], *, within: float = 30.0, **headers: str | None) -> Reply:
        """One POST with exactly these headers added to the usual ones (None removes one; `_` reads as `-`)."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "Authorization": f"Bearer {self.token}",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.running.port, timeout=within)
        try:
            given = {name: value for name, value in sent.items() if value is not None}
            connection.request("POST", self.path, body=data, headers=given)
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, said, answer.read())
        finally:
            connection.close()

    def open(self) -> str:
        """Begin a session of the session era; its id."""
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
        reply = self.post({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
        self.session = reply.headers["mcp-session-id"]
        self.notify("notifications/initialized")
        return self.session

    def notify(self, method: str, **params: Any) -> Reply:
        """Send a notification of the session era."""
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        return self.post(message, Mcp_Session_Id=self.session, MCP_Protocol_Version=LEGACY)

    def request(self, method: str, params: Mapping[str, Any], *, rpc_id: Any = None, **named: Any) -> Reply:
        """One request in this agent's era."""
        rpc_id = next(self._ids) if rpc_id is None else rpc_id
        message = {"jsonrpc": "2.0", "id": rpc_id, "method": method, "params": dict(params)}
        if self.legacy:
            session = self.session or self.open()
            headers = {"Mcp_Session_Id": session, "MCP_Protocol_Version": LEGACY}
            return self.post(message, **(headers | named))
        message["params"]["_meta"] = META | message["params"].get("_meta", {})
        headers = {"MCP_Protocol_Version": MODERN, "Mcp_Method": method}
        if (name := params.get("name", params.get("uri"))) is not None:
            headers["Mcp_Name"] = name
        return self.post(message, **(headers | named))

    def call(self, tool: str, *, state: str = "", meta: Mapping[str, Any] | None = None, **arguments: Any) -> Reply:
        """One tools/call."""
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        if state:
            params["requestState"] = state
        if meta:
            params["_meta"] = dict(meta)
        return self.request("tools/call", params)

    def call_to_the_end(self, tool: str, **arguments: Any) -> Reply:
        """One tools/call with every leg that the gateway asks for."""
        reply = self.call(tool, **arguments)
        while "result" in reply.message and reply.result.get("resultType") == "input_required":
            reply = self.call(tool, state=reply.result["requestState"], **arguments)
        return reply

    def started(self, tool: str, **arguments: Any) -> Future[Reply]:
        """The same in a thread, for a call that is going to be held."""
        if self.legacy and not self.session:
            self.open()
        return _threads.submit(self.call_to_the_end, tool, **arguments)

    def insisting(self, tool: str, **arguments: Any) -> Future[Reply]:
        """The same as `started`, called anew while the answer is that it waits for approval."""

        def call() -> Reply:
            reply = self.call_to_the_end(tool, **arguments)
            while reply.text.startswith("Approval pending"):
                reply = self.call_to_the_end(tool, **arguments)
            return reply

        return _threads.submit(call)

    def tools(self) -> list[str]:
        """The names that tools/list answers with."""
        return [tool["name"] for tool in self.request("tools/list", {}).result["tools"]]


class Approver:
    """One person deciding over REST."""

    def __init__(self, running: Running, email: str) -> None:
        self.running, self.token = running, running.api_token(email)

    def waiting(self) -> list[dict[str, Any]]:
        """What waits for a decision."""
        answer = self.running.request("GET", "/api/v1/escalations?state=waiting", token=self.token)
        assert answer.status == 200, answer.body
        return list(answer.json()["results"])

    def approve(self, escalation: str, reason: str = "fine") -> tuple[int, Any]:
        """Vote for; status and body."""
        return self._decide(escalation, "approve", {"reason": reason, "scope": "once"})

    def deny(self, escalation: str, reason: str = "no") -> tuple[int, Any]:
        """Vote against; status and body."""
        return self._decide(escalation, "deny", {"reason": reason})

    def _decide(self, escalation: str, act: str, body: Mapping[str, Any]) -> tuple[int, Any]:
        answer = self.running.request("POST", f"/api/v1/escalations/{escalation}/{act}", token=self.token, body=body)
        return answer.status, answer.json()

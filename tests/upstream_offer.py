"""What the simulated servers offer when they behave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, Any]
MODERN = "2026-07-28"
LEGACY = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "echo",
        "description": "Return the text unchanged.",
        "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    },
    {"name": "add", "description": "Add two integers.", "inputSchema": {"type": "object"}},
)


class NotHere(Exception):
    """A method this server does not know."""


def tool_result(text: str) -> dict[str, Any]:
    """A plain result."""
    return {"content": [{"type": "text", "text": text}], "isError": False, "resultType": "complete"}


@dataclass
class Offer:
    """What a simulated server offers; `pages` makes lists come in pieces, `cursor` never ends them."""

    tools: Iterable[Mapping[str, Any]] = TOOLS
    prompts: Iterable[Mapping[str, Any]] = ()
    resources: Iterable[Mapping[str, Any]] = ()
    templates: Iterable[Mapping[str, Any]] = ()
    capabilities: Mapping[str, Any] = field(default_factory=lambda: {"tools": {}})
    instructions: str | None = None
    eras: frozenset[str] = frozenset(("modern", "legacy"))
    page: int = 0
    cursor: str | None = None

    def answer(self, message: Message) -> dict[str, Any]:
        """The result of one ordinary request. Raises NotHere."""
        method, params = message["method"], message.get("params") or {}
        if method == "server/discover" and "modern" in self.eras:
            return self._greeting() | {"supportedVersions": [MODERN], "ttlMs": 0, "cacheScope": "private"}
        if method == "initialize" and "legacy" in self.eras:
            asked = params.get("protocolVersion")
            return self._greeting() | {"protocolVersion": asked if asked in LEGACY else LEGACY[0]}
        if method == "tools/call":
            return tool_result(str((params.get("arguments") or {}).get("text", params.get("name"))))
        if method == "ping":
            return {}
        return self._listed(method, params)

    def _greeting(self) -> dict[str, Any]:
        greeting: dict[str, Any] = {
            "capabilities": dict(self.capabilities),
            "serverInfo": {"name": "simulator", "version": "1"},
            "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "simulator", "version": "1"}},
            "resultType": "complete",
        }
        return greeting | ({} if self.instructions is None else {"instructions": self.instructions})

    def _listed(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        lists = {
            "tools/list": ("tools", self.tools),
            "prompts/list": ("prompts", self.prompts),
            "resources/list": ("resources", self.resources),
            "resources/templates/list": ("resourceTemplates", self.templates),
        }
        if method not in lists:
            raise NotHere(method)
        key, members = lists[method]
        found, more = list(members), {}
        if self.cursor is not None:
            more = {"nextCursor": self.cursor}
        elif self.page:
            start = int(params.get("cursor", 0))
            more = {"nextCursor": str(start + self.page)} if start + self.page < len(found) else {}
            found = found[start : start + self.page]
        return {key: found, "resultType": "complete"} | more

    def respond(self, message: Message) -> dict[str, Any]:
        """The JSON-RPC response to one ordinary request."""
        try:
            return {"jsonrpc": "2.0", "id": message["id"], "result": self.answer(message)}
        except NotHere:
            return {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "not here"}}

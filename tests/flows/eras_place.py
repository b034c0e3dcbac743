"""The servers of `fixtures_servers/eras.py` for the flows over eras, and official clients that take notes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.running import ROOT

PROGRAM = ROOT / "tests" / "fixtures_servers" / "eras.py"
MAY_ASK = {"sampling": "allow", "elicitation": "allow", "roots": "allow"}
SERVER_INFO = "io.modelcontextprotocol/serverInfo"


@contextmanager
def served(era: str) -> Iterator[str]:
    """The eras server over HTTP; gives its URL."""
    with subprocess.Popen([sys.executable, str(PROGRAM), era], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()


def program(era: str) -> list[str]:
    """The same on standard streams: its argv."""
    return [sys.executable, str(PROGRAM), era, "--stdio"]


def by_url(name: str, url: str, **fields: Any) -> dict[str, Any]:
    """A server of a gatehouse.yaml at a URL."""
    return _entry(name) | {"transport": "http", "url": url, "allow_private_address": True} | fields


def by_command(name: str, command: list[str], **fields: Any) -> dict[str, Any]:
    """A server of a gatehouse.yaml on standard streams."""
    return _entry(name) | {"transport": "stdio", "command": command} | fields


def _entry(name: str) -> dict[str, Any]:
    return {"name": name, "approve": "all", "accept_findings": ["*"]}


@dataclass
class Heard:
    """What a client was asked and told, in order."""

    elicited: list[dict[str, Any]] = field(default_factory=list)
    sampled: list[dict[str, Any]] = field(default_factory=list)
    roots: int = 0
    progress: list[tuple[float, float | None, str | None]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    async def on_elicit(self, ctx: Any, params: Any) -> types.ElicitResult:
        """Fill a form in with its members' names; look at a URL."""
        self.elicited.append({k: v for k, v in plain(params).items() if k not in ("_meta", "elicitationId")})
        if not isinstance(params, types.ElicitRequestFormParams):
            return types.ElicitResult(action="accept")
        content: dict[str, Any] = {name: _value(said) for name, said in params.requested_schema["properties"].items()}
        return types.ElicitResult(action="accept", content=content)

    async def on_sample(self, ctx: Any, params: Any) -> types.CreateMessageResult:
        """The model says Paris."""
        self.sampled.append({k: v for k, v in plain(params).items() if k != "_meta"})
        said = types.TextContent(type="text", text="Paris")
        return types.CreateMessageResult(role="assistant", content=said, model="none")

    async def on_roots(self, ctx: Any) -> types.ListRootsResult:
        """One folder."""
        self.roots += 1
        return types.ListRootsResult.model_validate({"roots": [{"uri": "file:///work/space", "name": "space"}]})

    async def on_progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Note it."""
        self.progress.append((progress, total, message))

    async def on_log(self, params: Any) -> None:
        """Note it."""
        self.logged.append(str(params.data))

    async def on_message(self, message: Any) -> None:
        """Note a notification's method."""
        method = getattr(message, "method", None) or getattr(getattr(message, "root", None), "method", "")
        self.told.append(str(method))


def _value(said: dict[str, Any]) -> Any:
    kinds: dict[str, Any] = {"boolean": True, "integer": 3, "number": 3.5, "array": []}
    return (said.get("enum") or [kinds.get(said.get("type", ""), "bob")])[0]


def plain(model: Any) -> dict[str, Any]:
    """A model as it would be on the wire, without what a server says of itself and what the eras add."""
    found: dict[str, Any] = model.model_dump(by_alias=True, exclude_none=True, mode="json")
    found.get("_meta", {}).pop(SERVER_INFO, None)
    return {k: v for k, v in found.items() if v != {} and k not in ("resultType", "ttlMs", "cacheScope")}


@asynccontextmanager
async def client(
    target: str | list[str], mode: str, heard: Heard | None = None, *, token: str = ""
) -> AsyncIterator[Client]:
    """The official client in one mode, at a URL or a program; it offers everything when it has somebody who hears."""
    offers: dict[str, Any] = {}
    if heard is not None:
        offers = {
            "elicitation_callback": heard.on_elicit,
            "sampling_callback": heard.on_sample,
            "list_roots_callback": heard.on_roots,
            "logging_callback": heard.on_log,
            "message_handler": heard.on_message,
        }
    if isinstance(target, list):
        parameters = StdioServerParameters(command=target[0], args=target[1:])
        async with Client(parameters, mode=mode, **offers) as made:
            yield made
        return
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(target, http_client=http), mode=mode, **offers) as made,
    ):
        yield made

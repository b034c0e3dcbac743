"""The clients of the matrix: each lists the tools of an endpoint and calls one, in the way of its own users."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastmcp import Client as FastClient
from fastmcp.client.transports import StreamableHttpTransport
from mcp import Client, StdioServerParameters
from mcp.client.sse import sse_client

from tests.flows.eras_place import client
from tests.flows.matrix.servers import Reached
from tests.node import programs

WITHIN = 60
INSPECTOR = programs.MODULES / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
REMOTE = programs.MODULES / "mcp-remote" / "dist" / "proxy.js"
Seen = tuple[list[dict[str, Any]], dict[str, Any]]
"""What was listed and what was answered, in the members that every client shows."""
Ask = Callable[[str, str, Reached, Path], Awaitable[Seen]]


def seen(tools: list[Any], result: Any) -> Seen:
    """The comparable part of a list and of a result, both as they are on the wire."""
    kept = ("name", "description", "inputSchema")
    listed = sorted(({key: tool.get(key) for key in kept} for tool in tools), key=lambda tool: str(tool["name"]))
    parts = [{key: part.get(key) for key in ("type", "text", "data", "mimeType")} for part in result["content"]]
    answer = {"content": parts, "isError": bool(result.get("isError"))}
    if result.get("structuredContent") is not None:
        answer["structuredContent"] = result["structuredContent"]
    return listed, answer


def wire(model: Any) -> Any:
    """A model of the Python SDK as it is on the wire."""
    return model.model_dump(by_alias=True, exclude_none=True, mode="json")


async def toured(connected: Client, server: Reached) -> Seen:
    """One list and one call by a connected Python client."""
    tools = [wire(tool) for tool in (await connected.list_tools()).tools]
    return seen(tools, wire(await connected.call_tool(server.tool, server.arguments)))


async def directly(server: Reached) -> Seen:
    """The same at the server itself, without a gateway."""
    if isinstance(server.at, list):
        program = StdioServerParameters(command=server.at[0], args=server.at[1:], env=server.env)
        async with Client(program, mode="auto") as connected:
            return await toured(connected, server)
    if server.sse:
        async with Client(sse_client(server.at), mode="legacy") as connected:
            return await toured(connected, server)
    async with client(server.at, "auto") as connected:
        return await toured(connected, server)


def python(mode: str) -> Ask:
    """The official Python client in one of its modes."""

    async def ask(url: str, token: str, server: Reached, folder: Path) -> Seen:
        async with client(url, mode, token=token) as connected:
            return await toured(connected, server)

    return ask


def typescript(line: str) -> Ask:
    """An official TypeScript client."""

    async def ask(url: str, token: str, server: Reached, folder: Path) -> Seen:
        told = programs.call(line, url, token, server.tool, server.arguments)
        assert "error" not in told, told["error"]
        return seen(told["tools"], told["result"])

    return ask


async def inspector(url: str, token: str, server: Reached, folder: Path) -> Seen:
    """The inspector's command line; one process lists, another calls."""
    pairs = [f"{name}={value}" for name, value in server.arguments.items()]
    call = ["--method", "tools/call", "--tool-name", server.tool, *(["--tool-arg", *pairs] if pairs else [])]
    tools = _inspected(url, token, folder, "--method", "tools/list")["tools"]
    return seen(tools, _inspected(url, token, folder, *call))


def _inspected(url: str, token: str, folder: Path, *arguments: str) -> Any:
    header = ["--transport", "http", "--header", f"Authorization: Bearer {token}", "--protocol-era", "auto"]
    done = subprocess.run(
        [programs.node(), str(INSPECTOR), "--cli", url, *header, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


async def remote(url: str, token: str, server: Reached, folder: Path) -> Seen:
    """mcp-remote between a client that speaks over pipes and the endpoint."""
    arguments = [str(REMOTE), url, "--allow-http", "--header", f"Authorization: Bearer {token}"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MCP_REMOTE_CONFIG_DIR": str(folder / "remote")}
    program = StdioServerParameters(command=programs.node(), args=arguments, env=environment)
    async with Client(program, mode="legacy") as connected:
        return await toured(connected, server)


async def fastmcp(url: str, token: str, server: Reached, folder: Path) -> Seen:
    """FastMCP's own client."""
    transport = StreamableHttpTransport(url, headers={"Authorization": f"Bearer {token}"})
    async with FastClient(transport) as connected:
        tools = [wire(tool) for tool in await connected.list_tools()]
        result = await connected.call_tool_mcp(server.tool, server.arguments)
        return seen(tools, wire(result))


CLIENTS: dict[str, Ask] = {
    "Python `mcp` 2.3.0, session era": python("legacy"),
    "Python `mcp` 2.3.0, auto": python("auto"),
    "TypeScript `sdk` 1.32.2": typescript("v1"),
    "TypeScript `client` 2.4.0": typescript("v2"),
    "TypeScript `client` 2.4.0, auto": typescript("v2-auto"),
    "inspector CLI 2.12.0, auto": inspector,
    "mcp-remote 0.15.1": remote,
    "FastMCP client 4.1.2": fastmcp,
}

"""A server built with the official SDK that logs every call it receives: `python desk.py LOG`.

It prints its port and serves Streamable HTTP there. Each `tools/call` that arrives becomes one line of JSON in LOG
before it is acted on: `{"name", "arguments", "headers"}`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import BaseModel

server = MCPServer("desk", instructions="Files of a small office.", version="3", log_level="ERROR")
LOG = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def note(name: str, arguments: dict[str, Any], headers: dict[str, str]) -> None:
    """Add one line to the log, in one write."""
    os.write(LOG, json.dumps({"name": name, "arguments": arguments, "headers": headers}).encode() + b"\n")


class Page(BaseModel):
    """A piece of text and where it came from."""

    path: str
    words: int


@server.tool()
def read_file(path: str) -> str:
    """Return what stands in a file."""
    return f"contents of {path}: ünï ☃"


@server.tool()
def measure(path: str) -> Page:
    """Count the words of a file."""
    return Page(path=path, words=7)


@server.tool()
def write_file(path: str, content: str) -> str:
    """Write a file."""
    return f"wrote {len(content)} characters to {path}"


@server.tool()
def create_ticket(title: str, amount: float = 0) -> str:
    """Open a ticket."""
    return f"ticket {title!r} for {amount}"


@server.tool()
def execute_command(command: str) -> str:
    """Run a shell command."""
    return f"ran {command}"


@server.tool()
def read_salaries(path: str) -> str:
    """Return the salaries."""
    return f"salaries in {path}"


@server.tool()
async def count_slowly(ctx: Context[Any], steps: int = 2) -> str:
    """Count, and say how far it got."""
    for step in range(steps):
        await ctx.report_progress(step + 1, steps, f"step {step + 1}")
    return "counted"


@server.tool()
async def wait(seconds: float) -> str:
    """Answer after a while."""
    await anyio.sleep(seconds)
    return "waited"


class Logged:
    """ASGI: log each `tools/call` from its body, whatever the server makes of it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on with its body read."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        call = json.loads(body)
        if call.get("method") == "tools/call":
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            note(call["params"]["name"], call["params"].get("arguments", {}), headers)
        given = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def again() -> Any:
            return next(given, None) or await receive()

        await self.app(scope, again, send)


def main() -> None:
    """Serve on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = Logged(server.streamable_http_app())
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listener])


if __name__ == "__main__":
    main()

"""A server built with the official SDK, for the transports to be tried against. Prints its port, then serves."""

from __future__ import annotations

import socket
import sys
from typing import Any

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from pydantic import BaseModel

server = MCPServer("sdk-server", instructions="Be kind.", version="7", log_level="ERROR")
cancelled = 0


class Name(BaseModel):
    """What is asked for."""

    name: str


@server.tool()
def echo(text: str) -> str:
    """Return the text unchanged."""
    return text


@server.tool()
async def steps(ctx: Context[Any]) -> str:
    """Report progress twice."""
    await ctx.report_progress(1, 2, "one")
    await ctx.report_progress(2, 2, "two")
    return "done"


@server.tool()
async def slow() -> str:
    """Wait until cancelled."""
    global cancelled  # noqa: PLW0603
    try:
        await anyio.sleep(60)
    except anyio.get_cancelled_exc_class():
        cancelled += 1
        raise
    return "never"


@server.tool()
def cancellations() -> str:
    """How many slow calls were cancelled."""
    return str(cancelled)


@server.tool()
async def ask(ctx: Context[Any]) -> str:
    """Ask for a name."""
    answer = await ctx.elicit("What is your name?", Name)
    return f"{answer.action} {getattr(getattr(answer, 'data', None), 'name', '')}"


@server.tool()
async def change(ctx: Context[Any]) -> str:
    """Say that the tools changed."""
    await ctx.notify_tools_changed()
    await ctx.session.send_tool_list_changed()
    return "changed"


@server.resource("test://static", name="static")
def static() -> str:
    """A resource."""
    return "static"


@server.resource("test://item/{number}", name="numbered")
def numbered(number: str) -> str:
    """A template."""
    return number


@server.prompt()
def greet(name: str) -> str:
    """A prompt."""
    return f"Hello {name}"


def main() -> None:
    """Serve on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = server.sse_app() if "sse" in sys.argv else server.streamable_http_app(json_response="json" in sys.argv)
    print(port, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="critical")).run(sockets=[listener])


if __name__ == "__main__":
    main()

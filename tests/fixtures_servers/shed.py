"""A local server on standard streams, built with the official SDK: `python shed.py LOG [WORD]`.

Each call becomes a line of JSON in LOG; so do its process id and environment when it starts. WORD stands in a tool's
description, for a server that changes.
"""

from __future__ import annotations

import json
import os
import sys

from mcp.server import MCPServer

server = MCPServer("shed", instructions="Tools of a garden shed.", version="1", log_level="ERROR")
LOG = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
WORD = sys.argv[2] if len(sys.argv) > 2 else "first"


def note(**what: object) -> None:
    """Add one line to the log, in one write."""
    os.write(LOG, json.dumps(what).encode() + b"\n")


@server.tool()
def read_label(box: str) -> str:
    """Read the label of a box."""
    note(name="read_label", box=box)
    return f"label of {box}: ünï ☃"


@server.tool(description=f"Write the label of a box ({WORD} edition).")
def write_label(box: str, text: str) -> str:
    """Write it."""
    note(name="write_label", box=box)
    return f"wrote {text} on {box}"


@server.tool()
def delete_box(box: str) -> str:
    """Delete a box for ever."""
    note(name="delete_box", box=box)
    return f"deleted {box}"


@server.resource("shed://plan")
def plan() -> str:
    """The plan of the shed."""
    return "a plan"


if __name__ == "__main__":
    note(pid=os.getpid(), environment=dict(os.environ), cwd=os.getcwd())  # noqa: PTH109
    print("a server that is talkative on standard error", file=sys.stderr)
    server.run("stdio")

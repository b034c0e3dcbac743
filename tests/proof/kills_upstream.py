"""The server behind the kill runs: `python -m tests.proof.kills_upstream LOG`; the first line printed is its port.

Both tools take a `nonce` and answer `did NONCE` after `ms` milliseconds. Each `tools/call` becomes one line of JSON in
LOG, `{"tool", "nonce"}`, written in one piece before anything else is done with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.upstream_offer import Offer, tool_result

BACKLOG = 1024
SCHEMA = {
    "type": "object",
    "properties": {"nonce": {"type": "string"}, "ms": {"type": "integer"}},
    "required": ["nonce", "ms"],
    "additionalProperties": False,
}
OFFER = Offer(
    tools=[
        {
            "name": "read_note",
            "description": "Return a note.",
            "inputSchema": SCHEMA,
            "annotations": {"readOnlyHint": True},
        },
        {"name": "write_note", "description": "Write a note.", "inputSchema": SCHEMA},
    ]
)
LOG = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if __name__ == "__main__" else -1


async def post(request: Request) -> Response:
    """One message of either era."""
    message = await request.json()
    if "id" not in message:
        return Response(status_code=202)
    if message["method"] == "tools/call":
        return JSONResponse({"jsonrpc": "2.0", "id": message["id"], "result": await called(message["params"])})
    return JSONResponse(OFFER.respond(message))


async def called(params: dict[str, Any]) -> dict[str, Any]:
    """Log the call, take the time that it asks for, answer."""
    arguments = params["arguments"]
    os.write(LOG, json.dumps({"tool": params["name"], "nonce": arguments["nonce"]}).encode() + b"\n")
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    loop.call_later(arguments["ms"] / 1000, done.set_result, None)
    await done
    return tool_result(f"did {arguments['nonce']}")


def main() -> None:
    """Serve on a free loopback port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    print(listener.getsockname()[1], flush=True)
    app = Starlette(routes=[Route("/mcp", post, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, log_level="critical", backlog=BACKLOG)).run(sockets=[listener])


if __name__ == "__main__":
    main()

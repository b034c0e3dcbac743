"""The everything server with what the flows need beside it: `python eras.py both|legacy|modern [--stdio [LOG]]`.

The first word is the eras it speaks. Over Streamable HTTP it prints its port and serves `/mcp`; over standard streams
each request that reaches it becomes one line of JSON in LOG, `{"method", "params"}`. Beside everything's tools: `count`
(how often it was called in this process), `echo`, `hang` (until cancelled) with `cancelled`, `ask_by_url`.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import anyio
import mcp_types as types
import uvicorn
from mcp.server.stdio import stdio_server

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.conformance import everything, offer  # noqa: E402  The path above comes first.
from tests.conformance.everything_tools import ACTS, Context, ask, result  # noqa: E402
from tests.conformance.offer import NOTHING, text  # noqa: E402

MODERN = "2026-07-28"
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
UNSUPPORTED, NOT_FOUND, OLD_REFUSAL = -32022, -32601, -32000
_seen = {"count": 0, "hanging": 0, "cancelled": 0}


async def count(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """State of this process: how often it was asked, and which process it is."""
    _seen["count"] += 1
    return result(text(json.dumps({"count": _seen["count"], "process": os.getpid()})))


async def echo(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """What was said."""
    return result(text(str((params.arguments or {})["said"])))


async def hang(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Nothing, until it is cancelled."""
    _seen["hanging"] += 1
    try:
        await anyio.Event().wait()
    except anyio.get_cancelled_exc_class():
        _seen["cancelled"] += 1
        raise
    raise AssertionError("an event that nobody sets was set")


async def cancelled(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """How many hang, and how many were cancelled."""
    return result(text(json.dumps({name: _seen[name] for name in ("hanging", "cancelled")})))


async def ask_by_url(ctx: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    """One address for the person to open."""
    where: dict[str, Any] = {"mode": "url", "message": "Look here", "url": "https://example.com/look"}
    if ctx.protocol_version != MODERN:
        where["elicitationId"] = "look-1"
    question = types.ElicitRequest.model_validate({"method": "elicitation/create", "params": where})
    return result(text(f"looked: {(await ask(ctx, params, {'look': question}))['look'].action}"))


def extend() -> None:
    """Offer these tools beside the others."""
    takes = {"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]}
    offer.TOOLS |= {
        "count": ("Count its own calls.", NOTHING),
        "echo": ("Return what was said.", takes),
        "hang": ("Wait until cancelled.", NOTHING),
        "cancelled": ("Say how many calls hang and were cancelled.", NOTHING),
        "ask_by_url": ("Ask the person to open an address.", NOTHING),
    }
    ACTS.update(count=count, echo=echo, hang=hang, cancelled=cancelled, ask_by_url=ask_by_url)


def refusal(message: Any, era: str) -> dict[str, Any] | None:
    """How a server of one era answers a message of the other; None for one of its own."""
    if not isinstance(message, dict) or "id" not in message or "method" not in message:
        return None
    stateless = VERSION_KEY in (message.get("params") or {}).get("_meta", {})
    if era == "legacy" and stateless:
        error: dict[str, Any] = {"code": NOT_FOUND, "message": "Method not found"}
    elif era == "modern" and not stateless:
        data = {"supported": [MODERN], "requested": (message.get("params") or {}).get("protocolVersion", "")}
        error = {"code": UNSUPPORTED, "message": "Unsupported protocol version", "data": data}
    else:
        return None
    return {"jsonrpc": "2.0", "id": message["id"], "error": error}


class OneEra:
    """ASGI: requests of the other era are refused, as a server refuses them that knows nothing of it."""

    def __init__(self, app: Any, era: str) -> None:
        self._app, self._era = app, era

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on what is of this era."""
        if scope["type"] != "http" or self._era == "both":
            await self._app(scope, receive, send)
            return
        version = dict(scope["headers"]).get(b"mcp-protocol-version", b"").decode("latin-1")
        if self._era == "legacy" and version == MODERN:
            error = {"code": OLD_REFUSAL, "message": f"Bad Request: Unsupported protocol version: {version}"}
            await _answer(send, 400, {"jsonrpc": "2.0", "id": None, "error": error})
        elif self._era == "modern" and version != MODERN:
            message = json.loads((await receive()).get("body") or b"null") if scope["method"] == "POST" else None
            said = refusal(message, "modern")
            await _answer(send, 400 if said else 405, said or {})
        else:
            await self._app(scope, receive, send)


async def _answer(send: Any, status: int, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class OwnLines:
    """The lines of standard input that are of one era; the others are answered here."""

    def __init__(self, era: str, out: anyio.AsyncFile[str], log: Path | None) -> None:
        self._era, self._out, self._log = era, out, log
        self._lines = anyio.wrap_file(io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8"))

    async def __aiter__(self) -> AsyncIterator[str]:
        """Each line that the server is to read."""
        async for line in self._lines:
            message = json.loads(line)
            said = refusal(message, self._era)
            if said is None:
                if self._log is not None and "method" in message:
                    with self._log.open("a") as log:
                        log.write(json.dumps({key: message.get(key) for key in ("method", "params")}) + "\n")
                yield line
            else:
                await self._out.write(json.dumps(said) + "\n")
                await self._out.flush()


async def over_pipes(era: str, log: Path | None) -> None:
    """Serve one client on standard streams."""
    out = anyio.wrap_file(io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8"))
    server = everything.made()
    async with stdio_server(stdin=cast(Any, OwnLines(era, out, log)), stdout=out) as (reads, writes):
        await server.run(reads, writes, server.create_initialization_options())


def main() -> int:
    """Serve as the arguments say."""
    era = sys.argv[1]
    extend()
    if "--stdio" in sys.argv:
        anyio.run(over_pipes, era, Path(sys.argv[3]) if len(sys.argv) > 3 else None)
        return 0
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    app = everything.made().streamable_http_app()
    served = everything.TellsWhenBegun(OneEra(app, era))
    uvicorn.Server(uvicorn.Config(served, http="h11", log_level="critical")).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())

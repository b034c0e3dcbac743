"""The server behind what is measured: an MCP server as cheap as possible, one asyncio protocol, both eras. No Django.

Tools: `echo` returns `text`, `add` the sum of `a` and `b`, `pad` a `text` made `size` characters long. `GET /calls`
tells how many tool calls came. Run as `python -m tests.bench.upstream`; the first line printed is the port.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

import msgspec
import uvloop

from registry.mcp.revisions import LATEST_LEGACY, LEGACY, META_SERVER, MODERN
from tests.bench.wording import filler

CAPABILITIES = {"tools": {"listChanged": False}}
INFO = {"name": "bench-upstream", "version": "1"}
FRESH = {"ttlMs": 60_000, "cacheScope": "public"}
NULL, NONE = msgspec.Raw(b"null"), msgspec.Raw(b"")
_length = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE).search
_modern = re.compile(rb"\r\nmcp-protocol-version:[ \t]*" + MODERN.encode(), re.IGNORECASE).search
_numbers = itertools.count(1)


def _tool(name: str, description: str, **properties: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {key: {"type": kind} for key, kind in properties.items()}}
    schema |= {"required": list(properties), "additionalProperties": False}
    return {"name": name, "description": description, "inputSchema": schema, "annotations": {"readOnlyHint": True}}


TOOLS = [
    _tool("echo", "Return the text unchanged.", text="string"),
    _tool("add", "Return the sum of two whole numbers.", a="integer", b="integer"),
    _tool("pad", "Return the text, made as long as asked with plain words.", text="string", size="integer"),
]


class Arguments(msgspec.Struct):
    """Of any of the three tools; the text stays as it was written."""

    text: msgspec.Raw = NULL
    a: int = 0
    b: int = 0
    size: int = 0


class Params(msgspec.Struct):
    """Of any request that is answered here."""

    name: str = ""
    arguments: Arguments = msgspec.field(default_factory=Arguments)
    protocolVersion: str = ""  # noqa: N815  The protocol's own spelling.


class Request(msgspec.Struct):
    """A JSON-RPC request or notification; the id stays as it was written."""

    method: str
    id: msgspec.Raw = NONE
    params: Params = msgspec.field(default_factory=Params)


_decode = msgspec.json.Decoder(Request).decode


class Wire(asyncio.Protocol):
    """One connection: whole requests in, one answer each, in order."""

    calls = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.waiting = b""

    def data_received(self, data: bytes) -> None:
        data = self.waiting + data if self.waiting else data
        while data:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                break
            stated = _length(data, 0, end)
            size = int(stated[1]) if stated else 0
            if len(data) < end + 4 + size:
                break
            self.transport.write(self.answer(data[:end], data[end + 4 : end + 4 + size]))
            data = data[end + 4 + size :]
        self.waiting = data

    def answer(self, head: bytes, body: bytes) -> bytes:
        """The whole HTTP answer to one request."""
        if head.startswith(b"GET /calls "):
            return _whole(b"200 OK", b"%d" % Wire.calls)
        if not head.startswith(b"POST "):
            return _whole(b"200 OK" if head.startswith(b"DELETE ") else b"405 Method Not Allowed", b"")
        try:
            request = _decode(body)
        except msgspec.DecodeError:
            return _whole(b"400 Bad Request", b"")
        rpc_id = bytes(request.id)
        if not rpc_id:
            return _whole(b"202 Accepted", b"")
        modern = _modern(head) is not None
        if request.method == "tools/call":
            Wire.calls += 1
            return _whole(b"200 OK", self.called(request, modern))
        result = offered(request, modern)
        session = b"Mcp-Session-Id: s%d\r\n" % next(_numbers) if request.method == "initialize" else b""
        if result is None:
            error = b'{"jsonrpc":"2.0","id":%b,"error":{"code":-32601,"message":"Method not found"}}' % bytes(
                request.id
            )
            return _whole(b"404 Not Found" if modern else b"200 OK", error)
        return _whole(b"200 OK", b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (rpc_id, result), session)

    def called(self, request: Request, modern: bool) -> bytes:
        """The response to a tool call."""
        params, given = request.params, request.params.arguments
        if params.name == "echo":
            text = bytes(given.text)
        elif params.name == "add":
            text = b'"%d"' % (given.a + given.b)
        else:
            start = msgspec.json.decode(given.text, type=str)
            text = msgspec.json.encode(start + filler(given.size - len(start)))
        return b'{"jsonrpc":"2.0","id":%b,"result":{"content":[{"type":"text","text":%b}],"isError":false%b}}' % (
            bytes(request.id),
            text,
            b',"resultType":"complete"' if modern else b"",
        )


def offered(request: Request, modern: bool) -> bytes | None:
    """The result of a request that is no tool call, None for one that is not known here."""
    complete = {"resultType": "complete"} if modern else {}
    asked = request.params.protocolVersion
    results: dict[str, dict[str, Any]] = {
        "ping": {},
        "tools/list": {"tools": TOOLS, **(FRESH if modern else {}), **complete},
        "initialize": {
            "protocolVersion": asked if asked in LEGACY else LATEST_LEGACY,
            "capabilities": CAPABILITIES,
            "serverInfo": INFO,
        },
        "server/discover": {
            "supportedVersions": [MODERN, *LEGACY],
            "capabilities": CAPABILITIES,
            "_meta": {META_SERVER: INFO},
            **FRESH,
            **complete,
        },
    }
    found = results.get(request.method)
    return None if found is None else json.dumps(found).encode()


def _whole(status: bytes, body: bytes, extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n%b" % (
        status,
        extra,
        len(body),
        body,
    )


async def serve() -> None:
    """Listen on a free port of 127.0.0.1 until killed."""
    server = await asyncio.get_running_loop().create_server(Wire, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())

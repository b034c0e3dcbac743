"""One agent of the load generator: an MCP session on one connection, one call in flight, every answer checked."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from registry.mcp.revisions import META_CAPABILITIES, META_CLIENT, META_VERSION, MODERN, Era, era_of_header
from tests.bench.wire import BadHttp, Wire, header
from tests.bench.wording import TAG, filler, tag

ANSWERS_WITHIN = 30.0
IDS = 1_000_000_000  # Each session counts from its own multiple of this.
INFO = {"name": "bench-load", "version": "1"}

now = time.perf_counter_ns


class Part(msgspec.Struct):
    """One part of a tool result's content."""

    text: str


class Result(msgspec.Struct):
    """A tool result."""

    content: list[Part]
    isError: bool = False  # noqa: N815  The protocol's own spelling.


class Response(msgspec.Struct):
    """A JSON-RPC response to a tool call."""

    id: int
    jsonrpc: str
    result: Result | None = None


_decode = msgspec.json.Decoder(Response).decode


@dataclass(frozen=True, slots=True)
class Task:
    """What a session does: call `tool` with texts of `size` bytes. `run` makes its texts differ from other runs'.

    `echo` carries the text both ways; `pad` sends a short one and gets a long one back.
    """

    url: str
    authorization: str
    era: str
    tool: str
    size: int
    run: int


class Book(Protocol):
    """Who keeps count."""

    going: bool

    def right(self, sent: int, done: int) -> None:
        """A call sent and answered rightly at these nanoseconds."""

    def wrong(self, why: str) -> None:
        """An answer that is not the one to what was asked, or none."""

    def idle(self) -> None:
        """The session has stopped."""


class Session:
    """Opens with `open`, then calls without pause from `fire` until the book stops going."""

    def __init__(self, task: Task, number: int, book: Book) -> None:
        self._task = task
        self._number = number
        self._book = book
        self._id = (number + 1) * IDS
        self._modern = era_of_header(task.era) is Era.MODERN
        self._address = urlsplit(task.url)
        self._headers = f"MCP-Protocol-Version: {task.era}\r\n" if self._modern else ""
        self._asking: asyncio.Future[tuple[int, bytes, bytes]] | None = None
        self._expected = ""
        self._sent_at = 0
        self._wire = Wire(self._answered, self._lost)
        self.sent = 0
        self.ended = False

    # The handshake.

    async def open(self) -> None:
        """Connect, agree on the revision, and find the tool. Raises BadHttp or TimeoutError."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self._wire, self._address.hostname, self._address.port)
        if not self._modern:
            await self._initialize()
        listed = await self._ask("tools/list", {})
        names = [entry["name"] for entry in listed["tools"]]
        if self._task.tool not in names:
            raise BadHttp(f"{self._task.url} has no tool {self._task.tool} but {names}")
        self._prepare()

    async def _initialize(self) -> None:
        wanted = {"protocolVersion": self._task.era, "capabilities": {}, "clientInfo": INFO}
        result = await self._ask("initialize", wanted)
        if result["protocolVersion"] != self._task.era:
            raise BadHttp(f"asked for {self._task.era}, got {result['protocolVersion']}")
        self._headers = f"MCP-Protocol-Version: {self._task.era}\r\n"
        session = header(self._head, b"mcp-session-id")
        if session is not None:
            self._headers += f"Mcp-Session-Id: {session.decode()}\r\n"
        body = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
        status, _, _ = await self._exchange(self._request_head("", len(body)) + body)
        if status != 202:
            raise BadHttp(f"notifications/initialized was answered with {status}")

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._id += 1
        if self._modern:
            params = {**params, "_meta": _meta()}
        body = json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}).encode()
        status, self._head, raw = await self._exchange(self._request_head(method, len(body)) + body)
        answer = json.loads(raw) if raw else {}
        if status != 200 or answer.get("id") != self._id or "result" not in answer:
            raise BadHttp(f"{method} was answered with {status} {raw[:300]!r}")
        return answer["result"]

    async def _exchange(self, request: bytes) -> tuple[int, bytes, bytes]:
        self._asking = asyncio.get_running_loop().create_future()
        self._wire.transport.write(request)
        try:
            return await asyncio.wait_for(self._asking, ANSWERS_WITHIN)
        finally:
            self._asking = None

    def _request_head(self, method: str, size: int) -> bytes:
        lines = [
            f"POST {self._address.path} HTTP/1.1",
            f"Host: {self._address.netloc}",
            "Content-Type: application/json",
            "Accept: application/json, text/event-stream",
        ]
        if self._task.authorization:
            lines.append(f"Authorization: {self._task.authorization}")
        if self._modern:
            lines.append(f"Mcp-Method: {method}")
            if method == "tools/call":
                lines.append(f"Mcp-Name: {self._task.tool}")
        return ("\r\n".join(lines) + f"\r\n{self._headers}Content-Length: {size}\r\n\r\n").encode()

    # Calls.

    def _prepare(self) -> None:
        """Encode everything of a call that does not change; ids and texts keep their length."""
        task = self._task
        rest = filler(task.size - TAG)
        opening = b'{"jsonrpc":"2.0","id":'
        self._middle = b',"method":"tools/call","params":{"name":"%b","arguments":{"text":"' % task.tool.encode()
        self._tail = b'","size":%d}' % task.size if task.tool == "pad" else rest.encode() + b'"}'
        if self._modern:
            self._tail += b',"_meta":' + json.dumps(_meta()).encode()
        self._tail += b"}}"
        self._rest = rest
        size = len(opening) + len(str(self._id)) + len(self._middle) + TAG + len(self._tail)
        self._opening = self._request_head("tools/call", size) + opening

    def fire(self) -> None:
        """Send the next call."""
        self._id += 1
        self.sent += 1
        text = tag(self._task.run, self._number, self.sent)
        self._expected = text + self._rest
        request = b"%b%d%b%b%b" % (self._opening, self._id, self._middle, text.encode(), self._tail)
        self._sent_at = now()
        self._wire.transport.write(request)

    def _answered(self, status: int, head: bytes, body: bytes) -> None:
        done = now()
        if self._asking is not None:
            if not self._asking.done():
                self._asking.set_result((status, head, body))
            return
        why = self._fault(status, body)
        if why:
            self._book.wrong(why)
        else:
            self._book.right(self._sent_at, done)
        if self._book.going:
            self.fire()
        else:
            self._end()

    def _fault(self, status: int, body: bytes) -> str:
        """What is wrong with the answer to the call in flight; empty when nothing is."""
        if status != 200:
            return f"HTTP {status} {body[:300]!r}"
        try:
            answer = _decode(body)
        except msgspec.DecodeError as problem:
            return f"{problem} in {body[:300]!r}"
        result = answer.result
        if answer.id != self._id or answer.jsonrpc != "2.0":
            return f"the answer to another request: {body[:300]!r}"
        if result is None or result.isError or len(result.content) != 1:
            return f"no result: {body[:300]!r}"
        if result.content[0].text != self._expected:
            return f"the text of another call: {body[:300]!r}"
        return ""

    def _lost(self, why: str) -> None:
        if self._asking is not None:
            if not self._asking.done():
                self._asking.set_exception(BadHttp(why))
        elif self.sent and not self.ended:
            self._book.wrong(why)
            self._end()

    def _end(self) -> None:
        self.ended = True
        self._book.idle()

    def close(self) -> None:
        """Close the connection."""
        self.ended = True
        if self._wire.transport is not None:
            self._wire.transport.abort()


def _meta() -> dict[str, Any]:
    return {META_VERSION: MODERN, META_CLIENT: INFO, META_CAPABILITIES: {}}

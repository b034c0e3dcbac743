"""A hostile MCP server over HTTP for tests, in the process of the test. The tool that is called names the fault.

`async with HttpSimulator() as simulator: ... simulator.url`; the faults are in `upstream_faults`, the same over
standard streams is `upstream_child`. `echo` returns its argument `text`: a nonce shows whose answer came back.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.upstream_faults import FAULTS, Message, event, head, piece, whole
from tests.upstream_offer import Offer, tool_result

INPUT_REQUIRED = (
    b'{"resultType": "input_required", "inputRequests": {"q": {"method": "elicitation/create", "params": {"n": 1.0}}}, '
    b'"requestState": "v1.\\u00e9", "unknown": 1e400}'
)
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
UPDATED = "notifications/resources/updated"


@dataclass
class Received:
    """One HTTP request as it came: head, body, and which connection brought it."""

    verb: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def message(self) -> dict[str, Any]:
        """The JSON in its body."""
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded


class _Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.sent = 0
        self.left = False

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        try:
            await self._writer.drain()
        except ConnectionError:
            self.left = True
            raise
        self.sent += len(data)

    @property
    def closed(self) -> bool:
        return self._writer.is_closing() or self._reader.at_eof()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        self._writer.transport.abort()

    async def gone(self) -> None:
        with contextlib.suppress(ConnectionError):
            await self._reader.read()
        self.left = True


class HttpSimulator:
    """A Streamable HTTP server on a loopback port. `received` holds every request, `most_sent` the longest answer."""

    def __init__(
        self,
        offer: Offer | None = None,
        *,
        session: bool = False,
        sse: bool = False,
        mute: bool = False,
        notices: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.offer = offer or Offer()
        self.session = session
        self.sse = sse
        self.mute = mute
        self.notices = notices  # Whether it offers the GET stream, or subscriptions.
        self.streams: list[tuple[Any, _Wire]] = []  # Who listens: the id of a subscription, or None, and where.
        self.confirms = asyncio.Event()  # While it is cleared no stream is confirmed, and nothing is told on it.
        self.confirms.set()
        self.left_out: set[str] = set()  # Resources that it does not let be watched, in the stateless era.
        self._watched: list[frozenset[str] | None] = []  # On each stream; None for what a session subscribed to.
        self.version_refused = False
        self.silent = ""  # The method it never answers.
        self.received: list[Received] = []
        self.connections = 0
        self.gone: list[Message] = []  # Calls whose connection was closed by the caller.
        self.sessions: set[str] = set()
        self.changed = asyncio.Event()
        self.most_sent = 0
        self.ended: set[int] = set()
        self._wires: dict[int, _Wire] = {}
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/mcp"

    def calls(self, method: str) -> list[Received]:
        """The requests received for one method, in order."""
        return [one for one in self.received if one.verb == "POST" and one.message.get("method") == method]

    async def until(self, condition: Any, seconds: float = 5.0) -> None:
        """Wait until `condition()` is true; it is looked at whenever something was received or a caller left."""
        async with asyncio.timeout(seconds):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def write_to(self, connection: int, data: bytes) -> None:
        """Say something on a connection out of turn."""
        await self._wires[connection].send(data)

    async def announce(self, method: str, params: dict[str, Any], stream: int = -1) -> None:
        """Say something of its own accord on one of the streams, under its subscription."""
        number, wire = self.streams[stream]
        bound = {} if number is None else {"_meta": {SUBSCRIPTION: number}}
        await self.say({"jsonrpc": "2.0", "method": method, "params": params | bound}, stream)

    async def say(self, message: Message, stream: int = -1) -> None:
        """Say any message on one of the streams."""
        await self.streams[stream][1].send(piece(event(json.dumps(message).encode())))

    async def end_stream(self, stream: int = -1) -> None:
        """End one of the streams as it should be ended."""
        number, wire = self.streams[stream]
        if number is not None:
            await self.say({"jsonrpc": "2.0", "id": number, "result": {"_meta": {SUBSCRIPTION: number}}}, stream)
        await wire.send(b"0\r\n\r\n")

    async def change(self, uri: str) -> int:
        """Change a resource: it is told once, on the streams that are there for it; on how many."""
        subscribed = any(one.message["params"].get("uri") == uri for one in self.calls("resources/subscribe"))
        told = 0
        for stream, watched in enumerate(self._watched):
            if not self.streams[stream][1].closed and (subscribed if watched is None else uri in watched):
                await self.announce(UPDATED, {"uri": uri}, stream)
                told += 1
        return told

    async def _listened(self, wire: _Wire, number: Any, wanted: Message) -> None:
        opening = head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")
        if number is not None:
            await wire.send(opening)
        await self.confirms.wait()
        if wire.closed:
            return
        if number is None:
            await wire.send(opening)
        uris = [uri for uri in wanted.get("resourceSubscriptions", ()) if uri not in self.left_out]
        self.streams.append((number, wire))
        self._watched.append(None if number is None else frozenset(uris))
        if number is not None:
            granted = {**wanted, "resourceSubscriptions": uris}
            await self.announce("notifications/subscriptions/acknowledged", {"notifications": granted})
        self.changed.set()

    async def close_idle(self) -> None:
        """Close every connection."""
        for wire in self._wires.values():
            wire.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for wire in self._wires.values():  # One that was accepted last may have no task that ever ran.
            wire.reset()
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        wire = self._wires[self.connections] = _Wire(reader, writer)
        task = asyncio.create_task(self._serve(wire, reader, writer, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(
        self, wire: _Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while not writer.is_closing():
                    request = await _read(reader, connection)
                    self.received.append(request)
                    self.changed.set()
                    await self._handle(wire, request)
        finally:
            self.most_sent = max(self.most_sent, wire.sent)
            writer.transport.abort()
            self.ended.add(connection)
            self.changed.set()

    async def _handle(self, wire: _Wire, request: Received) -> None:
        if self.mute:
            return await wire.gone()
        if request.verb == "GET" and self.notices:
            return await self._listened(wire, None, {})
        if request.verb != "POST":
            return await wire.send(head("405 Method Not Allowed", "Content-Length: 0"))
        message = request.message
        identity = request.headers.get("mcp-session-id")
        greets = message.get("method") in ("initialize", "server/discover")
        if self.session and not greets and identity not in self.sessions:
            unknown = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no such session"}}'
            return await wire.send(whole(unknown, "404 Not Found"))
        if "id" not in message or "method" not in message:
            return await wire.send(head("202 Accepted", "Content-Length: 0"))
        good = json.dumps(self.offer.respond(message)).encode()
        if message["method"] == self.silent:
            return await wire.gone()
        fault = message.get("params", {}).get("name") if message["method"] == "tools/call" else None
        try:
            await self._answer(wire, message, good, fault)
        finally:
            if wire.left:
                self.gone.append(message)
                self.changed.set()
        return None

    async def _answer(self, wire: _Wire, message: Message, good: bytes, fault: str | None) -> None:
        if self.version_refused:
            error = {"code": -32022, "message": "unsupported", "data": {"supported": []}}
            refusal = json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode()
            return await wire.send(whole(refusal, "400 Bad Request"))
        if self.notices and message["method"] == "subscriptions/listen":
            return await self._listened(wire, message["id"], message["params"]["notifications"])
        if fault == "input":
            body = b'{"jsonrpc":"2.0","id":%d,"result":%s}' % (message["id"], INPUT_REQUIRED)
            return await wire.send(whole(body))
        if fault in ("ask", "ask_and_hang", "ping_me", "progress"):
            return await self._converse(wire, message, good, fault)
        if fault in FAULTS:
            return await FAULTS[fault](wire, message, good)
        lines = []
        if self.session and message["method"] == "initialize":
            identity = f"session-{len(self.sessions) + 1}"
            self.sessions.add(identity)
            lines.append(f"Mcp-Session-Id: {identity}")
        if self.sse:
            opening = head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked", *lines)
            return await wire.send(opening + piece(event(good)) + b"0\r\n\r\n")
        return await wire.send(whole(good, "200 OK", "application/json", *lines))

    async def _converse(self, wire: _Wire, message: Message, good: bytes, what: str) -> None:
        await wire.send(head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked"))
        if what == "progress":
            token = message["params"].get("_meta", {}).get("progressToken")
            for step, said in enumerate((token, "somebody else's", token)):
                params = {"progressToken": said, "progress": step, "exact": 1.10}
                notice = {"jsonrpc": "2.0", "method": "notifications/progress", "params": params}
                await wire.send(piece(event(json.dumps(notice).encode())))
        else:
            method = "ping" if what == "ping_me" else "elicitation/create"
            asked = {"jsonrpc": "2.0", "id": "q1", "method": method, "params": {"message": "who?"}}
            await wire.send(piece(event(json.dumps(asked).encode())))
            await self.until(lambda: any(b'"id":"q1"' in one.body for one in self.received))
            if what == "ask_and_hang":
                return await wire.gone()
            reply = next(one.body for one in self.received if b'"id":"q1"' in one.body)
            good = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": tool_result(reply.decode())}).encode()
        return await wire.send(piece(event(good)) + b"0\r\n\r\n")


async def _read(reader: asyncio.StreamReader, connection: int) -> Received:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"the header {name} came twice"
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(first.split(" ")[0], headers, body, connection)

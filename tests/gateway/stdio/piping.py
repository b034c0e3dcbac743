"""A real `gatehouse stdio` process on its pipes, and an endpoint that answers as a test tells it, down to the bytes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).parent / "gatehouse"
WITHIN = 20.0
MODERN = "2026-07-28"
LEGACY = "2025-11-25"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "pipe", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


# The program.


class Piped:
    """A running `gatehouse stdio`. Lines go in as bytes or as objects, and come out as bytes or as objects."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def write(self, *messages: Any) -> None:
        """Write messages, one line each."""
        assert self.process.stdin is not None
        for message in messages:
            raw = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.process.stdin.write(raw + b"\n")

    async def line(self, within: float = WITHIN) -> bytes:
        """The next line of standard output; b"" at its end."""
        assert self.process.stdout is not None
        return await asyncio.wait_for(self.process.stdout.readline(), within)

    async def message(self, within: float = WITHIN) -> Any:
        """The next message."""
        return json.loads(await self.line(within))

    async def messages(self, count: int) -> list[Any]:
        """The next so many messages."""
        return [await self.message() for _ in range(count)]

    async def ask(self, message: Any) -> Any:
        """Write one message and give the next that comes."""
        self.write(message)
        return await self.message()

    def end_input(self) -> None:
        """Close its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.close()

    async def ended(self, within: float = WITHIN) -> int:
        """Its exit status."""
        return await asyncio.wait_for(self.process.wait(), within)

    async def complaints(self) -> str:
        """Everything on standard error, once it has ended."""
        assert self.process.stderr is not None
        return (await asyncio.wait_for(self.process.stderr.read(), WITHIN)).decode()

    async def complaint(self, text: str) -> str:
        """The first line of standard error that holds `text`."""
        assert self.process.stderr is not None
        while True:
            line = (await asyncio.wait_for(self.process.stderr.readline(), WITHIN)).decode()
            assert line, f"nothing said {text!r}"
            if text in line:
                return line

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)


@asynccontextmanager
async def piped(url: str, *arguments: str, token: str = "tok", **environment: str) -> AsyncIterator[Piped]:
    """`gatehouse stdio --url URL` with its pipes; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        "stdio",
        "--url",
        url,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=64 * 1024 * 1024,
        env={"PATH": os.environ["PATH"], **({"GATEHOUSE_TOKEN": token} if token else {}), **environment},
    )
    try:
        yield Piped(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


# The endpoint.


@dataclass(slots=True)
class Asked:
    """A request that arrived, and the means to answer it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    _reader: asyncio.StreamReader = field(repr=False)
    _writer: asyncio.StreamWriter = field(repr=False)

    @property
    def message(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    async def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body: bytes | Any = b"", status: int = 200, **headers: str) -> None:
        """Answer with JSON (or nothing), and a length."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if payload else ""
        extra = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {status} X\r\n{kind}{extra}Content-Length: {len(payload)}\r\n\r\n"
        await self.raw(head.encode() + payload)

    async def result(self, result: Any = None, **headers: str) -> None:
        """Answer the request in the body."""
        await self.answer({"jsonrpc": "2.0", "id": self.message["id"], "result": result or {}}, **headers)

    async def stream(self, *messages: Any) -> None:
        """Begin an event stream with these messages."""
        await self.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        await self.events(*messages)

    async def events(self, *messages: Any) -> None:
        """Further messages of the stream."""
        for message in messages:
            payload = message if isinstance(message, bytes) else b"data: " + json.dumps(message).encode() + b"\n\n"
            await self.raw(b"%x\r\n%s\r\n" % (len(payload), payload))

    async def end_stream(self) -> None:
        """The end of the stream."""
        await self.raw(b"0\r\n\r\n")

    async def left(self) -> None:
        """Return when the client has closed the connection."""
        with suppress(OSError):
            assert await asyncio.wait_for(self._reader.read(1), WITHIN) == b""

    def hang_up(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()


Answering = Callable[[Asked], Awaitable[None]]


class Endpoint:
    """Listens on a loopback port. Every request is kept in `asked` and handed to `serve`."""

    def __init__(self, serve: Answering, tls: ssl.SSLContext | None) -> None:
        self.serve = serve
        self.asked: list[Asked] = []
        self.connections = 0
        self.port = 0
        self.problems: list[BaseException] = []
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/mcp/desk"

    def posted(self, method: str) -> list[Asked]:
        """The POSTs whose body has this JSON-RPC method."""
        return [each for each in self.asked if each.method == "POST" and each.message.get("method") == method]

    def having(self, http: str) -> list[Asked]:
        """The requests of this HTTP method."""
        return [each for each in self.asked if each.method == http]

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=self._tls, limit=32 * 1024 * 1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            while (asked := await self._read(reader, writer)) is not None:
                self.asked.append(asked)
                await self.serve(asked)
        except (OSError, asyncio.IncompleteReadError):
            pass
        except AssertionError as problem:
            self.problems.append(problem)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs), f"a header came twice: {lines}"
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Asked(method, target, headers, body, reader, writer)


@asynccontextmanager
async def endpoint(serve: Answering, tls: ssl.SSLContext | None = None) -> AsyncIterator[Endpoint]:
    """A listening endpoint; what failed inside it fails the test."""
    made = Endpoint(serve, tls)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()
    assert not made.problems, made.problems


async def plain(asked: Asked) -> None:
    """Answer any request."""
    await asked.result()


class Sessions:
    """The session era of a scripted endpoint: hands out session ids and knows which are alive."""

    def __init__(self, serve: Answering, *, stream: Answering | None = None) -> None:
        self._serve, self._stream = serve, stream
        self.alive: set[str] = set()
        self.given = 0

    async def __call__(self, asked: Asked) -> None:
        """Open, refuse what is unknown, end, or hand over."""
        method = asked.message.get("method") if asked.body else None
        if method == "initialize":
            self.given += 1
            self.alive.add(f"s{self.given}")
            version = asked.message["params"]["protocolVersion"]
            offered = {"tools": {"listChanged": True}, "prompts": {}}
            result = {"protocolVersion": version, "capabilities": offered, "serverInfo": {"name": "x", "version": "1"}}
            await asked.result(result, Mcp_Session_Id=f"s{self.given}")
        elif asked.headers.get("mcp-session-id") not in self.alive:
            gone = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "Session not found"}}
            await asked.answer(gone, 404)
        elif asked.method == "DELETE":
            self.alive.discard(asked.headers["mcp-session-id"])
            await asked.answer(b"", 200)
        elif asked.method == "GET":
            await (self._stream(asked) if self._stream else asked.answer(b"", 405))
        elif method is None or method.startswith("notifications/"):
            await asked.answer(b"", 202)
        else:
            await self._serve(asked)


# Messages.


def request(number: Any, method: str, **params: Any) -> dict[str, Any]:
    """A request of the session era."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def stateless(number: Any, method: str, **params: Any) -> dict[str, Any]:
    """A request of the stateless era."""
    return request(number, method, **params, _meta=META)


def notification(method: str, **params: Any) -> dict[str, Any]:
    """A notification."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


INITIALIZE = request(
    0, "initialize", protocolVersion=LEGACY, capabilities={"roots": {}}, clientInfo={"name": "pipe", "version": "1"}
)
INITIALIZED = notification("notifications/initialized")


async def opened(pipe: Piped) -> Mapping[str, Any]:
    """Open a session as a client does; gives the result of `initialize`."""
    answer = await pipe.ask(INITIALIZE)
    pipe.write(INITIALIZED)
    result: Mapping[str, Any] = answer["result"]
    return result

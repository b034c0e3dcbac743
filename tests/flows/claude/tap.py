"""A listener between a client and Gatehouse that passes every byte on and reads the requests: `with tap(port)`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

HEAD = re.compile(rb"(POST|GET|DELETE) (/\S*) HTTP/1\.1\r\n((?:[^\r\n]+\r\n)*)\r\n")
CHUNK = 65_536
STARTS_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One HTTP request of the client: header names in lower case, the body as JSON where it is some."""

    verb: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def method(self) -> str:
        """The JSON-RPC method, "" without one."""
        return str(self.body.get("method", "")) if isinstance(self.body, dict) else ""

    @property
    def version(self) -> str:
        """The revision that the header names, "" without one."""
        return self.headers.get("mcp-protocol-version", "")


@dataclass
class Tap:
    """The requests so far, in the order in which their connections were opened."""

    port: int = 0
    heard: list[bytearray] = field(default_factory=list)

    @property
    def asked(self) -> list[Asked]:
        """Every request that has arrived completely."""
        return [request for stream in list(self.heard) for request in requests_in(bytes(stream))]

    def calls(self) -> list[Asked]:
        """The tools/call among them."""
        return [each for each in self.asked if each.method == "tools/call"]


def requests_in(sent: bytes) -> Iterator[Asked]:
    """The requests of one connection. Bodies have a length or come in chunks."""
    while found := HEAD.match(sent):
        fields = [line.partition(b":") for line in found[3].split(b"\r\n") if line]
        headers = {name.decode().lower(): value.decode().strip() for name, _, value in fields}
        sent = sent[found.end() :]
        if headers.get("transfer-encoding") == "chunked":
            body, sent = unchunked(sent)
        else:
            length = int(headers.get("content-length", "0"))
            body, sent = (sent[:length], sent[length:]) if len(sent) >= length else (None, b"")
        if body is None:
            return
        yield Asked(found[1].decode(), found[2].decode(), headers, json.loads(body) if body else None)


def unchunked(sent: bytes) -> tuple[bytes | None, bytes]:
    """A body out of its chunks and what comes after it; None while it is not complete."""
    body = b""
    while True:
        line, ended, sent = sent.partition(b"\r\n")
        size = int(line, 16) if ended else 0
        if not ended or len(sent) < size + 2:
            return None, b""
        body, sent = body + sent[:size], sent[size + 2 :]
        if not size:
            return body, sent


class Relay:
    """The loop that moves the bytes, in a thread of its own."""

    def __init__(self, port: int) -> None:
        self.tap, self.to = Tap(), port
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.over = asyncio.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),), daemon=True)

    async def serve(self) -> None:
        """Listen until told to end."""
        server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        self.tap.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await self.over.wait()
        server.close()
        moving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in moving:
            task.cancel()
        await asyncio.gather(*moving, return_exceptions=True)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        heard = bytearray()
        self.tap.heard.append(heard)
        behind: asyncio.StreamWriter | None = None
        with contextlib.suppress(OSError, asyncio.CancelledError):
            answers, behind = await asyncio.open_connection("127.0.0.1", self.to)
            ways = [asyncio.create_task(move(reader, behind, heard)), asyncio.create_task(move(answers, writer))]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
        for each in (writer, behind):
            if each is not None:
                each.close()


async def move(source: asyncio.StreamReader, sink: asyncio.StreamWriter, heard: bytearray | None = None) -> None:
    """Pass bytes on until they end."""
    with contextlib.suppress(OSError):
        while some := await source.read(CHUNK):
            if heard is not None:
                heard += some
            sink.write(some)
            await sink.drain()


@contextmanager
def tap(port: int) -> Iterator[Tap]:
    """A tap on a free port in front of a port of loopback; it is gone at the end."""
    relay = Relay(port)
    relay.thread.start()
    try:
        assert relay.started.wait(STARTS_WITHIN), "the tap does not listen"
        yield relay.tap
    finally:
        relay.loop.call_soon_threadsafe(relay.over.set)
        relay.thread.join(STARTS_WITHIN)
        relay.loop.close()

"""A server of the SSE transport of 2024-11-05 for tests, in the process of the test. A tool's name may be a fault."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.upstream_faults import head, piece
from tests.upstream_offer import Offer, tool_result


class OldServer:
    """GET opens a stream, POST takes a message; a tool's name may be a fault."""

    def __init__(self, endpoint: str = "/messages?s=1") -> None:
        self.endpoint = endpoint
        self.offer = Offer(eras=frozenset(("legacy",)))
        self.posted: list[str] = []
        self.streams: list[asyncio.StreamWriter] = []
        self.asking: dict[str, object] = {}
        self.replies: list[dict[str, object]] = []

    @property
    def url(self) -> str:
        """Where its stream is."""
        return f"http://127.0.0.1:{self.port}/sse"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[OldServer]:
        """Serve on a loopback port."""
        self.tasks: set[asyncio.Task[None]] = set()
        self.writers: list[asyncio.StreamWriter] = []
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            if self.tasks:
                await asyncio.wait(self.tasks)
            for writer in self.writers:  # One that was accepted last may have no task that ever ran.
                writer.transport.abort()
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    top = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    if top.startswith("get"):
                        self.streams.append(writer)
                        self._say(b"", opening=True)
                    else:
                        size = int(top.split("content-length: ")[1].split("\r\n")[0])
                        self.posted.append(top.split(" ")[1])
                        self._take(writer, json.loads(await reader.readexactly(size)))
        finally:
            writer.transport.abort()

    def say(self, message: dict[str, object]) -> None:
        """Say any message on the last stream."""
        self._say(json.dumps(message).encode())

    def _say(self, payload: bytes, opening: bool = False) -> None:
        if opening:
            start = head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked")
            self.streams[-1].write(start + piece(f"event: endpoint\ndata: {self.endpoint}\n\n".encode()))
        else:
            self.streams[-1].write(piece(b"event: message\ndata: " + payload + b"\n\n"))

    def _take(self, writer: asyncio.StreamWriter, message: dict[str, object]) -> None:
        params = message.get("params")
        fault = params.get("name") if isinstance(params, dict) else None
        if fault == "refuse":
            writer.write(head("400 Bad Request", "Content-Length: 0"))
            return
        writer.write(head("202 Accepted", "Content-Length: 0"))
        if "method" not in message:
            self.replies.append(message)
            if self.asking:
                said, self.asking = self.asking, {}
                self.say({"jsonrpc": "2.0", "id": said["id"], "result": tool_result(json.dumps(message))})
            return
        if fault == "ask":
            self.asking = message
            self.say({"jsonrpc": "2.0", "id": "q1", "method": "elicitation/create", "params": {"message": "who?"}})
            return
        if "id" not in message or fault == "hang":
            return
        if fault == "end":
            self.streams[-1].transport.abort()
            return
        if fault == "others":
            self._say(json.dumps({"jsonrpc": "2.0", "id": 999, "result": {"stolen": True}}).encode())
            return
        if fault == "flood":
            self.streams[-1].write(piece(b"data: " + b"x" * 1_000_000))
            return
        self._say(json.dumps(self.offer.respond(message)).encode())

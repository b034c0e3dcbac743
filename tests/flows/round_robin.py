"""A reverse proxy that sends every request to another process than the one before: `with round_robin(first, second)`.

It keeps nothing: each request is passed on over a connection of its own, and the answer's bytes come back as they come.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

PIECE = 65_536
LONGEST_HEAD = 65_536


@dataclass(frozen=True, slots=True)
class Passed:
    """One request that was passed on: whose (its Authorization header), HTTP method, MCP method, and to which port."""

    whose: str
    http: str
    method: str
    port: int


@dataclass
class RoundRobin:
    """The running proxy. The turn is kept for each Authorization header, so that one client never has luck."""

    ports: list[int]
    port: int = 0
    passed: list[Passed] = field(default_factory=list)
    _turns: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def of(self, token: str) -> list[Passed]:
        """What was passed on with this token."""
        return [one for one in self.passed if one.whose.endswith(token)]

    def require_every_turn(self, token: str) -> None:
        """Fail unless this token's requests went to each process in turn."""
        taken = [one.port for one in self.of(token)]
        assert len(taken) > 1, "fewer than two requests: nothing was shown"
        assert all(before != after for before, after in zip(taken, taken[1:], strict=False)), taken

    def _next(self, whose: str) -> int:
        turn = self._turns.get(whose, 0)
        self._turns[whose] = turn + 1
        return self.ports[turn % len(self.ports)]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, which serves one request."""
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")[:-2]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            http = lines[0].partition(" ")[0]
            whose = headers.get("authorization", "")
            port = self._next(whose)
            self.passed.append(Passed(whose, http, _method(body), port))
            kept = [line for line in lines if not line.lower().startswith("connection:")]
            wire = "\r\n".join([*kept, "Connection: close", "", ""]).encode("latin-1") + body
            await self._carry(wire, port, reader, writer)
        writer.close()

    async def _carry(self, wire: bytes, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a request on and its answer back; whoever closes first closes both."""
        answer, to = await asyncio.open_connection("127.0.0.1", port, limit=LONGEST_HEAD)
        to.write(wire)
        back = asyncio.ensure_future(_copy(answer, writer))
        left = asyncio.ensure_future(reader.read())  # A client that asked says nothing more before it leaves.
        try:
            await asyncio.wait({back, left}, return_when="FIRST_COMPLETED")
        finally:
            for task in (back, left):
                task.cancel()
            to.close()


async def _copy(answer: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await answer.read(PIECE):
            writer.write(piece)
            await writer.drain()


def _method(body: bytes) -> str:
    try:
        message = json.loads(body)
    except ValueError:
        return ""
    return str(message.get("method", "")) if isinstance(message, dict) else ""


@contextmanager
def round_robin(ports: Sequence[int]) -> Iterator[RoundRobin]:
    """A proxy in front of these ports of loopback, on a thread of its own."""
    loop, proxy = asyncio.new_event_loop(), RoundRobin(list(ports))
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, limit=LONGEST_HEAD)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10), "the proxy did not start"
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()

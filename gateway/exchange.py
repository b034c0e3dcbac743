"""One HTTP request and its answer: the body capped, the answer plain JSON or an event stream, the agent's leaving seen.

Implements the pipeline's Channel. A fast call costs one timer; watching for a disconnect starts only after a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gateway.live import LiveSession
from gateway.mcp import outbound
from gateway.ports import NobodyAnswers
from gateway.refusal import Malformed
from registry.mcp.revisions import Era
from registry.transports.base import Answer

if TYPE_CHECKING:
    from gateway.peers.relay import Relay

JSON_TYPE = (b"content-type", b"application/json")
STREAM = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]
WATCH_AFTER = 0.05
HEARTBEAT = 10.0
BODY_SECONDS = 10.0
UNREAD_BYTES = 4 * 1024 * 1024
READ_SECONDS = 60.0  # How long an agent may take to read the end of its stream.
SINGLE = frozenset(
    {
        b"authorization",
        b"content-type",
        b"host",
        b"origin",
        b"mcp-protocol-version",
        b"mcp-method",
        b"mcp-name",
        b"mcp-session-id",
    }
)

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Exchange:
    """One request. Its methods are called from the task that serves it, but for `notify` and `withdraw`."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self.scope = scope
        self.headers = read_headers(scope["headers"])
        self.address: str = (scope.get("client") or ("unknown", 0))[0]
        self.era = Era.LEGACY
        self.progress_token: bytes | None = None
        self.hold_seconds = 0.0
        self.polls = False
        self.withdrawn = False
        self.rpc_id = b"null"
        self.live: LiveSession | None = None
        self.wants: Callable[[str], bool] = _no_log
        self.gone = False
        self.extra: list[tuple[bytes, bytes]] = []
        self._body: bytes | None = None
        self._receive = receive
        self._send = send
        self._loop = loop  # Asking for the running loop costs a system call each time.
        self._task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._left: asyncio.Event | None = None
        self._outgoing: asyncio.Queue[bytes | None] | None = None
        self._drain: asyncio.Task[None] | None = None
        self._holds = False
        self.streams = False
        self._stalled = False
        self._beats = 0
        self.unread = 0
        self.started = False

    async def body(self, limit: int) -> bytes:
        """The request body, within BODY_SECONDS.

        Raises Malformed with 413 past `limit` bytes, whatever the length header says, and with 408 when it stalls.
        """
        self._task = asyncio.current_task(self._loop)
        timer = self._loop.call_later(BODY_SECONDS, self._stall)
        try:
            self._body = await self._whole_body(limit)
            return self._body
        except asyncio.CancelledError:
            if not self._stalled:
                raise
            raise Malformed(f"The body did not arrive within {BODY_SECONDS:g} s.", code=-32600, http=408) from None
        finally:
            timer.cancel()

    def _stall(self) -> None:
        self._stalled = True
        if self._task is not None:
            self._task.cancel()

    async def _whole_body(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while size <= limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Malformed("The request ended before its body did.", code=-32600)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if not message.get("more_body"):
                break
        return self._within(parts[0] if len(parts) == 1 else b"".join(parts), limit)

    def _within(self, body: bytes, limit: int) -> bytes:
        if len(body) > limit:
            raise Malformed(f"The body is longer than {limit} bytes.", code=-32600, http=413)
        return body

    # Waiting.

    def begin(self) -> None:
        """From here on the request may take a while: watch the agent, and show life."""
        self._task = asyncio.current_task(self._loop)
        self._timer = self._loop.call_later(WATCH_AFTER, self._watch)

    def end(self) -> None:
        """The work is over: stop watching."""
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def _watch(self) -> None:
        self._watcher = self._loop.create_task(self._see_off())
        self._timer = self._loop.call_later(HEARTBEAT, self._beat)

    async def _see_off(self) -> None:
        """Note that the agent closed the connection; in the stateless era that cancels a call that is not held."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._outgoing is not None:
            self._outgoing.put_nowait(None)  # Nothing more is sent, and nobody waits to send it.
        if self._left is not None:
            self._left.set()
        if self.era is Era.MODERN and not self._holds and self._task is not None and not self.streams:
            self._task.cancel()

    def _beat(self) -> None:
        if not self._holds:
            self._put(b": still working\n\n")
        self._timer = self._loop.call_later(HEARTBEAT, self._beat)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """While a person is awaited: a closed connection detaches, and the session era's stream is opened at once."""
        self._holds = True
        if self.era is Era.LEGACY:
            self._put(b": waiting for approval\n\n")
        try:
            yield
        finally:
            self._holds = False

    async def until_gone(self) -> None:
        """Return when the agent has closed the connection."""
        if self._left is None:
            self._left = asyncio.Event()
            if self.gone:
                self._left.set()
        await self._left.wait()

    def withdraw(self) -> None:
        """The agent cancelled this request in so many words."""
        self.withdrawn = True
        if self._task is not None:
            self._task.cancel()

    async def ask(self, method: str, params: bytes) -> Answer:
        """Put a server's question on this request's stream and wait for the agent's answer (session era)."""
        if self.live is None or self.gone:
            raise NobodyAnswers("the agent cannot be asked on this request")
        return await self.live.ask(self._put, method, params)

    async def relay(self, relay: Relay, *, to: str) -> None:
        """Let another process answer this request. Raises PeerGone."""

        async def send(message: dict[str, Any]) -> None:
            self.started = True
            await self._send(message)

        await relay.forward(self.scope, self._receive, send, self._body, to=to)

    # A stream of its own.

    async def serve_stream(self, last: bytes | None = None) -> None:
        """Stay open for notifications until the agent leaves or `leave` is called; then send `last`, if anything."""
        self.streams = True
        self._left = asyncio.Event()
        self._put(b": open\n\n")
        self._watch()
        try:
            await self._left.wait()
        finally:
            self.end()
            if not self.gone and self._outgoing is not None:
                if last is not None:
                    self._outgoing.put_nowait(outbound.event(last))
                await self._close_stream()

    def put(self, event: bytes) -> None:
        """Put one event on the stream, in order; `unread` tells how many bytes have not left yet."""
        self._put(event)

    def leave(self) -> None:
        """End the stream from our side."""
        if self._left is not None:
            self._left.set()

    # Answering.

    def notify(self, method: str, params: bytes) -> None:
        """Pass a notification on, in order, ahead of the answer; an agent that does not read hears no more of them."""
        if self.unread > UNREAD_BYTES:
            self.leave()
            return
        self._put(outbound.event(outbound.notification(method, params)))

    async def heartbeat(self, message: str) -> None:
        """Show that a held request lives."""
        self._beats += 1
        if self.progress_token is None:
            self._put(b": waiting for approval\n\n")
        else:
            self._put(outbound.event(outbound.progress(self.progress_token, self._beats, message)))

    def _put(self, data: bytes) -> None:
        if self.gone:
            return
        if self._outgoing is None:
            self._outgoing = asyncio.Queue()
            self._drain = self._loop.create_task(self._stream())
        self.unread += len(data)
        self._outgoing.put_nowait(data)

    async def _stream(self) -> None:
        """Send what was put, in order; the stream opens with the first of it."""
        assert self._outgoing is not None
        await self._start(200, STREAM)
        while (data := await self._outgoing.get()) is not None:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
            self.unread -= len(data)

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, *self.extra]})

    async def answer(self, message: bytes, status: int = 200) -> None:
        """Send the one answer: as the last event where a stream is open, else as plain JSON with its status."""
        if self._outgoing is not None:
            self._outgoing.put_nowait(outbound.event(message))
            await self._close_stream()
            return
        length = (b"content-length", b"%d" % len(message))
        await self._start(status, [JSON_TYPE, length])
        await self._send({"type": "http.response.body", "body": message})

    async def nothing(self, status: int = 202) -> None:
        """Answer without content; ends an open stream."""
        if self._outgoing is not None:
            await self._close_stream()
            return
        await self._start(status, [(b"content-length", b"0")])
        await self._send({"type": "http.response.body", "body": b""})

    async def _close_stream(self) -> None:
        assert self._outgoing is not None and self._drain is not None
        self._outgoing.put_nowait(None)
        try:
            async with asyncio.timeout(READ_SECONDS):
                await self._drain
        except TimeoutError:
            return  # The agent does not read; what waits for it is given up with the connection.
        await self._send({"type": "http.response.body", "body": b""})


def _no_log(level: str) -> bool:
    return False


def read_headers(pairs: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers by lower-case name; the marker `:twice` names one that decides something and came twice."""
    headers: dict[bytes, bytes] = {}
    for name, value in pairs:
        if name in headers and (name in SINGLE or name.startswith(b"mcp-param-")):
            headers[b":twice"] = name
        headers[name] = value
    return headers

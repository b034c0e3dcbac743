"""uvicorn with three changes: an answer leaves with one system call, heads of requests are bounded in size and time,
and ending does not wait for people."""

from __future__ import annotations

import asyncio
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway import runtime

HEAD = b"HTTP/1.1 "
MAX_HEAD: Final = 64 * 1024
"""Bytes of a request line and the header lines after it, line ends included."""
MAX_LINES: Final = 100
"""Header lines of a request, trailers included."""
TOO_LARGE: Final = (
    STATUS_LINE[431]
    + b"content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\nconnection: close\r\n\r\n"
    + b"The request head is too large."
)


class HeadTooLarge(Exception):
    """A complete head that has too many bytes or lines."""


class Corked:
    """A transport that holds the head of an answer until its body follows, or until the loop comes round again."""

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes) -> None:
        """Write, or hold what looks like the head of an answer: a client sees the same bytes either way.

        What is written to a client that has left is dropped, as sockets do it.
        """
        if self._transport.is_closing():
            return
        if self._held:
            data, self._held = self._held + data, b""
        elif data.startswith(HEAD):
            self._held = data
            self._loop.call_soon(self._let_go)
            return
        self._transport.write(data)

    def close(self) -> None:
        """Write what is held, then close."""
        self._let_go()
        self._transport.close()

    def _let_go(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class CorkedProtocol(HttpToolsProtocol):
    """The stock protocol over a corked transport, with bounded heads; what it upgrades to WebSocket gets the bare one.

    A connection whose head is too large is answered 431 where no other answer is under way, and closed. It is closed
    without an answer when a head is not complete `head_within` seconds after its first byte, or when none begins
    in that time after the connection was made.
    """

    head_within = 10.0

    _in_head = True
    _begun = False
    _too_large = False
    _unread = 0  # Bytes received since the last thing that was no line of a head, a trailer or a chunk.
    _latest = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(Corked(transport, asyncio.get_running_loop()))  # type: ignore[arg-type]
        self._patience = self.loop.call_later(self.head_within, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let a connection go."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; a whole request that comes at once costs neither a timer nor a count of its lines."""
        self._latest = len(data)
        self._unread += self._latest
        super().data_received(data)
        if (self._unread or len(self.headers) > MAX_LINES) and not self.transport.is_closing():
            self._bound_what_is_unfinished()

    def on_headers_complete(self) -> None:
        """Begin a request, unless its head is too large."""
        self._in_head = self._begun = False
        if self._patience is not None:
            self._stop_waiting()
        if len(self.headers) > MAX_LINES or (self._unread + self._latest > MAX_HEAD and self._size() > MAX_HEAD):
            self._too_large = True
            raise HeadTooLarge
        self._unread = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; the next bytes are a head again."""
        self._unread = 0
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read, or what we told it not to."""
        if self._too_large:
            self._refuse()
        else:
            super().send_400_response(msg)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over with its own transport."""
        if isinstance(self.transport, Corked):
            self.transport = self.transport._transport
        super().handle_websocket_upgrade()

    def _bound_what_is_unfinished(self) -> None:
        if self._unread > MAX_HEAD or (self.headers is not None and len(self.headers) > MAX_LINES):
            self._refuse()
        elif self._in_head and not self._begun:
            self._begun = True
            self._stop_waiting()
            self._patience = self.loop.call_later(self.head_within, self._lose_patience)

    def _size(self) -> int:
        lines = sum(len(name) + len(value) + len(b": \r\n") for name, value in self.headers)
        return len(b"GET  HTTP/1.1\r\n\r\n") + len(self.url) + lines

    def _refuse(self) -> None:
        # In the midst of another answer this one would be read as a part of it.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(TOO_LARGE)
        self.transport.close()

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        self.transport.close()


class DrainingServer(uvicorn.Server):
    """A server whose held calls are answered as pending when it is told to end, rather than cut off."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        gateway = runtime.running()
        if gateway is not None:
            gateway.loop.call_soon_threadsafe(gateway.drain)

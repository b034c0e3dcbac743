"""uvicorn with two changes: an answer leaves with one system call, and ending does not wait for people."""

from __future__ import annotations

import asyncio
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway import runtime

HEAD = b"HTTP/1.1 "


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
    """The stock protocol over a corked transport; what it upgrades to WebSocket gets the bare one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection."""
        super().connection_made(Corked(transport, asyncio.get_running_loop()))  # type: ignore[arg-type]

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over with its own transport."""
        if isinstance(self.transport, Corked):
            self.transport = self.transport._transport
        super().handle_websocket_upgrade()


class DrainingServer(uvicorn.Server):
    """A server whose held calls are answered as pending when it is told to end, rather than cut off."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        gateway = runtime.running()
        if gateway is not None:
            gateway.loop.call_soon_threadsafe(gateway.drain)

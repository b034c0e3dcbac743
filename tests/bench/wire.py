"""One HTTP/1.1 connection of the load generator: a request out, its whole answer back. No Django."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

_length = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)", re.IGNORECASE).search
_chunked = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE).search
_stream = re.compile(rb"\r\ncontent-type:[ \t]*text/event-stream", re.IGNORECASE).search
_closes = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE).search


class BadHttp(ValueError):
    """The bytes are no HTTP answer that this generator understands; the text says why."""


class Wire(asyncio.Protocol):
    """Hands every whole answer to `answered(status, head, body)`, and the end of the connection to `lost(why)`.

    `body` is the JSON of the answer; of an event stream it is the data of its last event.
    """

    def __init__(self, answered: Callable[[int, bytes, bytes], None], lost: Callable[[str], None]) -> None:
        self._answered = answered
        self._lost = lost
        self._got = b""
        self._pieces: list[bytes] = []
        self._held = 0
        self._needed = 0
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(f"connection lost ({exc!r})")

    def data_received(self, data: bytes) -> None:
        if self._needed:
            # A long body comes in many pieces; they are put together once.
            self._pieces.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return
            data, self._needed = b"".join(self._pieces), 0
            self._pieces.clear()
        self._got = self._got + data if self._got else data
        try:
            while self._got and self._take():
                pass
        except BadHttp as problem:
            self._lost(str(problem))
            self.transport.abort()

    def _take(self) -> bool:
        """Hand on one whole answer, if there is one."""
        got = self._got
        end = got.find(b"\r\n\r\n")
        if end < 0:
            return False
        stated = _length(got, 0, end + 2)
        if stated is not None:
            body_end = end + 4 + int(stated[1])
            if len(got) < body_end:
                self._pieces, self._held, self._needed, self._got = [got], len(got), body_end, b""
                return False
            body = got[end + 4 : body_end]
        elif _chunked(got, 0, end + 2):
            found = unchunked(got, end + 4)
            if found is None:
                return False
            body, body_end = found
        else:
            raise BadHttp("an answer without length")
        head, self._got = got[:end], got[body_end:]
        if _closes(head):
            raise BadHttp("the answer closes the connection")
        if _stream(head):
            body = last_event(body)
        self._answered(int(head[9:12]), head, body)
        return True


def unchunked(data: bytes, start: int) -> tuple[bytes, int] | None:
    """A chunked body that begins at `start` and where it ends; None while it is not whole."""
    parts = []
    while True:
        line = data.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(data[start:line].split(b";")[0], 16)
        start = line + 2
        if len(data) < start + size + 2:
            return None
        if not size:
            return b"".join(parts), start + 2
        parts.append(data[start : start + size])
        start += size + 2


def last_event(body: bytes) -> bytes:
    """The data of the last server-sent event that has any."""
    data = b""
    for event in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
        data = b"\n".join(lines) or data
    return data


def header(head: bytes, name: bytes) -> bytes | None:
    """The value of one header of an answer."""
    found = re.search(rb"\r\n" + name + rb":[ \t]*([^\r\n]*)", head, re.IGNORECASE)
    return found[1].strip() if found else None

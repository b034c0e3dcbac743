"""One keep-alive connection to another gateway process: a request out, its response in, piece by piece."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httptools

from registry.transports.http_pool import default_tls

CONNECT_SECONDS: Final = 2.0
PIECE: Final = 64 * 1024
HEAD_BYTES: Final = 64 * 1024
# What is about one connection and not about the message. Headers that a `Connection` header names are left: the owner
# has to see and judge every header that this process saw.
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    }
)

Headers = list[tuple[bytes, bytes]]


class Broken(Exception):
    """The connection ended, or carried something that is no HTTP response, before the response was whole."""


@dataclass(slots=True)
class Response:
    """What has come of a response. `pieces` holds what was not taken yet; the parser calls the `on_` methods."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    begun: bool = False
    complete: bool = False
    lasts: bool = False
    parser: httptools.HttpResponseParser = field(init=False)

    def __post_init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)

    def on_message_begin(self) -> None:
        """A response, which is no second one."""
        if self.complete:
            raise ValueError("a response that nobody asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or one trailer, which nobody reads."""
        if not self.begun:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole; an interim one is forgotten."""
        self.status = self.parser.get_status_code()
        if self.status < 200:
            self.headers.clear()
        else:
            self.begun = True

    def on_body(self, piece: bytes) -> None:
        """A piece of the body, without the chunks' frame."""
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """The end of a response, or of an interim one; only now the parser knows whether the connection stays."""
        self.complete = self.begun
        self.lasts = self.parser.should_keep_alive()

    def first(self, name: bytes) -> bytes | None:
        """The first header of this name."""
        return next((value for each, value in self.headers if each == name), None)


class Connection:
    """A connection that carries one request at a time. `broken` whatever is called after it was aborted."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._response = Response()
        self._head = 0

    @classmethod
    async def opened(cls, address: str) -> Connection:
        """A new connection to a process's address. Raises OSError, and TimeoutError after CONNECT_SECONDS."""
        parts = urlsplit(address)
        tls: ssl.SSLContext | None = default_tls() if parts.scheme == "https" else None
        async with asyncio.timeout(CONNECT_SECONDS):
            port = parts.port or (443 if tls else 80)
            return cls(*await asyncio.open_connection(parts.hostname, port, ssl=tls, limit=PIECE))

    @property
    def usable(self) -> bool:
        """Open, and nothing has come that nobody asked for, as far as can be seen."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    @property
    def whole(self) -> bool:
        """Whether the last response has ended as it should."""
        return self._response.complete

    @property
    def reusable(self) -> bool:
        """Whether the last response left it fit for another request."""
        lasts = self._response.complete and self._response.lasts
        return lasts and self.usable and not self._writer.transport.get_write_buffer_size()

    def send(self, request: bytes) -> Response:
        """Write a request without waiting: a peer may answer before it has read all of it."""
        self._response, self._head = Response(), 0
        self._writer.write(request)
        return self._response

    async def more(self) -> None:
        """Wait until the response has grown. Raises Broken."""
        response = self._response
        try:
            data = await self._reader.read(PIECE)
        except OSError as problem:
            raise Broken(f"the connection broke: {problem.strerror or type(problem).__name__}") from problem
        if not data:
            raise Broken("the connection ended")
        if not response.begun:
            self._head += len(data)
            if self._head > HEAD_BYTES + PIECE:
                raise Broken("the head of the response does not end")
        try:
            response.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as problem:
            raise Broken(f"what came is no HTTP response: {problem}") from problem

    def abort(self) -> None:
        """Close at once; who waits for more sees it broken."""
        self._writer.transport.abort()


def encoded(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes | None) -> bytes:
    """A request as HTTP/1.1 writes it; `headers` say nothing of the connection or the length.

    Raises ValueError for what would end a line early.
    """
    lines = [method.encode("latin-1") + b" " + target + b" HTTP/1.1"]
    lines.extend(name + b": " + value for name, value in headers)
    if body is not None:
        lines.append(b"content-length: %d" % len(body))
    if any(mark in line for line in lines for mark in (b"\r", b"\n", b"\0")):
        raise ValueError("a header of the request holds a line break")
    return b"\r\n".join([*lines, b"", body or b""])


def passed_on(headers: Iterable[tuple[bytes, bytes]], *, without: Iterable[bytes]) -> Headers:
    """The headers that are about the message, in order, repeated ones too."""
    left = HOP_BY_HOP | set(without)
    return [(name, value) for name, value in headers if name not in left]

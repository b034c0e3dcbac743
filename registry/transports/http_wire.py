"""One HTTP/1.1 connection to an upstream: strict framing, one response per request. No Django."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol, cast

import httptools

from registry.mcp.sse import EventTooLarge, SseReader
from registry.transports.base import BrokenOff, Garbage, HttpStatus, Limits, NotSent, TooLarge, UpstreamError
from registry.transports.http_exchange import (
    JSON,
    OTHER,
    SSE,
    Exchange,
    Refused,
    media_kind,
    promised_seconds,
    session_id,
)

ERROR_BODY_BYTES: Final = 64 * 1024
STREAM_FACTOR: Final = 8  # A stream may carry this many times the largest result before its request is given up.
DRAIN_BYTES: Final = 64 * 1024
DRAIN_SECONDS: Final = 1.0
INTERIM_RESPONSES: Final = 4


class Owner(Protocol):
    """The pool, as a connection sees it."""

    def free(self, connection: Connection) -> None:
        """The connection has answered and can take the next request."""
        ...

    def lost(self, connection: Connection) -> None:
        """The connection is closed."""
        ...


class Connection(asyncio.Protocol):
    """Carries one exchange at a time; any byte out of place closes it for good."""

    def __init__(self, owner: Owner, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._limits = limits
        self._loop = loop
        self._exchange: Exchange | None = None
        self._draining: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport | None = None
        self.idle_since = 0.0
        self.idle_seconds = limits.idle_seconds

    # What the pool and the upstream do with it.

    @property
    def usable(self) -> bool:
        """Open, idle, and not about to be closed."""
        return self.transport is not None and self._exchange is None and not self.transport.is_closing()

    def send(self, request: bytes, exchange: Exchange) -> None:
        """Write one request. From here on its fate is unknown until it is answered."""
        assert self.transport is not None and self._exchange is None
        self._exchange = exchange
        exchange.sent = True
        self._parser = httptools.HttpResponseParser(self)
        self._head: bytes | None = b""
        self._received = 0
        self._interim = 0
        self._begin_response()
        self.transport.write(request)

    def abort(self) -> None:
        """Close at once, whatever is going on."""
        if self.transport is not None:
            self.transport.abort()

    def abandon(self, exchange: Exchange) -> None:
        """Close at once when `exchange` is still being carried; another's exchange is left alone."""
        if self._exchange is exchange:
            self.abort()

    # What asyncio tells it.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's transports derive from no class of asyncio.

    def connection_lost(self, exc: Exception | None) -> None:
        exchange, self._exchange = self._exchange, None
        if self._draining is not None:
            self._draining.cancel()
        if exchange is not None:
            exchange.fail(BrokenOff("the connection ended before the answer"))
        self._owner.lost(self)

    def eof_received(self) -> bool:
        if self._exchange is not None and self._until_close and not self._complete:
            self.on_message_complete()
        return False

    def data_received(self, data: bytes) -> None:
        if self._exchange is None:
            self.abort()  # Nobody asked: a surplus byte, or a server that answers ahead.
            return
        if self._head is not None:
            data = self._collect_head(data)
            if not data:
                return
        self._received += len(data)
        before = self._size
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(Garbage("the server wants to switch protocols"))
        except (httptools.HttpParserError, EventTooLarge) as wrong:
            self._misframed(wrong)
        else:
            if self._complete:
                self._finish(data)
            elif self._size == before:
                self._stalled(len(data))
            else:
                self._wordy = 0
                if self._exchange.future.done():
                    self._drain()

    def _collect_head(self, data: bytes) -> bytes:
        assert self._head is not None
        head = self._head + data if self._head else data
        end = head.find(b"\r\n\r\n")
        if (end < 0 and len(head) > self._limits.header_bytes) or end > self._limits.header_bytes:
            self._refuse(TooLarge(f"the response header is larger than {self._limits.header_bytes} bytes"))
            return b""
        if end < 0 and (not b"HTTP/1.".startswith(head[:7]) or b"\n\n" in head):
            self._refuse(Garbage("the answer is not HTTP"))
            return b""
        if end < 0:
            self._head = head
            return b""
        self._head = None
        self._head_size = end + 4
        return head

    # What the parser tells it.

    def _begin_response(self) -> None:
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._size = 0
        self._length: int | None = None
        self._chunked = False
        self._kind = OTHER
        self._in_body = False
        self._until_close = False
        self._complete = False
        self._keep = False
        self._reader: SseReader | None = None
        self._answered_at = 0
        self._wordy = 0

    def on_message_begin(self) -> None:
        if self._complete:
            self._keep = False  # A second response glued to the first.

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_body:
            self._keep = False  # Trailers: legal, of no use here, and not worth trusting the connection for.
            return
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        exchange = self._exchange
        if exchange is None or self._complete:
            return
        self._in_body = True
        status = self._parser.get_status_code()
        if status < 200:
            return
        exchange.status = status
        if self._parser.get_http_version() not in ("1.1", "1.0"):
            raise Refused(Garbage("the server speaks another HTTP version"))
        self._read_headers(exchange)
        self._until_close = self._length is None and not self._chunked and status not in (204, 304)
        self._keep = not self._until_close and self._parser.should_keep_alive()
        if 300 <= status < 400:
            raise Refused(HttpStatus(status, detail="redirects are not followed"))
        if self._length is not None and self._length > self._body_cap():
            raise Refused(self._too_large())

    def _read_headers(self, exchange: Exchange) -> None:
        for name, value in self._headers:
            match name:
                case b"content-length":
                    self._length = int(value)
                case b"transfer-encoding":
                    if self._chunked or value.lower() != b"chunked":
                        raise Refused(Garbage("a transfer encoding other than chunked"))
                    self._chunked = True
                case b"content-encoding":
                    if value.lower() != b"identity":
                        raise Refused(Garbage("a compressed answer, which was not asked for"))
                case b"content-type":
                    self._kind = media_kind(value)
                case b"mcp-session-id":
                    exchange.session = session_id(value)
                case b"keep-alive":
                    self.idle_seconds = min(self.idle_seconds, promised_seconds(value))
        if exchange.status == 200 and self._kind == SSE and (exchange.number is not None or exchange.streams):
            self._reader = SseReader(self._limits.result_bytes)
        elif exchange.status == 200 and exchange.streams and exchange.number is None:
            raise Refused(NotSent("the server offers no stream of notices: its answer is no event stream"))
        elif exchange.status == 200 and exchange.number is not None and self._kind != JSON:
            raise Refused(Garbage("the answer is neither JSON nor an event stream"))

    def on_body(self, chunk: bytes) -> None:
        exchange = self._exchange
        if exchange is None or self._complete:
            return
        self._size += len(chunk)
        if exchange.future.done():
            if self._size > DRAIN_BYTES + self._answered_at:
                raise Refused(self._too_large())
            return
        if self._reader is None:
            if self._size > self._body_cap():
                raise Refused(self._too_large())
            self._body.append(chunk)
            return
        if not exchange.streams and self._size > self._limits.result_bytes * STREAM_FACTOR:
            raise Refused(self._too_large())
        for event in self._reader.feed(chunk):
            exchange.take_event(event)
        self._answered_at = self._size

    def on_message_complete(self) -> None:
        exchange = self._exchange
        if exchange is None or self._complete:
            return
        if self._parser.get_status_code() < 200:
            self._interim += 1
            if self._interim > INTERIM_RESPONSES:
                raise Refused(Garbage("interim responses without end"))
            self._head_size = 0  # The arithmetic that finds surplus bytes no longer holds.
            self._begin_response()
            return
        self._complete = True
        if self._reader is not None:
            exchange.fail(BrokenOff("the event stream ended before the answer"))
        else:
            exchange.take_body(self._body[0] if len(self._body) == 1 else b"".join(self._body))
        if self._until_close:
            self.abort()

    # How an exchange ends.

    def _finish(self, data: bytes) -> None:
        """The response is whole: keep the connection only when not one byte came after it."""
        if self._chunked:
            exact = data.endswith(b"0\r\n\r\n")
        else:
            exact = self._received == self._head_size + self._size
        exchange, self._exchange = self._exchange, None
        if self._draining is not None:
            self._draining.cancel()
            self._draining = None
        if self._keep and exact and exchange is not None and exchange.reusable:
            self.idle_since = self._loop.time()
            self._owner.free(self)
        else:
            self.abort()

    def _drain(self) -> None:
        """The answer is there and the stream is not over: wait a little for its end, to keep the connection."""
        if self._draining is None:
            self._draining = self._loop.call_later(DRAIN_SECONDS, self.abort)

    def _stalled(self, size: int) -> None:
        """Bytes that were no body: chunk sizes and extensions, trailers, heads after an interim response."""
        self._wordy += size
        if self._wordy > self._limits.header_bytes:
            self._refuse(TooLarge(f"more than {self._limits.header_bytes} bytes of framing without content"))

    def _misframed(self, wrong: Exception) -> None:
        if self._complete:
            self._exchange = None
            self.abort()
            return
        cause = wrong.__context__ if isinstance(wrong, httptools.HttpParserCallbackError) else wrong
        if isinstance(cause, Refused):
            self._refuse(cause.error)
        elif isinstance(cause, EventTooLarge):
            self._refuse(self._too_large())
        elif isinstance(wrong, httptools.HttpParserCallbackError):
            self._refuse(Garbage("the answer could not be taken in"))
            raise wrong  # A fault of ours: asyncio's exception handler shall see it.
        else:
            self._refuse(Garbage("the answer breaks the rules of HTTP/1.1"))

    def _refuse(self, error: UpstreamError) -> None:
        exchange, self._exchange = self._exchange, None
        self.abort()
        if exchange is not None:
            exchange.fail(error)

    def _body_cap(self) -> int:
        exchange = self._exchange
        if exchange is None or exchange.status != 200 or exchange.number is None:
            return min(ERROR_BODY_BYTES, self._limits.result_bytes)
        return self._limits.result_bytes

    def _too_large(self) -> UpstreamError:
        exchange = self._exchange
        if exchange is not None and exchange.status != 200:
            return HttpStatus(exchange.status)
        return TooLarge(f"the answer is larger than {self._limits.result_bytes} bytes")

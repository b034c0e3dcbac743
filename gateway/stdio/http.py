"""A small HTTP/1.1 client for one endpoint: a pool of kept connections, streamed bodies, nothing sent twice."""

from __future__ import annotations

import asyncio
import selectors
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from gateway.stdio.address import Address
from gateway.stdio.response import Broken, Incoming

CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 3.0  # Below what servers keep an idle connection for, so that a request rarely meets its end.
SILENT_SECONDS: Final = 300.0
READ_BYTES: Final = 256 * 1024
KEPT: Final = 32
AT_ONCE_BYTES: Final = 64 * 1024


class NotSent(Exception):
    """No connection could be made: not a byte of the request went out. The text says why."""


class Untrusted(NotSent):
    """The endpoint's certificate is not trusted here, which trying again does not change."""


class Reply:
    """A response whose head has come. Read it inside the exchange that gave it."""

    def __init__(self, reader: asyncio.StreamReader, incoming: Incoming) -> None:
        self._reader, self._incoming = reader, incoming
        self.status, self.headers = incoming.status, incoming.headers

    def header(self, name: bytes) -> str:
        """A header by its lower-case name, or "" without one."""
        return self.headers.get(name, b"").decode("latin-1").strip()

    @property
    def media_type(self) -> str:
        """The type of the body, lower case, without parameters."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises Broken where it is cut off, or nothing comes for 300 s."""
        while True:
            if piece := self._incoming.take():
                yield piece
            if self._incoming.complete:
                return
            await _more(self._reader, self._incoming)

    async def body(self, cap: int) -> bytes:
        """The whole body. Raises Broken, also for one of more than `cap` bytes."""
        parts, size = [], 0
        async for piece in self.chunks():
            size += len(piece)
            if size > cap:
                raise Broken(f"the answer is larger than {cap} bytes")
            parts.append(piece)
        return b"".join(parts)


async def _more(reader: asyncio.StreamReader, incoming: Incoming) -> None:
    try:
        data = await asyncio.wait_for(reader.read(READ_BYTES), SILENT_SECONDS)
    except TimeoutError:
        raise Broken(f"nothing came for {SILENT_SECONDS:g} s") from None
    except OSError as wrong:
        raise Broken(f"the connection was lost ({wrong.strerror or wrong})") from None
    if data:
        incoming.feed(data)
    else:
        incoming.end()


class _Connection:
    """One connection; it carries one exchange at a time and rests under the eye of a watcher."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.watcher: asyncio.Task[None] | None = None

    async def watch(self) -> None:
        """Return when the connection is of no use any more: it closed, said something unasked, or rested too long."""
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(self.reader.read(1), IDLE_SECONDS)

    async def awake(self) -> bool:
        """Stop watching; whether the connection can take a request."""
        assert self.watcher is not None
        if self.watcher.done():
            return False
        self.watcher.cancel()
        await asyncio.wait({self.watcher})
        if self.reader.at_eof() or self.writer.is_closing() or not self.watcher.cancelled():
            return False
        with selectors.DefaultSelector() as selector:
            # What the kernel has and the event loop has not seen yet can only be the end.
            selector.register(self.writer.get_extra_info("socket").fileno(), selectors.EVENT_READ)
            return not selector.select(0)

    def close(self) -> None:
        """Close at once."""
        if self.watcher is not None:
            self.watcher.cancel()
        self.writer.transport.abort()


class HttpClient:
    """Exchanges with one endpoint. `tls` is needed for a secure address."""

    def __init__(self, address: Address, *, tls: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._tls = tls if address.secure else None
        self._idle: list[_Connection] = []

    @asynccontextmanager
    async def exchange(
        self, method: str, headers: list[tuple[str, str]], body: bytes = b"", sent: asyncio.Event | None = None
    ) -> AsyncIterator[Reply]:
        """Send one request and give its reply; `sent` is set just before the first byte goes out.

        Raises NotSent while that has not happened, Broken afterwards. Redirects are not followed. What leaves the
        exchange before the body has ended closes the connection.
        """
        connection, incoming = await self._connection(), Incoming()
        sending: asyncio.Task[None] | None = None
        try:
            if sent is not None:
                sent.set()
            connection.writer.write(self._head(method, headers, len(body)) + body[:AT_ONCE_BYTES])
            sending = asyncio.create_task(_send(connection.writer, memoryview(body)[AT_ONCE_BYTES:]))
            while not incoming.headed:
                await _more(connection.reader, incoming)
            yield Reply(connection.reader, incoming)
        finally:
            whole = sending is not None and sending.done()
            if sending is not None:
                sending.cancel()
            if incoming.complete and incoming.keep and whole and len(self._idle) < KEPT:
                self._rest(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Close what is idle; exchanges under way end with their own tasks."""
        while self._idle:
            self._idle.pop().close()

    def _head(self, method: str, headers: list[tuple[str, str]], size: int) -> bytes:
        lines = [f"{method} {self._address.target} HTTP/1.1", f"Host: {self._address.authority}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if size:
            lines.append(f"Content-Length: {size}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if await connection.awake():
                return connection
            connection.close()
        try:
            name = self._address.host if self._tls else None
            opening = asyncio.open_connection(
                self._address.host, self._address.port, ssl=self._tls, server_hostname=name, limit=READ_BYTES
            )
            return _Connection(*await asyncio.wait_for(opening, CONNECT_SECONDS))
        except TimeoutError:
            raise NotSent(f"no connection within {CONNECT_SECONDS:g} s") from None
        except ssl.SSLCertVerificationError as wrong:
            raise Untrusted(f"its certificate is not trusted: {wrong.verify_message}") from None
        except OSError as wrong:
            raise NotSent(wrong.strerror or str(wrong)) from None

    def _rest(self, connection: _Connection) -> None:
        def over(_: asyncio.Task[None]) -> None:
            if connection in self._idle:
                self._idle.remove(connection)
                connection.close()

        connection.watcher = asyncio.create_task(connection.watch())
        connection.watcher.add_done_callback(over)
        self._idle.append(connection)


async def _send(writer: asyncio.StreamWriter, rest: memoryview) -> None:
    """Write the rest of a body; a failure shows where the answer is read, which may come before all is written."""
    with suppress(OSError):
        if rest:
            writer.write(rest)
        await writer.drain()

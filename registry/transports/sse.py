"""An upstream over the SSE transport of 2024-11-05: one stream for all answers, a POST a message. No Django."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from governance.egress.addresses import Refused
from governance.egress.ports import USUAL, Ports
from registry.mcp import jsonrpc
from registry.mcp.sse import Event
from registry.transports.base import (
    EMPTY_OBJECT,
    Answer,
    BrokenOff,
    Garbage,
    Handshake,
    Limits,
    NotSent,
    OnConfirmed,
    OnEvent,
    TimedOut,
    UpstreamError,
)
from registry.transports.handshake import INITIALIZE, INITIALIZED, initialize_params, read_initialize
from registry.transports.http_address import HttpAddress, read_address, target_of
from registry.transports.http_courier import Courier
from registry.transports.http_exchange import Exchange
from registry.transports.http_head import Heads, configured_headers
from registry.transports.multiplex import Multiplex
from registry.transports.opening import Opening
from registry.transports.options import Options, Requests
from registry.transports.peer import PeerFacts

ENDPOINT: Final = b"endpoint"
ENDPOINT_SIZE: Final = 4096


class _Stream(Exchange):
    """The event stream: its first event says where to post, every other is a message."""

    __slots__ = ("endpoint", "wire")
    streams = True

    def __init__(self, wire: Multiplex[_Stream], loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(None, loop)
        self.wire = wire
        self.endpoint: asyncio.Future[bytes] = loop.create_future()

    def take_event(self, event: Event) -> None:
        """One event."""
        if event.type == ENDPOINT:
            if not self.endpoint.done():
                self.endpoint.set_result(event.data)
        elif event.data:
            self.wire.take(self, event.data)


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A stream that has shaken hands."""

    stream: _Stream
    handshake: Handshake


class SseUpstream(Requests):
    """One server that speaks the old SSE transport. See Upstream for what it promises, HttpUpstream for what it raises.

    Requests of all callers share one stream, so that what the server says beside the answers is attributed as on
    standard streams: progress by its token, a question only where one request waits.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        ports: Ports = USUAL,
        client_capabilities: bytes = EMPTY_OBJECT,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._address = read_address(url, allow_private=allow_private, ports=ports)
        self._configured = configured_headers(headers or {})
        self._capabilities = client_capabilities
        self._limits = limits or Limits()
        self._courier = Courier(self._address, self._limits, tls)
        self._wire: Multiplex[_Stream] = Multiplex(self._post, self._limits.connections)
        self._heads: dict[_Stream, Heads] = {}
        self._opening = Opening(self._agree)
        self._streams: set[asyncio.Task[None]] = set()

    @property
    def peer(self) -> PeerFacts | None:
        """See Upstream."""
        return self._courier.peer

    @property
    def dropped(self) -> int:
        """How many messages nobody waited for."""
        return self._wire.dropped

    # Opening.

    async def open(self) -> Handshake:
        """See Upstream."""
        return (await self._opening.get()).handshake

    async def _agree(self) -> _Running:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._limits.open_seconds
        stream = _Stream(self._wire, loop)
        task = loop.create_task(self._follow(stream, until))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)
        try:
            return await self._shake_hands(stream, until)
        except BaseException:
            task.cancel()
            raise

    async def _shake_hands(self, stream: _Stream, until: float) -> _Running:
        try:
            async with asyncio.timeout_at(until):
                said = await stream.endpoint
        except TimeoutError:
            raise TimedOut("the server opened no event stream, or named no endpoint in it") from None
        address = _endpoint(self._address, said)
        self._heads[stream] = Heads(address, self._configured, version=None, session=None)
        number = self._wire.number()
        asked = jsonrpc.request(number, INITIALIZE, initialize_params(self._capabilities))
        response = await self._wire.carry(stream, number, asked, until)
        handshake = read_initialize(Answer(response.result, response.error))
        self._heads[stream] = Heads(address, self._configured, version=handshake.version, session=None)
        await self._post(stream, jsonrpc.notification(INITIALIZED, EMPTY_OBJECT), until)
        return _Running(stream, handshake)

    async def _follow(self, stream: _Stream, until: float) -> None:
        """Live as long as the stream, and end what waits for it with it."""
        error: UpstreamError | None = None
        head = Heads(self._address, self._configured, version=None, session=None).get()
        try:
            await self._courier.stream(head, stream, until)
        except UpstreamError as wrong:
            error = wrong
        finally:
            if not stream.endpoint.done():
                stream.endpoint.set_exception(error or BrokenOff("the event stream ended before it began"))
                stream.endpoint.exception()  # Looked at here as well: nobody may be waiting for it any more.
            self._heads.pop(stream, None)
            running = self._opening.value
            if running is not None and running.stream is stream:
                self._opening.forget(running)
            self._wire.fail(stream, lambda: error or BrokenOff("the event stream ended before the answer"))

    # Requests.

    async def _request(self, method: str, params: bytes, deadline: float, options: Options) -> Answer:
        until = asyncio.get_running_loop().time() + deadline
        async with self._wire.slot(until):
            running = self._opening.value or await self._opening.get_for_request(until)
            return await self._wire.request(running.stream, method, params, until, modern=False, options=options)

    async def _post(self, stream: _Stream, message: bytes, until: float) -> None:
        heads = self._heads.get(stream)
        if heads is None:
            raise NotSent("the event stream of the server has ended")
        await self._courier.tell(heads, message, until)

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        """See Upstream."""
        until = asyncio.get_running_loop().time() + deadline
        running = await self._opening.get_for_request(until)
        await self._wire.listen(running.stream, notifications, on_event, on_confirmed, until=until, modern=False)

    async def close(self) -> None:
        """See Upstream."""
        self._opening.stop()
        self._wire.stop()
        self._courier.close()
        for task in tuple(self._streams):
            task.cancel()
        if self._streams:
            await asyncio.wait(self._streams)


def _endpoint(base: HttpAddress, said: bytes) -> HttpAddress:
    """Where to post, as the server says it: a path, or a URL of the same origin. Raises Garbage for anything else."""
    text = said.decode("ascii", "replace")
    try:
        parts = base.door.url(base.origin + text if text.startswith("/") else text)
    except Refused:
        raise Garbage("the endpoint that the server names is no path and no URL") from None
    target = target_of(parts)
    same = (parts.scheme == "https") == base.secure and (parts.host, parts.port) == (base.host, base.port)
    if not same or len(text) > ENDPOINT_SIZE or target is None:
        raise Garbage("the endpoint that the server names is on another origin, or no plain path")
    return replace(base, target=target)

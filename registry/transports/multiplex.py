"""Many requests over one stream of messages: whose answer it is, who hears what is said. No Django, no I/O."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from typing import Generic, TypeVar

from registry.mcp import jsonrpc
from registry.transports.base import Answer, BrokenOff, NotSent, OnConfirmed, OnEvent, TimedOut, UpstreamError
from registry.transports.beside import ASIDE_SECONDS, Beside
from registry.transports.envelope import LISTEN, SUBSCRIPTION, listen_params, number_of, own_token, request_params
from registry.transports.handshake import CANCELLED, PROGRESS
from registry.transports.notices import SUBSCRIBED, tell_request, tell_subscriber
from registry.transports.options import Options
from registry.transports.waiting import Awaited, put, whose

Source = TypeVar("Source")


class _Waiting(Awaited, Generic[Source]):
    """A request that waits for an answer from one source."""

    __slots__ = ("source",)

    def __init__(self, source: Source, number: bytes, loop: asyncio.AbstractEventLoop, options: Options | None) -> None:
        super().__init__(number, loop, options)
        self.source = source


class Multiplex(Generic[Source]):
    """Requests that wait for answers from sources (a child, a stream), each known by an id that is never used again.

    `send` writes one message to a source until a loop time and raises NotSent where it did not. `slots` requests may
    wait at once. What comes from a source is given to `take`; `fail` ends all that waits for one.
    """

    def __init__(self, send: Callable[[Source, bytes, float], Awaitable[None]], slots: int) -> None:
        self._send = send
        self._limit = slots
        self._slots = asyncio.Semaphore(slots)
        self._numbers = count(1)
        self._waiting: dict[bytes, _Waiting[Source]] = {}
        self._hearers: dict[bytes, tuple[Source, bool, OnEvent, OnConfirmed | None]] = {}
        self._beside = Beside()
        self.dropped = 0  # Unknown ids, text that is no message, notifications that nobody asked for.

    def number(self) -> int:
        """The next request id."""
        return next(self._numbers)

    @asynccontextmanager
    async def slot(self, until: float) -> AsyncIterator[None]:
        """Leave to send a request, waited for until a loop time. Raises NotSent."""
        try:
            async with asyncio.timeout_at(until if self._slots.locked() else None):
                await self._slots.acquire()
        except TimeoutError:
            raise NotSent(f"{self._limit} requests to this server are waiting already") from None
        try:
            yield
        finally:
            self._slots.release()

    async def carry(
        self,
        source: Source,
        number: int,
        message: bytes | None,
        until: float,
        options: Options | None = None,
        *,
        cancels: bool = False,
    ) -> jsonrpc.Response:
        """Send `message` with id `number` (None: only wait) and return its answer. Raises UpstreamError.

        Where it `cancels`, a request that is given up is cancelled at the server.
        """
        token = b"%d" % number
        waiting = _Waiting(source, token, asyncio.get_running_loop(), options)
        self._waiting[token] = waiting
        waiting.wait_until(until)
        try:
            if message is not None:
                await self._send(source, message, until)
            response = await waiting.future
        except (asyncio.CancelledError, TimedOut):
            if cancels:
                said = jsonrpc.notification(CANCELLED, b'{"requestId":%d}' % number)
                self._beside.say(partial(self._say, source, said))
            raise
        finally:
            waiting.over()
            del self._waiting[token]
            if waiting.future.done() and not waiting.future.cancelled():
                waiting.future.exception()  # Where sending failed first, nobody else will look at it.
        assert response is not None
        return response

    async def request(
        self, source: Source, method: str, params: bytes, until: float, *, modern: bool, options: Options
    ) -> Answer:
        """One request of a caller. See Upstream."""
        number = self.number()
        params = request_params(
            params,
            modern=modern,
            progress=own_token(b"%d" % number) if options.progress_token is not None else None,
            meta=options.meta,
            capabilities=options.client_capabilities,
        )
        message = jsonrpc.request(number, method, params)
        response = await self.carry(source, number, message, until, options, cancels=True)
        return Answer(response.result, response.error)

    async def listen(
        self,
        source: Source,
        notifications: bytes,
        on_event: OnEvent,
        on_confirmed: OnConfirmed | None,
        *,
        until: float,
        modern: bool,
    ) -> None:
        """See Upstream.listen. In the session era there is nothing to ask for, and nothing to wait for."""
        number = self.number()
        token = b"%d" % number
        message = jsonrpc.request(number, LISTEN, listen_params(notifications)) if modern else None
        self._hearers[token] = source, modern, on_event, on_confirmed
        if on_confirmed is not None and not modern:
            on_confirmed(notifications)
        try:
            response = await self.carry(source, number, message, until, cancels=modern)
        except (TimedOut, BrokenOff):
            return
        finally:
            del self._hearers[token]
        if response.error is not None:
            raise NotSent("the server offers no subscription")

    # What a source says.

    def take(self, source: Source, payload: bytes) -> bool:
        """One message from a source; whether it was an answer that somebody waits for."""
        try:
            message = jsonrpc.decode(payload)
        except jsonrpc.NotJsonRpc:
            self.dropped += 1
            return False
        if isinstance(message, jsonrpc.Response):
            waiting = self._waiting.get(message.id)
            if waiting is not None and waiting.source is source and not waiting.future.done():
                waiting.settle(message)
                return True
            self.dropped += 1
        elif isinstance(message, jsonrpc.Request):
            self.dropped += not self._ask(source, message)
        elif not self._hear(source, message):
            self.dropped += 1
        return False

    def _hear(self, source: Source, said: jsonrpc.Notification) -> bool:
        if said.method == PROGRESS:
            waiting = self._named(source, jsonrpc.progress_token(said.params) or b"")
            if waiting is None or waiting.options is None or waiting.number is None:
                return False
            return tell_request(said, waiting.number, waiting.options)
        if said.method == CANCELLED:
            return self._withdraw(source, jsonrpc.member(said.params, "requestId") or b"")
        subscription = jsonrpc.meta_member(said.params, SUBSCRIPTION)
        heard = False
        for token, (of, modern, on_event, on_confirmed) in tuple(self._hearers.items()):
            if of is not source:
                continue
            if modern and token == subscription:
                tell_subscriber(said, on_event, on_confirmed)
                heard = True
            elif not modern or (subscription is None and said.method not in SUBSCRIBED):
                on_event(said.method, said.params)
                heard = True
        return heard

    def _named(self, source: Source, token: bytes) -> _Waiting[Source] | None:
        waiting = self._waiting.get(number_of(token) or b"")
        return waiting if waiting is not None and waiting.source is source else None

    def _ask(self, source: Source, asked: jsonrpc.Request) -> bool:
        """A question comes without the request it belongs to, which the others on the stream must not answer."""
        waiting = [one for one in self._waiting.values() if one.source is source]
        belongs = whose(asked, waiting, partial(self._named, source))
        return put(asked, belongs, partial(self._say, source), self._beside)

    def _withdraw(self, source: Source, number: bytes) -> bool:
        """The server takes a question of its own back, which is no notice for anybody."""
        waiting = [one for one in self._waiting.values() if one.source is source]
        return any(one.questions is not None and one.questions.withdraw(number) for one in waiting)

    async def _say(self, source: Source, message: bytes) -> None:
        await self._send(source, message, asyncio.get_running_loop().time() + ASIDE_SECONDS)

    def fail(self, source: Source, error: Callable[[], UpstreamError]) -> None:
        """End all requests that wait for a source."""
        for waiting in self._waiting.values():
            if waiting.source is source and not waiting.future.done():
                waiting.fail(error())

    def stop(self) -> None:
        """Give up what is said beside the requests."""
        self._beside.stop()

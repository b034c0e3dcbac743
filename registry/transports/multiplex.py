"""Many requests over one stream of messages: whose answer it is, who hears what is said. No Django, no I/O."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Final, Generic, TypeVar

from registry.mcp import jsonrpc
from registry.transports.base import BrokenOff, NotSent, OnEvent, OnRequest, TimedOut, UpstreamError
from registry.transports.envelope import LISTEN, SUBSCRIPTION, listen_params
from registry.transports.handshake import CANCELLED, PROGRESS
from registry.transports.listener import Listener, reply_to

Source = TypeVar("Source")

MAX_ASIDE: Final = 64
ASIDE_SECONDS: Final = 5.0
UNASKED: Final = frozenset(
    (
        "notifications/tools/list_changed",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
    )
)  # All that a shared stream may say to everybody: nothing in it comes from one caller's request.


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Source]):
    source: Source
    future: asyncio.Future[jsonrpc.Response]
    listener: Listener | None


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
        self._hearers: dict[bytes, tuple[Source, bool, OnEvent]] = {}
        self._aside: set[asyncio.Task[None]] = set()
        self.dropped = 0  # Unknown ids, text that is no message, notifications that nobody asked for.

    def number(self) -> int:
        """The next request id."""
        return next(self._numbers)

    async def slot(self, until: float) -> None:
        """Wait for leave to send a request; `leave` gives it back. Raises NotSent."""
        try:
            async with asyncio.timeout_at(until):
                await self._slots.acquire()
        except TimeoutError:
            raise NotSent(f"{self._limit} requests to this server are waiting already") from None

    def leave(self) -> None:
        """Let the next one send."""
        self._slots.release()

    async def carry(
        self, source: Source, number: int, message: bytes | None, until: float, listener: Listener | None = None
    ) -> jsonrpc.Response:
        """Send `message` with id `number` (None: only wait) and return its answer. Raises UpstreamError.

        With a listener, a request that is given up is cancelled at the server.
        """
        loop = asyncio.get_running_loop()
        token = b"%d" % number
        future: asyncio.Future[jsonrpc.Response] = loop.create_future()
        self._waiting[token] = _Waiting(source, future, listener)
        timer = loop.call_at(until, _expire, future)
        try:
            if message is not None:
                await self._send(source, message, until)
            return await future
        except (asyncio.CancelledError, TimedOut):
            if listener is not None:
                said = jsonrpc.notification(CANCELLED, b'{"requestId":%d}' % number)
                self._beside(partial(self._say, source, said))
            raise
        finally:
            timer.cancel()
            del self._waiting[token]
            if future.done() and not future.cancelled():
                future.exception()  # Where sending failed first, nobody else will look at it.

    async def listen(self, source: Source, notifications: bytes, on_event: OnEvent, until: float, modern: bool) -> None:
        """See Upstream.listen. In the session era there is nothing to ask for."""
        number = self.number()
        token = b"%d" % number
        message, listener = None, None
        if modern:
            message = jsonrpc.request(number, LISTEN, listen_params(notifications))
            listener = Listener(token, None, None, None)
        self._hearers[token] = source, modern, on_event
        try:
            response = await self.carry(source, number, message, until, listener)
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
                waiting.future.set_result(message)
                return True
            self.dropped += 1
        elif isinstance(message, jsonrpc.Request):
            self._beside(partial(self._reply, source, message, self._only_answerer(source)))
        elif not self._hear(source, message):
            self.dropped += 1
        return False

    def _hear(self, source: Source, said: jsonrpc.Notification) -> bool:
        if said.method == PROGRESS:
            waiting = self._waiting.get(jsonrpc.progress_token(said.params) or b"")
            listener = waiting.listener if waiting is not None and waiting.source is source else None
            return listener is not None and listener.hear(said)
        subscription = jsonrpc.meta_member(said.params, SUBSCRIPTION)
        heard = False
        for token, (of, modern, on_event) in tuple(self._hearers.items()):
            if of is source and (token == subscription if modern else said.method in UNASKED):
                on_event(said.method, said.params)
                heard = True
        return heard

    def _only_answerer(self, source: Source) -> OnRequest | None:
        """Who may answer a question: only where one request waits is it plain whose question it is."""
        asked = [one.listener for one in self._waiting.values() if one.source is source and one.listener is not None]
        return asked[0].on_request if len(asked) == 1 else None

    async def _reply(self, source: Source, asked: jsonrpc.Request, on_request: OnRequest | None) -> None:
        await self._say(source, await reply_to(asked, on_request))

    async def _say(self, source: Source, message: bytes) -> None:
        await self._send(source, message, asyncio.get_running_loop().time() + ASIDE_SECONDS)

    def fail(self, source: Source, error: Callable[[], UpstreamError]) -> None:
        """End all requests that wait for a source."""
        for waiting in self._waiting.values():
            if waiting.source is source and not waiting.future.done():
                waiting.future.set_exception(error())

    def _beside(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        if len(self._aside) >= MAX_ASIDE:
            self.dropped += 1
            return
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def stop(self) -> None:
        """Give up what is said beside the requests."""
        for task in tuple(self._aside):
            task.cancel()


def _expire(future: asyncio.Future[jsonrpc.Response]) -> None:
    if not future.done():
        future.set_exception(TimedOut("no answer within the time limit"))


async def _quietly(work: Callable[[], Coroutine[None, None, None]]) -> None:
    with contextlib.suppress(UpstreamError):
        await work()

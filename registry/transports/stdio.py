"""An upstream that is a child process of ours, speaking lines over its standard streams. No shell, no Django."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

from registry.mcp import jsonrpc
from registry.mcp.revisions import Era
from registry.transports.base import (
    EMPTY_OBJECT,
    Answer,
    BrokenOff,
    Handshake,
    Limits,
    NotSent,
    OnEvent,
    OnRequest,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from registry.transports.envelope import LISTEN, SUBSCRIPTION, listen_params, request_params
from registry.transports.handshake import (
    CANCELLED,
    DISCOVER,
    DISCOVER_PARAMS,
    INITIALIZE,
    INITIALIZED,
    PROGRESS,
    initialize_params,
    read_discover,
    read_initialize,
)
from registry.transports.listener import Listener, reply_to
from registry.transports.opening import Opening
from registry.transports.stdio_child import Child

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0
MAX_ASIDE: Final = 64
UNASKED: Final = frozenset(
    (
        "notifications/tools/list_changed",
        "notifications/prompts/list_changed",
        "notifications/resources/list_changed",
        "notifications/resources/updated",
    )
)  # All that a shared child may say to everybody: nothing in it comes from one caller's request.


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A child that has shaken hands."""

    child: Child
    handshake: Handshake

    @property
    def modern(self) -> bool:
        return self.handshake.era is Era.MODERN


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A request on its way: the child it went to, where the answer lands, who hears what is said before it."""

    child: Child
    future: asyncio.Future[jsonrpc.Response]
    listener: Listener | None


class StdioUpstream:
    """One server run as a child process. See Upstream for what it promises.

    `environment` is the child's whole environment (`child_environment` makes it). The child is started by the first
    request, and again by the next one after it died, with growing pauses. `era` says what it is known to speak;
    without, it is asked.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: str | None = None,
        client_capabilities: bytes = EMPTY_OBJECT,
        era: Era | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not argv:
            raise ValueError("the command of a stdio server is empty")
        self._argv = tuple(argv)
        self._environment = dict(environment)
        self._cwd = cwd
        self._capabilities = client_capabilities
        self._limits = limits or Limits()
        self._opening = Opening(self._agree)
        self._numbers = count(1)
        self._waiting: dict[bytes, _Waiting] = {}
        self._hearers: dict[bytes, OnEvent] = {}
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._aside: set[asyncio.Task[None]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._child: Child | None = None
        self._era = self._known_era = era
        self._failures = 0
        self._not_before = 0.0
        self._closed = False
        self.dropped = 0  # Lines nobody waits for: unknown ids, text that is no message, unasked notifications.

    @property
    def pid(self) -> int | None:
        """The process id of the running child."""
        return self._child.pid if self._child is not None else None

    # Opening.

    async def open(self) -> Handshake:
        """See Upstream."""
        return (await self._opening.get()).handshake

    async def _agree(self) -> _Running:
        until = asyncio.get_running_loop().time() + self._limits.open_seconds
        child = await self._start()
        try:
            if self._era is not Era.LEGACY:
                running = await self._discover(child, until)
                if running is not None:
                    self._era = Era.MODERN
                    return running
                if not child.alive or child is not self._child:
                    child = await self._restart(child)
            running = await self._initialize(child, until)
        except BaseException:
            self._era = self._known_era
            if self._child is not None:
                self._failed()
                await self._drop(self._child)
            raise
        self._era = Era.LEGACY
        return running

    async def _start(self) -> Child:
        if self._closed:
            raise NotSent("the connection to this server was closed")
        pause = self._not_before - asyncio.get_running_loop().time()
        if pause > 0:
            raise Unreachable(f"the server process failed; it is started again in {pause:.1f} s at the earliest")
        child = Child(self._limits, self._line, self._ended)
        try:
            await child.start(self._argv, self._environment, self._cwd)
        except UpstreamError:
            self._failed()
            raise
        self._child = child
        return child

    async def _restart(self, silent: Child) -> Child:
        """A new child for a server that would not be asked to discover: that question ended or silenced it."""
        await self._drop(silent)
        self._not_before = 0.0
        return await self._start()

    async def _discover(self, child: Child, until: float) -> _Running | None:
        probe = min(until, asyncio.get_running_loop().time() + self._limits.probe_seconds)
        try:
            response = await self._ask(child, DISCOVER, DISCOVER_PARAMS, probe)
        except TimedOut:
            await self._drop(child)
            return None
        except UpstreamError:
            return None
        handshake = read_discover(Answer(response.result, response.error))
        return None if handshake is None else _Running(child, handshake)

    async def _initialize(self, child: Child, until: float) -> _Running:
        response = await self._ask(child, INITIALIZE, initialize_params(self._capabilities), until)
        handshake = read_initialize(Answer(response.result, response.error))
        child.write(jsonrpc.notification(INITIALIZED, EMPTY_OBJECT))
        return _Running(child, handshake)

    async def _ask(self, child: Child, method: str, params: bytes, until: float) -> jsonrpc.Response:
        number = next(self._numbers)
        return await self._carry(child, number, jsonrpc.request(number, method, params), None, until)

    # A request.

    async def request(
        self,
        method: str,
        params: bytes,
        *,
        deadline: float,
        name: str | None = None,
        on_event: OnEvent | None = None,
        on_request: OnRequest | None = None,
        progress_token: bytes | None = None,
        meta: bytes | None = None,
        client_capabilities: bytes = EMPTY_OBJECT,
        param_headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """See Upstream."""
        until = asyncio.get_running_loop().time() + deadline
        async with self._slot(until):
            running = self._opening.value or await self._opening.get_for_request(until)
            number = next(self._numbers)
            token = b"%d" % number
            own = token if progress_token is not None else None
            params = request_params(
                params, modern=running.modern, progress=own, meta=meta, capabilities=client_capabilities
            )
            message = jsonrpc.request(number, method, params)
            listener = Listener(token, progress_token, on_event, on_request)
            response = await self._carry(running.child, number, message, listener, until)
            self._failures = 0
            return Answer(response.result, response.error)

    @contextlib.asynccontextmanager
    async def _slot(self, until: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(until):
                await self._slots.acquire()
        except TimeoutError:
            raise NotSent(f"{self._limits.connections} requests to this server are waiting already") from None
        try:
            yield
        finally:
            self._slots.release()

    async def _carry(
        self, child: Child, number: int, message: bytes, listener: Listener | None, until: float
    ) -> jsonrpc.Response:
        loop = asyncio.get_running_loop()
        token = b"%d" % number
        future: asyncio.Future[jsonrpc.Response] = loop.create_future()
        self._waiting[token] = _Waiting(child, future, listener)
        timer = loop.call_at(until, _expire, future)
        try:
            if message:
                child.write(message)
            return await future
        except (asyncio.CancelledError, TimedOut):
            if listener is not None:
                with contextlib.suppress(NotSent):
                    child.write(jsonrpc.notification(CANCELLED, b'{"requestId":%d}' % number))
            raise
        finally:
            timer.cancel()
            del self._waiting[token]

    # What the child says.

    def _line(self, child: Child, line: bytes) -> bool:
        try:
            message = jsonrpc.decode(line)
        except jsonrpc.NotJsonRpc:
            self.dropped += 1
            return False
        if isinstance(message, jsonrpc.Response):
            waiting = self._waiting.get(message.id)
            if waiting is None or waiting.child is not child or waiting.future.done():
                self.dropped += 1
                return False
            waiting.future.set_result(message)
            return True
        if isinstance(message, jsonrpc.Request):
            self._beside(self._reply(child, message, self._only_hearer(child)))
            return False
        heard = self._hear(child, message)
        if not heard:
            self.dropped += 1
        return heard

    def _hear(self, child: Child, said: jsonrpc.Notification) -> bool:
        if said.method == PROGRESS:
            waiting = self._waiting.get(jsonrpc.progress_token(said.params) or b"")
            listener = waiting.listener if waiting is not None and waiting.child is child else None
            return listener is not None and listener.hear(said)
        running = self._opening.value
        if running is not None and running.modern:
            hearer = self._hearers.get(jsonrpc.meta_member(said.params, SUBSCRIPTION) or b"")
            if hearer is not None:
                hearer(said.method, said.params)
            return hearer is not None
        if said.method in UNASKED:
            for hearer in tuple(self._hearers.values()):
                hearer(said.method, said.params)
        return said.method in UNASKED and bool(self._hearers)

    def _only_hearer(self, child: Child) -> OnRequest | None:
        """Who may answer a question of the child: only where one request waits is it plain whose question it is."""
        asked = [waiting for waiting in self._waiting.values() if waiting.child is child]
        listener = asked[0].listener if len(asked) == 1 else None
        return None if listener is None else listener.on_request

    async def _reply(self, child: Child, asked: jsonrpc.Request, on_request: OnRequest | None) -> None:
        body = await reply_to(asked, on_request)
        child.write(body)

    async def listen(self, notifications: bytes, on_event: OnEvent, *, deadline: float) -> None:
        """See Upstream."""
        loop = asyncio.get_running_loop()
        until = loop.time() + deadline
        running = await self._opening.get_for_request(until)
        number = next(self._numbers)
        token = b"%d" % number
        message, listener = b"", None  # In the session era there is nothing to ask for.
        if running.modern:
            message = jsonrpc.request(number, LISTEN, listen_params(notifications))
            listener = Listener(token, None, None, None)
        self._hearers[token] = on_event
        try:
            response = await self._carry(running.child, number, message, listener, until)
        except (TimedOut, BrokenOff):
            return
        finally:
            del self._hearers[token]
        if response.error is not None:
            raise NotSent("the server offers no subscription")

    # The end of a child.

    def _ended(self, child: Child, error: UpstreamError | None) -> None:
        for waiting in self._waiting.values():
            if waiting.child is child and not waiting.future.done():
                waiting.future.set_exception(
                    error or BrokenOff("the server process ended before the answer", detail=child.last_words())
                )
        running = self._opening.value
        if running is not None and running.child is child:
            self._opening.forget(running)
        if self._child is child:
            self._child = None
            self._failed()
        self._end_in_peace(child)

    def _failed(self) -> None:
        pause = min(FIRST_PAUSE * 2**self._failures, LONGEST_PAUSE)
        self._failures = min(self._failures + 1, 16)
        self._not_before = asyncio.get_running_loop().time() + pause

    async def _drop(self, child: Child) -> None:
        if self._child is child:
            self._child = None
        await child.stop()

    def _end_in_peace(self, child: Child) -> None:
        task = asyncio.get_running_loop().create_task(child.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        if len(self._aside) >= MAX_ASIDE:
            work.close()
            self.dropped += 1
            return
        task = asyncio.get_running_loop().create_task(_quietly(work))
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    async def close(self) -> None:
        """See Upstream."""
        self._closed = True
        self._opening.stop()
        for task in tuple(self._aside):
            task.cancel()
        if self._child is not None:
            await self._drop(self._child)
        if self._ending:
            await asyncio.wait(self._ending)


def _expire(future: asyncio.Future[jsonrpc.Response]) -> None:
    if not future.done():
        future.set_exception(TimedOut("no answer within the time limit"))


async def _quietly(work: Coroutine[None, None, None]) -> None:
    with contextlib.suppress(UpstreamError):
        await work

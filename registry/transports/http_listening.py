"""What an HTTP upstream says of its own accord: a stream for each listener, or one that all of a session share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Final

from registry.mcp import jsonrpc
from registry.transports.base import BrokenOff, HttpStatus, NotSent, OnConfirmed, OnEvent, TimedOut
from registry.transports.envelope import LISTEN, listen_params
from registry.transports.http_courier import Courier
from registry.transports.http_exchange import Exchange
from registry.transports.http_session import Session
from registry.transports.notices import tell_subscriber

NOT_OFFERED: Final = frozenset((404, 405, 501))
Heard = Callable[[jsonrpc.Request | jsonrpc.Notification], None]
Begun = Callable[[], None]


class Listening(Exchange):
    """A stream that is followed for what comes on it; `heard` gets each request and notification.

    `begun` is called when the head of an event stream has come.
    """

    __slots__ = ("_status", "begun", "heard")
    streams = True

    def __init__(
        self, number: bytes | None, loop: asyncio.AbstractEventLoop, heard: Heard, begun: Begun | None = None
    ) -> None:
        self.begun = begun
        super().__init__(number, loop)
        self.heard = heard

    @property
    def status(self) -> int:
        """The status of the answer, which the connection sets when it has read the head; 0 until then."""
        return self._status

    @status.setter
    def status(self, status: int) -> None:
        self._status = status
        if status == 200 and self.begun is not None:
            # Further headers may still speak against it, and are looked at before the loop goes on.
            self.future.get_loop().call_soon(self._open)

    def _open(self) -> None:
        if self.begun is not None and not self.future.done():
            self.begun()

    def hear(self, said: jsonrpc.Request | jsonrpc.Notification) -> None:
        """Something said on the stream."""
        self.heard(said)


async def follow(courier: Courier, message: bytes, stream: Listening, until: float) -> None:
    """Open a listening stream and follow it to its end. Raises NotSent where the server offers none."""
    try:
        response = await courier.stream(message, stream, until)
    except (TimedOut, BrokenOff):
        return
    except HttpStatus as wrong:
        if wrong.status in NOT_OFFERED:
            raise NotSent(f"the server offers no stream of notices (HTTP {wrong.status})") from None
        raise
    if response is None or response.error is not None:
        raise NotSent("the server offers no stream of notices")


async def subscribe(
    courier: Courier,
    session: Session,
    notifications: bytes,
    on_event: OnEvent,
    on_confirmed: OnConfirmed | None,
    *,
    number: int,
    until: float,
) -> None:
    """Follow a subscription of the modern era until a loop time, or until the server ends it."""

    def heard(said: jsonrpc.Request | jsonrpc.Notification) -> None:
        if isinstance(said, jsonrpc.Notification):
            tell_subscriber(said, on_event, on_confirmed)
        else:
            stream.foreign += 1  # A server of the modern era must not ask.

    stream = Listening(b"%d" % number, asyncio.get_running_loop(), heard)
    body = jsonrpc.request(number, LISTEN, listen_params(notifications))
    try:
        async with asyncio.timeout_at(until):
            await follow(courier, session.heads.post(LISTEN, None, len(body)) + body, stream, until)
    except TimeoutError:
        return


class SharedStream:
    """The GET stream of a session, which a server opens once: there while somebody listens, and heard by all who do."""

    def __init__(self, courier: Courier, session: Session, heard: Heard) -> None:
        self._courier = courier
        self._session = session
        self._heard = heard
        self._listeners: dict[int, tuple[OnEvent, Begun | None]] = {}
        self._names = count()
        self._task: asyncio.Task[None] | None = None
        self._open = False

    async def listen(self, on_event: OnEvent, begun: Begun | None, until: float) -> None:
        """Hear everything until a loop time, or until the server ends the stream. Raises UpstreamError.

        `begun` is called when the stream is open, at once where it is open already.
        """
        loop = asyncio.get_running_loop()
        name = next(self._names)
        self._listeners[name] = on_event, begun
        if self._task is None or self._task.done():
            self._open = False
            self._task = loop.create_task(self._follow(until))
            self._task.add_done_callback(_look_at)
        elif self._open and begun is not None:
            begun()
        task = self._task
        try:
            await asyncio.wait((task,), timeout=max(0.0, until - loop.time()))
            if task.done() and not task.cancelled():
                await task
        finally:
            del self._listeners[name]
            if not self._listeners:
                task.cancel()
                self._task = None

    async def _follow(self, until: float) -> None:
        stream = Listening(None, asyncio.get_running_loop(), self._heard, self._begun)
        await follow(self._courier, self._session.heads.get(), stream, until)

    def _begun(self) -> None:
        self._open = True
        for _, begun in tuple(self._listeners.values()):
            if begun is not None:
                begun()

    def tell(self, said: jsonrpc.Notification) -> bool:
        """Pass a notification on to every listener; False when there is none."""
        for on_event, _ in tuple(self._listeners.values()):
            on_event(said.method, said.params)
        return bool(self._listeners)


def _look_at(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # Whoever listened may have left at the same moment.

"""What a server says of its own accord over one connection: the streams it is heard on, and what it confirmed.

In the stateless era another set of watched resources takes another stream. The one before it is given up only when the
server has confirmed the new one, so that what is watched already is heard of throughout. Lives on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import msgspec

from gateway.refusal import UpstreamFailed
from registry.transports.base import NotSent, OnEvent, Upstream, UpstreamError

log = logging.getLogger("gatehouse.upstream")

LISTENS = 3600.0
PAUSES = (1.0, 2.0, 5.0, 15.0, 60.0)
CONFIRM_SECONDS = 5.0  # How long a server has to confirm that it tells of a resource.
HEAR_SECONDS = 2.0  # How long an agent's stream waits for all its servers to be listened to.
OVERLAPS = 0.25  # What was said on the old stream may arrive after the confirmation of the new one.
MOST_STREAMS = 8
MOST_WATCHED = 1000
LISTS = ("tools", "prompts", "resources")
LISTS_CHANGED, UPDATED = "notifications/tools/list_changed", "notifications/resources/updated"
ANYTHING = ""  # Is waited for like a resource, by who waits for any stream at all.


class _Stream:
    """One stream: the resources it was asked for, and those that the server confirmed."""

    __slots__ = ("_timer", "asked", "confirmed", "since", "superseded", "task")

    def __init__(self, asked: frozenset[str], task: asyncio.Task[None], since: float) -> None:
        self.asked = asked
        self.task = task
        self.since = since
        self.confirmed: frozenset[str] | None = None
        self.superseded = False
        self._timer: asyncio.TimerHandle | None = None

    def covers(self, uri: str) -> bool:
        """Whether its confirmation says something about a resource."""
        return uri == ANYTHING or uri in self.asked

    def end_in(self, seconds: float) -> None:
        """Give it up after a while."""
        self.stay()
        self._timer = self.task.get_loop().call_later(seconds, self.task.cancel)

    def stay(self) -> None:
        """Do not give it up after all."""
        if self._timer is not None:
            self._timer.cancel()


class Hearing:
    """What is heard over one connection. `uris` are the resources watched over it, with how many watch each.

    `modern` says whether the stateless era is spoken on it, `shared` whether several agents share it.
    """

    def __init__(self, name: str, upstream: Upstream, heard: OnEvent, *, modern: bool, shared: bool) -> None:
        self.uris: Counter[str] = Counter()
        self._name = name
        self._upstream = upstream
        self._heard = heard
        self._modern = modern
        self._shared = shared
        self._streams: list[_Stream] = []  # Oldest first: those superseded, one confirmed, those not yet confirmed.
        self._waiting: dict[asyncio.Future[bool], str] = {}
        self._due = False  # Whether other resources are watched than the newest stream was asked for.
        self._renewal: asyncio.TimerHandle | None = None
        self._failures = 0
        self._mute = False  # Whether the server said that it offers no stream.
        self._missed = False  # Whether nothing is heard at the moment, after something was.
        self._closed = False

    # What is wanted.

    def listen(self) -> None:
        """Begin to hear, if that has not begun."""
        if not self._streams and self._renewal is None:
            self._renew_soon()

    async def begun(self, seconds: float) -> None:
        """Listen, and return when the server has confirmed a stream, fails to, or has had its time to."""
        if any(stream.confirmed is not None for stream in self._streams):
            return
        mute, now = self._mute, asyncio.get_running_loop().time()
        if not self._streams:
            self._renew_soon()
        if mute:
            return  # It is asked again, and nobody waits for the same answer.
        since = min((stream.since for stream in self._streams), default=now)
        try:
            await self._confirmed(ANYTHING, since + min(seconds, CONFIRM_SECONDS) - now)
        except TimeoutError:
            log.info("server %s has not confirmed that it is listened to", self._name)

    async def watch(self, uri: str, seconds: float) -> None:
        """Hear of every change of a resource from now on.

        Raises UpstreamFailed where the server does not confirm that it tells of them, and unsent past MOST_WATCHED.
        """
        if uri not in self.uris and len(self.uris) >= MOST_WATCHED:
            text = f"{MOST_WATCHED} resources of {self._name} are watched already; nothing was sent."
            raise UpstreamFailed(text, status="not_sent", sent=False)
        self.uris[uri] += 1
        if self._is_told(uri):
            return
        confirmed = False
        seconds = min(seconds, CONFIRM_SECONDS)
        self._due = True
        self._renew_soon()
        try:
            confirmed = await self._confirmed(uri, seconds)
        except TimeoutError:
            text = f"Server {self._name} did not confirm within {seconds:g} s that it tells of this resource's changes."
            raise UpstreamFailed(text, status="timeout", sent=True) from None
        finally:
            if not confirmed:
                self._take_back(uri)
        if not confirmed:
            text = f"Server {self._name} does not tell of changes of this resource; it is not watched."
            raise UpstreamFailed(text, status="not_sent", sent=False)

    def forget(self, uri: str) -> None:
        """One watcher of a resource less; on a shared connection nobody knows whose, so it stays watched."""
        if uri not in self.uris or self._shared:
            return
        self._take_back(uri)
        if uri not in self.uris:
            self._due = True
            self._renew_soon()

    def _take_back(self, uri: str) -> None:
        if self.uris[uri] > 1:
            self.uris[uri] -= 1
        else:
            self.uris.pop(uri, None)

    def _is_told(self, uri: str) -> bool:
        """Whether the server has confirmed a resource, and no stream without it is about to take over."""
        kept = [stream for stream in self._streams if not stream.superseded]
        if not kept or kept[0].confirmed is None or uri not in kept[0].confirmed:
            return False
        return all(uri in newer.asked for newer in kept[1:])

    async def _confirmed(self, uri: str, seconds: float) -> bool:
        """The server's next word on a resource; False where there will be none. Raises TimeoutError."""
        if self._closed:
            return False
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[answer] = uri
        try:
            async with asyncio.timeout(seconds):
                return await answer
        finally:
            del self._waiting[answer]

    # Streams.

    def _renew_soon(self, pause: float = 0.0) -> None:
        """Look in a moment whether a stream is to be asked for; all that is wanted until then takes one."""
        if self._renewal is not None:
            self._renewal.cancel()
        self._renewal = None if self._closed else asyncio.get_running_loop().call_later(pause, self._renew)

    def _renew(self) -> None:
        self._renewal = None
        if len(self._streams) < MOST_STREAMS and (not self._streams or (self._due and self._modern)):
            self._due = False
            self._ask()

    def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        asked = frozenset(self.uris)
        filter_ = {f"{name}ListChanged": True for name in LISTS} | {"resourceSubscriptions": sorted(asked)}
        task = loop.create_task(
            self._upstream.listen(
                msgspec.json.encode(filter_),
                self._heard,
                deadline=LISTENS,
                on_confirmed=lambda honoured: self._take_over(stream, honoured),
            )
        )
        stream = _Stream(asked, task, loop.time())
        if self._streams:
            stream.end_in(CONFIRM_SECONDS)
        self._streams.append(stream)
        task.add_done_callback(partial(self._ended, stream))

    def _take_over(self, stream: _Stream, honoured: bytes) -> None:
        """The server has confirmed a stream; those before it are not needed any more."""
        if stream.superseded or stream.confirmed is not None or stream not in self._streams:
            return
        missed = self._missed
        stream.confirmed = stream.asked.intersection(_resources(honoured))
        stream.stay()
        self._mute = self._missed = False
        for older in self._streams[: self._streams.index(stream)]:
            older.superseded = True
            older.end_in(OVERLAPS)
        for answer, uri in self._waiting.items():
            if stream.covers(uri) and not answer.done():
                answer.set_result(uri == ANYTHING or uri in stream.confirmed)
        if missed:
            self._say_what_may_have_changed(stream.confirmed)

    def _say_what_may_have_changed(self, watched: Iterable[str]) -> None:
        """Nobody heard the server for a while: its lists are looked at again, and so are the resources watched."""
        self._heard(LISTS_CHANGED, b"{}")
        for uri in sorted(watched):
            self._heard(UPDATED, msgspec.json.encode({"uri": uri}))

    def _ended(self, stream: _Stream, task: asyncio.Task[None]) -> None:
        """A stream is over; where it was the last, the next follows, after a fault with growing pauses."""
        self._streams.remove(stream)
        stream.stay()
        problem = None if task.cancelled() else task.exception()
        if problem is not None and not isinstance(problem, UpstreamError):
            log.error("listening to %s failed inside the gateway", self._name, exc_info=problem)
        if stream.confirmed is None and not task.cancelled() and not self._due:
            self._refuse(stream)
        if self._closed:
            return
        if self._due or task.cancelled():
            self._renew_soon()
        elif not self._streams and type(problem) is NotSent:
            self._mute = True  # A server that cannot be reached, which is a kind of this, is asked again.
        elif not self._streams:
            self._missed = self._missed or stream.confirmed is not None
            self._failures = min(self._failures + 1, len(PAUSES) - 1) if problem is not None else 0
            self._renew_soon(PAUSES[self._failures])

    def _refuse(self, stream: _Stream) -> None:
        """A stream ended unconfirmed, and none is due: whoever waits for no other waits no longer."""
        others = [other for other in self._streams if other.confirmed is None]
        for answer, uri in self._waiting.items():
            if stream.covers(uri) and not answer.done() and not any(other.covers(uri) for other in others):
                answer.set_result(False)

    def close(self) -> None:
        """Hear no more."""
        self._closed = True
        if self._renewal is not None:
            self._renewal.cancel()
        for stream in self._streams:
            stream.task.cancel()
        for answer in self._waiting:
            if not answer.done():
                answer.set_result(False)


class Listening:
    """What is heard of some servers for one agent, until it is called. See the port of the same name."""

    def __init__(self, end: Callable[[], None], beginnings: Iterable[asyncio.Task[None]]) -> None:
        self._end = end
        self._beginnings = tuple(beginnings)

    async def begun(self) -> None:
        """Return when each of the servers is listened to or failed, and after HEAR_SECONDS at the latest."""
        if self._beginnings:
            await asyncio.wait(self._beginnings, timeout=HEAR_SECONDS)

    def __call__(self) -> None:
        """Hear no more of them."""
        self._end()


def _resources(honoured: bytes) -> list[str]:
    """The resources in the filter that a server honours: its own words, which may be anything."""
    try:
        found = msgspec.json.decode(honoured)
    except (msgspec.DecodeError, RecursionError):
        return []
    uris = found.get("resourceSubscriptions") if isinstance(found, dict) else None
    return [uri for uri in uris if isinstance(uri, str)] if isinstance(uris, list) else []

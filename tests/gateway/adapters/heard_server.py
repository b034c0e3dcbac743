"""A server whose streams of notices are confirmed, told on and ended when the test says so, and who hears it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.hearing import Hearing
from registry.transports.base import NotSent, OnConfirmed, OnEvent
from tests.waiting import eventually_async

UPDATED = "notifications/resources/updated"
PATIENCE = 10.0
ONE, TWO, THREE = "x:1", "x:2", "x:3"


@dataclass
class Stream:
    """One stream at the server."""

    asked: Any
    on_event: OnEvent
    on_confirmed: OnConfirmed | None
    over: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def uris(self) -> list[str]:
        """The resources it was asked for."""
        found: list[str] = self.asked["resourceSubscriptions"]
        return found

    def confirm(self, *left_out: str, raw: bytes | None = None) -> None:
        """Acknowledge it, or say `raw` in place of a filter."""
        said = {**self.asked, "resourceSubscriptions": [uri for uri in self.uris if uri not in left_out]}
        assert self.on_confirmed is not None
        self.on_confirmed(json.dumps(said).encode() if raw is None else raw)

    def tell(self, uri: str) -> None:
        """Say that a resource changed, if it was asked for and the stream is still there."""
        if uri in self.uris and not self.over.done():
            self.on_event(UPDATED, uri.encode())


class Server:
    """An Upstream that is listened to."""

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.mute = False

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        """A stream until it is ended, or given up."""
        stream = Stream(json.loads(notifications), on_event, on_confirmed)
        self.streams.append(stream)
        if self.mute:
            raise NotSent("no stream")
        await stream.over

    async def until(self, count: int) -> Stream:
        """The newest stream, once there are so many."""
        await eventually_async(lambda: len(self.streams) >= count, what=f"{count} streams")
        assert len(self.streams) == count
        return self.streams[-1]

    @property
    def open(self) -> list[Stream]:
        """The streams that are there."""
        return [stream for stream in self.streams if not stream.over.done()]


class Ear:
    """A Hearing, and what it heard."""

    def __init__(self, server: Server, *, modern: bool = True, shared: bool = False) -> None:
        self.server = server
        self.heard: list[str] = []
        self.said: list[tuple[str, bytes]] = []
        self.hearing = Hearing("files", server, self._hear, modern=modern, shared=shared)  # type: ignore[arg-type]

    def _hear(self, method: str, params: bytes) -> None:
        self.heard.append(params.decode())
        self.said.append((method, params))

    def watches(self, uri: str, seconds: float = PATIENCE) -> asyncio.Task[None]:
        """Begin to watch a resource."""
        return asyncio.create_task(self.hearing.watch(uri, seconds))

    async def watching(self, *uris: str) -> Stream:
        """Watch resources that the server confirms."""
        before = len(self.server.streams)
        tasks = [self.watches(uri) for uri in uris]
        stream = await self.server.until(before + 1)
        stream.confirm()
        await asyncio.gather(*tasks)
        return stream


async def turns() -> None:
    """Let everything happen that nobody waits for any more."""
    for _ in range(10):
        await asyncio.sleep(0)

"""An upstream that is a child process of ours, speaking lines over its standard streams. No shell, no Django."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    OnConfirmed,
    OnEvent,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from registry.transports.handshake import INITIALIZED, eras_in_turn, greeting, read_greeting, time_for
from registry.transports.multiplex import Multiplex
from registry.transports.opening import Opening
from registry.transports.options import Options, Requests
from registry.transports.peer import PeerFacts
from registry.transports.stdio_child import Child
from registry.transports.stdio_start import UNCONFINED, Confinement

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class _Running:
    """A child that has shaken hands."""

    child: Child
    handshake: Handshake

    @property
    def modern(self) -> bool:
        return self.handshake.era is Era.MODERN


class StdioUpstream(Requests):
    """One server run as a child process. See Upstream for what it promises.

    `environment` is the child's whole environment (`child_environment` makes it); it is started as `confined` as that
    says, or not at all, by the first request and again by the next one after it died, with growing pauses. `era` says
    what it is known to speak, `prefer` which era it is asked for first; without both that is the modern one.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        cwd: str | None = None,
        confined: Confinement = UNCONFINED,
        client_capabilities: bytes = EMPTY_OBJECT,
        era: Era | None = None,
        prefer: Era | None = None,
        limits: Limits | None = None,
    ) -> None:
        if not argv:
            raise ValueError("the command of a stdio server is empty")
        self._argv = tuple(argv)
        self._environment = dict(environment)
        self._cwd = cwd
        self._confined = confined
        self._capabilities = client_capabilities
        self._limits = limits or Limits()
        self._opening = Opening(self._agree)
        self._wire = Multiplex(_send, self._limits.connections)
        self._ending: set[asyncio.Task[None]] = set()
        self._child: Child | None = None
        self._era = self._known_era = era
        self._prefer = prefer
        self._failures = 0
        self._not_before = 0.0
        self._closed = False

    @property
    def dropped(self) -> int:
        """How many lines nobody waited for."""
        return self._wire.dropped

    @property
    def peer(self) -> PeerFacts | None:
        """See Upstream: a child has no address."""
        return None

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
            running = await self._first_spoken(child, until)
        except BaseException:
            self._era = self._known_era
            if self._child is not None:
                self._failed()
                await self._drop(self._child)
            raise
        self._era = running.handshake.era
        return running

    async def _first_spoken(self, child: Child, until: float) -> _Running:
        """This child or another one that speaks the first era that this server speaks.

        A child may be bound to the era it was asked for first: what it refuses after that, another one is asked for.
        """
        refusal: UpstreamError | None = None
        bound = False
        turns = eras_in_turn(self._era, self._prefer)
        for era in turns:
            while True:
                if not child.alive or child is not self._child:
                    child, bound = await self._restart(child), False
                try:
                    running = await self._greet(child, era, turns, until)
                except UpstreamError as wrong:
                    refusal = wrong if era is Era.LEGACY or refusal is None else refusal
                    running = None
                if running is not None:
                    return running
                if not bound or asyncio.get_running_loop().time() >= until:
                    break
                await self._drop(child)
            bound = True
        assert refusal is not None
        raise refusal

    async def _start(self) -> Child:
        if self._closed:
            raise NotSent("the connection to this server was closed")
        pause = self._not_before - asyncio.get_running_loop().time()
        if pause > 0:
            raise Unreachable(f"the server process failed; it is started again in {pause:.1f} s at the earliest")
        child = Child(self._limits, self._wire.take, self._ended)
        try:
            await child.start(self._argv, self._environment, self._cwd, self._confined)
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

    async def _greet(self, child: Child, era: Era, turns: tuple[Era, ...], until: float) -> _Running | None:
        by = time_for(era, turns, asyncio.get_running_loop().time(), until, self._limits.probe_seconds)
        method, params = greeting(era, self._capabilities)
        number = self._wire.number()
        try:
            response = await self._wire.carry(child, number, jsonrpc.request(number, method, params), by)
        except TimedOut:
            await self._drop(child)
            raise
        handshake = read_greeting(era, Answer(response.result, response.error))
        if handshake is None:
            return None
        if era is Era.LEGACY:
            child.write(jsonrpc.notification(INITIALIZED, EMPTY_OBJECT))
        return _Running(child, handshake)

    # A request.

    async def _request(self, method: str, params: bytes, deadline: float, options: Options) -> Answer:
        until = asyncio.get_running_loop().time() + deadline
        async with self._wire.slot(until):
            running = self._opening.value or await self._opening.get_for_request(until)
            answer = await self._wire.request(
                running.child, method, params, until, modern=running.modern, options=options
            )
        self._failures = 0
        return answer

    async def listen(
        self, notifications: bytes, on_event: OnEvent, *, deadline: float, on_confirmed: OnConfirmed | None = None
    ) -> None:
        """See Upstream."""
        until = asyncio.get_running_loop().time() + deadline
        running = await self._opening.get_for_request(until)
        await self._wire.listen(
            running.child, notifications, on_event, on_confirmed, until=until, modern=running.modern
        )

    # The end of a child.

    def _ended(self, child: Child, error: UpstreamError | None) -> None:
        def gone() -> UpstreamError:
            return error or BrokenOff("the server process ended before the answer", detail=child.last_words())

        self._wire.fail(child, gone)
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

    async def close(self) -> None:
        """See Upstream."""
        self._closed = True
        self._opening.stop()
        self._wire.stop()
        if self._child is not None:
            await self._drop(self._child)
        if self._ending:
            await asyncio.wait(self._ending)


async def _send(child: Child, message: bytes, until: float) -> None:
    child.write(message)

"""The process's own writer of call entries: one thread, one connection, one hash chain per epoch.

A batch is whatever queued while the last commit ran; there is no timer for intents. What one turn of the event loop
brings is passed on at once at its end, so that the thread is not woken for each line. Outcomes ride with the next
intents, or leave by themselves within `OUTCOME_DELAY`. A full queue refuses. While the database cannot be written,
every call is refused at once and counted; the count becomes one `gap` entry afterwards.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol
from uuid import UUID

from gateway.clock import Clock
from gateway.refusal import Unavailable
from gateway.snapshot.model import Changes

log = logging.getLogger("gatehouse.ledger")

OUTCOME_DELAY = 0.003
LEASE_EVERY = 1.5
BATCH = 500
BATCH_BYTES = 256 * 1024  # Of sealed bodies: a larger batch makes the intents in it wait, and takes memory.
QUEUED = 10_000


class State(Enum):
    """How far an item got; only the writer's thread moves it beyond QUEUED."""

    QUEUED = 1
    WRITTEN = 2
    FAILED = 3


@dataclass(slots=True, eq=False)
class Line:
    """One entry on its way into the chain. `body` is the entry without stream, seq and prev.

    `effect` runs in the batch's own transaction before the entry is linked; the entry is left out, and the call
    refused, when it answers False or raises Refusal. `after` names the intent that an outcome belongs to. `instead_of`
    names the line that was given up for this one: should it be in the ledger all the same, it is closed as not sent.
    """

    body: dict[str, Any]
    at: str
    kind: str
    call: UUID | None = None
    agent: str = ""
    session: str = ""
    server: str = ""
    item: str = ""
    status: str = ""
    sealed: bytes | None = None
    effect: Callable[[], bool] | None = None
    locks: str = ""  # What the effect locks; effects run in this order, the one that every other act keeps too.
    after: Line | None = None
    instead_of: Line | None = None
    waiter: asyncio.Future[Changes | None] | None = None
    deadline: float = 0.0
    abandoned: bool = False
    state: State = State.QUEUED
    epoch: str = ""
    closing: Line | None = None  # The outcome that was made for it without a call to wait for.
    refusal: Exception | None = None


class Store(Protocol):
    """Where lines go. Every method is called from the writer's thread alone and raises StoreDown."""

    @property
    def epoch(self) -> str:
        """The name of the stream that is being written."""

    def open(self) -> list[Line]:
        """Connect and start a new epoch, or go on with the one that is still ours.

        Returns the lines of a batch that failed and is found committed after all.
        """

    def write(self, lines: list[Line]) -> Changes | None:
        """Commit the lines as one batch; afterwards say which generations hold."""

    def keep_lease(self) -> None:
        """Say that this epoch lives."""

    def close(self) -> None:
        """Seal the epoch and disconnect."""


class StoreDown(Exception):
    """The database did not say that it took the batch."""


@dataclass(slots=True)
class _Gap:
    count: int = 0
    since: str = ""
    until: str = ""


class LedgerWriter:
    """Takes lines from the event loop, writes them in a thread, and wakes who waits for durability."""

    def __init__(self, store: Store, *, clock: Clock, loop: asyncio.AbstractEventLoop, deadline: float) -> None:
        self._store = store
        self._clock = clock
        self._loop = loop
        self._deadline = deadline
        self._handed: list[Line] = []
        self._soon = False
        self._later: asyncio.TimerHandle | None = None
        self._given = 0  # Lines that ever came; only the loop writes it, and only the thread the next.
        self._taken = 0
        self._queue: queue.SimpleQueue[list[Line] | None] = queue.SimpleQueue()
        self._ahead: deque[Line] = deque()
        self._ending = False
        self._waiting: dict[Line, None] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._gap = _Gap()
        self._kept: list[Line] = []
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self.up = False

    def start(self) -> None:
        """Start the thread; `up` turns True once the first epoch is open."""
        self._thread.start()

    # On the event loop.

    async def stop(self, within: float = 10.0) -> None:
        """Write what is queued, seal the epoch, end the thread."""
        self._pass_on()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, within)

    @property
    def caught_up(self) -> bool:
        """Whether nothing waits for a batch."""
        return self._given == self._taken

    async def durable(self, line: Line) -> Changes | None:
        """Return once the line is committed, with the generations read after the commit.

        Raises Unavailable when it could not be written within the deadline, and whatever refusal its effect raised.
        """
        if self._given - self._taken >= QUEUED:
            raise Unavailable("The ledger cannot keep up; nothing was sent. Try again in a moment.")
        line.waiter = self._loop.create_future()
        line.deadline = self._loop.time() + self._deadline
        self._waiting[line] = None
        if self._sweep is None:
            self._sweep = self._loop.call_at(line.deadline, self._give_up)
        self._given += 1
        self._handed.append(line)
        if not self._soon:
            self._soon = True
            self._loop.call_soon(self._pass_on)
        try:
            return await line.waiter
        except asyncio.CancelledError:
            line.abandoned = True
            raise
        finally:
            self._waiting.pop(line, None)

    def hand_over(self, line: Line) -> None:
        """Queue a line that nobody waits for; it is durable within OUTCOME_DELAY and one commit."""
        self._given += 1
        self._handed.append(line)
        if self._later is None and not self._soon:
            self._later = self._loop.call_later(OUTCOME_DELAY, self._pass_on)

    def close_given_up(self, line: Line) -> None:
        """See that an intent whose call ended before it was known to be durable is closed, should it be there."""
        self.hand_over(Line(body={}, at=line.at, kind="call.refused", instead_of=line, abandoned=True))

    def count_refused(self, at: str) -> None:
        """Count a call that was refused, for want of the database, before there could be a record of it."""
        self.hand_over(Line(body={}, at=at, kind="gap", abandoned=True))

    def _pass_on(self) -> None:
        """Give the thread what this turn of the loop brought, and the outcomes that waited for it."""
        self._soon = False
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._handed:
            handed, self._handed = self._handed, []
            self._queue.put(handed)

    def _give_up(self) -> None:
        self._sweep = None
        now = self._loop.time()
        for line in list(self._waiting):
            if line.deadline > now:
                self._sweep = self._loop.call_at(line.deadline, self._give_up)
                return
            line.abandoned = True
            self._waiting.pop(line, None)
            if line.waiter is not None and not line.waiter.done():
                line.waiter.set_exception(Unavailable("The ledger did not answer in time; nothing was sent."))

    def _wake(self, lines: list[Line], changes: Changes | None) -> None:
        for line in lines:
            waiter = line.waiter
            if waiter is None or waiter.done():
                continue
            if line.refusal is not None:
                waiter.set_exception(line.refusal)
            else:
                waiter.set_result(changes)

    # In the thread.

    def _run(self) -> None:
        lease_at = 0.0
        while True:
            batch, ending = self._collect()
            try:
                if not self.up:
                    self._reopen()
                    lease_at = time.monotonic() + LEASE_EVERY
                if batch or self._kept or self._gap.count:
                    batch, self._kept = self._kept + batch, []
                    self._write(batch)
                if time.monotonic() >= lease_at:
                    self._store.keep_lease()
                    lease_at = time.monotonic() + LEASE_EVERY
            except Exception as problem:  # noqa: BLE001  A supervised loop: what it cannot write is refused.
                self._down(batch, problem)
            if ending:
                if self.up:
                    self._store.close()
                return

    def _reopen(self) -> None:
        """Connect again; intents of a batch that was committed after all, though refused, are closed as not sent."""
        for line in self._store.open():
            line.state, line.epoch = State.WRITTEN, self._store.epoch
            if line.kind == "call.intent" and line.closing is None:
                line.closing = not_sent(line)
                self._kept.append(line.closing)
        self._kept = [line for line in self._kept if line.state is State.QUEUED]
        self.up = True

    def _collect(self) -> tuple[list[Line], bool]:
        """What was passed on by now, as far as it makes one batch; waits for the first line. True at the end."""
        ahead = self._ahead
        if not ahead:
            self._take(LEASE_EVERY / 3 if self.up else 0.25)
        while not self._ending and self._take(0):
            pass
        batch: list[Line] = []
        size = 0
        while ahead and len(batch) < BATCH and size < BATCH_BYTES:
            batch.append(ahead.popleft())
            size += len(batch[-1].sealed or b"")
        self._taken += len(batch)
        return batch, self._ending and not ahead

    def _take(self, timeout: float) -> bool:
        """Take what one turn of the loop passed on; False when there is nothing, or nothing more will come."""
        try:
            handed = self._queue.get(timeout > 0, timeout)
        except queue.Empty:
            return False
        if handed is None:
            self._ending = True
            return False
        self._ahead += handed
        return True

    def _write(self, batch: list[Line]) -> None:
        lines = [line for line in dict.fromkeys(map(self._as_wanted, batch)) if line is not None]
        gap = self._gap_line()
        if gap is not None:
            lines.insert(0, gap)
        if not lines:
            return
        changes = self._store.write(lines)
        if gap is not None:
            self._gap = _Gap()
        self._follow_up(lines)
        self._hand_back(lines, changes)

    def _as_wanted(self, line: Line) -> Line | None:
        """The line, or what takes its place: nothing for what was given up, or closes an intent that is not there."""
        if line.state is State.WRITTEN:
            return None
        if line.instead_of is not None and line.instead_of.state is State.WRITTEN:
            return self._closing(line.instead_of)
        if line.abandoned:
            line.state = State.FAILED
            if line.kind == "gap":
                self._count(line)
            return None
        intent = line.after
        wanted = intent is None or (intent.state is State.WRITTEN and intent.epoch == self._store.epoch)
        return line if wanted else None

    def _closing(self, given_up: Line) -> Line | None:
        """The outcome of an intent that was written though its call had given it up; a sealed epoch has closed it."""
        if given_up.kind != "call.intent" or given_up.epoch != self._store.epoch:
            return None
        given_up.closing = given_up.closing or not_sent(given_up)
        return None if given_up.closing.state is State.WRITTEN else given_up.closing

    def _follow_up(self, lines: list[Line]) -> None:
        for line in lines:
            line.state = State.FAILED if line.refusal is not None else State.WRITTEN
            line.epoch = self._store.epoch

    def _down(self, batch: list[Line], problem: Exception) -> None:
        if self.up:
            log.error("the ledger cannot be written, calls are refused: %s", problem)
        self.up = False
        for line in batch:
            if line.state is not State.QUEUED:
                continue
            closes = line.after or line.instead_of
            if closes is not None and closes.state is State.WRITTEN and len(self._kept) < QUEUED:
                self._kept.append(line)
                continue
            line.state = State.FAILED
            if line.waiter is None:  # Whoever waits for a line hands over a refusal when it fails.
                self._count(line)
            line.refusal = Unavailable("The ledger cannot be written; nothing was sent. Try again in a moment.")
        self._hand_back([line for line in batch if line.state is State.FAILED], None)

    def _count(self, line: Line) -> None:
        if line.call is None and line.kind != "gap":
            return  # Aggregated refusals of strangers are no calls.
        self._gap.count += 1
        self._gap.since = self._gap.since or line.at
        self._gap.until = line.at

    def _gap_line(self) -> Line | None:
        if not self._gap.count:
            return None
        counted = {"what": "calls refused while the ledger could not be written", "count": self._gap.count}
        counted |= {"since": self._gap.since, "until": self._gap.until}
        body = {"v": 1, "at": self._gap.until, "kind": "gap", "principal": {"person": "gatehouse"}, "counted": counted}
        return Line(body=body, at=self._gap.until, kind="gap")

    def _hand_back(self, lines: list[Line], changes: Changes | None) -> None:
        waited = [line for line in lines if line.waiter is not None]
        if waited and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, waited, changes)


def not_sent(intent: Line) -> Line:
    """The outcome of an intent whose call was given up before anything was sent."""
    body = {key: intent.body[key] for key in ("v", "at", "call", "principal", "target") if key in intent.body}
    body |= {"kind": "call.outcome", "outcome": {"status": "not_sent", "ms": 0}}
    return Line(
        body=body,
        at=intent.at,
        kind="call.outcome",
        call=intent.call,
        agent=intent.agent,
        session=intent.session,
        server=intent.server,
        item=intent.item,
        status="not_sent",
        after=intent,
    )

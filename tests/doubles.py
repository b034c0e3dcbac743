"""In-memory stand-ins for what the gateway talks to, written and not mocked: a ledger store, one HTTP request, a clock.

Each keeps what it was given, so that a test can look at it, and can be told to fail or to stand still.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.writer import Line, StoreDown
from gateway.exchange import Exchange
from gateway.snapshot.model import Changes, Generations

WAIT = 5.0


@dataclass
class HandClock:
    """Seconds that pass only when the test says so; wall and monotonic alike."""

    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        """The present."""
        return self.seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


@dataclass
class MemoryStore:
    """The Store of a LedgerWriter, in a list. `let_go` cleared makes every write stand still until it is set.

    `down` fails every act; `commits_then_fails` takes the next batch and then says that it did not.
    """

    written: list[Line] = field(default_factory=list)
    batches: list[list[Line]] = field(default_factory=list)
    epoch: str = ""
    epochs: int = 0
    down: bool = False
    commits_then_fails: bool = False
    sealed_by_other: bool = False
    closed: bool = False
    leases: int = 0
    changes: Changes | None = None
    let_go: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    _unsure: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.let_go.set()

    def open(self) -> list[Line]:
        """Start an epoch, or go on with the one that was not sealed meanwhile."""
        self._fail()
        if not self.epoch or self.sealed_by_other:
            self.epochs += 1
            self.epoch, self.sealed_by_other, self._unsure = f"epoch-{self.epochs}", False, []
            return []
        unsure, self._unsure = self._unsure, []
        return unsure

    def write(self, lines: list[Line]) -> Changes | None:
        """Take a batch: effects run first and may refuse their own line."""
        self.entered.set()
        assert self.let_go.wait(WAIT), "nobody let the store go on"
        self._fail()
        if self.sealed_by_other:
            raise StoreDown("this epoch was sealed by another process")
        for line in lines:
            if line.effect is not None and not line.effect():
                line.refusal = PermissionError("the effect said no")
        kept = [line for line in lines if line.refusal is None]
        self.batches.append(kept)
        self.written += kept
        if self.commits_then_fails:
            self.commits_then_fails, self._unsure = False, kept
            raise StoreDown("the connection broke during the commit")
        return self.changes

    def keep_lease(self) -> None:
        """Count the renewals."""
        self._fail()
        self.leases += 1

    def close(self) -> None:
        """Remember that the epoch was sealed."""
        self.closed = True

    def kinds(self, call: Any = None) -> list[str]:
        """What was written, of one call or of all, as kind or kind:status."""
        lines = [line for line in self.written if call is None or line.call == call]
        return [f"{line.kind}:{line.status}" if line.status else line.kind for line in lines]

    def _fail(self) -> None:
        if self.down:
            raise StoreDown("the database is down")


class Request:
    """One HTTP request to an Exchange, from the server's side of ASGI: what it got is in `sent`."""

    def __init__(
        self, body: Iterable[bytes] = (b"",), headers: Iterable[tuple[bytes, bytes]] = (), method: str = "POST"
    ) -> None:
        chunks = list(body)
        self.sent: list[dict[str, Any]] = []
        self.changed = asyncio.Event()
        self._messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for number, chunk in enumerate(chunks, 1):
            self._messages.put_nowait({"type": "http.request", "body": chunk, "more_body": number < len(chunks)})
        self.taken = 0
        scope = {"type": "http", "method": method, "headers": list(headers), "client": ("192.0.2.7", 40000)}
        self.exchange = Exchange(scope, self._receive, self._send, asyncio.get_running_loop())

    async def _receive(self) -> dict[str, Any]:
        message = await self._messages.get()
        self.taken += len(message.get("body", b""))
        return message

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        self.changed.set()

    def leave(self) -> None:
        """Close the connection as the agent."""
        self._messages.put_nowait({"type": "http.disconnect"})

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that was sent makes `condition` true."""
        async with asyncio.timeout(WAIT):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    @property
    def status(self) -> int:
        """The status that was sent."""
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The headers that were sent."""
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        """Everything that was sent as body so far."""
        return b"".join(message.get("body", b"") for message in self.sent)

    @property
    def over(self) -> bool:
        """Whether the answer has ended."""
        return bool(self.sent) and self.sent[-1]["type"] == "http.response.body" and not self.sent[-1].get("more_body")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class InThread:
    """Runs an async context manager on its own event loop, for tests that block: `with InThread(make) as made`."""

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Any:
        self._thread.start()
        self._manager = self._make()
        return self.run(self._manager.__aenter__())

    def __exit__(self, *problem: Any) -> None:
        self.run(self._manager.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT)
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine over there and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * WAIT)


def changes(
    as_of: float, *, switches: tuple[Any, ...] = (), revoked: Any = None, switches_: int = 0, **numbers: int
) -> Changes:
    """What one look at the database brought; the numbers are generations, `switches_` that of the stops."""
    return Changes(Generations(switches=switches_, **numbers), switches, revoked or {}, as_of)

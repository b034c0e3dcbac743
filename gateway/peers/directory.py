"""The processes of this installation, as this one sees them: read from the database, remembered for a second."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.adapters.threads import in_thread
from gateway.peers.identity import Identity
from governance.peers import living_processes

REMEMBERED = 1.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read, and when the reading began."""

    at: float = float("-inf")
    addresses: Mapping[str, str] = field(default_factory=dict)


class Peers:
    """Who lives and where. For one event loop. Every method raises Unavailable when the database does not answer."""

    def __init__(
        self,
        own: Identity,
        *,
        read: Callable[[], Mapping[str, str]] = living_processes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.own = own
        self._read = read
        self._monotonic = monotonic
        self._seen = _Seen()
        self._reading: asyncio.Task[_Seen] | None = None
        self._gone: set[str] = set()

    async def address_of(self, process: str) -> str | None:
        """Where a process is reached; None when it is gone, and from then on for ever.

        A process that comes back with a new lease after that has lost nothing, but what it held is answered for here
        already. This process itself is answered without looking.
        """
        if process == self.own.process:
            return self.own.address
        if process in self._gone:
            return None
        asked = self._monotonic()
        found = (await self._as_of(asked - REMEMBERED)).addresses.get(process)
        if found is None:  # It may have begun since: nobody is called gone by what was read before the question.
            found = (await self._as_of(asked)).addresses.get(process)
        if found is None:
            self._gone.add(process)
        return None if process in self._gone else found

    async def living(self) -> tuple[str, ...]:
        """The ids of all processes that live, this one always among them, sorted; at most a second old."""
        seen = await self._as_of(self._monotonic() - REMEMBERED)
        return tuple(sorted({self.own.process, *seen.addresses}))

    async def addresses(self) -> frozenset[str]:
        """Where the living processes are reached; at most a second old."""
        return frozenset((await self._as_of(self._monotonic() - REMEMBERED)).addresses.values())

    async def _as_of(self, moment: float) -> _Seen:
        """What was read at `moment` or later; those who ask at once share one reading."""
        while self._seen.at < moment:
            if self._reading is None:
                self._reading = asyncio.create_task(self._look())
                self._reading.add_done_callback(self._looked)
            await asyncio.shield(self._reading)
        return self._seen

    async def _look(self) -> _Seen:
        began = self._monotonic()
        self._seen = _Seen(began, await in_thread(self._read))
        return self._seen

    def _looked(self, reading: asyncio.Task[_Seen]) -> None:
        self._reading = None
        with contextlib.suppress(asyncio.CancelledError):
            reading.exception()  # Whoever asked may have left; the failure is then nobody's.

    async def close(self) -> None:
        """Stop looking."""
        if self._reading is not None:
            self._reading.cancel()

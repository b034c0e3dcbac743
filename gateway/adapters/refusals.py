"""Count what is refused before anybody is known: one ledger entry per address and ten seconds, whatever the flood."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gateway.adapters.writer import LedgerWriter, Line
from gateway.clock import Clock

EVERY = 10.0
ADDRESSES = 1_000
OTHERS = "other addresses"


@dataclass(slots=True)
class _Count:
    count: int
    since: str
    until: str


class RefusalCounts:
    """Collects refusals without a call and hands them to the writer. Lives on the event loop."""

    def __init__(self, writer: LedgerWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}
        self._timer: asyncio.TimerHandle | None = None

    def note(self, address: str, what: str) -> None:
        """Count one refused request of an address."""
        now = self._clock.stamp()
        key = (address, what)
        if key not in self._counts and len(self._counts) >= ADDRESSES:
            key = (OTHERS, what)
        found = self._counts.setdefault(key, _Count(0, now, now))
        found.count += 1
        found.until = now
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY, self.flush)

    def unavailable(self) -> None:
        """Count a request that was refused because the database cannot be relied on; it is part of the next gap."""
        self._writer.count_refused(self._clock.stamp())

    def flush(self) -> None:
        """Write what was counted."""
        self._timer = None
        counts, self._counts = self._counts, {}
        for (address, what), found in counts.items():
            counted = {"what": what, "count": found.count, "since": found.since, "until": found.until}
            body = {
                "v": 1,
                "at": found.until,
                "kind": "call.refused",
                "principal": {"person": None, "agent": None, "token": None, "session": None, "address": address},
                "counted": counted,
                "outcome": {"status": "denied" if what == "not authenticated" else "malformed", "ms": 0},
            }
            status = body["outcome"]["status"]
            self._writer.hand_over(Line(body=body, at=found.until, kind="call.refused", status=status))

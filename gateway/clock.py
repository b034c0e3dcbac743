"""The one clock of a process: it follows the wall but never stands still or goes back (contract section 8)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class Clock:
    """Wall time as base plus monotonic time since base; a wall clock that jumps ahead moves the base forward."""

    def __init__(
        self,
        *,
        recorded: float = 0.0,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._base = max(wall(), recorded)
        self._since = monotonic()
        self._second, self._head = -1, ""  # The second that was written last, and its text.

    def epoch(self) -> float:
        """Seconds since 1970, never less than an answer before."""
        now = self._base + (self._monotonic() - self._since)
        wall = self._wall()
        if wall > now:
            self._base, self._since = wall, self._monotonic()
            return wall
        return now

    def now(self) -> datetime:
        """The same moment as an aware UTC datetime."""
        return datetime.fromtimestamp(self.epoch(), UTC)

    def stamp(self) -> str:
        """The same moment as ledger entries write it: UTC, microseconds, `Z`."""
        epoch = self.epoch()
        second = int(epoch)
        if second != self._second:
            self._second, self._head = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._head}.{int((epoch - second) * 1_000_000):06d}Z"

    def not_before(self, recorded: float) -> None:
        """Move ahead to the highest time that was recorded; an earlier one changes nothing."""
        if recorded > self.epoch():
            self._base, self._since = recorded, self._monotonic()

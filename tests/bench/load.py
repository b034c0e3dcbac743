"""The load generator: N sessions with one call in flight each, every answer verified, figures as JSON. No Django.

Run as `python -m tests.bench.load`, with a Spec as JSON on standard input.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import msgspec
import uvloop

from registry.mcp.revisions import LATEST_LEGACY
from tests.bench import accounting
from tests.bench.session import Session, Task, now

OPENED_AT_ONCE = 8
FAULTS = 50  # A run with so many wrong answers is given up.
DRAINED_WITHIN = 15.0
SHOWN = 3


class Spec(msgspec.Struct):
    """What to measure. Sessions take turns over `urls`; `processes` are roots of process trees to account for."""

    urls: list[str]
    sessions: int
    seconds: float
    warmup: float = 0.3
    size: int = 100
    tool: str = "echo"
    era: str = LATEST_LEGACY
    authorization: str = ""
    run: int = 0
    processes: dict[str, list[int]] = {}  # noqa: RUF012  msgspec copies it.


class Load:
    """One run. Keeps the book of all its sessions."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.going = True
        self.began = sys.maxsize
        self.times: list[int] = []
        self.answered = 0
        self.errors = 0
        self.samples: list[str] = []
        self._over = asyncio.Event()
        self._all_idle = asyncio.Event()
        self._running = 0

    def right(self, sent: int, done: int) -> None:
        """See Book."""
        self.answered += 1
        if sent >= self.began and self.going:
            self.times.append(done - sent)

    def wrong(self, why: str) -> None:
        """See Book."""
        self.errors += 1
        if len(self.samples) < SHOWN:
            self.samples.append(why)
        if self.errors >= FAULTS:
            self.stop()

    def idle(self) -> None:
        """See Book."""
        self._running -= 1
        if not self._running:
            self._all_idle.set()
            self.stop()

    def stop(self) -> None:
        """Send nothing more."""
        self.going = False
        self._over.set()

    async def run(self) -> dict[str, Any]:
        """Open, warm up, measure, wait for what is in flight. Raises BadHttp when a session cannot be opened."""
        spec = self.spec
        sessions = [Session(self._task(number), number, self) for number in range(spec.sessions)]
        try:
            for start in range(0, len(sessions), OPENED_AT_ONCE):
                await asyncio.gather(*(session.open() for session in sessions[start : start + OPENED_AT_ONCE]))
            self._running = len(sessions)
            for session in sessions:
                session.fire()
            await self._for(spec.warmup)
            figures = await self._measured()
            await self._drained()
        finally:
            for session in sessions:
                session.close()
        sent = sum(session.sent for session in sessions)
        return figures | {"sent": sent, "answered": self.answered, "errors": self.errors, "samples": self.samples}

    def _task(self, number: int) -> Task:
        spec = self.spec
        url = spec.urls[number % len(spec.urls)]
        return Task(url, spec.authorization, spec.era, spec.tool, spec.size, spec.run)

    async def _for(self, seconds: float) -> None:
        """Go on for so long, or until the run is given up."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            pass

    async def _measured(self) -> dict[str, Any]:
        groups = {name: accounting.tree(roots) for name, roots in self.spec.processes.items()}
        groups["generator"] = frozenset((os.getpid(),))
        before = {name: accounting.cpu_seconds(pids) for name, pids in groups.items()}
        busy = accounting.busy_seconds()
        self.began = now()
        await self._for(self.spec.seconds)
        ended = now()
        self.going = False
        spent = {name: accounting.cpu_seconds(pids) - before[name] for name, pids in groups.items()}
        seconds = (ended - self.began) / 1e9
        others = accounting.busy_seconds() - busy - sum(spent.values())
        return {
            **self._latencies(),
            "seconds": round(seconds, 3),
            "rate": round(len(self.times) / seconds, 1),
            "cpu_us": {name: round(cpu * 1e6 / max(1, len(self.times)), 1) for name, cpu in spent.items()},
            "cores": {name: round(cpu / seconds, 2) for name, cpu in spent.items()},
            "others": round(max(0.0, others) / seconds, 2),
        }

    def _latencies(self) -> dict[str, Any]:
        times = sorted(self.times)
        if not times:
            return {"calls": 0, "p50_us": 0.0, "p95_us": 0.0, "p99_us": 0.0}
        last = len(times) - 1
        places = {f"p{part}_us": round(times[min(last, len(times) * part // 100)] / 1e3, 1) for part in (50, 95, 99)}
        return {"calls": len(times), **places}

    async def _drained(self) -> None:
        """Wait for what is in flight; what does not come is an error."""
        try:
            async with asyncio.timeout(DRAINED_WITHIN):
                await self._all_idle.wait()
        except TimeoutError:
            self.errors += self._running
            self.samples.append(f"{self._running} calls were not answered within {DRAINED_WITHIN} s")


async def measured(spec: Spec) -> dict[str, Any]:
    """Run one Spec in this event loop."""
    return await Load(spec).run()


def main() -> None:
    """Read a Spec, run it, print the figures."""
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measured(spec))
    figures["at"] = round(time.time(), 1)
    print(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    main()

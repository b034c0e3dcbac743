"""The gateway with its stages timed, for a run of its own: wrapping costs time, so nothing else is measured here.

Run as `python -m tests.bench.stages PORT FILE` in an installation's environment: it serves like `manage.py serve`, and
writes what each stage took to FILE when it is stopped.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.databases import ROOT
from tests.running import Installation, Running

REST, SERVER, WRITER = "rest of the request", "HTTP server and event loop", "ledger writer's thread"
STAGES = {
    "read and parse": (
        "gateway.exchange:Exchange.__init__",
        "gateway.exchange:Exchange.body",
        "gateway.mcp.inbound:read",
        "gateway.mcp.verbs:judged",
        "gateway.calls:Calls.call_of",
    ),
    "authenticate": (
        "gateway.door:Door.require_own",
        "gateway.door:Door.authenticated",
        "gateway.session_era:SessionEra.session_of",
    ),
    "gather": ("gateway.adapters.facts:FactsFinder.gather",),
    "admit": ("gateway.pipeline:admit",),
    "intent": (
        "gateway.adapters.trail:Trail.__init__",
        "gateway.adapters.trail:Trail.intent",
        "gateway.snapshot.holder:SnapshotHolder.require_current",
    ),
    "upstream": (
        "gateway.adapters.upstream:UpstreamPool.send",
        "registry.transports.http_wire:Connection.data_received",
    ),
    "screen": ("gateway.pipeline:screen",),
    "outcome and encode": (
        "gateway.adapters.trail:Trail.outcome",
        "gateway.mcp.outbound:for_era",
        "gateway.mcp.outbound:response",
        "gateway.exchange:Exchange.answer",
    ),
    REST: ("gateway.consumers:MCPConsumer.__call__",),
    WRITER: ("gateway.adapters.writer:LedgerWriter._write",),
}
COUNTED = "admit"
WARM = 200  # Calls that are left out, when there are more: the first of each kind compiles and fills memories.

cpu = time.thread_time_ns
wall = time.perf_counter_ns


@dataclass(slots=True)
class Stage:
    """What one stage took so far, in ns: of its thread's CPU without the stages inside it, and by the clock."""

    calls: int = 0
    busy: int = 0
    passed: int = 0


class Watch:
    """Adds up the time of wrapped functions. Time inside another wrapped function belongs to that one alone."""

    def __init__(self) -> None:
        self.stages = {name: Stage() for name in STAGES}
        self._inside: list[int] = []  # Of every wrapped function that runs now: what others took inside it.
        self._writing: list[int] = []  # The same in the writer's thread.
        self.first: int | None = None
        self._warm = False

    def wrap_all(self) -> None:
        """Replace every function of STAGES. Raises AttributeError naming the one that is not there."""
        for name, places in STAGES.items():
            inside = self._writing if name == WRITER else self._inside
            for place in places:
                module, _, path = place.partition(":")
                owner: Any = importlib.import_module(module)
                *parts, last = path.split(".")
                for part in parts:
                    owner = getattr(owner, part)
                found = owner.__dict__.get(last)
                if found is None:
                    raise AttributeError(f"{place} is not there any more; name what took its place in {__name__}")
                make = self._steps if inspect.iscoroutinefunction(found) else self._plain
                setattr(owner, last, functools.wraps(found)(make(found, self.stages[name], inside)))

    def _plain(self, function: Callable[..., Any], stage: Stage, inside: list[int]) -> Callable[..., Any]:
        def timed(*args: Any, **named: Any) -> Any:
            began, start = wall(), cpu()
            inside.append(0)
            try:
                return function(*args, **named)
            finally:
                spent = cpu() - start
                stage.busy += spent - inside.pop()
                stage.passed += wall() - began
                stage.calls += 1
                if inside:
                    inside[-1] += spent

        return timed

    def _steps(
        self, function: Callable[..., Coroutine[Any, Any, Any]], stage: Stage, inside: list[int]
    ) -> Callable[..., Awaitable[Any]]:
        async def timed(*args: Any, **named: Any) -> Any:
            if self.first is None or (not self._warm and self.stages[COUNTED].calls >= WARM):
                self._begin()
            began = wall()
            try:
                return await _Stepped(function(*args, **named), stage, inside)
            finally:
                stage.passed += wall() - began
                stage.calls += 1

        return timed

    def _begin(self) -> None:
        """Count from here; at the first request, and again when the gateway is warm."""
        self._warm = self.first is not None
        for stage in self.stages.values():
            stage.calls = stage.busy = stage.passed = 0
        self.first = cpu()

    def figures(self) -> dict[str, Any]:
        """µs per call: `busy` of CPU, `waits` for others, by stage. Called in the thread of the event loop."""
        calls = max(1, self.stages[COUNTED].calls)
        rows = {
            name: {"busy_us": round(stage.busy / calls / 1e3, 1), "passed_us": round(stage.passed / calls / 1e3, 1)}
            for name, stage in self.stages.items()
        }
        loop = (cpu() - (self.first or 0)) / calls / 1e3
        in_requests = sum(row["busy_us"] for name, row in rows.items() if name != WRITER)
        server = round(loop - in_requests, 1)
        rows[SERVER] = {"busy_us": server, "passed_us": server}
        return {"calls": self.stages[COUNTED].calls, "stages": rows}


class _Stepped:
    """Runs a coroutine and times each of its steps, so that waiting is not taken for work."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], stage: Stage, inside: list[int]) -> None:
        self._coroutine = coroutine
        self._stage = stage
        self._inside = inside

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = functools.partial(self._coroutine.send, None)
        while True:
            start = cpu()
            self._inside.append(0)
            try:
                waits_for = step()
            except StopIteration as done:
                return done.value
            finally:
                spent = cpu() - start
                self._stage.busy += spent - self._inside.pop()
                if self._inside:
                    self._inside[-1] += spent
            try:
                step = functools.partial(self._coroutine.send, (yield waits_for))
            except BaseException as problem:
                step = functools.partial(self._coroutine.throw, problem)


class Staged(Running):
    """A gateway with timed stages; `figures` after it was stopped."""

    def __init__(self, made: Installation) -> None:
        super().__init__(made)
        self._file = made.folder / f"stages-{self.port}.json"

    def launch(self) -> Self:
        """Start the process without waiting."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.stages", str(self.port), str(self._file)],
                env=self.installation.environ(self.port),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def figures(self) -> dict[str, Any]:
        """What the stages took."""
        loaded: dict[str, Any] = json.loads(self._file.read_text())
        return loaded


def main(port: int, file: Path) -> None:
    """Serve until stopped, with every stage timed."""
    import django

    from gateway.settings.env import settings_module

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module())
    django.setup()
    from django.core.management import call_command

    from gateway import runtime

    watch = Watch()
    watch.wrap_all()
    stop = runtime.stop

    async def stop_and_tell() -> None:
        figures = watch.figures()
        await stop()
        file.write_text(json.dumps(figures))

    runtime.stop = stop_and_tell
    call_command("serve", port=port, no_migrate=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))

"""How long a worker takes from the commit of a change of one server until its calls are decided by it.

Run as `python -m tests.proof.snapshot [TOOLS] [ROUNDS] [LIMIT_MS]`, on SQLite, and on PostgreSQL where it answers.
Figures as JSON, times in milliseconds; what a rebuild keeps is compared with what is read anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.databases import LOCAL_POSTGRES, ROOT, Databases, databases, server_of_this_run
from tests.running import postgres_answers

TOOLS, SERVERS, ROUNDS, LIMIT_MS = 25_000, 50, 9, 250
AGENTS = 200
WITHIN = 60
ONE = "s7"

Servers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one server, and how a snapshot shows that it knows of it."""

    name: str
    make: Callable[[int], None]
    shows: Callable[[Servers, int], bool]


class Worker:
    """A real keeper that feeds a real holder on a loop of its own, as in a gateway process."""

    def __init__(self) -> None:
        from gateway.snapshot.holder import SnapshotHolder
        from gateway.snapshot.keeper import SnapshotKeeper
        from governance.inspection.scan import compile_detectors

        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.rebuilt = threading.Condition()
        self.latest: tuple[float, Any] = (0.0, None)
        self.keeper = SnapshotKeeper(
            every=0.25,
            detectors=compile_detectors(key=b"k" * 32),
            loop=self.loop,
            on_decisions=lambda: None,
            on_rebuilt=self._on_rebuilt,
            each_round=lambda: None,
            now=lambda: datetime.now(UTC),
        )
        self.holder = SnapshotHolder(max_age=1.0, wait=0.5, confirm_now=self.keeper.nudge)

    def _on_rebuilt(self, snapshot: Any) -> None:
        with self.rebuilt:
            self.latest = (time.monotonic(), snapshot)
            self.rebuilt.notify_all()

    def until(self, registry: int) -> tuple[float, Any]:
        """When calls began to be decided by this generation of the registry or a later one, and by what snapshot."""
        with self.rebuilt:
            seen = self.rebuilt.wait_for(
                lambda: self.latest[1] is not None and self.latest[1].generations.registry >= registry, WITHIN
            )
            assert seen, f"no snapshot of generation {registry} within {WITHIN} s"
            return self.latest

    def start(self) -> float:
        """Read everything for the first time; how many seconds that took."""
        began = time.monotonic()
        self.thread.start()
        self.keeper.start(self.holder)
        return self.until(0)[0] - began

    def stop(self) -> None:
        """End both threads."""
        self.keeper.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


def main(tools: int = TOOLS, rounds: int = ROUNDS, limit_ms: int = LIMIT_MS) -> dict[str, Any]:
    """The measurement on each database, each in a process of its own."""
    postgres = server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    told: dict[str, Any] = {"program": "snapshot", "tools": tools, "servers": SERVERS, "limit_ms": limit_ms}
    zero = {"over_the_limit": 0, "unseen": 0, "unlike_a_cold_read": 0}
    for server in ["", *([] if postgres_answers(postgres) else [postgres])]:
        with (
            tempfile.TemporaryDirectory(prefix="gatehouse-snapshot-") as folder,
            databases(server, Path(folder)) as made,
        ):
            figures = on_one_database(made, tools, rounds, limit_ms)
        told[made.vendor] = figures
        zero = {name: zero[name] + figures["zero"][name] for name in zero}
    return told | zero


def on_one_database(made: Databases, tools: int, rounds: int, limit_ms: int) -> dict[str, Any]:
    """The measurement on a fresh database of these, in a process of its own; `zero` has the figures that must be 0."""
    copy = made.copy()
    try:
        environment = {**os.environ, "DATABASE_URL": copy.url, "GATEHOUSE_MODE": "test"}
        command = [sys.executable, "-m", "tests.proof.snapshot", "here", str(tools), str(rounds), str(limit_ms)]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, timeout=900)
    finally:
        made.drop(copy)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def measure(tools: int, rounds: int, limit_ms: float) -> dict[str, Any]:
    """The measurement on the database that Django is set up with, which is filled for it."""
    from gateway.snapshot.servers import ServerReader
    from tests.proof.many_tools import make_agents, make_servers

    make_servers(tools, SERVERS)
    make_agents(AGENTS)
    times: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}
    unseen = unlike = 0
    with working() as (worker, cold):
        for number in range(rounds):
            for step in steps(tools // SERVERS):
                generation = _committed(step.make, number)
                since, before = time.monotonic(), time.process_time()
                at, snapshot = worker.until(generation)
                times.setdefault(step.name, []).append((at - since) * 1000)
                spent.setdefault(step.name, []).append((time.process_time() - before) * 1000)
                unseen += not step.shows(snapshot.servers, number)
                if number == rounds - 1:
                    unlike += snapshot.servers != ServerReader().read(datetime.now(UTC))
    medians = {name: round(statistics.median(values), 1) for name, values in times.items()}
    return {
        "cold_ms": round(cold * 1000),
        "median_ms": medians,
        "cpu_ms": {name: round(statistics.median(values), 1) for name, values in spent.items()},
        "longest_ms": {name: round(max(values), 1) for name, values in times.items()},
        "zero": {
            "over_the_limit": sum(value > limit_ms for value in medians.values()),
            "unseen": unseen,
            "unlike_a_cold_read": unlike,
        },
    }


@contextmanager
def working() -> Iterator[tuple[Worker, float]]:
    """A worker that has read everything once and is settled as a gateway process is; and how long reading took."""
    from gateway.asgi import settle

    worker = Worker()
    try:
        cold = worker.start()
        settle()
        yield worker, cold
    finally:
        worker.stop()


def steps(tools: int) -> Iterator[Step]:
    """Changes of one server of so many tools, each of which the next one finds."""
    from governance.policy.values import Kind
    from registry.models import Item, Server
    from tests.proof.many_tools import make_server, members

    rows = Item.objects.filter(server__name=ONE, position=tools // 2)
    key = (Kind.TOOL, rows.get().name)

    def approve(number: int) -> None:
        document = json.dumps({"name": key[1], "description": f"Definition {number}.", "inputSchema": {}})
        rows.update(state="approved", approved_digest=f"sha256:{number:064}", approved_document=document)

    def put(**fields: Any) -> None:
        Server.objects.filter(name=ONE).update(**fields)

    yield Step(
        "a tool is held",
        lambda _: rows.update(state="changed") and None,
        lambda servers, _: key not in servers[ONE].items and len(servers[ONE].items) == tools - 1,
    )
    yield Step(
        "another definition is approved",
        approve,
        lambda servers, number: servers[ONE].items[key].digest == f"sha256:{number:064}",
    )
    yield Step(
        "all tools of a server are read anew",
        lambda number: put(category=[f"c{number}"]),
        lambda servers, number: all(a.item.category == {f"c{number}"} for a in servers[ONE].items.values()),
    )
    yield Step("a server is quarantined", lambda _: put(state="quarantined"), lambda servers, _: ONE not in servers)
    yield Step(
        "a server is released", lambda _: put(state="ready"), lambda servers, _: len(servers[ONE].items) == tools
    )
    yield Step(
        "a server is new",
        lambda number: make_server(f"new{number}", members(tools)) and None,
        lambda servers, number: len(servers[f"new{number}"].items) == tools,
    )


def _committed(make: Callable[[int], None], number: int) -> int:
    """Make a change as an act does; the generation that it has."""
    from django.db import transaction

    from governance.generation import bump
    from governance.models import Generation, Part

    with transaction.atomic():
        make(number)
        bump(Part.REGISTRY)
        return Generation.objects.get(part=Part.REGISTRY).value


def _here(tools: int, rounds: int, limit_ms: int) -> dict[str, Any]:
    """The measurement in this process, which is set up for it."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "gateway.settings.test"
    django.setup()
    return measure(tools, rounds, limit_ms)


if __name__ == "__main__":
    here = sys.argv[1:2] == ["here"]
    numbers = [int(argument) for argument in sys.argv[1 + here :]]
    json.dump((_here if here else main)(*numbers), sys.stdout, indent=2)

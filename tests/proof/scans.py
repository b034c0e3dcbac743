"""How long it takes to scan many servers with many tools and to tell what differs: findings, comparison, storing, diff.

Run as `python -m tests.proof.scans [TOOLS] [LIMIT_S]`, on SQLite, and on PostgreSQL where it answers. The manifests are
the pinned real ones, varied; they come as the bytes that a server would send. Figures as JSON, times in seconds.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.databases import LOCAL_POSTGRES, ROOT, Databases, databases, server_of_this_run
from tests.registry.manifest.documents import real_documents
from tests.running import postgres_answers

TOOLS, SERVERS, LIMIT_S = 25_000, 50, 30
PRODUCTS = ("acorn", "birch", "cedar", "dune", "ember", "flint", "grove", "heath", "inlet", "juniper")
THINGS = ("invoice", "ticket", "order", "page", "branch", "sensor", "invite", "album", "parcel", "lesson", "recipe")


def main(tools: int = TOOLS, limit_s: int = LIMIT_S) -> dict[str, Any]:
    """The measurement on each database, each in a process of its own."""
    postgres = server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    told: dict[str, Any] = {"program": "scans", "tools": tools, "servers": SERVERS, "limit_s": limit_s}
    zero = {"over_the_limit": 0, "miscounted": 0, "baselines_moved": 0}
    for server in ["", *([] if postgres_answers(postgres) else [postgres])]:
        with tempfile.TemporaryDirectory(prefix="gatehouse-scans-") as folder, databases(server, Path(folder)) as made:
            figures = on_one_database(made, tools, limit_s)
        told[made.vendor] = figures
        zero = {name: zero[name] + figures["zero"][name] for name in zero}
    return told | zero


def on_one_database(made: Databases, tools: int, limit_s: int) -> dict[str, Any]:
    """The measurement on a fresh database of these, in a process of its own; `zero` has the figures that must be 0."""
    copied = made.copy()
    try:
        environment = {**os.environ, "DATABASE_URL": copied.url, "GATEHOUSE_MODE": "test"}
        command = [sys.executable, "-m", "tests.proof.scans", "here", str(tools), str(limit_s)]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, timeout=900)
    finally:
        made.drop(copied)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


# What servers send.


def manifests(tools: int) -> dict[str, list[Any]]:
    """So many tools in all, by server: real ones under names of their own."""
    real = [member for document in real_documents().values() for member in document["tools"]]
    made = {}
    for number in range(SERVERS):
        product = f"{PRODUCTS[number % len(PRODUCTS)]}{'' if number < len(PRODUCTS) else number // len(PRODUCTS)}"
        chosen = islice(cycle(real), max(1, tools // SERVERS))
        made[f"server-{product}"] = [varied(member, product, place) for place, member in enumerate(chosen)]
    return made


def varied(member: Any, product: str, place: int) -> Any:
    """A real tool as another server might have it."""
    thing = THINGS[place % len(THINGS)]
    said = f"{member.get('description', '')} This one is for the {thing} of {product}, part {place}."
    return {**member, "name": f"{product}_{member['name']}_{thing}_{place}", "description": said}


def changed(member: Any) -> Any:
    """A tool as a new version might have it: a sentence more, a parameter more, one that is required no longer."""
    new = copy.deepcopy(member)
    new["description"] += " Results are kept for an hour."
    schema = new["inputSchema"]
    schema.setdefault("properties", {})["ttl"] = {"type": "integer", "minimum": 0, "description": "Seconds to keep it"}
    schema["required"] = schema.get("required", [])[:-1]
    return new


def written(tools: list[Any]) -> bytes:
    """The bytes of a list of tools."""
    return json.dumps({"tools": tools}).encode()


# The measurement.


def measure(tools: int, limit_s: float) -> dict[str, Any]:
    """The measurement on the database that Django is set up with."""
    from governance.rights import Machine
    from registry.lifecycle import Shown, approve_items
    from registry.models import Item, Server, StoredFinding

    sent = manifests(tools)
    count = sum(map(len, sent.values()))
    for name in sent:
        Server.objects.create(name=name, transport="http", url=f"http://{name}.example/mcp")
    seconds: dict[str, dict[str, float]] = {}
    miscounted = 0

    def round_of(what: str, wire: dict[str, bytes], expected: int) -> None:
        nonlocal miscounted
        seconds[what], moved = timed(wire)
        miscounted += moved != expected

    round_of("first seen", {name: written(members) for name, members in sent.items()}, count)
    for server in Server.objects.all():
        approve_items(server=server, items=[Shown.of(item) for item in server.items.all()], by=Machine.OPERATOR)
    baselines = dict(Item.objects.values_list("pk", "approved_digest"))
    round_of("seen again", {name: written(members) for name, members in sent.items()}, 0)
    one = {name: written([changed(members[0]), *members[1:]]) for name, members in sent.items()}
    round_of("one tool of each server changed", one, len(sent))
    every = {name: written([changed(member) for member in members]) for name, members in sent.items()}
    round_of("all tools changed", every, count - len(sent))
    moved = sum(baselines[pk] != digest for pk, digest in Item.objects.values_list("pk", "approved_digest"))
    return {
        "seconds": seconds,
        "findings": StoredFinding.objects.count(),
        "zero": {
            "over_the_limit": sum(parts["total"] > limit_s for parts in seconds.values()),
            "miscounted": miscounted,
            "baselines_moved": moved,
        },
    }


class Stopwatch:
    """Adds up the seconds of each part, and those that the processor was busy for it."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.busy: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what runs within to this part."""
        began, busy = time.monotonic(), time.process_time()
        yield
        self.parts[name] = self.parts.get(name, 0.0) + time.monotonic() - began
        self.busy[name] = self.busy.get(name, 0.0) + time.process_time() - busy

    def add(self, other: Stopwatch) -> None:
        """Count what another one counted too."""
        for mine, theirs in ((self.parts, other.parts), (self.busy, other.busy)):
            for name, seconds in theirs.items():
                mine[name] = mine.get(name, 0.0) + seconds

    def told(self) -> dict[str, float]:
        """The parts, the processor's part of each, and that of all of them."""
        busy = {f"{name}, busy": seconds for name, seconds in self.busy.items()}
        told = self.parts | busy | {"busy": sum(self.busy.values())}
        return {name: round(value, 2) for name, value in told.items()}


def timed(wire: dict[str, bytes]) -> tuple[dict[str, float], int]:
    """Scan what every server sends and tell what differs from what is approved; seconds by part, and how many moved.

    PostgreSQL takes as many workers as there are processors, SQLite one, as installations do.
    """
    from django.db import connection

    watch, moved = Stopwatch(), 0
    if connection.vendor != "sqlite":
        list(_workers().map(abs, range(64)))  # They take a while to start, once.
    began = time.monotonic()
    if connection.vendor == "sqlite":
        answers = [scanned(name, sent) for name, sent in wire.items()]
    else:
        answers = list(_workers().map(scanned, wire.keys(), wire.values()))
    total = time.monotonic() - began
    for one, count in answers:
        watch.add(one)
        moved += count
    return watch.told() | {"total": round(total, 2)}, moved


@cache
def _workers() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), initializer=_set_up)


def scanned(name: str, sent: bytes) -> tuple[Stopwatch, int]:
    """One server: read, judged, compared, stored, and what differs told."""
    from django.utils import timezone

    from governance.canonical.strict_json import parse
    from governance.rights import Machine
    from registry.findings import judge
    from registry.manifest.canonical import read_manifest
    from registry.models import Server
    from registry.scan_runs import done_at_once
    from registry.scanning import kept_of, record

    watch, by = Stopwatch(), Machine.SYSTEM
    server, started = Server.objects.get(name=name), timezone.now()
    with watch.part("read"):
        manifest = read_manifest(parse(sent, max_members=10**6))
    with watch.part("findings"):
        judged = judge(name, manifest)
    with watch.part("compare and store"):
        report = record(server, manifest, by=by, started=started, judged=judged)
        kept = kept_of(report, manifest, judged)
        done_at_once(server, why="schedule", by=by, started=started, cause="", digest=report.digest, report=kept)
    with watch.part("diff"):
        differences(server)
    return watch, len(report.new) + len(report.changed)


def differences(server: Any) -> int:
    """Every change of every held item in words, as the pages tell it; how many items differ."""
    from registry.differences import approved_to_seen

    return len(approved_to_seen(server).items)


def _here(tools: int, limit_s: int) -> dict[str, Any]:
    """The measurement in this process, which is set up for it."""
    _set_up()
    return measure(tools, limit_s)


def _set_up() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "gateway.settings.test"
    django.setup()


if __name__ == "__main__":
    here = sys.argv[1:2] == ["here"]
    numbers = [int(argument) for argument in sys.argv[1 + here :]]
    json.dump((_here if here else main)(*numbers), sys.stdout, indent=2)

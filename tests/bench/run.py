"""The benchmark: direct, through nginx, and through the gateway with everything on; `make bench` calls it.

Every answer is verified, and the ledger has to number every call and to verify: else the run is void and the exit
status 1. Prints tables beside the spine gate of the design and writes all figures as JSON. `--help` shows the rest.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.mcp.revisions import LATEST_LEGACY, MODERN
from tests.bench import accounting, two_workers
from tests.bench.cluster import NoCluster, private_cluster
from tests.bench.cores import Cores, pinned, plan
from tests.bench.governed import Governed, describe_database, governed, ledger_faults
from tests.bench.hop import nginx_hop
from tests.bench.rounds import SCENARIOS, LoadFailed, Rounds, Target
from tests.bench.rows import DIRECT, GATEWAY, NGINX, Row, gate_table, rows, run_table, stage_table
from tests.bench.stages import Staged
from tests.databases import LOCAL_POSTGRES, ROOT, databases
from tests.running import Failed, postgres_answers

STAGED = "staged"
STAGED_AT = ("1", "16")
GATED = ("1", "16", "64", "16x10KB", "16x100KB")


@dataclass(slots=True)
class Findings:
    """What a run brought, beside the figures of the rounds."""

    notes: list[str] = field(default_factory=list)
    void: list[str] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)
    stages: dict[str, Any] = field(default_factory=dict)
    admit: dict[str, Any] | None = None


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, with the sizes of a whole or a quick run filled in."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    parser.add_argument("--private", action="store_true", help="on a private PostgreSQL even where one answers")
    parser.add_argument("--quick", action="store_true", help="one round of one second each: about a minute")
    parser.add_argument("--stateless", action="store_true", help=f"speak {MODERN} instead of {LATEST_LEGACY}")
    parser.add_argument("--two-workers", action="store_true", help="measure two workers against one (PostgreSQL)")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, metavar="NAME", help=f"of {list(SCENARIOS)}")
    parser.add_argument("--rounds", type=int, help="rounds of all scenarios and targets (5)")
    parser.add_argument("--seconds", type=float, help="how long one run measures (2)")
    parser.add_argument("--warmup", type=float, help="how long one run warms up first (0.5)")
    parser.add_argument("--no-stages", dest="stages", action="store_false", help="leave out the share of each stage")
    parser.add_argument("--no-hop", dest="hop", action="store_false", help="leave out nginx")
    parser.add_argument("--gate", action="store_true", help="exit 1 when a row misses its gate")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "bench.json", help="where the JSON goes")
    given = parser.parse_args(arguments)
    given.rounds = given.rounds or (1 if given.quick else 5)
    given.seconds = given.seconds or (1.0 if given.quick else 2.0)
    given.warmup = given.warmup or (0.3 if given.quick else 0.5)
    given.scenarios = given.scenarios or (list(GATED) if given.quick else list(SCENARIOS))
    if given.two_workers and given.sqlite:
        parser.error("--two-workers needs PostgreSQL: on SQLite one process does everything")
    return given


@contextmanager
def database_server(given: argparse.Namespace, cores: Cores) -> Iterator[tuple[str, int]]:
    """The server to make a database on, "" for SQLite, and the postmaster's pid where the server is ours alone."""
    named = os.environ.get("TEST_DATABASE_URL", "")
    if given.sqlite:
        yield "", 0
        return
    url = named or LOCAL_POSTGRES
    problem = "a private one was asked for" if given.private else postgres_answers(url)
    if not problem:
        yield url, 0
        return
    if named and not given.private:
        raise NoCluster(f"TEST_DATABASE_URL: {problem}; start it, or unset the variable")
    say(f"a private PostgreSQL is made: {problem}")
    with ExitStack() as stack:
        with pinned(cores.gateway):
            made = stack.enter_context(private_cluster())
        yield made


@contextmanager
def upstream_server(cores: Cores) -> Iterator[tuple[int, int]]:
    """Port and pid of the server behind everything."""
    with pinned(cores.load):
        command = [sys.executable, "-m", "tests.bench.upstream"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline()), process.pid
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def bench(given: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], str]:
    """The whole run in a folder of its own: its figures as JSON, and as text to print."""
    cores, found, started = plan(), Findings(), time.time()
    with ExitStack() as stack:
        server, postmaster = stack.enter_context(database_server(given, cores))
        port, upstream = stack.enter_context(upstream_server(cores))
        hop = stack.enter_context(nginx_hop(port, folder / "nginx", cores.gateway)) if given.hop else None
        made = stack.enter_context(databases(server, folder / "databases"))
        url = f"http://127.0.0.1:{port}/mcp"
        database = describe_database(server)
        say(f"{database}; {cores.said()}")
        gateway = stack.enter_context(governed(made, url, folder / "gateway", cores.gateway, postmaster=postmaster))
        rounds = Rounds(cores.load, given.seconds, given.warmup, MODERN if given.stateless else LATEST_LEGACY, upstream)
        targets = [Target(DIRECT, (url,))]
        if hop is not None:
            targets.append(Target(NGINX, (hop[0],), processes=lambda: {"hop": [hop[1]]}))
        targets.append(Target(GATEWAY, (gateway.url,), gateway.authorization, gateway.processes))
        before = _calls(port)
        rounds.measure(targets, [SCENARIOS[name] for name in given.scenarios], given.rounds)
        found.memory = accounting.memory(gateway.running.pid)
        if given.two_workers:
            found.notes.append(two_workers.measure(gateway, rounds, given.rounds))
        gateway.running.stop()
        if given.stages:
            found.stages = stages(gateway, rounds)
        _judge(found, rounds, gateway, forwarded=_calls(port) - before)
    found.admit = admit_alone(given, cores)
    found.notes += gateway.unpinned
    report = figures(given, rounds, found, hop=hop is not None)
    report |= {"database": database, "cores": cores.said(), "took_s": round(time.time() - started, 1)}
    return report, text(report, rounds, found, [Row(**_row(row)) for row in report["rows"]])


def stages(gateway: Governed, rounds: Rounds) -> dict[str, Any]:
    """The share of each stage, from processes of their own with the stages timed; these runs enter no figure."""
    found = {}
    for name in STAGED_AT:
        staged = Staged(gateway.running.installation)
        with pinned(gateway.cores):
            staged.launch()
        try:
            staged.wait_until_ready()
            target = Target(
                STAGED, (staged.url + gateway.url.removeprefix(gateway.running.url),), gateway.authorization
            )
            rounds.run(target, SCENARIOS[name])
            staged.stop()
        finally:
            staged.kill()
        found[name] = staged.figures()
    return found


def _judge(found: Findings, rounds: Rounds, gateway: Governed, *, forwarded: int) -> None:
    """Note everything that makes the run void. Nothing writes to the ledger any more."""
    governed_runs = sum(rounds.answered(name) for name in (GATEWAY, STAGED, two_workers.ONE, two_workers.TWO))
    sent = sum(rounds.answered(name) for name in (DIRECT, NGINX)) + governed_runs
    found.void += rounds.faults()
    if forwarded != sent:
        found.void.append(f"{sent} calls were answered, and the upstream was asked {forwarded} times")
    found.void += ledger_faults(gateway.running.installation, answered=governed_runs, others=1)
    found.notes.append(
        f"the ledger was verified and numbers {governed_runs:,} governed calls" if not found.void else ""
    )


def admit_alone(given: argparse.Namespace, cores: Cores) -> dict[str, Any]:
    """`admit` in a process of its own."""
    seconds = str(min(3.0, given.seconds))
    with pinned(cores.gateway):
        command = [sys.executable, "-m", "tests.bench.admit_alone", "--seconds", seconds]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def figures(given: argparse.Namespace, rounds: Rounds, found: Findings, *, hop: bool) -> dict[str, Any]:
    """Everything as JSON."""
    made = rows(rounds, hop=hop, memory=found.memory, admit=found.admit)
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
        "revision": rounds.era,
        "rounds": given.rounds,
        "seconds": given.seconds,
        "others_cores": rounds.disturbed(),
        "void": found.void,
        "notes": [note for note in found.notes if note],
        "rows": [row.wire() for row in made],
        "memory_mb": found.memory,
        "stages": found.stages,
        "admit": found.admit,
        "runs": rounds.runs,
    }


def text(report: dict[str, Any], rounds: Rounds, found: Findings, made: list[Row]) -> str:
    """The tables and what there is to say about them."""
    parts = [run_table(rounds)]
    if found.stages:
        parts.append(stage_table(found.stages))
    parts.append(gate_table(made))
    times = "one round" if report["rounds"] == 1 else f"medians of {report['rounds']} rounds"
    said = [f"{report['database']}; {report['cores']}; {times} of {report['seconds']:g} s each."]
    said += [f"{note[:1].upper()}{note[1:]}." for note in report["notes"]]
    if rounds.disturbed() > 0.1:
        said.append(f"Others used {rounds.disturbed():.2f} cores meanwhile: absolute figures and tails are disturbed.")
    said += [f"VOID: {fault}" for fault in found.void]
    return "\n\n".join([*parts, "\n".join(said)])


def _row(wire: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wire.items() if name != "met"}


def _calls(port: int) -> int:
    """How many tool calls the upstream got so far."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/calls")
        return int(connection.getresponse().read())
    finally:
        connection.close()


def say(line: str) -> None:
    """One line of progress."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run, print, write; 0 when the run stands, 1 when it is void (or misses the gate, with --gate)."""
    given = options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "var"))
    try:
        report, printed = bench(given, folder)
    except (Failed, LoadFailed, NoCluster) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    print(printed)
    missed = given.gate and any(row["met"] is False for row in report["rows"])
    return 1 if report["void"] or missed else 0


if __name__ == "__main__":
    sys.exit(main())

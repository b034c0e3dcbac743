"""What one dead server costs the calls to the others: the 99th percentile beside it alive and beside it dead, in pairs.

Run as `python -m tests.proof.neighbours [CALLS] [ROUNDS] [PERCENT]`. Figures as JSON; times in milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import LOCAL_POSTGRES, ROOT, Databases, databases, server_of_this_run
from tests.raw_agent import Agent
from tests.running import Running, gatehouse, postgres_answers

CALLS, ROUNDS, PERCENT = 2_000, 5, 150
CALLERS, BESIDE, WARM = 8, 4, 100
PAUSE = 0.05  # Seconds between two calls of one caller of the other server, alive or dead.
DEADLINE = 5
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: [lively, mortal], action: allow, reason: A test}
"""


@dataclass
class House:
    """A Gatehouse in front of two servers, of which one can be stopped and woken."""

    running: Running
    mortal: subprocess.Popen[bytes]

    def agent(self, server: str) -> Agent:
        """A client of the stateless era."""
        return Agent(self.running, self.running.token("caller"), server)


def main(calls: int = CALLS, rounds: int = ROUNDS, percent: int = PERCENT) -> dict[str, Any]:
    """So many rounds with so many calls on each side; on PostgreSQL where it answers, else on SQLite."""
    server = server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    each = "" if postgres_answers(server) else server
    with tempfile.TemporaryDirectory(prefix="gatehouse-neighbours-") as folder, databases(each, Path(folder)) as made:
        told = on_one_database(made, calls, rounds, percent, folder=Path(folder))
    return {"program": "neighbours", "database": made.vendor, **told, **told["zero"]}


def on_one_database(
    made: Databases, calls: int, rounds: int, percent: int, *, folder: Path, redis_url: str = ""
) -> dict[str, Any]:
    """The rounds on one database; `zero` holds the figures that have to be 0."""
    with house(made, folder, redis_url) as place:
        _side(place, WARM)
        pairs = [_pair(place, calls, dead_first=number % 2 == 1) for number in range(rounds)]
    ratios = [dead / alive for alive, dead in pairs]
    median = statistics.median(ratios)
    return {
        "calls": calls,
        "p99_ms": [[round(value * 1000, 2) for value in pair] for pair in pairs],
        "ratios": [round(ratio, 2) for ratio in ratios],
        "median_ratio": round(median, 3),
        "limit": percent / 100,
        "zero": {"over_the_limit": int(median > percent / 100)},
    }


@contextmanager
def house(made: Databases, folder: Path, redis_url: str) -> Iterator[House]:
    """Two servers, each a process of its own."""
    with ExitStack() as stack:
        urls, processes = {}, {}
        for name in ("lively", "mortal"):
            program = [sys.executable, "-m", "tests.proof.kills_upstream", str(folder / f"{name}.log")]
            process = stack.enter_context(subprocess.Popen(program, stdout=subprocess.PIPE, cwd=ROOT))
            stack.callback(process.kill)
            assert process.stdout is not None
            urls[name], processes[name] = f"http://127.0.0.1:{int(process.stdout.readline())}/mcp", process
        here = {"transport": "http", "allow_private_address": True, "approve": "all", "accept_findings": ["*"]}
        config = {
            "people": [{"email": "dev@example.com", "roles": ["developer"]}],
            "servers": [{"name": name, "url": url, **here} for name, url in urls.items()],
            "roles": [{"name": "caller", "servers": list(urls)}],
            "agents": [{"name": "caller", "owner": "dev@example.com", "roles": ["caller"]}],
        }
        running = stack.enter_context(gatehouse(config, POLICY, databases=made, redis_url=redis_url))
        running.manage(
            "shell",
            "-c",
            "from registry.models import Server\nfrom governance.generation import bump\n"
            "from django.db import transaction\nwith transaction.atomic():\n"
            f"    Server.objects.filter(name='mortal').update(deadline_seconds={DEADLINE}); bump('registry')",
        )
        running.restart()
        yield House(running, processes["mortal"])


def _pair(place: House, calls: int, *, dead_first: bool) -> tuple[float, float]:
    """The 99th percentile beside the living server and beside the dead one; which comes first changes."""
    found = {}
    for dead in (dead_first, not dead_first):
        place.mortal.send_signal(signal.SIGSTOP if dead else signal.SIGCONT)
        try:
            found[dead] = _side(place, calls)
        finally:
            place.mortal.send_signal(signal.SIGCONT)
    return found[False], found[True]


def _side(place: House, calls: int) -> float:
    """So many calls to the living server, while others call the other one; the 99th percentile in seconds."""
    over = threading.Event()
    with ThreadPoolExecutor(CALLERS + BESIDE) as threads:
        beside = [threads.submit(_beside, place, over) for _ in range(BESIDE)]
        callers = [threads.submit(_timed, place, calls // CALLERS) for _ in range(CALLERS)]
        try:
            times = sorted(seconds for caller in callers for seconds in caller.result())
        finally:
            over.set()
        for one in beside:
            one.result()
    return times[min(len(times) - 1, len(times) * 99 // 100)]


def _timed(place: House, calls: int) -> list[float]:
    agent, times = place.agent("lively"), []
    for number in range(calls):
        begun = time.perf_counter()
        reply = agent.call("read_note", nonce=str(number), ms=0)
        times.append(time.perf_counter() - begun)
        assert reply.text == f"did {number}", reply
    return times


def _beside(place: House, over: threading.Event) -> None:
    agent = place.agent("mortal")
    while not over.wait(PAUSE):
        agent.call("read_note", nonce="beside", ms=0)


if __name__ == "__main__":
    json.dump(main(*map(int, sys.argv[1:])), sys.stdout, indent=2)

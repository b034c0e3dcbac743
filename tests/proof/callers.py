"""Many callers at once beside servers that hang, die and talk nonsense: whose answer does each of them get?

Run as `python -m tests.proof.callers [CALLS]`: on SQLite, and on PostgreSQL where it answers. Figures as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.databases import LOCAL_POSTGRES, ROOT, Databases, databases, server_of_this_run
from tests.doubles import InThread
from tests.proof.kills import upstream
from tests.raw_agent import Agent, Reply
from tests.running import Running, gatehouse, postgres_answers
from tests.upstream_offer import TOOLS, Offer
from tests.upstream_simulator import HttpSimulator

CALLS = 10_000
SEED = 20_261_121
CALLERS, AGENTS, NEIGHBOURS = 20, 10, 3
MILLISECONDS = (0, 0, 0, 1, 5, 20)
FAULTS = ("hang", "die", "garbage_bytes", "foreign_answer_then_hang", "wrong_id")
DEADLINE = 2
GOOD = ("notes", "child")
POLICY = """
version: "1"
default: deny
rules:
  - {id: all, server: [notes, child, hostile], action: allow, reason: A test}
"""
# A child of the hostile program: what others say of their own accord stands between the answers.
CHILD = [sys.executable, str(ROOT / "tests" / "upstream_child.py")]
CUT_OFF = (OSError, http.client.HTTPException, ValueError, LookupError)


@dataclass
class Tally:
    """What came of the calls; `examples` are the first that were not as they had to be."""

    figures: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, figure: str, example: object = "") -> None:
        """Count one call."""
        with self._lock:
            self.figures[figure] += 1
            if example and len(self.examples) < 5:
                self.examples.append(f"{figure}: {example}")


def main(calls: int = CALLS, seed: int = SEED) -> dict[str, Any]:
    """So many calls on each database that is here; the figures summed, and by database."""
    told: dict[str, Any] = {"program": "callers", "seed": seed, "databases": {}}
    server = server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    if absent := postgres_answers(server):
        told["left_out"] = absent
    for each in [""] if absent else ["", server]:
        with tempfile.TemporaryDirectory(prefix="gatehouse-callers-") as folder, databases(each, Path(folder)) as made:
            figures = on_one_database(made, calls, seed, Path(folder))
        told["databases"][made.vendor] = figures
        for name in figures["zero"]:
            told[name] = told.get(name, 0) + figures["zero"][name]
    return told


def on_one_database(made: Databases, calls: int, seed: int, folder: Path, redis_url: str = "") -> dict[str, Any]:
    """So many calls on one database; `zero` holds the figures that have to be 0."""
    started, log, tally = time.monotonic(), folder / f"callers-{made.vendor}.log", Tally()
    with house(made, log, redis_url) as running:
        over = threading.Event()
        with ThreadPoolExecutor(CALLERS + NEIGHBOURS) as threads:
            beside = [threads.submit(_neighbour, running, number, over, tally) for number in range(NEIGHBOURS)]
            callers = [
                threads.submit(_caller, running, number, calls // CALLERS, seed, tally) for number in range(CALLERS)
            ]
            try:
                for caller in callers:
                    caller.result()
            finally:
                over.set()
            for one in beside:
                one.result()
        verified = running.manage("verify_ledger", check=False).returncode
    arrived = Counter(json.loads(line)["nonce"] for line in log.read_text().splitlines())
    figures = tally.figures
    return {
        "calls": figures["calls"],
        "beside": figures["beside"],
        "examples": tally.examples,
        "zero": {
            "wrong_answers": figures["wrong"],
            "unanswered": figures["unanswered"],
            "nonsense_passed_on": figures["nonsense"],
            "not_forwarded_once": sum(1 for nonce in tally.sent if arrived[nonce] != 1),
            "missing_calls": calls - figures["calls"],
            "unverified": int(verified != 0),
        },
        "seconds": round(time.monotonic() - started, 1),
    }


@contextmanager
def house(made: Databases, log: Path, redis_url: str) -> Iterator[Running]:
    """Two good servers, a hostile one, and a Gatehouse in front of them with a deadline that can be waited for."""
    faulty = [{"name": fault, "inputSchema": {"type": "object"}} for fault in FAULTS]
    with ExitStack() as stack:
        simulator = stack.enter_context(InThread(lambda: HttpSimulator(Offer(tools=(*TOOLS, *faulty)))))
        url = stack.enter_context(upstream(log))
        here = {"transport": "http", "allow_private_address": True, "approve": "all", "accept_findings": ["*"]}
        config = {
            "people": [{"email": "dev@example.com", "roles": ["developer"]}],
            "servers": [
                {"name": "notes", "url": url, **here},
                {"name": "hostile", "url": simulator.url, **here},
                {"name": "child", "transport": "stdio", "command": CHILD, "approve": "all", "accept_findings": ["*"]},
            ],
            "roles": [{"name": "caller", "servers": ["notes", "hostile", "child"]}],
            "agents": [
                {"name": f"caller-{number}", "owner": "dev@example.com", "roles": ["caller"]}
                for number in range(AGENTS)
            ],
        }
        running = stack.enter_context(gatehouse(config, POLICY, databases=made, redis_url=redis_url))
        running.manage(
            "shell",
            "-c",
            "from registry.models import Server\nfrom governance.generation import bump\n"
            "from django.db import transaction\nwith transaction.atomic():\n"
            f"    Server.objects.filter(name='hostile').update(deadline_seconds={DEADLINE}); bump('registry')",
        )
        running.restart()  # A running process would see the change, but nothing says when.
        yield running


def _caller(running: Running, number: int, calls: int, seed: int, tally: Tally) -> None:
    """One caller: agents are shared by two callers, one of each era, so that both have the same ids under way."""
    rng = random.Random(f"{seed}-{number}")
    token = running.token(f"caller-{number % AGENTS}")
    agents = {server: Agent(running, token, server, legacy=number < AGENTS) for server in GOOD}
    for count in range(calls):
        server, nonce = rng.choice(GOOD), f"{number}-{count}-{rng.getrandbits(64):x}"
        try:
            if server == "notes":
                tally.sent.append(nonce)
                reply = agents[server].call("read_note", nonce=nonce, ms=rng.choice(MILLISECONDS))
                expected = f"did {nonce}"
            else:
                reply = agents[server].call("echo", text=nonce)
                expected = nonce
            _judge(reply, expected, tally)
        except (*CUT_OFF, AssertionError) as problem:
            tally.add("unanswered", repr(problem))
        tally.add("calls")


def _judge(reply: Reply, expected: str, tally: Tally) -> None:
    if reply.result.get("isError"):
        tally.add("unanswered", reply.text)
    elif reply.text != expected or reply.status != 200:
        tally.add("wrong", f"{reply.text} instead of {expected}")


def _neighbour(running: Running, number: int, over: threading.Event, tally: Tally) -> None:
    """Calls to the server that misbehaves, until the others are done; each has to fail, and say so to its caller."""
    agent = Agent(running, running.token(f"caller-{number}"), "hostile", legacy=number % 2 == 0)
    count = 0
    while not over.is_set():
        nonce, fault = f"beside-{number}-{count}", FAULTS[(number + count) % len(FAULTS)]
        count += 1
        try:
            message = {"name": fault, "arguments": {"text": nonce}}
            reply = agent.request("tools/call", message, rpc_id=nonce)
            sound = reply.result["isError"] and reply.message["id"] == nonce and "Server hostile" in reply.text
            tally.add("beside" if sound else "nonsense", "" if sound else reply.body)
        except (*CUT_OFF, AssertionError) as problem:
            tally.add("nonsense", repr(problem))


if __name__ == "__main__":
    json.dump(main(*map(int, sys.argv[1:])), sys.stdout, indent=2)

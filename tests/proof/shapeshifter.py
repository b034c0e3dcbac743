"""A server changes one description under load: when does the last call reach the changed tool, and what of the others?

Run as `python -m tests.proof.shapeshifter [ROUNDS] [AGENTS] [CALLS]`: on SQLite, and on PostgreSQL with two processes
where it answers. Figures as JSON; times in milliseconds after the commit of the scan. What reached the server is
joined with what its callers saw.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.databases import LOCAL_POSTGRES, Databases, databases, server_of_this_run
from tests.flows.shifting import (
    HOLDS_WITHIN,
    POLICY,
    SERVER,
    Called,
    Crowd,
    Shifting,
    approved,
    configured,
    scanned,
    tools,
)
from tests.raw_agent import Agent
from tests.running import Running, gatehouse, postgres_answers
from tests.waiting import eventually

ROUNDS, AGENTS, CALLS = 20, 12, 60
CHANGED, OTHERS = "read", ("write", "list")


@dataclass
class House:
    """The processes of one installation, and the server behind them."""

    processes: list[Running]
    server: Shifting

    def agents(self, count: int) -> list[Agent]:
        """Clients at all processes in turn, each with a token of its own."""
        processes = self.processes
        return [
            Agent(processes[number % len(processes)], processes[0].token(f"agent-{number}"), SERVER)
            for number in range(count)
        ]


def main(rounds: int = ROUNDS, agents: int = AGENTS, calls: int = CALLS) -> dict[str, Any]:
    """So many changes on each database that is here; the figures summed, and by database."""
    told: dict[str, Any] = {"program": "shapeshifter", "rounds": rounds, "databases": {}}
    server = server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    if absent := postgres_answers(server):
        told["left_out"] = absent
    for each in [""] if absent else ["", server]:
        with tempfile.TemporaryDirectory(prefix="gatehouse-shifting-") as folder, databases(each, Path(folder)) as made:
            figures = on_one_database(made, rounds, agents, calls, Path(folder))
        told["databases"][made.vendor] = figures
        for name, value in figures["zero"].items():
            told[name] = told.get(name, 0) + value
    return told


def on_one_database(
    made: Databases, rounds: int, agents: int, calls: int, folder: Path, redis_url: str = ""
) -> dict[str, Any]:
    """So many changes on one database, `calls` of each tool between them; `zero` has the figures that must be 0."""
    zero = dict.fromkeys(
        ("reached_too_late", "reached_after_refusal", "reached_unseen", "others_failed", "odd_answers", "still_listed"),
        0,
    )
    latest: list[float] = []
    total = 0
    with house(made, agents, folder, redis_url) as place:
        for number in range(rounds):
            crowd = Crowd(place.agents(agents), (CHANGED, *OTHERS))
            begun = len(place.server.calls())
            moments, listed = _round(place, crowd, number, calls)
            reached = place.server.calls()[begun:]
            found = judged(crowd.history, reached, moments)
            latest.append(found.pop("latest_ms"))
            for name, value in found.items():
                zero[name] += value
            zero["still_listed"] += listed
            total += len(crowd.history)
        verified = place.processes[0].manage("verify_ledger", check=False).returncode
    return {
        "calls": total,
        "processes": len(place.processes),
        "latest_ms": [round(value, 1) for value in latest],
        "limit_ms": HOLDS_WITHIN * 1000,
        "zero": zero | {"unverified": int(verified != 0)},
    }


@dataclass(frozen=True, slots=True)
class Moments:
    """Just after the commit of the scan; just before that of the approval, and just after it."""

    held: float
    deciding: float
    approved: float


def _round(place: House, crowd: Crowd, number: int, calls: int) -> tuple[Moments, int]:
    """One change, its scan and its approval under load: when they were, and how often it was listed meanwhile."""
    with crowd.calling():
        crowd.goes_on(calls)
        assert all(call.said == "ok" for call in crowd.history), crowd.history[:5]
        place.server.reword(CHANGED, f"Read a page, differently for the {number}. time.")
        held = scanned(place.processes[0])
        over = held + HOLDS_WITHIN
        eventually(lambda: time.time() > over, within=5, what="what is looked at begins after the limit")
        crowd.goes_on(calls)
        listed = sum(CHANGED in agent.tools() for agent in crowd.agents[: len(place.processes)])
        decided = approved(place.processes[0])
        for agent in crowd.agents[: len(place.processes)]:
            eventually(lambda agent=agent: CHANGED in agent.tools(), what="the approved tool is listed again")
        crowd.goes_on(calls)
    return Moments(held, *decided), listed


def judged(history: list[Called], reached: list[dict[str, Any]], at: Moments) -> dict[str, Any]:
    """What callers saw joined with what reached the server, by nonce.

    A call that reached the changed tool while it was held is in order when it began within the limit after the scan's
    commit; `latest_ms` is when the last of these began after that (0 when none did). Once a caller was refused, none of
    its later calls may reach it: each caller has one process.
    """
    seen = {call.nonce: call for call in history}
    found = dict.fromkeys(
        ("reached_too_late", "reached_after_refusal", "reached_unseen", "others_failed", "odd_answers"), 0
    )
    latest = 0.0
    refused_since: dict[str, float] = {}
    for call in history:
        if call.tool != CHANGED:
            found["others_failed"] += call.said != "ok"
        elif call.said == "unknown" and at.held <= call.ended and call.begun <= at.approved + HOLDS_WITHIN:
            who = call.nonce.partition("-")[0]
            refused_since[who] = min(refused_since.get(who, call.ended), call.ended)
        elif call.said != "ok":
            found["odd_answers"] += not _moved(call, at)
    for one in reached:
        call = seen.get(one["arguments"].get("nonce", ""))
        if call is None or call.tool != one["name"]:
            found["reached_unseen"] += 1
        elif call.tool == CHANGED and at.held < call.begun < at.deciding:
            latest = max(latest, call.begun - at.held)
            found["reached_too_late"] += call.begun > at.held + HOLDS_WITHIN
            since = refused_since.get(call.nonce.partition("-")[0])
            found["reached_after_refusal"] += since is not None and call.begun > since
    return found | {"latest_ms": latest * 1000}


def _moved(call: Called, at: Moments) -> bool:
    """Whether a call met the scan or the approval while it was judged, so that it was refused and nothing was sent."""
    scanned_meanwhile = call.said == "unknown" and call.ended <= at.held  # The commit was a little before it was told.
    moved = "nothing was sent" in call.said and call.begun <= at.approved + HOLDS_WITHIN
    return scanned_meanwhile or moved


@contextmanager
def house(made: Databases, agents: int, folder: Path, redis_url: str = "") -> Iterator[House]:
    """Two processes where several can share the database, one elsewhere, with everything approved."""
    with ExitStack() as stack:
        server = Shifting(folder)
        server.offer({"tools": tools(CHANGED, *OTHERS)})
        config = configured(server, [f"agent-{number}" for number in range(agents)])
        first = stack.enter_context(gatehouse(config, POLICY, databases=made, redis_url=redis_url))
        processes = [first, stack.enter_context(first.beside())] if made.server else [first]
        yield House(processes, server)


if __name__ == "__main__":
    json.dump(main(*map(int, sys.argv[1:])), sys.stdout, indent=2)

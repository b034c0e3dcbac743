"""Kill runs: SIGKILL to a serving Gatehouse at random points under load, restart, and everything joined at the end.

Run as `python -m tests.proof.kills [KILLS] [SEED]`: on SQLite, and on PostgreSQL where it answers. Figures as JSON.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.databases import LOCAL_POSTGRES, ROOT, Databases, databases, server_of_this_run
from tests.flows.offices import PEOPLE
from tests.proof.kills_join import WRITE, Evidence, answered_and_unknown, hexadecimal, judged
from tests.proof.kills_load import READER_AGENTS, SERVER, WRITERS, Load
from tests.running import Running, gatehouse, postgres_answers
from tests.waiting import eventually

KILLS = 200
SEED = 20_261_120
IN_FLIGHT = 50
LONGEST_DELAY = 0.8
LONGEST_AFTER = 0.04
MOMENT_WITHIN = 60.0
EACH_VERIFIED = 10  # The first kills are each followed by a check of the ledger, and later every tenth.
VERIFIED_WITHIN = 600.0  # The ledger of the full size holds a few hundred thousand entries.
CLOSED_WITHIN = 30.0
LOOK = 0.001
POLICY = """
version: "1"
default: deny
rules:
  - {id: reading, tool: notes/read_note, action: allow, reason: Notes may be read}
  - id: ask-before-writing
    tool: notes/write_note
    action: escalate
    reason: Writing is decided by a person
    approve: {from: [team:platform], required: 1, within: 10m}
"""


def main(kills: int = KILLS, seed: int = SEED) -> dict[str, Any]:
    """So many kills on each database that is here; `zero` figures summed, the rest under the database's name."""
    told: dict[str, Any] = {"program": "kills", "seed": seed, "kills": 0, "databases": {}}
    server = server_of_this_run() or os.environ.get("TEST_DATABASE_URL") or LOCAL_POSTGRES
    if absent := postgres_answers(server):
        told["left_out"] = absent
    for each in [""] if absent else ["", server]:
        with tempfile.TemporaryDirectory(prefix="gatehouse-kills-") as folder, databases(each, Path(folder)) as made:
            figures = on_one_database(made, kills, seed, Path(folder))
        told["databases"][made.vendor] = figures
        told["kills"] += figures["kills"]
        for name in figures["zero"]:
            told[name] = told.get(name, 0) + figures["zero"][name]
    return told


def on_one_database(made: Databases, kills: int, seed: int, folder: Path, redis_url: str = "") -> dict[str, Any]:
    """So many kills on one database; `zero` holds the figures that have to be 0."""
    started = time.monotonic()
    log = folder / f"kills-{made.vendor}.log"
    with (
        upstream(log) as url,
        gatehouse(
            configuration(url),
            POLICY,
            databases=made,
            redis_url=redis_url,
            GATEHOUSE_HOLD_SECONDS="20",
            GATEHOUSE_LEG_SECONDS="1",
        ) as running,
    ):
        run = KillRun(running, log, seed)
        run.kill_and_restart(kills)
        left = run.evidence(url)
        figures = {
            "kills": kills,
            "calls": len(left.attempts),
            "forwarded": len(left.forwarded),
            "approved": len(left.approved),
            "least_in_flight": min(run.in_flight, default=0),
            "moments": dict(run.moments),
            "answers": dict(Counter(attempt.answer for attempt in left.attempts)),
            "outcomes": dict(Counter(status for statuses in left.outcomes.values() for status in statuses)),
            "ok_that_reads_unknown": answered_and_unknown(left),
            "zero": judged(left) | {"unverified": len(run.unverified)},
            "problems": run.unverified[:3],
        }
    return figures | {"seconds": round(time.monotonic() - started, 1)}


class KillRun:
    """One run on one installation. `moments` counts the kinds of moments, `in_flight` the calls at each kill."""

    def __init__(self, running: Running, log: Path, seed: int) -> None:
        self.running = running
        self.log = log
        self.in_flight: list[int] = []
        self.moments: Counter[str] = Counter()
        self.unverified: list[str] = []
        self._rng = random.Random(seed)
        self._load = Load(running, seed)

    def kill_and_restart(self, kills: int) -> None:
        """The whole of the run; afterwards no call is under way and every intent has its outcome."""
        kinds = [kind for _ in range(kills) for kind in self._rng.sample(list(MOMENTS), len(MOMENTS))][:kills]
        with ThreadPoolExecutor(1) as verifier, self._load:
            for number, kind in enumerate(kinds):
                self._until_the_moment(kind)
                self.in_flight.append(self._load.in_flight)
                self._load.cut()
                self.running.kill()
                # Each check reads the whole ledger, so that checking after every kill would take most of the time.
                looks = number < EACH_VERIFIED or number % EACH_VERIFIED == 0
                verified = verifier.submit(self._verify) if looks else None
                self.running.start()
                self._load.served_again()
                if verified is not None:
                    verified.result()
            self._load.finish()
        eventually(self._all_closed, within=CLOSED_WITHIN, what="an outcome for every intent")
        self._verify()

    def evidence(self, url: str) -> Evidence:
        """What is left, once the upstream has read all that was sent to it."""
        message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        httpx2.post(url, json=message, timeout=10).raise_for_status()
        rows = self.running.rows("SELECT id, state, redeemed_call FROM governance_escalation")
        columns = ("id", "redeemed_call")
        return Evidence(
            forwarded=[call["nonce"] for call in self._arrived(0)],
            entries=self.running.ledger(),
            escalations=[row | {name: hexadecimal(row[name]) for name in columns} for row in rows],
            attempts=self._load.history,
            approved=self._load.approved,
        )

    def _verify(self) -> None:
        done = self.running.manage("verify_ledger", check=False, within=VERIFIED_WITHIN)
        if done.returncode:
            self.unverified.append(f"{done.stdout}{done.stderr}".strip()[-500:])

    def _all_closed(self) -> bool:
        counted = self.running.rows(
            "SELECT kind, COUNT(*) AS number FROM governance_ledgerentry"
            " WHERE kind IN ('call.intent', 'call.outcome') GROUP BY kind"
        )
        number = {row["kind"]: row["number"] for row in counted}
        return number.get("call.outcome", 0) >= number.get("call.intent", 0)

    def _arrived(self, since: int) -> list[dict[str, Any]]:
        """The calls in the upstream's log from that byte on."""
        with self.log.open("rb") as lines:
            lines.seek(since)
            return [json.loads(line) for line in lines if line.endswith(b"\n")]

    # Moments to kill at: each looks at how things stand, and gives what then tells that its moment has come.

    def _until_the_moment(self, kind: str) -> None:
        """Return when enough calls are in flight and the moment is there. Raises AssertionError when it never comes."""
        eventually(lambda: self._load.in_flight >= IN_FLIGHT, what=f"{IN_FLIGHT} calls in flight")
        come, pause = MOMENTS[kind](self), threading.Event()
        until = time.monotonic() + MOMENT_WITHIN
        while not come() or self._load.in_flight < IN_FLIGHT:
            self._load.require_alive()
            assert time.monotonic() < until, f"within {MOMENT_WITHIN} s not: {kind}; {self._load.in_flight} in flight"
            pause.wait(LOOK)
        # Half of the kills strike at once; the others are spread over what a moment is followed by.
        pause.wait(self._rng.choice((0.0, self._rng.uniform(0, LONGEST_AFTER))))
        self.moments[kind] += 1

    def after_a_while(self) -> Callable[[], bool]:
        """Anywhere."""
        at = time.monotonic() + self._rng.uniform(0, LONGEST_DELAY)
        return lambda: time.monotonic() >= at

    def a_call_arrived(self) -> Callable[[], bool]:
        """Right after the upstream saw a call: it is sent, and has no outcome."""
        calls, since = self._rng.randint(1, 100), self.log.stat().st_size
        return lambda: len(self._arrived(since)) >= calls

    def an_approved_call_arrived(self) -> Callable[[], bool]:
        """The same for a call whose approval was redeemed with its intent."""
        since = self.log.stat().st_size
        return lambda: any(call["tool"] == WRITE for call in self._arrived(since))

    def an_approval_is_on_its_way(self) -> Callable[[], bool]:
        """Somebody approves and has no answer yet."""
        return lambda: self._load.deciding > 0

    def an_approval_was_confirmed(self) -> Callable[[], bool]:
        """Somebody was told that a call is approved; it may not have been sent yet."""
        before = len(self._load.approved)
        return lambda: len(self._load.approved) > before


MOMENTS: dict[str, Callable[[KillRun], Callable[[], bool]]] = {
    "after a while": KillRun.after_a_while,
    "a call arrived": KillRun.a_call_arrived,
    "an approved call arrived": KillRun.an_approved_call_arrived,
    "an approval is on its way": KillRun.an_approval_is_on_its_way,
    "an approval was confirmed": KillRun.an_approval_was_confirmed,
}


def configuration(url: str) -> dict[str, Any]:
    """The gatehouse.yaml of a kill run."""
    names = [f"reader-{n}" for n in range(READER_AGENTS)] + [f"writer-{n}" for n in range(WRITERS)]
    return {
        "teams": [{"name": "platform"}],
        "people": PEOPLE,
        "servers": [
            {
                "name": SERVER,
                "transport": "http",
                "url": url,
                "allow_private_address": True,
                "approve": "all",
                "accept_findings": ["*"],
            }
        ],
        "roles": [{"name": "notes", "servers": [SERVER]}],
        "agents": [{"name": name, "owner": "dev@example.com", "roles": ["notes"]} for name in names],
    }


@contextmanager
def upstream(log: Path) -> Iterator[str]:
    """The server that every call goes to, which outlives all kills; its URL."""
    program = [sys.executable, "-m", "tests.proof.kills_upstream", str(log)]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        finally:
            process.kill()


if __name__ == "__main__":
    figures = main(*[int(argument) for argument in sys.argv[1:3]])
    print(json.dumps(figures, indent=2))
    sys.exit(any(figures[name] for database in figures["databases"].values() for name in database["zero"]))

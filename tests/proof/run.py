"""The long programs at full size. `make proof` runs this and writes var/proof.json; `make test` runs them small.

    python tests/proof/run.py [--small] [NAME ...]

A program is a module of this folder with `main(**size) -> dict` of figures. It stands in PROGRAMS with both sizes and
with the figures that have to be 0; raising is a failure too.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import sys
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
LEAST_SHARE = 100  # `make test` runs at least this fraction of the full size.


@dataclass(frozen=True, slots=True)
class Program:
    """One long program: what it shows, its sizes as keywords of `main`, and the figures that must be 0.

    `measure` names the keyword whose full and small values are compared. `elsewhere` names the test that runs the
    small size already, so that it is not run twice.
    """

    name: str
    shows: str
    full: dict[str, int]
    small: dict[str, int]
    measure: str
    zero: tuple[str, ...]
    elsewhere: str = ""


PROGRAMS: tuple[Program, ...] = (
    Program(
        name="policy",
        shows="the product's decisions agree with a slow, independent evaluator",
        full={"cases": 1_000_000},
        small={"cases": 10_000},
        measure="cases",
        zero=("disagreements",),
        elsewhere="tests/properties/test_policy_agrees_with_oracle.py",
    ),
    Program(
        name="kills",
        shows="SIGKILL at random points under load loses no approval, sends nothing twice and nothing unrecorded",
        full={"kills": 200},
        small={"kills": 10},
        measure="kills",
        zero=(
            "forwarded_without_intent",
            "forwarded_twice",
            "intended_twice",
            "intents_without_one_outcome",
            "untrue_outcomes",
            "answers_without_record",
            "wrong_answers",
            "refused_and_forwarded",
            "approvals_lost",
            "approvals_used_twice",
            "sent_without_approval",
            "left_open",
            "held_without_end",
            "unverified",
        ),
        elsewhere="tests/flows/test_kill_runs.py",
    ),
    Program(
        name="callers",
        shows="every answer reaches the caller it belongs to, beside servers that hang, die and talk nonsense",
        full={"calls": 10_000},
        small={"calls": 1_000},
        measure="calls",
        zero=(
            "wrong_answers",
            "unanswered",
            "nonsense_passed_on",
            "not_forwarded_once",
            "missing_calls",
            "unverified",
        ),
        elsewhere="tests/flows/test_answers_reach_their_caller.py",
    ),
    Program(
        name="neighbours",
        shows="one dead server leaves the 99th percentile of calls to the others within 1.5 times (median)",
        full={"calls": 2_000, "rounds": 5, "percent": 150},
        small={"calls": 200, "rounds": 3, "percent": 450},
        measure="calls",
        zero=("over_the_limit",),
        elsewhere="tests/flows/test_answers_reach_their_caller.py",
    ),
    Program(
        name="manifests",
        shows="any change to any field of any locked item of real servers is seen, named and given a risk",
        full={"mutations": 300_000},
        small={"mutations": 3_000},
        measure="mutations",
        zero=("unseen", "misread", "untold", "order_seen"),
    ),
    Program(
        name="shapeshifter",
        shows="a server that changes one tool under load: a second after the scan none reaches it, the others go on",
        full={"rounds": 20, "agents": 12, "calls": 60},
        small={"rounds": 2, "agents": 6, "calls": 10},
        measure="rounds",
        zero=(
            "reached_too_late",
            "reached_after_refusal",
            "reached_unseen",
            "others_failed",
            "odd_answers",
            "still_listed",
            "unverified",
        ),
        elsewhere="tests/flows/test_shapeshifter_in_browser.py",
    ),
    Program(
        name="snapshot",
        shows="a change of one server among 50 with 25,000 tools decides calls within 250 ms (median)",
        full={"tools": 25_000, "rounds": 9, "limit_ms": 250},
        small={"tools": 5_000, "rounds": 3, "limit_ms": 150},
        measure="tools",
        zero=("over_the_limit", "unseen", "unlike_a_cold_read"),
        elsewhere="tests/gateway/snapshot/test_snapshot_servers.py",
    ),
    Program(
        name="scans",
        shows="50 servers with 25,000 tools are scanned, compared, judged and told of within 30 s; no scan approves",
        full={"tools": 25_000, "limit_s": 30},
        small={"tools": 250, "limit_s": 30},
        measure="tools",
        zero=("over_the_limit", "miscounted", "baselines_moved"),
    ),
    Program(
        name="console",
        shows="no page of the console breaks a rule of accessibility, content policy or width in any view",
        full={"views": 4},
        small={"views": 2},
        measure="views",
        zero=("failed",),
        elsewhere="tests/gateway/console/test_console_in_browser.py",
    ),
)


def run(program: Program, size: dict[str, int]) -> dict[str, Any]:
    """Run one program; its figures with `ok`, `seconds`, and on failure `problem`."""
    started = time.monotonic()
    told: dict[str, Any] = {"shows": program.shows, "size": size}
    try:
        told["figures"] = importlib.import_module(f"tests.proof.{program.name}").main(**size)
        wrong = {figure: value for figure in program.zero if (value := told["figures"].get(figure)) != 0}
        told["ok"] = not wrong
        if wrong:
            told["problem"] = f"these have to be 0: {wrong}"
    except Exception as problem:
        traceback.print_exc()
        told |= {"ok": False, "problem": f"{type(problem).__name__}: {problem}"}
    told["seconds"] = round(time.monotonic() - started, 1)
    return told


def main(arguments: list[str]) -> int:
    """Run the named programs, or all; 1 when any failed."""
    parser = argparse.ArgumentParser(prog="make proof", description="Run the long programs.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(program.name for program in PROGRAMS)}; default all")
    parser.add_argument("--small", action="store_true", help="at the size of make test")
    parser.add_argument("--out", type=Path, default=ROOT / "var" / "proof.json")
    given = parser.parse_args(arguments)
    if unknown := {*given.names} - {program.name for program in PROGRAMS}:
        parser.error(f"no program {', '.join(sorted(unknown))}")
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "small": given.small,
        "programs": {},
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        if given.names and program.name not in given.names:
            continue
        print(f"{program.name}: {program.shows} …", flush=True)
        done = run(program, program.small if given.small else program.full)
        told["programs"][program.name] = done
        given.out.write_text(json.dumps(told, indent=2) + "\n")
        print(f"{'ok    ' if done['ok'] else 'FAILED'} {program.name} {json.dumps(done)}", flush=True)
    failed = [name for name, done in told["programs"].items() if not done["ok"]]
    print(f"{len(told['programs']) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

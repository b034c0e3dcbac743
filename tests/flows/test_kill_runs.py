"""kill -9 at random points under load (security D1 and D5), and that the join sees every fault."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.proof import kills
from tests.proof.kills_join import Attempt, Evidence, hexadecimal, judged
from tests.proof.run import PROGRAMS

KILLS = 10
ZERO = next(program.zero for program in PROGRAMS if program.name == "kills")
TICKET = "11111111-1111-4111-8111-111111111111"
READING, WRITING, OTHER = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")


@pytest.mark.timeout(300)
def test_kills_at_random_points_lose_and_double_nothing(databases: Databases, tmp_path: Path) -> None:
    """Ten kills on the run's database with 50 calls and more in flight, approvals among them."""
    redis = os.environ.get("REDIS_URL", "") if databases.server else ""
    figures = kills.on_one_database(databases, KILLS, kills.SEED, tmp_path, redis)
    assert figures["zero"] == dict.fromkeys(ZERO, 0), figures
    assert figures["least_in_flight"] >= kills.IN_FLIGHT
    assert sum(figures["moments"].values()) == KILLS and len(figures["moments"]) == len(kills.MOMENTS)
    assert figures["outcomes"]["unknown"] and figures["approved"], "the kills met calls under way, and approvals"


# The join itself.


def entry(kind: str, call: str, nonce: str = "", tool: str = "", **more: Any) -> dict[str, Any]:
    """A ledger entry with what the join reads."""
    written: dict[str, Any] = {"kind": kind, "call": call, **more}
    if nonce:
        written |= {"arguments": {"redacted": {"nonce": nonce}}, "target": {"name": tool}}
    return written


def outcome(call: str, status: str) -> dict[str, Any]:
    """The end of a call."""
    return entry("call.outcome", call, outcome={"status": status})


READ = entry("call.intent", READING, "r", "read_note")
WRITTEN = entry("call.intent", WRITING, "w", "write_note", approval={"escalation": TICKET})
ROW = {"id": hexadecimal(TICKET), "state": "redeemed", "redeemed_call": hexadecimal(WRITING)}
SOUND = Evidence(
    forwarded=["r", "w"],
    entries=[
        READ,
        outcome(READING, "ok"),
        entry("call.decided", WRITING, approval={"escalation": TICKET, "act": "approve"}),
        WRITTEN,
        outcome(WRITING, "unknown"),
    ],
    escalations=[ROW],
    attempts=[Attempt("r", "read_note", "ok"), Attempt("w", "write_note", "broken")],
    approved={hexadecimal(TICKET)},
)


def without(*left_out: dict[str, Any]) -> list[Any]:
    """The sound ledger without some entries."""
    return [each for each in SOUND.entries if each not in left_out]


TWICE = entry("call.intent", OTHER, "w", "write_note", approval={"escalation": TICKET})
FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("forwarded_without_intent", {"entries": without(READ)}),
    ("forwarded_twice", {"forwarded": ["r", "w", "r"]}),
    ("intended_twice", {"entries": [*SOUND.entries, TWICE]}),
    ("approvals_used_twice", {"entries": [*SOUND.entries, TWICE]}),
    ("sent_without_approval", {"entries": [*SOUND.entries, TWICE]}),
    ("sent_without_approval", {"entries": [*without(WRITTEN), entry("call.intent", WRITING, "w", "write_note")]}),
    ("sent_without_approval", {"approved": set(), "entries": without(SOUND.entries[2])}),
    ("intents_without_one_outcome", {"entries": without(outcome(READING, "ok"))}),
    ("intents_without_one_outcome", {"entries": [*SOUND.entries, outcome(READING, "unknown")]}),
    ("untrue_outcomes", {"forwarded": ["w"]}),
    ("untrue_outcomes", {"entries": [*without(outcome(READING, "ok")), outcome(READING, "not_sent")]}),
    ("answers_without_record", {"entries": [*without(outcome(READING, "ok")), outcome(READING, "timeout")]}),
    ("wrong_answers", {"attempts": [Attempt("r", "read_note", "wrong")]}),
    ("refused_and_forwarded", {"attempts": [Attempt("r", "read_note", "unavailable")]}),
    ("approvals_lost", {"escalations": [ROW | {"state": "approved", "redeemed_call": None}]}),
    ("approvals_lost", {"entries": without(WRITTEN)}),
    ("left_open", {"escalations": [ROW | {"state": "waiting"}]}),
    ("held_without_end", {"entries": [*without(outcome(WRITING, "unknown")), outcome(WRITING, "not_sent")]}),
]


def test_a_sound_run_is_judged_sound() -> None:
    """The evidence that every fault below is planted in."""
    assert judged(SOUND) == dict.fromkeys(ZERO[:-1], 0)


@pytest.mark.parametrize(
    ("figure", "fault"), FAULTS, ids=[f"{number}-{name}" for number, (name, _) in enumerate(FAULTS)]
)
def test_a_planted_fault_is_counted(figure: str, fault: dict[str, Any]) -> None:
    """A judge that never says no shows nothing."""
    assert judged(replace(SOUND, **fault))[figure] > 0


def test_every_figure_has_a_planted_fault() -> None:
    """`unverified` is the exit status of verify_ledger, which has tests of its own."""
    assert {name for name, _ in FAULTS} == {*ZERO} - {"unverified"}

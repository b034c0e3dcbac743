"""What a kill run left behind, joined: the upstream's log, the ledger, the escalations, what the clients saw. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

READ, WRITE = "read_note", "write_note"
OPEN = ("waiting", "approved")
# How an answer names a call that was not sent; any other refusal may have been.
NOT_SENT = frozenset({"denied", "limited", "stopped", "unavailable", "cancelled", "expired", "not_sent", "malformed"})
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call as its client saw it: `answer` is `ok`, `wrong`, `broken` (no whole answer came) or the refusal's
    status.
    """

    nonce: str
    tool: str
    answer: str


@dataclass(frozen=True)
class Evidence:
    """Everything that is left. `forwarded`: the nonces in the order of the upstream's log. `escalations`: rows with id,
    state and redeemed_call, ids in hex. `approved`: the escalations (hex) whose approval somebody was told of.
    """

    forwarded: Sequence[str]
    entries: Sequence[Entry]
    escalations: Sequence[Mapping[str, Any]]
    attempts: Sequence[Attempt]
    approved: Collection[str]

    def of_kind(self, kind: str) -> list[Entry]:
        """The ledger's entries of one kind."""
        return [entry for entry in self.entries if entry["kind"] == kind]

    @cached_property
    def intents(self) -> list[Entry]:
        """What the ledger says would be forwarded."""
        return self.of_kind("call.intent")

    @cached_property
    def outcomes(self) -> dict[str, list[str]]:
        """The statuses of the outcomes of each call."""
        found: dict[str, list[str]] = {}
        for entry in self.of_kind("call.outcome"):
            found.setdefault(entry["call"], []).append(entry["outcome"]["status"])
        return found

    @cached_property
    def ends(self) -> dict[str, list[str]]:
        """The statuses of the outcomes of each nonce."""
        return {nonce_of(intent): self.outcomes.get(intent["call"], []) for intent in self.intents}

    @cached_property
    def states(self) -> dict[str, str]:
        """The state of each escalation."""
        return {row["id"]: row["state"] for row in self.escalations}


def nonce_of(entry: Entry) -> str:
    """The nonce among the arguments of a ledger entry."""
    return str(entry["arguments"]["redacted"]["nonce"])


def hexadecimal(identity: object) -> str:
    """A UUID as 32 digits, however a database or the ledger writes it."""
    return str(identity).replace("-", "")


def judged(left: Evidence) -> dict[str, int]:
    """The figures that have to be 0."""
    return {**_forwards(left), **_outcomes(left), **_answers(left), **_approvals(left)}


def answered_and_unknown(left: Evidence) -> int:
    """Calls whose client has the result and whose outcome had not been written when the process died (contract 7)."""
    return sum("unknown" in left.ends.get(attempt.nonce, []) for attempt in left.attempts if attempt.answer == "ok")


def _forwards(left: Evidence) -> dict[str, int]:
    intended = Counter(nonce_of(intent) for intent in left.intents)
    times = Counter(left.forwarded)
    return {
        "forwarded_without_intent": sum(count > intended[nonce] for nonce, count in times.items()),
        "forwarded_twice": sum(count > 1 for count in times.values()),
        "intended_twice": sum(count > 1 for count in intended.values()),
    }


def _outcomes(left: Evidence) -> dict[str, int]:
    """Every intent ends once, and no end says what the upstream's log denies."""
    calls = Counter(intent["call"] for intent in left.intents)
    ended = sum(len(left.outcomes.get(call, [])) != 1 for call in calls)
    strange = sum(call not in calls for call in left.outcomes)
    seen = set(left.forwarded)
    invented = sum("ok" in statuses and nonce not in seen for nonce, statuses in left.ends.items())
    denied = sum("not_sent" in statuses and nonce in seen for nonce, statuses in left.ends.items())
    return {"intents_without_one_outcome": ended + strange, "untrue_outcomes": invented + denied}


def _answers(left: Evidence) -> dict[str, int]:
    """What a client was told is in the ledger; where the process died since, the outcome may read `unknown`."""
    seen = set(left.forwarded)
    unrecorded = wrong = refused = 0
    for attempt in left.attempts:
        if attempt.answer == "ok":
            ends = left.ends.get(attempt.nonce, [])
            unrecorded += attempt.nonce not in seen or not {"ok", "unknown"}.intersection(ends)
        wrong += attempt.answer == "wrong"
        refused += attempt.tool == READ and attempt.answer in NOT_SENT and attempt.nonce in seen
    return {"answers_without_record": unrecorded, "wrong_answers": wrong, "refused_and_forwarded": refused}


def _approvals(left: Evidence) -> dict[str, int]:
    decided = {
        hexadecimal(entry["approval"]["escalation"])
        for entry in left.of_kind("call.decided")
        if entry["approval"]["act"] == "approve" and "refused" not in entry["approval"]
    }
    told = decided | {*left.approved}
    used = Counter(hexadecimal(i["approval"]["escalation"]) for i in left.intents if i.get("approval"))
    redeemed_by = {row["id"]: hexadecimal(row["redeemed_call"]) for row in left.escalations}
    lost = sum(left.states.get(ticket) != "redeemed" or not used[ticket] for ticket in told)
    unasked = sum(
        redeemed_by.get(hexadecimal(intent.get("approval", {}).get("escalation"))) != hexadecimal(intent["call"])
        for intent in left.intents
        if intent["target"]["name"] == WRITE
    )
    return {
        "approvals_lost": lost,
        "approvals_used_twice": sum(count > 1 for count in used.values()),
        "sent_without_approval": unasked + sum(ticket not in told for ticket in used),
        "left_open": sum(state in OPEN for state in left.states.values()),
        "held_without_end": _held_without_end(left),
    }


def _held_without_end(left: Evidence) -> int:
    """Held calls that neither came back with their result nor had been sent when the process died."""
    asked = {attempt.nonce for attempt in left.attempts if attempt.tool == WRITE}
    answered = {attempt.nonce for attempt in left.attempts if attempt.answer == "ok"}
    return sum(
        nonce not in answered and not {"ok", "unknown"}.intersection(left.ends.get(nonce, [])) for nonce in asked
    )

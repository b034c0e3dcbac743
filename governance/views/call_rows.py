"""Calls as people read them, put together from ledger entries. Reads the ledger; changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from governance.models import LedgerEntry

CLOSERS: Final = ("call.outcome", "call.refused", "call.held")
"""The kinds that close a request: each call has exactly one of them per request."""

STATUS_WORDS: Final = {
    "ok": "Answered",
    "error": "Answered with an error",
    "unknown": "Outcome unknown",
    "timeout": "Timed out",
    "cancelled": "Cancelled",
    "withheld": "Result withheld",
    "not_sent": "Not sent",
    "denied": "Denied",
    "limited": "Over its limit",
    "stopped": "Stopped",
    "unavailable": "Unavailable",
    "waiting": "Held for a person",
    "expired": "Expired",
    "malformed": "Malformed",
}
GOOD: Final = frozenset({"ok"})
HELD: Final = frozenset({"waiting"})


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call: the fields of contract section 2, and where its closing entry stands."""

    record: UUID | None
    at: datetime
    agent: str
    person: str
    session: str
    server: str
    item: str
    kind: str
    verdict: str
    rule: str
    reason: str
    intent: str
    status: str
    ms: int | None
    stream: int
    seq: int
    decision: dict[str, Any] = field(default_factory=dict)

    @property
    def status_word(self) -> str:
        """The status in plain words."""
        return STATUS_WORDS.get(self.status, self.status or "Under way")

    @property
    def tone(self) -> str:
        """`good`, `held` or `bad`, for the mark beside the words."""
        return "good" if self.status in GOOD else "held" if self.status in HELD else "bad"


def closers() -> QuerySet[LedgerEntry]:
    """The closing entries of all calls."""
    return LedgerEntry.objects.filter(kind__in=CLOSERS)


def rows(closing: Sequence[LedgerEntry]) -> list[CallRow]:
    """One row per closing entry; the decision is taken from the call's own entries, with one further query."""
    calls = {entry.call for entry in closing if entry.call is not None and entry.kind == "call.outcome"}
    intents: dict[UUID, dict[str, Any]] = {}
    if calls:
        found = LedgerEntry.objects.filter(kind="call.intent", call__in=calls)
        intents = {entry.call: document(entry) for entry in found if entry.call is not None}
    return [_row(entry, intents.get(entry.call) if entry.call else None) for entry in closing]


def document(entry: LedgerEntry) -> dict[str, Any]:
    """The entry's own JSON; a text that is none (the chain check will say so) is an empty object."""
    try:
        found = json.loads(entry.text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _row(entry: LedgerEntry, intent: dict[str, Any] | None) -> CallRow:
    own = document(entry)
    bodies = (own, intent or {})
    decision = _part(bodies, "decision")
    outcome = _part(bodies, "outcome")
    principal, target = _part(bodies, "principal"), _part(bodies, "target")
    ms = outcome.get("ms")
    return CallRow(
        record=entry.call,
        at=entry.at,
        agent=entry.agent or str(principal.get("agent") or ""),
        person=str(principal.get("person") or ""),
        session=entry.session,
        server=entry.server,
        item=entry.item,
        kind=str(target.get("kind") or "tool"),
        verdict=str(decision.get("verdict") or ""),
        rule=str(decision.get("rule") or ""),
        reason=str(decision.get("reason") or ""),
        intent=str(decision.get("intent") or ""),
        status=entry.status or str(outcome.get("status") or ("waiting" if entry.kind == "call.held" else "")),
        ms=ms if isinstance(ms, int) else None,
        stream=entry.stream_id,
        seq=entry.seq,
        decision=decision,
    )


def _part(bodies: Iterable[dict[str, Any]], name: str) -> dict[str, Any]:
    for body in bodies:
        part = body.get(name)
        if isinstance(part, dict) and part:
            return part
    return {}

"""The calls pages: a list over the ledger's closing entries, and one call with every entry it has. Read only."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse

from governance.models import Agent, Escalation, LedgerEntry
from governance.views import call_rows
from governance.views.access import SEES_ALL_CALLS, has_role, person_of
from governance.views.marked import json_lines

PAGE: Final = 50
VERDICTS: Final = {
    "allow": ("ok", "error", "unknown", "timeout", "cancelled", "withheld", "not_sent"),
    "deny": ("denied", "limited", "stopped", "unavailable", "expired", "malformed"),
    "escalate": ("waiting",),
}
"""Statuses that close a call of each verdict; the ledger's columns hold the status."""
EXACT: Final = ("Deciding rule", "All rules of that action", "Policy", "Findings", "Facts", "Rules on trial")
"""The parts of a decision that are names and data, not sentences."""


def index(request: HttpRequest) -> HttpResponseBase:
    """Calls, newest first, 50 a page by keyset, filtered by agent, server, status and verdict."""
    wanted = {key: request.GET.get(key, "").strip()[:80] for key in ("agent", "server", "status", "verdict")}
    found = _filtered(visible_closers(request), wanted)
    after = _place(request.GET.get("after", ""))
    if after is not None:
        at, stream, seq = after
        found = found.filter(Q(at__lt=at) | Q(at=at, stream_id__lt=stream) | Q(at=at, stream_id=stream, seq__lt=seq))
    entries = list(found.order_by("-at", "-stream_id", "-seq")[: PAGE + 1])
    rows = call_rows.rows(entries[:PAGE])
    more = ""
    if len(entries) > PAGE:
        last = rows[-1]
        place = f"{last.at.isoformat()}~{last.stream}~{last.seq}"
        more = "?" + urlencode({**{k: v for k, v in wanted.items() if v}, "after": place})
    context = {
        "title": "Calls",
        "rows": rows,
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "statuses": call_rows.STATUS_WORDS.items(),
        "verdicts": VERDICTS,
        "more": more,
        "first_page": after is None,
        "own_only": not has_role(request, *SEES_ALL_CALLS),
    }
    return TemplateResponse(request, "governance/calls.html", context)


def detail(request: HttpRequest, call: UUID) -> HttpResponseBase:
    """Every entry of one call, and its decision in words."""
    entries = list(LedgerEntry.objects.filter(call=call).select_related("stream").order_by("at", "stream_id", "seq"))
    if not entries or not _may_read(request, entries):
        raise Http404
    closing = [entry for entry in entries if entry.kind in call_rows.CLOSERS]
    row = call_rows.rows(closing[-1:] or entries[-1:])[0]
    escalations = Escalation.objects.filter(Q(call=call) | Q(redeemed_call=call)).defer("arguments_sealed")
    context = {
        "title": "Call",
        "row": row,
        "waited": _waited(row, escalations),
        "explained": _explained(row.decision),
        "exact_labels": EXACT,
        "arguments": _arguments(entries),
        "escalations": escalations,
        "entries": [(entry, json_lines(call_rows.document(entry))) for entry in entries],
    }
    return TemplateResponse(request, "governance/call.html", context)


def _waited(row: call_rows.CallRow, escalations: Iterable[Escalation]) -> int:
    """How many of the call's milliseconds this request waited for a person's approval."""
    if row.ms is None:
        return 0
    began = row.at - timedelta(milliseconds=row.ms)
    waits = [
        each.decided_at - max(began, each.opened_at)
        for each in escalations
        if each.redeemed_call == row.record and each.decided_at is not None
    ]
    return min(row.ms, max((round(wait.total_seconds() * 1000) for wait in waits), default=0))


def visible_closers(request: HttpRequest) -> QuerySet[LedgerEntry]:
    """The closing entries this person may read: all of them, or those of their own agents."""
    found = call_rows.closers()
    if not has_role(request, *SEES_ALL_CALLS):
        found = found.filter(agent__in=own_agents(request))
    return found


def own_agents(request: HttpRequest) -> QuerySet[Agent, str]:
    """The names of the agents that the person or one of their teams owns."""
    person = person_of(request)
    owned = Agent.objects.filter(Q(owner=person) | Q(team__in=person.teams.all()))
    return owned.values_list("name", flat=True)


def _filtered(found: QuerySet[LedgerEntry], wanted: dict[str, str]) -> QuerySet[LedgerEntry]:
    if wanted["agent"]:
        found = found.filter(agent=wanted["agent"])
    if wanted["server"]:
        found = found.filter(server=wanted["server"])
    if wanted["status"]:
        found = found.filter(status=wanted["status"])
    if wanted["verdict"] in VERDICTS:
        found = found.filter(status__in=VERDICTS[wanted["verdict"]])
    return found


def _place(text: str) -> tuple[datetime, int, int] | None:
    try:
        at, stream, seq = text.split("~")
        moment = datetime.fromisoformat(at)
        return (moment, int(stream), int(seq)) if moment.tzinfo else None
    except ValueError:
        return None


def _may_read(request: HttpRequest, entries: list[LedgerEntry]) -> bool:
    if has_role(request, *SEES_ALL_CALLS):
        return True
    own = set(own_agents(request))
    agents = {entry.agent for entry in entries if entry.agent}
    return bool(agents) and agents <= own


def _arguments(entries: list[LedgerEntry]) -> Any:
    for entry in entries:
        arguments = call_rows.document(entry).get("arguments")
        if isinstance(arguments, dict) and "redacted" in arguments:
            return {"lines": json_lines(arguments["redacted"]), "digest": arguments.get("digest", "")}
    return None


def _explained(decision: dict[str, Any]) -> list[tuple[str, str]]:
    """The decision as label and text, in reading order; empty parts are left out."""
    facts, rules = decision.get("facts") or {}, decision.get("rules") or []
    parts = [
        ("Verdict", decision.get("verdict")),
        ("Deciding rule", decision.get("rule")),
        ("Why", decision.get("reason")),
        ("All rules of that action", ", ".join(rules) if len(rules) > 1 else ""),
        ("Intent", decision.get("intent")),
        ("Policy", decision.get("policy")),
        ("Findings", ", ".join(json.dumps(found, sort_keys=True) for found in decision.get("findings") or [])),
        ("Facts", json.dumps(facts, sort_keys=True, ensure_ascii=False) if facts else ""),
        ("Rules on trial", ", ".join(json.dumps(rule, sort_keys=True) for rule in decision.get("would") or [])),
    ]
    return [(label, str(text)) for label, text in parts if text]

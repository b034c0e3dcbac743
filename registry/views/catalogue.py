"""The catalogue: every server with how it stands, what it offers and who uses it, filtered by links. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from governance.models import Agent, LedgerEntry
from governance.views.access import ADMIN, APPROVER, AUDITOR, AUTHOR, DEVELOPER, OWNER, SEES_ALL_CALLS, has_role
from registry.models import Item, ItemState, ManifestVersion, Server, ServerState
from registry.models.servers import OUT_OF_USE
from registry.states import drifted
from registry.views.own_reach import RoleReach, own_agents, own_reach
from registry.views.tones import GRAVE, INTENTS, SEVERITIES, TONES, by_intent, by_severity

PAGE: Final = 100
SEARCHED: Final = 80
COUNTED_CALLS: Final = 20_000
"""Calls counted at most: enough for the usual installation, and the same time for every other."""
CALLS_WITHIN: Final = timedelta(days=7)
STAFF: Final = (ADMIN, APPROVER, AUDITOR, AUTHOR)
FACETS: Final = ("state", "team", "risk", "tag", "environment", "transport")
FLAGS: Final = {"drift": "Differs from what was approved", "unused": "No call in 7 days", "findings": "High findings"}


@dataclass(slots=True)
class Offer:
    """What is known of one server's items."""

    approved: int = 0
    held: int = 0
    tools: int = 0
    intents: Counter[str] = field(default_factory=Counter)
    drift: bool = False
    yours: int = 0


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls let through in the last 7 days by server. `complete` is false where more were there than are counted."""

    counts: Mapping[str, int]
    last: Mapping[str, datetime]
    complete: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One server as the catalogue shows it."""

    server: Server
    tone: str
    cause: str
    offer: Offer
    short: str
    words: str
    version: int
    findings: list[tuple[str, int]]
    calls: int
    last_call: datetime | None
    yours: int | None

    @property
    def grave(self) -> bool:
        """Whether a finding of severity high or above is open."""
        return any(severity in GRAVE for severity, _ in self.findings)


@dataclass(frozen=True, slots=True)
class Facet:
    """One filter: its choices as (value, words, address, whether chosen)."""

    label: str
    chosen: str
    choices: list[tuple[str, str, str, bool]]


def index(request: HttpRequest) -> HttpResponseBase:
    """Every server that fits the filters of the address."""
    wanted = _wanted(request)
    calls = calls_by_server(request)
    rows = _rows(request, calls)
    shown = [row for row in rows if _fits(row, wanted)]
    if wanted["q"]:
        named = _named(wanted["q"])
        shown = [row for row in shown if row.server.pk in named]
    at = _page_number(request, len(shown))
    context: dict[str, Any] = {
        "title": title_for(request),
        "rows": shown[(at - 1) * PAGE : at * PAGE],
        "count": len(shown),
        "total": len(rows),
        "wanted": wanted,
        "filtered": any(wanted.values()),
        "facets": _facets(rows, wanted),
        "flags": _flags(rows, wanted, calls),
        "calls_complete": calls.complete,
        "own_only": not has_role(request, *SEES_ALL_CALLS),
        "may_request": has_role(request, DEVELOPER, OWNER),
        "page": at,
        "earlier": _address(wanted, page=str(at - 1)) if at > 1 else "",
        "later": _address(wanted, page=str(at + 1)) if at * PAGE < len(shown) else "",
    }
    return TemplateResponse(request, "registry/servers.html", context)


def title_for(request: HttpRequest) -> str:
    """What the page is called for somebody: those who only ask and use see a catalogue."""
    return "Servers" if has_role(request, *STAFF) else "Catalog"


def calls_by_server(request: HttpRequest) -> Calls:
    """Calls of the agents whose calls the person may see, over the ledger's index of agents and times."""
    recent = _recent_calls(request).values_list("server", "at")[:COUNTED_CALLS]
    return _counted(list(recent))


def calls_of(request: HttpRequest, server: str, item: str) -> Calls:
    """The same for one item alone, under the name of its server."""
    recent = list(_recent_calls(request).values_list("server", "item", "at")[:COUNTED_CALLS])
    found = _counted([(name, at) for name, called, at in recent if (name, called) == (server, item)])
    return Calls(found.counts, found.last, len(recent) < COUNTED_CALLS)


def _recent_calls(request: HttpRequest) -> QuerySet[LedgerEntry]:
    agents = Agent.objects.all() if has_role(request, *SEES_ALL_CALLS) else own_agents(request)
    since = timezone.now() - CALLS_WITHIN
    recent = LedgerEntry.objects.filter(kind="call.intent", agent__in=agents.order_by().values("name"), at__gte=since)
    return recent.order_by()


def _counted(recent: list[tuple[str, datetime]]) -> Calls:
    counts: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for server, at in recent:
        counts[server] += 1
        last[server] = max(at, last.get(server, at))
    return Calls(counts, last, len(recent) < COUNTED_CALLS)


def said_intent() -> Case:
    """The intent that holds of an item: a reviewer's word while it is about the same definition, else the scan's."""
    same = Q(reviewed_intent_digest=F("seen_digest")) | Q(seen_digest="", reviewed_intent_digest=F("approved_digest"))
    return Case(When(~Q(reviewed_intent="") & same, then=F("reviewed_intent")), default=F("intent"))


def offers(servers: Iterable[Server], reach: RoleReach | None) -> dict[int, Offer]:
    """What each server offers, in one query; with a reach, also how many approved tools it covers."""
    items = Item.objects.exclude(kind="resource").order_by()
    items = items.annotate(said=said_intent(), baseline=Case(When(approved_digest="", then=Value(0)), default=Value(1)))
    columns = ["server_id", "kind", "state", "said", "late", "baseline"]
    found: dict[int, Offer] = {}
    if reach is None:
        for *group, count in items.values_list(*columns).annotate(count=Count("pk")):
            _add(found.setdefault(group[0], Offer()), group, count)
        return found
    rows = list(items.values_list(*columns, "name"))
    for group, count in Counter(row[:-1] for row in rows).items():
        _add(found.setdefault(group[0], Offer()), group, count)
    tests = {each.pk: reach.tests(each.name, "tool") for each in servers if each.state not in OUT_OF_USE}
    for server, kind, state, *_, name in rows:
        if kind == "tool" and state == ItemState.APPROVED and any(test(name) for test in tests.get(server, ())):
            found[server].yours += 1
    return found


def _add(offer: Offer, group: Sequence[Any], count: int) -> None:
    _, kind, state, intent, late, baseline = group
    offer.approved += count if state == ItemState.APPROVED else 0
    offer.held += count if state in (ItemState.NEW, ItemState.CHANGED, ItemState.MISSING) else 0
    offer.drift = offer.drift or drifted(state, late=late, baseline=bool(baseline))
    if kind == "tool" and state != ItemState.MISSING:
        offer.tools += count
        offer.intents[intent] += count


def _servers() -> QuerySet[Server]:
    """Every server with its last manifest's number, and how many findings of each severity nobody has accepted."""
    last = ManifestVersion.objects.filter(server=OuterRef("pk")).order_by("-number").values("number")[:1]
    open_ones = {
        f"open_{severity}": Count("findings", Q(findings__severity=severity, findings__accepted_at=None))
        for severity in SEVERITIES
    }
    return Server.objects.select_related("team", "owner").annotate(version=Subquery(last), **open_ones).order_by("name")


def cause_of(server: Server) -> str:
    """Why a server stands as it does and what that means for agents, in plain words."""
    cause = server.state_reason
    if server.state == ServerState.ERROR:
        return (
            f"{cause} Agents still see its approved tools; calls fail until it answers{_tried_again(server)}.".strip()
        )
    if server.state == ServerState.WAITING and not cause:
        return "Nothing of it is approved yet." if server.scanned_at else "It was not looked at yet."
    return cause


def _tried_again(server: Server) -> str:
    if server.next_scan_at is None:
        return ""
    minutes = max(0, round((server.next_scan_at - timezone.now()).total_seconds() / 60))
    return f"; it is tried again in {minutes} min" if minutes else "; it is tried again now"


def _rows(request: HttpRequest, calls: Calls) -> list[Row]:
    reach = own_reach(request) if has_role(request, DEVELOPER, OWNER) else None
    servers = list(_servers())
    offered = offers(servers, reach)
    rows = []
    for server in servers:
        offer = offered.get(server.pk, Offer())
        short, words = by_intent(offer.intents)
        rows.append(
            Row(
                server=server,
                tone=TONES[ServerState(server.state)],
                cause=cause_of(server),
                offer=offer,
                short=short,
                words=words,
                version=server.version or 0,  # type: ignore[attr-defined]
                findings=by_severity({severity: getattr(server, f"open_{severity}") for severity in SEVERITIES}),
                calls=calls.counts.get(server.name, 0),
                last_call=calls.last.get(server.name) if calls.complete else None,
                yours=None if reach is None else offer.yours,
            )
        )
    return rows


def _named(text: str) -> set[int]:
    """The servers that a word is about: in their name, description, tags, category, or a tool's name."""
    word = text.casefold()
    by_tool = Item.objects.filter(kind="tool", name__icontains=text).order_by().values_list("server_id", flat=True)
    found = set(by_tool.distinct())
    for pk, name, description, tags, category in Server.objects.values_list(
        "pk", "name", "description", "tags", "category"
    ):
        if any(word in str(each).casefold() for each in (name, description, *tags, *category)):
            found.add(pk)
    return found


def _wanted(request: HttpRequest) -> dict[str, str]:
    wanted = {name: request.GET.get(name, "").strip()[:SEARCHED] for name in (*FACETS, "q")}
    return wanted | {name: "1" if request.GET.get(name) == "1" else "" for name in FLAGS}


def _values(row: Row) -> dict[str, Iterable[str]]:
    """What a row has of each facet."""
    server = row.server
    return {
        "state": [server.state],
        "team": [server.team.name] if server.team else [],
        "risk": [intent for intent in INTENTS if row.offer.intents.get(intent)],
        "tag": [str(tag) for tag in (*server.tags, *server.category)],
        "environment": [server.environment] if server.environment else [],
        "transport": [server.transport],
    }


def _flagged(row: Row) -> dict[str, bool]:
    return {"drift": row.offer.drift, "unused": not row.calls, "findings": row.grave}


def _fits(row: Row, wanted: Mapping[str, str]) -> bool:
    values, flags = _values(row), _flagged(row)
    return all(not wanted[name] or wanted[name] in values[name] for name in FACETS) and all(
        not wanted[name] or flags[name] for name in FLAGS
    )


def _facets(rows: list[Row], wanted: Mapping[str, str]) -> list[Facet]:
    """One filter for everything that at least two values, or a chosen one, are there of."""
    labels = {"state": dict(ServerState.choices)}
    found = []
    for name in FACETS:
        counts = Counter(value for row in rows for value in set(_values(row)[name]))
        if wanted[name]:
            counts.setdefault(wanted[name], 0)
        if len(counts) < 2 and not wanted[name]:
            continue
        choices = [("", "Any", _address(wanted, **{name: ""}), not wanted[name])]
        for value in sorted(counts):
            words = f"{labels.get(name, {}).get(value, value)} ({counts[value]})"
            choices.append((value, words, _address(wanted, **{name: value}), wanted[name] == value))
        found.append(Facet(name.capitalize(), labels.get(name, {}).get(wanted[name], wanted[name]), choices))
    return found


def _flags(rows: list[Row], wanted: Mapping[str, str], calls: Calls) -> list[tuple[str, int, str, bool]]:
    """The yes-or-no filters; that a server is unused cannot be told where not every call was counted."""
    found = []
    for name, words in FLAGS.items():
        if name == "unused" and not calls.complete:
            continue
        count = sum(_flagged(row)[name] for row in rows)
        if count or wanted[name]:
            found.append((words, count, _address(wanted, **{name: "" if wanted[name] else "1"}), bool(wanted[name])))
    return found


def _address(wanted: Mapping[str, str], **changed: str) -> str:
    kept = {name: value for name, value in {**wanted, **changed}.items() if value}
    return "?" + urlencode(kept)


def _page_number(request: HttpRequest, count: int) -> int:
    asked = request.GET.get("page", "")
    last = max(1, -(-count // PAGE))
    return min(last, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1

"""One server: how it stands, what is held with old beside new, what is approved, its scans and versions.

The acts are in lifecycle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance.rights import NotAllowed
from governance.text.visible import one_line
from governance.views.access import ADMIN, AUDITOR, OWNER, SEES_ALL_CALLS, has_role, person_of
from registry import item_votes, lifecycle
from registry.item_votes import AlreadyVoted, Tally
from registry.lifecycle import Approval, ChangedSinceShown, NotPossible, Shown
from registry.models import Item, ItemState, Server, ServerState, StoredFinding
from registry.models.servers import OUT_OF_USE
from registry.states import SERVER, ServerAct, ServerStanding
from registry.usage import Usage
from registry.views import catalogue, changes, documents, tools
from registry.views.request_queue import HEAVY
from registry.views.tones import ITEM_TONES, SEVERITIES, TONES, by_intent, counted
from registry.views.usages import usage_for

T = TypeVar("T")

TO_DECIDE: Final = (ItemState.NEW, ItemState.CHANGED, ItemState.MISSING)
CARDS: Final = 25
ROWS: Final = 100
VERSIONS: Final = 20
STANDING: Final = {
    ServerAct.SUSPEND: "Suspend: out of use for a while",
    ServerAct.RESUME: "Resume: back into use",
    ServerAct.QUARANTINE: "Quarantine: out of use on suspicion",
    ServerAct.RELEASE: "Release: back into use",
    ServerAct.RETIRE: "Retire: out of use for good",
}
RUNS: Final = 5
FINDINGS: Final = 100
LIGHT: Final = (
    "pk", "server_id", "kind", "name", "state", "intent", "intent_reason", "reviewed_intent", "reviewed_intent_digest",
    "seen_digest", "approved_digest", "approved_by", "approved_at", "condition", "position", "returns",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ItemCard:
    """One held item as the page shows it. `shown` comes back with the form, so that nothing unseen is approved."""

    item: Item
    shown: str
    tone: str
    decidable: bool
    intent: str
    document: documents.Document
    changed: changes.ItemRows | None
    findings: list[StoredFinding]
    usage: Usage
    # Where it takes two people: who approved it, and who is missing.
    tally: Tally | None
    approvable: bool


@dataclass(frozen=True, slots=True)
class ItemLine:
    """One item in the table of those that need no decision."""

    item: Item
    tone: str
    intent: str
    condition: tuple[str, ...]
    tally: Tally | None
    approvable: bool


@dataclass(frozen=True, slots=True)
class Cut:
    """One page of a long list: its rows, and the numbers of the pages before and after it (0 where there is none)."""

    count: int
    page: int
    earlier: int
    later: int
    first: int
    last: int


def detail(request: HttpRequest, name: str) -> HttpResponseBase:
    """One server with every item of it."""
    return _page(request, server_named(name))


def version(request: HttpRequest, name: str, number: int) -> HttpResponseBase:
    """One manifest as the server sent it, beside the one before it."""
    server = server_named(name)
    found = server.manifests.filter(number__in=(number - 1, number)).order_by("number")
    kept = {manifest.number: manifest for manifest in found}
    if number not in kept:
        raise Http404
    before = kept.get(number - 1)
    context = {
        "title": f"{server.name}, manifest {number}",
        "server": server,
        "manifest": kept[number],
        "before": before,
        "compared": changes.of_manifests(before.document if before else "", kept[number].document),
    }
    return TemplateResponse(request, "registry/version.html", context)


def approve(request: HttpRequest, name: str) -> HttpResponseBase:
    """Approve or refuse the ticked items, or approve everything that was shown."""
    server = server_named(name)
    act = request.POST.get("act", "")
    chosen = request.POST.getlist("shown" if act == "approve-all" else "item")
    shown = _shown(server, chosen)
    if not shown:
        messages.error(request, "Nothing was chosen. Tick the items to decide on.")
        return redirect("admin:server", name=name)
    reason = request.POST.get("reason", "").strip()[:500]
    try:
        if act == "refuse":
            done = lifecycle.refuse_items(server=server, items=shown, by=person_of(request), reason=reason)
            messages.success(request, f"Refused {counted(len(done), 'item')}. Agents do not see them.")
        else:
            _say(request, lifecycle.approve_items(server=server, items=shown, by=person_of(request), reason=reason))
    except (ChangedSinceShown, NotPossible, NotAllowed, AlreadyVoted) as refusal:
        messages.error(request, str(refusal))
    return redirect("admin:server", name=name)


def _say(request: HttpRequest, approval: Approval) -> None:
    """What was approved, and what somebody else has to approve too."""
    if approval.items:
        done = counted(len(approval.items), "item")
        messages.success(request, f"Approved {done}. Agents whose roles reach them can use them now.")
    if len(approval.waiting) == 1:
        [(item, tally)] = approval.waiting
        messages.info(request, f"The {item.kind} {one_line(item.name, 60)} stays held. {tally.words}")
    elif approval.waiting:
        count = counted(len(approval.waiting), "item")
        needed = f"Your approval of {count} is counted; they stay held. {approval.still_needed}"
        messages.info(request, needed)


def server_named(name: str) -> Server:
    """The server of this name; where there is none, there is no page."""
    rows = Server.objects.select_related("team", "owner", "request__requester")
    found = rows.defer(*(f"request__{column}" for column in HEAVY)).filter(name=name).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, server: Server) -> HttpResponseBase:
    counts = _counts(server)
    context: dict[str, Any] = {
        "title": server.name,
        "server": server,
        "tone": TONES[ServerState(server.state)],
        "cause": catalogue.cause_of(server),
        "may_decide": has_role(request, ADMIN),
        "speaks": tools.speaks(request, server),
        "in_use": server.state not in OUT_OF_USE,
        "standing_acts": _standing_acts(server),
        "request_of": getattr(server, "request", None),
        "sees_launch": has_role(request, ADMIN, AUDITOR, OWNER),
        "env_names": sorted(server.env),
        "header_names": sorted(server.headers),
        "runs": list(server.scans.all()[:RUNS]),
        "manifests": list(server.manifests.defer("document")[:VERSIONS]),
        "baselines": list(server.baselines.defer("document")[:VERSIONS]),
        **_items(request, server, counts),
    }
    return TemplateResponse(request, "registry/server.html", context)


def _standing_acts(server: Server) -> list[tuple[str, str]]:
    """What a person may do with the server as a whole, by the table."""
    standing = ServerStanding(server.state)
    return [(act.value, words) for act, words in STANDING.items() if (standing, act) in SERVER]


def _counts(server: Server) -> dict[str, Counter[str]]:
    """How many items there are by state, and how many tools by what they do."""
    states: Counter[str] = Counter()
    intents: Counter[str] = Counter()
    rows = server.items.order_by().annotate(said=catalogue.said_intent()).values_list("kind", "state", "said")
    for kind, state, intent, count in rows.annotate(count=Count("pk")):
        states[state] += count
        if kind == "tool" and state != ItemState.MISSING:
            intents[intent] += count
    return {"states": states, "intents": intents}


def _items(request: HttpRequest, server: Server, counts: dict[str, Counter[str]]) -> dict[str, Any]:
    """The parts of the page about items: cards for what is held, lines for the rest, findings beside them."""
    states = counts["states"]
    held_count = sum(states[state] for state in TO_DECIDE)
    held_cut = cut(request, "held", held_count, CARDS)
    line_cut = cut(request, "items", states.total() - held_count, ROWS)
    held = _ordered(server.items.filter(state__in=TO_DECIDE), held_cut)
    rest = _ordered(server.items.exclude(state__in=TO_DECIDE).only(*LIGHT), line_cut)
    findings = _findings(server)
    usages = usage_for(request, held) if held else {}
    takes_two = item_votes.tallies(server, [item for item in (*held, *rest) if _decidable(item)])
    may = partial(item_votes.adds, person_of(request), admin=has_role(request, ADMIN))
    cards = [_card(item, findings, usages[item.pk], takes_two.get(item.pk), may) for item in held]
    short, words = by_intent(counts["intents"])
    return {
        "cards": cards,
        "lines": [_line(item, takes_two.get(item.pk), may) for item in rest],
        "held_cut": held_cut,
        "line_cut": line_cut,
        "approved": states[ItemState.APPROVED],
        "refused": states[ItemState.REFUSED],
        "held": held_count,
        "decidable": sum(card.decidable for card in cards),
        "approvable": sum(card.approvable for card in cards),
        "tools": counts["intents"].total(),
        "short": short,
        "words": words,
        "findings": _elsewhere(findings, held),
        "accepted_findings": sum(1 for found in findings if found.accepted_at),
        "own_only": not has_role(request, *SEES_ALL_CALLS),
    }


def cut(request: HttpRequest, name: str, count: int, size: int) -> Cut:
    """Which page of a list of `count` rows the address asks for under `name`; a number that is none is the first."""
    asked = request.GET.get(name, "")
    last = max(1, -(-count // size))
    page = min(last, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    first = (page - 1) * size
    return Cut(count, page, page - 1, page + 1 if page < last else 0, first, min(count, first + size))


def _ordered(rows: Any, at: Cut) -> Sequence[Item]:
    found: Sequence[Item] = list(rows.order_by("state", "kind", "position", "name")[at.first : at.last])
    return found


def _findings(server: Server) -> list[StoredFinding]:
    """What scans found in it, the worst first."""
    rank = {severity: at for at, severity in enumerate(SEVERITIES)}
    return sorted(server.findings.all(), key=lambda found: (rank.get(found.severity, len(rank)), found.pk))


def _elsewhere(findings: list[StoredFinding], held: Sequence[Item]) -> list[StoredFinding]:
    """The open findings that no card of the page shows."""
    shown = {(item.kind, item.name) for item in held}
    return [found for found in findings if not found.accepted_at and (found.kind, found.name) not in shown][:FINDINGS]


def _card(
    item: Item, findings: list[StoredFinding], usage: Usage, tally: Tally | None, may: Callable[..., bool]
) -> ItemCard:
    return ItemCard(
        item=item,
        shown=f"{item.pk}:{item.seen_digest}",
        tone=ITEM_TONES[ItemState(item.state)],
        decidable=_decidable(item),
        intent=tools.intent_shown(item)[0],
        document=documents.of_text(item.seen_document or item.approved_document, item.kind),
        changed=changes.of_item(item) if item.state == ItemState.CHANGED else None,
        findings=[found for found in findings if (found.kind, found.name) == (item.kind, item.name)],
        usage=usage,
        tally=tally,
        approvable=_decidable(item) and may(item, tally),
    )


def _decidable(item: Item) -> bool:
    return item.state in tools.DECIDABLE and bool(item.seen_digest)


def _line(item: Item, tally: Tally | None, may: Callable[..., bool]) -> ItemLine:
    return ItemLine(
        item=item,
        tone=ITEM_TONES[ItemState(item.state)],
        intent=tools.intent_shown(item)[0],
        condition=tools.condition_words(item.condition),
        tally=tally,
        approvable=_decidable(item) and may(item, tally),
    )


def _shown(server: Server, chosen: list[str]) -> set[Shown]:
    """The ticked items with the digests that stood in the form; unknown ones are left out."""
    digests = {}
    for text in chosen:
        pk, _, digest = text.partition(":")
        if pk.isascii() and pk.isdigit():
            digests[int(pk)] = digest
    return {Shown(item.kind, item.name, digests[item.pk]) for item in server.items.filter(pk__in=digests)}

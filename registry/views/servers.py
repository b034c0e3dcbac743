"""Servers: how they stand, what they offer, what is held. The acts are in lifecycle and scanning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from governance.rights import NotAllowed
from governance.views.access import ADMIN, AUDITOR, OWNER, has_role, person_of
from registry import lifecycle, scanning
from registry.lifecycle import ChangedSinceShown, NotPossible, Shown
from registry.models import Item, ItemState, Server, ServerState
from registry.views import documents

HELD: Final = (ItemState.NEW, ItemState.CHANGED, ItemState.MISSING)
DECIDABLE: Final = frozenset({ItemState.NEW, ItemState.CHANGED, ItemState.REFUSED})
TONES: Final = {
    ServerState.READY: "good",
    ServerState.WAITING: "held",
    ServerState.SYNC_REQUIRED: "held",
    ServerState.ERROR: "bad",
    ServerState.QUARANTINED: "bad",
    ServerState.RETIRED: "off",
}
ITEM_TONES: Final = {
    ItemState.APPROVED: "good",
    ItemState.NEW: "held",
    ItemState.CHANGED: "held",
    ItemState.MISSING: "off",
    ItemState.REFUSED: "bad",
}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item as the page shows it. `shown` comes back with the form, so that nothing unseen is approved."""

    item: Item
    shown: str
    tone: str
    decidable: bool
    description: str
    arguments: list[documents.Argument]
    rest: SafeString | None
    differences: list[documents.Part]


def index(request: HttpRequest) -> HttpResponseBase:
    """Every server with its state, the plain cause, and how many items are approved and held."""
    found = Server.objects.select_related("team").annotate(
        approved=Count("items", Q(items__state=ItemState.APPROVED)),
        held=Count("items", Q(items__state__in=HELD)),
    )
    context = {"title": "Servers", "servers": [(server, TONES[ServerState(server.state)]) for server in found]}
    return TemplateResponse(request, "registry/servers.html", context)


def detail(request: HttpRequest, name: str) -> HttpResponseBase:
    """One server with every item of it."""
    return _page(request, _server(name))


def approve(request: HttpRequest, name: str) -> HttpResponseBase:
    """Approve or refuse the ticked items, or approve everything that was shown."""
    server = _server(name)
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
            messages.success(request, f"Refused {_count(done)}. Agents do not see them.")
        else:
            done = lifecycle.approve_items(server=server, items=shown, by=person_of(request), reason=reason)
            messages.success(request, f"Approved {_count(done)}. Agents whose roles reach them can use them now.")
    except (ChangedSinceShown, NotPossible, NotAllowed) as refusal:
        messages.error(request, str(refusal))
    return redirect("admin:server", name=name)


def scan(request: HttpRequest, name: str) -> HttpResponseBase:
    """Fetch what the server offers now and compare it with what is approved."""
    report = scanning.scan(_server(name).pk, by=person_of(request))
    if report.cause:
        messages.error(request, report.cause)
    else:
        moved = (("new", report.new), ("changed", report.changed), ("gone", report.gone), ("back", report.back))
        said = ", ".join(f"{len(names)} {word}" for word, names in moved if names)
        messages.success(request, f"Scanned: {said}." if said else "Scanned: nothing differs from the last scan.")
    return redirect("admin:server", name=name)


def _server(name: str) -> Server:
    found = Server.objects.select_related("team").filter(name=name).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, server: Server) -> HttpResponseBase:
    rows = [_row(item) for item in server.items.order_by("kind", "position", "name")]
    rows.sort(key=lambda row: row.item.state == ItemState.APPROVED)
    may_decide = has_role(request, ADMIN)
    context: dict[str, Any] = {
        "title": server.name,
        "server": server,
        "tone": TONES[ServerState(server.state)],
        "rows": rows,
        "approved": sum(row.item.state == ItemState.APPROVED for row in rows),
        "held": sum(row.item.state in HELD for row in rows),
        "decidable": sum(row.decidable for row in rows),
        "may_decide": may_decide,
        "in_use": server.state not in (ServerState.QUARANTINED, ServerState.RETIRED),
        "sees_launch": has_role(request, ADMIN, AUDITOR, OWNER),
        "env_names": sorted(server.env),
        "header_names": sorted(server.headers),
    }
    return TemplateResponse(request, "registry/server.html", context)


def _row(item: Item) -> ItemRow:
    seen = documents.read(item.seen_document or item.approved_document)
    before = documents.read(item.approved_document)
    differences = documents.differences(before, seen) if item.state == ItemState.CHANGED else []
    differing = {part.label for part in differences}
    return ItemRow(
        item=item,
        shown=f"{item.pk}:{item.seen_digest}",
        tone=ITEM_TONES[ItemState(item.state)],
        decidable=item.state in DECIDABLE and bool(item.seen_digest),
        description="" if differing & documents.DESCRIPTIONS else documents.description_of(seen, item.kind),
        arguments=documents.arguments_of(seen.get("inputSchema")),
        rest=documents.remainder_of(seen),
        differences=differences,
    )


def _shown(server: Server, chosen: list[str]) -> set[Shown]:
    """The ticked items with the digests that stood in the form; unknown ones are left out."""
    digests = {}
    for text in chosen:
        pk, _, digest = text.partition(":")
        if pk.isascii() and pk.isdigit():
            digests[int(pk)] = digest
    return {Shown(item.kind, item.name, digests[item.pk]) for item in server.items.filter(pk__in=digests)}


def _count(items: tuple[Item, ...]) -> str:
    return "1 item" if len(items) == 1 else f"{len(items)} items"

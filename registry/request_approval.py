"""What the approval of a request brings into being: the server, its first baseline, and what was demanded of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from governance.canonical.strict_json import parse
from governance.generation import bump
from governance.models import DataRole, Part, Person, Team
from registry.conditions import BadCondition, read_condition
from registry.findings import Judgement
from registry.lifecycle import NotPossible, Shown, approve_requested, refuse_items
from registry.manifest.canonical import MAX_DEPTH, MAX_MANIFEST_BYTES, Manifest, read_manifest
from registry.models import Item, RequestItem, Server, ServerRequest, StoredFinding, Transport
from registry.request_fields import BadRequest, read_days
from registry.request_scans import bound
from registry.scanning import record
from registry.servers import ASKED, BadServer, set_server
from registry.targets import resolved

MEMBERS: Final = 10_000_000
BATCH: Final = 200
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody approves: items, the conditions of some of them, and for how many days (None: without an end)."""

    items: frozenset[Key]
    conditions: Mapping[Key, Mapping[str, Any]]
    days: int | None

    def stored(self) -> dict[str, Any]:
        """The form that a vote keeps; equal choices have equal forms."""
        return {
            "items": [list(key) for key in sorted(self.items)],
            "conditions": [[*key, dict(self.conditions[key])] for key in sorted(self.conditions)],
            "days": self.days,
        }


def read_choice(
    request: ServerRequest,
    *,
    items: Iterable[Key] | None,
    conditions: Mapping[Key, Mapping[str, Any]],
    days: int | None,
) -> Choice:
    """The choice of somebody who approves; without items, those that are wanted. Raises BadRequest."""
    rows = {(row.kind, row.name): row for row in request.items.defer("document")}
    chosen = frozenset(key for key, row in rows.items() if row.wanted) if items is None else frozenset(map(_key, items))
    if unknown := sorted(chosen - rows.keys()):
        raise BadRequest("items", f"The server offers no {unknown[0][0]} of this name: {unknown[0][1][:80]!a}.")
    if not chosen:
        raise BadRequest("items", "Approve at least one item, or deny the request.")
    read = {_key(key): _condition(key, value) for key, value in conditions.items()}
    if stray := sorted(set(read) - chosen):
        raise BadRequest("conditions", f"A condition is set on {stray[0][1][:80]!a}, which is not approved.")
    return Choice(
        chosen,
        {key: value for key, value in read.items() if value},
        read_days("days", request.days if days is None else days),
    )


def choice_of(stored: Mapping[str, Any]) -> Choice:
    """The choice that a vote keeps."""
    items = frozenset((kind, name) for kind, name in stored["items"])
    conditions = {(kind, name): value for kind, name, value in stored["conditions"]}
    return Choice(items, conditions, stored["days"])


def _key(key: Any) -> Key:
    if not isinstance(key, (tuple, list)) or len(key) != 2 or not all(isinstance(part, str) for part in key):
        raise BadRequest("items", "An item is named by its kind and its name.")
    return key[0], key[1]


def _condition(key: Key, value: Mapping[str, Any]) -> dict[str, Any]:
    try:
        stored = dict(read_condition(value).record())
    except BadCondition as refusal:
        raise BadRequest("conditions", str(refusal)) from None
    if stored and key[0] not in ("tool", "prompt"):
        raise BadRequest("conditions", f"A {key[0]} cannot have a condition; approve it as it is, or leave it out.")
    for field, model in (("teams", Team), ("roles", DataRole)):
        named = set(stored.get(field, ()))
        known = set(model.objects.filter(name__in=named).values_list("name", flat=True))
        if missing := sorted(named - known):
            raise BadRequest("conditions", f"There is no {field[:-1]} {missing[0][:80]!a}; name one that exists.")
    return stored


def mark_items(request: ServerRequest, choice: Choice) -> None:
    """Write on the request's items what was decided; before the state moves, which the database then allows."""
    rows = {(row.kind, row.name): row for row in request.items.defer("document")}
    request.items.update(approved=False, condition={})
    chosen = [rows[key].pk for key in sorted(choice.items)]
    for start in range(0, len(chosen), BATCH):
        request.items.filter(pk__in=chosen[start : start + BATCH]).update(approved=True)
    for key, condition in choice.conditions.items():
        rows[key].condition = dict(condition)
    RequestItem.objects.bulk_update([rows[key] for key in choice.conditions], ["condition"], batch_size=BATCH)


def create_server(
    request: ServerRequest, choice: Choice, *, by: Person, people: Sequence[str], judged: Judgement
) -> Server:
    """Bring the approved request into being, from exactly what was shown. Inside the deciding transaction.

    `by` is the security administrator among the `people` who approved, `judged` what was found in the manifest. Raises
    NotPossible.
    """
    # Before the first entry: generation rows are always locked ahead of the ledger's head.
    bump(Part.REGISTRY, Part.POLICY)
    if Server.objects.filter(name=request.name).exists():
        raise NotPossible(f"A server named {request.name} exists by now; have the request given another name.")
    try:
        asked, owner = _asked(request), request.requester
        server, _ = set_server(name=request.name, asked=asked, team=request.team, owner=owner, by=by)
    except BadServer as refusal:
        raise NotPossible(f"The server cannot be stored: {refusal}.") from None
    now = timezone.now()
    _complete(server, request, choice, now)
    record(server, manifest_of(request), by=by, started=request.scanned_at or now, judged=judged)
    server.refresh_from_db()
    _decide(server, request, choice, by)
    _carry(server, request, choice, ", ".join(people), now)
    server.refresh_from_db()
    return server


def manifest_of(request: ServerRequest) -> Manifest:
    """The manifest that was last seen of the request."""
    body = request.manifest_document.encode()
    assert len(body) <= 4 * MAX_MANIFEST_BYTES
    return read_manifest(parse(body, max_depth=MAX_DEPTH + 8, max_members=MEMBERS))


def _asked(request: ServerRequest) -> dict[str, Any]:
    """The fields of the server as `set_server` takes them; what a request says nothing of is as it comes."""
    usual = Server()
    return {field: getattr(usual, field) for field in ASKED} | {
        "transport": request.transport,
        "url": request.url,
        "command": list(resolved(request.command)) if request.transport == Transport.STDIO else [],
        "cwd": request.cwd,
        "env": bound(request.env),
        "headers": bound(request.headers),
        "tags": request.tags,
        "category": request.category,
        "allow_private_address": request.private_address,
        "sandbox": request.sandbox,
        "description": request.description,
        "environment": request.environment,
    }


def _complete(server: Server, request: ServerRequest, choice: Choice, now: datetime) -> None:
    """Where it comes from, for how long it is approved, and who accepted its program: that was in the request."""
    server.provenance = {**request.provenance, **_imported(request)}
    server.approved_until = None if choice.days is None else now + timedelta(days=choice.days)
    if request.accepted_by is not None:
        server.accepted_by, server.accepted_at = request.accepted_by.email, request.accepted_at
    server.save(update_fields=["provenance", "approved_until", "accepted_by", "accepted_at"])


def _imported(request: ServerRequest) -> dict[str, Any]:
    return {"imported": request.imported} if request.imported else {}


def _decide(server: Server, request: ServerRequest, choice: Choice, by: Person) -> None:
    """The chosen items are the first baseline; what was wanted and left out is refused, the rest stays unreviewed."""
    wanted = set(request.items.filter(wanted=True).values_list("kind", "name"))
    items = list(server.items.defer("seen_document", "approved_document"))
    approved = [Shown.of(item) for item in items if (item.kind, item.name) in choice.items]
    refused = [Shown.of(item) for item in items if (item.kind, item.name) in wanted - choice.items]
    reason = f"request {request.pk}"
    held = sorted({found.rule for found in request.findings.all() if (found.kind, found.name) in choice.items})
    approve_requested(server=server, items=approved, by=by, accept_findings=held, reason=reason)
    if refused:
        refuse_items(server=server, items=refused, by=by, reason=reason)


def _carry(server: Server, request: ServerRequest, choice: Choice, people: str, now: datetime) -> None:
    """Conditions, raised intents and findings go over to the server, with who approved them.

    Only the items that either stands on are written: deciding holds a lock that everybody else waits for.
    """
    rows = {(row.kind, row.name): row for row in request.items.defer("document")}
    changed = []
    for item in server.items.defer("seen_document", "approved_document"):
        key = (item.kind, item.name)
        row, condition = rows.get(key), choice.conditions.get(key)
        if row is None or not (condition or row.raised_intent):
            continue
        if condition:
            item.condition, item.condition_by = dict(condition), people[:254]
        if row.raised_intent:
            item.reviewed_intent, item.reviewed_intent_digest = row.raised_intent, row.digest
            item.reviewed_intent_by, item.reviewed_intent_at = people[:254], now
            item.reviewed_intent_reason = f"Raised in the request by {request.requester.email}"[:500]
        changed.append(item)
    fields = ["condition", "condition_by", "reviewed_intent", "reviewed_intent_digest", "reviewed_intent_by"]
    Item.objects.bulk_update(changed, [*fields, "reviewed_intent_at", "reviewed_intent_reason"], batch_size=100)
    # What is found outside of single items comes with whatever is approved.
    found = server.findings.values_list("pk", "kind", "name")
    accepted = [pk for pk, kind, name in found if (kind, name) in choice.items or (kind, name) not in rows]
    for start in range(0, len(accepted), BATCH):
        rows_of = StoredFinding.objects.filter(pk__in=accepted[start : start + BATCH])
        rows_of.update(accepted_by=people[:254], accepted_at=now)

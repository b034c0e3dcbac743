"""Compare what a server offers with its items, and hold what is not as it was approved: inside a scan's transaction.

Whatever the number of items, a comparison that finds nothing new writes nothing, and one that does writes in bulk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from governance.canonical.strict_json import encode
from governance.policy.intent import classify
from governance.policy.values import Intent
from registry import item_votes
from registry.manifest.canonical import HELD, Key, Kind, Manifest
from registry.manifest.canonical import Item as Offered
from registry.models import Item, Server
from registry.states import UNSTEADY_RETURNS, ItemStanding, after_sight, returns_after, sight_of

KEPT: Final = (Kind.TOOL, Kind.PROMPT, Kind.TEMPLATE, Kind.INSTRUCTIONS, Kind.RESOURCE)
BATCH: Final = 200
SEEN: Final = ("state", "seen_digest", "intent", "intent_reason", "position", "returns", "last_return_at")


@dataclass(frozen=True, slots=True)
class Name:
    """An item of a server."""

    kind: str
    name: str


@dataclass(slots=True)
class Moved:
    """Items that stand otherwise than at the last scan."""

    new: list[Name] = field(default_factory=list)
    changed: list[Name] = field(default_factory=list)
    gone: list[Name] = field(default_factory=list)
    back: list[Name] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison brought. `items` are all that are offered now, `stored` whether any row was written."""

    moved: Moved
    items: tuple[Item, ...]
    stored: bool

    @property
    def digests(self) -> dict[Key, str]:
        """What is offered of each item."""
        return {(Kind(item.kind), item.name): item.seen_digest for item in self.items}


def is_unsteady(item: Item) -> bool:
    """Whether an item is held although it is as it was approved."""
    return item.state == ItemStanding.CHANGED and item.seen_digest == item.approved_digest


def compare(server: Server, offered: Iterable[Offered], by_client: Collection[Key], now: datetime) -> Compared:
    """Update what was seen of every item, and hold what is not identical to its baseline, or differs by client."""
    rows = server.items.select_for_update(of=("self",)).defer("approved_document", "seen_document")
    known = {(item.kind, item.name): item for item in rows}
    late = any(item.approved_digest for item in known.values())
    moved = Moved()
    there: list[Item] = []
    written: list[Item] = []
    reworded: list[Item] = []
    for position, found in enumerate(item for item in offered if item.kind in KEPT):
        item = known.pop((found.kind.value, found.name), None)
        if item is None:
            item = Item(server=server, kind=found.kind.value, name=found.name, late=late)
            moved.new.append(Name(item.kind, item.name))
        before = _seen(item), item.seen_digest
        item.position = position
        _see(item, found, moved, now, twofold=found.key in by_client)
        there.append(item)
        if item.seen_digest != before[1]:
            reworded.append(_row(item, encode(dict(found.document)).decode()))
        elif _seen(item) != before[0]:
            written.append(_row(item, ""))
    for item in known.values():
        state = after_sight(item.state, sight_of(approved=item.approved_digest, seen="")).value
        if (state, "") != (item.state, item.seen_digest):
            item.state, item.seen_digest = state, ""
            reworded.append(_row(item, ""))
            moved.gone.append(Name(item.kind, item.name))
    _write(written, SEEN)
    _write(reworded, (*SEEN, "seen_document"))
    if reworded:
        item_votes.forget_outdated(server)
    return Compared(moved, tuple(there), bool(written or reworded))


def _see(item: Item, found: Offered, moved: Moved, now: datetime, *, twofold: bool) -> None:
    """Take over what is offered now."""
    before = (item.state, item.seen_digest)
    approved, seen = item.approved_digest, found.digest
    returns = returns_after(
        item.state,
        approved=approved,
        before=item.seen_digest,
        seen=seen,
        returns=item.returns,
        last=item.last_return_at,
        now=now,
    )
    if returns != item.returns or (twofold and approved):
        item.returns, item.last_return_at = max(returns, UNSTEADY_RETURNS if twofold else 0), now
    item.state = after_sight(item.state, sight_of(approved=approved, seen=seen, returns=item.returns)).value
    if item.pk is not None and before != (item.state, seen):
        came_back = item.state == ItemStanding.APPROVED or before[0] == ItemStanding.MISSING
        (moved.back if came_back else moved.changed).append(Name(item.kind, item.name))
    item.seen_digest = seen
    item.intent, item.intent_reason = intent_of(found)


def _seen(item: Item) -> tuple[object, ...]:
    return tuple(getattr(item, column) for column in SEEN)


def _row(item: Item, document: str) -> Item:
    """What is written of an item; its other columns stay as they are where there is such a row."""
    if item.pk is None:
        item.seen_document = document
        return item
    return Item(
        server_id=item.server_id,
        kind=item.kind,
        name=item.name,
        late=item.late,
        approved_digest=item.approved_digest,
        seen_document=document,
        **{column: getattr(item, column) for column in SEEN},
    )


def _write(rows: list[Item], columns: tuple[str, ...]) -> None:
    Item.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["server", "kind", "name"],
        update_fields=list(columns),
    )


def intent_of(offered: Offered) -> tuple[str, str]:
    """The worst that an item can do, and why; what is no tool only returns data (contract section 1)."""
    if offered.kind is not Kind.TOOL:
        return Intent.READ.value, f"reading a {offered.kind} changes nothing"
    document = offered.document
    description, schema, annotations = (document.get(key) for key in ("description", "inputSchema", "annotations"))
    intent, why = classify(
        offered.name,
        description if isinstance(description, str) else None,
        schema if isinstance(schema, dict) else None,
        annotations if isinstance(annotations, dict) else None,
    )
    return intent.value, why[:300]


def items_between(server: Server, one: Manifest, other: Manifest) -> tuple[tuple[Offered, ...], frozenset[Key]]:
    """The items to compare where two clients were asked at once, and the keys of those that were not the same to both.

    Of two forms of an item the one counts that is not the approved one, so that a reviewer sees what it can be.
    """
    approved = {
        (Kind(kind), name): digest for kind, name, digest in server.items.values_list("kind", "name", "approved_digest")
    }
    first, second = one.by_key, other.by_key
    differing = set()
    merged = []
    for key in (*first, *(key for key in second if key not in first)):
        forms = [found for found in (first.get(key), second.get(key)) if found is not None]
        if key[0] in HELD and (len(forms) == 1 or forms[0].digest != forms[1].digest):
            differing.add(key)
            merged.append(next((form for form in forms if form.digest != approved.get(key, "")), forms[0]))
        elif key in first:
            merged.append(forms[0])
    return tuple(merged), frozenset(differing)

"""What changed in an item or a manifest, as rows that people read: sentence, risk, old beside new. Renders only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from governance.canonical.strict_json import Malformed, digest, jcs_document, parse
from governance.canonical.values import JSON
from governance.views.marked import chips, json_lines
from registry.manifest.canonical import Item, Kind, Manifest, ManifestError, read_manifest
from registry.manifest.change import Absent, Change, ItemChanges, Value
from registry.manifest.explain import explain, explain_item
from registry.manifest.words import Op, Run
from registry.models import Item as StoredItem

MEMBERS: Final = 1_000_000
NOTHING: Final = SafeString("")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change. `before` and `after` are finished; "" where there is nothing."""

    risk: str
    sentence: str
    field: str
    moved_from: str
    before: SafeString
    after: SafeString


@dataclass(frozen=True, slots=True)
class ItemRows:
    """All that changed in one item, the gravest first."""

    kind: str
    name: str
    status: str
    risk: str
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two manifests side by side. `problem` says why they cannot be compared; then there are no rows."""

    items: tuple[ItemRows, ...] = ()
    unchanged: tuple[tuple[str, int], ...] = ()
    problem: str = ""


def of_item(item: StoredItem) -> ItemRows | None:
    """What differs between an item's baseline and what was last seen of it; None where one of the two is missing."""
    before = _item(item.kind, item.name, item.approved_digest, item.approved_document)
    after = _item(item.kind, item.name, item.seen_digest, item.seen_document)
    return None if before is None or after is None else between(before, after)


def between(old: Item, new: Item) -> ItemRows | None:
    """The same for two forms of one item."""
    told = explain_item(old, new)
    return None if told is None else _rows(told)


def of_forms(forms: Iterable[tuple[str, str, str, str]]) -> tuple[ItemRows, ...]:
    """What differs in items given as kind, name, document before and document now; "" where it was or is not there."""
    before, after = [], []
    for kind, name, old, new in forms:
        for document, items in ((old, before), (new, after)):
            item = _item(kind, name, "", document)
            if item is not None:
                items.append(Item(item.kind, name, item.document, digest(jcs_document(dict(item.document)))))
    told = explain(Manifest(tuple(before), "", ""), Manifest(tuple(after), "", ""))
    return tuple(_rows(item) for item in told.items)


def of_manifests(old: str, new: str) -> Compared:
    """What differs between two stored manifests, and how many items of each kind do not; `old` may be ""."""
    try:
        before, after = (read_manifest(_parsed(text), any_names=True) for text in (old, new))
    except (ManifestError, Malformed) as error:
        return Compared(problem=f"The two manifests cannot be compared: {error}.")
    changes = explain(before, after)
    return Compared(tuple(_rows(item) for item in changes.items), _unchanged(after, changes.items))


def _unchanged(manifest: Manifest, changed: Iterable[ItemChanges]) -> tuple[tuple[str, int], ...]:
    moved = {(item.kind, item.name) for item in changed}
    counts = Counter(item.kind.value for item in manifest.items if item.key not in moved)
    return tuple(sorted(counts.items()))


def _parsed(text: str) -> JSON:
    return parse(text.encode(), max_members=MEMBERS) if text else {}


def _item(kind: str, name: str, known: str, document: str) -> Item | None:
    try:
        value = _parsed(document) if document else None
    except Malformed:
        return None
    return Item(Kind(kind), name, value, known) if isinstance(value, dict) else None


def _rows(told: ItemChanges) -> ItemRows:
    rank = {"high": 0, "medium": 1, "low": 2, "info": 3}
    changes = sorted((_row(change) for change in told.changes), key=lambda row: rank[row.risk])
    return ItemRows(told.kind.value, told.name, told.status.value, told.risk.value, tuple(changes))


def _row(change: Change) -> ChangeRow:
    if change.words:
        before, after = _side(change.words, Op.REMOVED), _side(change.words, Op.ADDED)
    else:
        before, after = _value(change.before), _value(change.after)
    return ChangeRow(change.risk.value, change.sentence, change.field, change.moved_from, before, after)


def _side(runs: tuple[Run, ...], own: Op) -> SafeString:
    """One of the two texts, with what the other lacks marked."""
    mark = "<del>{}</del>" if own is Op.REMOVED else "<ins>{}</ins>"
    parts = (
        format_html("{}" if run.op is Op.EQUAL else mark, chips(run.text, lines=True))
        for run in runs
        if run.op in (Op.EQUAL, own)
    )
    return format_html_join("", "{}", ((part,) for part in parts))


def _value(value: Value) -> SafeString:
    if isinstance(value, Absent):
        return NOTHING
    return chips(value, lines=True) if isinstance(value, str) else json_lines(value)

"""Tells in words what changed between two manifests of one server, field by field. Pure: no Django, no I/O.

A change of any field is told of at least once, whatever the field; equal digests tell nothing. Docs:
docs/changes-of-servers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from governance.canonical.strict_json import jcs_document
from registry.manifest.canonical import HELD, Item, Key, Kind, Manifest
from registry.manifest.change import ABSENT, Change, ItemChanges, ManifestChanges, Status
from registry.manifest.change_kinds import ChangeKind, Side
from registry.manifest.diff import compare
from registry.manifest.fields import tell_fields
from registry.manifest.parameter_sorts import sensitive
from registry.manifest.schema_members import tell_sorts
from registry.manifest.telling import Budget, Place, Telling, quoted

_KEY_FIELDS: Final = {Kind.TOOL: "name", Kind.PROMPT: "name", Kind.TEMPLATE: "uriTemplate", Kind.RESOURCE: "uri"}


def explain(old: Manifest, new: Manifest) -> ManifestChanges:
    """Every change from `old` to `new` with its risk and a sentence; an empty `old` makes every item a new one."""
    difference = compare(old, new)
    before, after = old.by_key, new.by_key
    budget = Budget()
    formers = _formers([before[key] for key in difference.removed], [after[key] for key in difference.added])
    # In an order of their own, so that what a budget is spent on does not depend on the order of the server's lists.
    found = [_changed(before[key], after[key], budget) for key in sorted(difference.changed)]
    found += [_added(after[key], formers.get(key), budget) for key in sorted(difference.added)]
    found += [_removed(before[key], budget) for key in sorted(difference.removed)]
    ranks = {kind: rank for rank, kind in enumerate(Kind)}
    found.sort(key=lambda item: (ranks[item.kind], item.name))
    return ManifestChanges(old.digest, new.digest, tuple(found), len(difference.unchanged))


def explain_item(old: Item, new: Item) -> ItemChanges | None:
    """The same for two forms of one item; None where their digests are equal."""
    return None if old.digest == new.digest else _changed(old, new, Budget())


def _added(item: Item, former: Item | None, budget: Budget) -> ItemChanges:
    telling = Telling(item.kind, item.name, budget)
    kind = ChangeKind.ITEM_ADDED if item.kind in HELD else ChangeKind.NOTICED_ADDED
    if item.kind is Kind.INSTRUCTIONS:
        text = item.document.get("instructions", ABSENT)
        telling.tell_that(ChangeKind.INSTRUCTIONS_ADDED, Place(), "are new", ABSENT, text)
    else:
        telling.tell_that(kind, Place(), "is new")
    if former is not None:
        _tell_former(telling, item, former)
    schema = item.document.get("inputSchema")
    if item.kind is Kind.TOOL and isinstance(schema, dict):
        at = Place(root="arguments", side=Side.ARGUMENTS).at("inputSchema")
        for found in sensitive("", schema, at, schema, telling.may_look):
            tell_sorts(telling, found.place, found.sorts, "takes")
    return _item(item, Status.ADDED, "", item.digest, telling)


def _removed(item: Item, budget: Budget) -> ItemChanges:
    telling = Telling(item.kind, item.name, budget)
    kind = ChangeKind.ITEM_REMOVED if item.kind in HELD else ChangeKind.NOTICED_REMOVED
    verb = "are" if item.kind is Kind.INSTRUCTIONS else "is"
    telling.tell_that(kind, Place(), f"{verb} gone")
    return _item(item, Status.REMOVED, item.digest, "", telling)


def _changed(old: Item, new: Item, budget: Budget) -> ItemChanges:
    telling = Telling(new.kind, new.name, budget)
    tell_fields(telling, new.kind, old.document, new.document)
    return _item(new, Status.CHANGED, old.digest, new.digest, telling)


def _item(item: Item, status: Status, before: str, after: str, telling: Telling) -> ItemChanges:
    return ItemChanges(item.kind, item.name, status, before, after, tuple(sorted(telling.close(), key=_order)))


def _order(change: Change) -> tuple[str, str, str]:
    return change.field, change.kind.value, change.sentence


def _tell_former(telling: Telling, item: Item, former: Item) -> None:
    if item.kind is Kind.TEMPLATE:
        at = Place().at("uriTemplate")
        clause = f"has the place of the template {quoted(former.name)} and another URI"
        telling.tell_that(ChangeKind.TEMPLATE_URI_CHANGED, at, clause, former.name, item.name)
    else:
        at = Place().at(_KEY_FIELDS[item.kind])
        clause = f"equals {quoted(former.name)}, which is gone, but for its name"
        telling.tell_that(ChangeKind.ITEM_RENAMED, at, clause, former.name, item.name)


def _formers(removed: Iterable[Item], added: Iterable[Item]) -> dict[Key, Item]:
    """For new items the removed one that each follows: equal but for the key, or a template of the same name."""
    gone, come = _by_mark(removed), _by_mark(added)
    found: dict[Key, Item] = {}
    for mark, items in come.items():
        if len(items) == 1 and len(gone.get(mark, ())) == 1:
            found.setdefault(items[0].key, gone[mark][0])
    return found


def _by_mark(items: Iterable[Item]) -> Mapping[tuple[Kind, str, bytes], list[Item]]:
    """Items by what they could be recognised by under another key."""
    found: dict[tuple[Kind, str, bytes], list[Item]] = {}
    for item in items:
        field = _KEY_FIELDS.get(item.kind)
        if field is None:
            continue
        rest = {key: value for key, value in item.document.items() if key != field}
        if rest:
            found.setdefault((item.kind, "rest", jcs_document(rest)), []).append(item)
        name = item.document.get("name")
        if item.kind is Kind.TEMPLATE and isinstance(name, str):
            found.setdefault((item.kind, "name", name.encode()), []).append(item)
    return found

"""What is told of schemas inside schemas: elements, alternatives, conditions, definitions. Pure: no Django, no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

from governance.canonical.strict_json import jcs_document
from governance.canonical.values import JSON
from registry.manifest.change import ABSENT, Absent, Value, same
from registry.manifest.change_kinds import ChangeKind
from registry.manifest.schema_members import tell_sensitive
from registry.manifest.telling import Place, shown
from registry.manifest.walking import Schema, Teller, Walk

# What holds under a condition alone, or for names, is not said of the parameter itself.
_NAMED_STEPS: Final = {
    **dict.fromkeys(("items", "additionalItems", "unevaluatedItems", "contains"), "[]"),
    **{key: f"[{key}]" for key in ("then", "else", "propertyNames")},
}
_ADDED_AND_REMOVED: Final[Mapping[str, tuple[ChangeKind, ChangeKind]]] = {
    "anyOf": (ChangeKind.ALTERNATIVE_ADDED, ChangeKind.ALTERNATIVE_REMOVED),
    "oneOf": (ChangeKind.ALTERNATIVE_ADDED, ChangeKind.ALTERNATIVE_REMOVED),
    "allOf": (ChangeKind.CONSTRAINT_ADDED, ChangeKind.CONSTRAINT_REMOVED),
}
_LIKENESS: Final = ("$ref", "const", "title", "type")


def tell_subschema(key: str) -> Teller:
    """A teller for a keyword that holds one schema, or a list of them where the older form of `items` does."""

    def tell(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        here = at.into(key, named=_NAMED_STEPS.get(key, ""))
        if isinstance(before, list) and isinstance(after, list):
            _tell_places(walk, key, before, after, at)
        elif isinstance(before, dict) and isinstance(after, dict):
            walk.compare(before, after, here)
        else:
            _tell_bare(walk, key, before, after, here)

    return tell


def _tell_bare(walk: Walk, key: str, before: Value, after: Value, here: Place) -> None:
    if _bounds_nothing(before) and _bounds_nothing(after):
        walk.telling.tell(ChangeKind.RESTATED, here, f"{key} is written otherwise", before, after)
    elif _bounds_nothing(after) or before is False:
        walk.telling.tell_values(ChangeKind.CONSTRAINT_REMOVED, here, key, before, after)
        if not isinstance(after, Absent):
            tell_sensitive(walk, "", after, here)
    elif _bounds_nothing(before) or after is False:
        walk.telling.tell_values(ChangeKind.CONSTRAINT_ADDED, here, key, before, after)
        if not isinstance(after, Absent):
            tell_sensitive(walk, "", after, here)


def _bounds_nothing(value: Value) -> bool:
    return isinstance(value, Absent) or value is True or value == {}


def tell_prefix(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`prefixItems`: what stands at which place of a list."""
    before, after = old.get("prefixItems", ABSENT), new.get("prefixItems", ABSENT)
    listed = [[] if isinstance(value, Absent) else value for value in (before, after)]
    if isinstance(listed[0], list) and isinstance(listed[1], list):
        _tell_places(walk, "prefixItems", listed[0], listed[1], at)


def _tell_places(walk: Walk, key: str, before: list[JSON], after: list[JSON], at: Place) -> None:
    for place in range(max(len(before), len(after))):
        here = at.into(key, place, named=f"[{place}]")
        if place >= len(after):
            walk.telling.tell(ChangeKind.CONSTRAINT_REMOVED, here, "nothing is said of it any more", before[place])
        elif place >= len(before):
            clause = f"is described now: {shown(after[place])}"
            walk.telling.tell_that(ChangeKind.CONSTRAINT_ADDED, here, clause, ABSENT, after[place])
            tell_sensitive(walk, "", after[place], here)
        elif not same(before[place], after[place]):
            walk.compare(before[place], after[place], here)


def tell_openness(key: str) -> Teller:
    """A teller for `additionalProperties` and `unevaluatedProperties`; absent, everything is let through."""

    def tell(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        was, now = _openness(before), _openness(after)
        here = at.at(key)
        if isinstance(before, dict) and isinstance(after, dict) and was == now:
            walk.compare(before, after, at.into(key, named="*"))
        elif was == now == _BOUNDED:
            return  # One of them is no schema at all: the walk tells of the keyword as it stands.
        elif was == now:
            walk.telling.tell(ChangeKind.RESTATED, here, f"{key} is written otherwise", before, after)
        elif now > was:
            clause = f"{key} now lets through everything, no longer only {_LETS[was]}"
            if now == _BOUNDED:
                clause = f"{key} now lets through what is not listed, if it is {shown(after)}"
            walk.telling.tell(ChangeKind.PROPERTIES_OPENED, here, clause, before, after)
        else:
            clause = f"{key} now lets through only {_LETS[now]}"
            walk.telling.tell(ChangeKind.PROPERTIES_CLOSED, here, clause, before, after)
        if isinstance(after, dict) and not isinstance(before, dict):
            tell_sensitive(walk, "", after, at.into(key, named="*"))

    return tell


_CLOSED, _BOUNDED, _OPEN = range(3)
_LETS: Final = {_CLOSED: "what is listed", _BOUNDED: "what has a certain form", _OPEN: "everything"}


def _openness(value: Value) -> int:
    if value is False:
        return _CLOSED
    return _OPEN if _bounds_nothing(value) else _BOUNDED


def tell_combined(key: str) -> Teller:
    """A teller for `anyOf`, `oneOf` and `allOf`: alternatives have no order, and like ones are compared."""

    def tell(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if isinstance(before, Absent) or isinstance(after, Absent):
            kind = ChangeKind.CONSTRAINT_ADDED if isinstance(before, Absent) else ChangeKind.CONSTRAINT_REMOVED
            walk.telling.tell_values(kind, at.at(key), key, before, after)
            for place, part in enumerate(after if isinstance(after, list) else ()):
                tell_sensitive(walk, "", part, at.into(key, place))
        elif isinstance(before, list) and isinstance(after, list):
            _tell_alternatives(walk, key, before, after, at)

    return tell


def _tell_alternatives(walk: Walk, key: str, before: list[JSON], after: list[JSON], at: Place) -> None:
    gone, come = _unmatched(before, after)
    for place, position in _likely_pairs(before, after, gone, come):
        gone.remove(place)
        come.remove(position)
        walk.compare(before[place], after[position], at.into(key, position))
    for place in gone:
        tell_alternative(walk, key, place, before[place], at, come=False)
    for position in come:
        tell_alternative(walk, key, position, after[position], at, come=True)
    if sorted(map(jcs_document, before)) == sorted(map(jcs_document, after)):
        walk.telling.tell(ChangeKind.ORDER_CHANGED, at.at(key), f"{key} lists the same in another order", before, after)


def tell_alternative(walk: Walk, key: str, place: int, schema: JSON, at: Place, *, come: bool) -> None:
    """An alternative, or one of the schemas that all hold, is new or gone."""
    added, removed = _ADDED_AND_REMOVED[key]
    if come:
        clause = f"{key} now also has {shown(schema)}"
        walk.telling.tell(added, at.at(key, place), clause, ABSENT, schema)
        tell_sensitive(walk, "", schema, at.into(key, place))
    else:
        walk.telling.tell(removed, at.at(key, place), f"{key} no longer has {shown(schema)}", schema, ABSENT)


def _unmatched(before: list[JSON], after: list[JSON]) -> tuple[list[int], list[int]]:
    """Places whose schema has no equal on the other side; an equal counts once, at its own place first."""
    olds, news = [jcs_document(schema) for schema in before], [jcs_document(schema) for schema in after]
    stayed = {place for place, (old, new) in enumerate(zip(olds, news, strict=False)) if old == new}
    spare_old = Counter(schema for place, schema in enumerate(news) if place not in stayed)
    spare_new = Counter(schema for place, schema in enumerate(olds) if place not in stayed)
    return _left(olds, stayed, spare_old), _left(news, stayed, spare_new)


def _left(schemas: list[bytes], stayed: Collection[int], spare: Counter[bytes]) -> list[int]:
    left = []
    for place, schema in enumerate(schemas):
        if place in stayed:
            continue
        if spare[schema] > 0:
            spare[schema] -= 1
        else:
            left.append(place)
    return left


def _likely_pairs(before: list[JSON], after: list[JSON], gone: list[int], come: list[int]) -> list[tuple[int, int]]:
    """Alternatives that are alike as no others are; else the only one that is left on each side."""
    olds = {place: _likeness(before[place]) for place in gone}
    news = {position: _likeness(after[position]) for position in come}
    old_counts, new_counts = Counter(olds.values()), Counter(news.values())
    by_likeness = {likeness: position for position, likeness in news.items()}
    pairs = [
        (place, by_likeness[likeness])
        for place, likeness in olds.items()
        if old_counts[likeness] == new_counts[likeness] == 1
    ]
    if not pairs and len(gone) == len(come) == 1:
        pairs = [(gone[0], come[0])]
    return pairs


def _likeness(schema: JSON) -> bytes:
    if not isinstance(schema, dict):
        return jcs_document([schema])
    return jcs_document({key: schema[key] for key in _LIKENESS if key in schema})


def tell_map(key: str, added: ChangeKind, removed: ChangeKind) -> Teller:
    """A teller for a keyword that holds schemas by name or pattern."""

    def tell(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
        before, after = old.get(key, {}), new.get(key, {})
        if not isinstance(before, dict) or not isinstance(after, dict):
            return
        if not before and not after:
            walk.telling.tell(ChangeKind.RESTATED, at.at(key), f"{key} is written otherwise")
        for name in sorted(before.keys() | after.keys()):
            here = _in_map(key, name, at)
            if name not in after:
                walk.telling.tell_that(removed, here, f"is gone from {key}", before[name], ABSENT)
            elif name not in before:
                walk.telling.tell_that(added, here, f"is new in {key}: {shown(after[name])}", ABSENT, after[name])
                tell_sensitive(walk, "", after[name], here)
            elif not same(before[name], after[name]):
                walk.compare(before[name], after[name], here)

    return tell


def _in_map(key: str, name: str, at: Place) -> Place:
    inner = at.into(key, name, named=name)
    if key in ("$defs", "definitions"):
        return Place(inner.pointer, "definition", (name,), at.side, inner.depth)
    return inner


def tell_condition(key: str) -> Teller:
    """A teller for what turns the sense of a schema round or makes it depend on something: `not`, `if`, the like."""

    def tell(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        kind = ChangeKind.CONDITION_CHANGED
        if isinstance(before, Absent):
            kind = ChangeKind.CONSTRAINT_ADDED
        elif isinstance(after, Absent):
            kind = ChangeKind.CONSTRAINT_REMOVED
        walk.telling.tell_values(kind, at.at(key), f'the keyword "{key}"', before, after)

    return tell

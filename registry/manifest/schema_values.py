"""What is told of the keywords that bound a single value: type, enum, range, pattern and so on. Pure: no Django."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from governance.canonical.strict_json import jcs_document
from governance.canonical.values import JSON, Number
from registry.manifest.change import ABSENT, Absent, Value, same
from registry.manifest.change_kinds import ChangeKind
from registry.manifest.pattern_changes import Turn, pattern_turn
from registry.manifest.telling import Place, Telling, several, shown
from registry.manifest.walking import Schema, Teller, Walk

UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")

_TURNS: Final = {
    Turn.SAME: (ChangeKind.RESTATED, "is written otherwise with the same meaning"),
    Turn.LOOSENED: (ChangeKind.PATTERN_LOOSENED, "loosened"),
    Turn.TIGHTENED: (ChangeKind.PATTERN_TIGHTENED, "tightened"),
    Turn.OTHER: (ChangeKind.PATTERN_CHANGED, "changed"),
}


def tell_type(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`type`: more types, fewer, or others; every integer is a number."""
    before, after = old.get("type", ABSENT), new.get("type", ABSENT)
    here = at.at("type")
    was, now = _types(before), _types(after)
    if was is None or now is None:
        walk.telling.tell_values(ChangeKind.TYPE_CHANGED, here, "type", before, after)
        return
    clause = f"{_listed_types(was)} to {_listed_types(now)}"
    if was == now:
        walk.telling.tell(ChangeKind.RESTATED, here, "type is written otherwise", before, after)
    elif was < now:
        walk.telling.tell(ChangeKind.TYPE_WIDENED, here, f"type widened from {clause}", before, after)
    elif now < was:
        walk.telling.tell(ChangeKind.TYPE_NARROWED, here, f"type narrowed from {clause}", before, after)
    else:
        walk.telling.tell(ChangeKind.TYPE_CHANGED, here, f"type changed from {clause}", before, after)


_EVERY_TYPE: Final = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))


def _types(value: Value) -> frozenset[str] | None:
    """The types that are admitted; None where that cannot be read."""
    if isinstance(value, Absent):
        return _EVERY_TYPE
    listed = value if isinstance(value, list) else [value]
    names = frozenset(name for name in listed if isinstance(name, str))
    if not listed or len(names) != len(listed) or not names <= _EVERY_TYPE:
        return None
    return names | {"integer"} if "number" in names else names


def _listed_types(types: frozenset[str]) -> str:
    if types == _EVERY_TYPE:
        return "any type"
    return " or ".join(sorted(types - {"integer"} if "number" in types else types))


def tell_enum(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`enum` and `const` together: which values are admitted that were not, and the other way round."""
    was, now = _admitted(old), _admitted(new)
    key = "const" if same(old.get("enum", ABSENT), new.get("enum", ABSENT)) else "enum"
    before, after = old.get(key, ABSENT), new.get(key, ABSENT)
    here, telling = at.at(key), walk.telling
    if isinstance(was, Absent) or isinstance(now, Absent):
        return  # No list, or both keywords: the walk tells of each as it stands.
    if was is not None and now is None:
        clause = f"is no longer limited to {several(was.values())}"
        telling.tell_that(ChangeKind.ENUM_WIDENED, here, clause, before, after)
    elif now is not None and was is None:
        clause = f"is limited to {several(now.values())} now"
        telling.tell_that(ChangeKind.ENUM_NARROWED, here, clause, before, after)
    elif was is not None and now is not None:
        _tell_admitted(telling, here, was, now, (before, after))


def _tell_admitted(
    telling: Telling, here: Place, was: dict[bytes, JSON], now: dict[bytes, JSON], values: tuple[Value, Value]
) -> None:
    before, after = values
    come, gone = [now[each] for each in now if each not in was], [was[each] for each in was if each not in now]
    if come:
        clause = f"now also accepts {several(come)}" if not gone else f"now accepts {several(come)}"
        telling.tell_that(ChangeKind.ENUM_WIDENED, here, clause, before, after)
    if gone:
        telling.tell_that(ChangeKind.ENUM_NARROWED, here, f"no longer accepts {several(gone)}", before, after)
    if not come and not gone:
        kind = ChangeKind.ORDER_CHANGED if _reordered(before, after) else ChangeKind.RESTATED
        telling.tell(kind, here, "the values are listed otherwise", before, after)


def _admitted(schema: Schema) -> dict[bytes, JSON] | Absent | None:
    """The admitted values by canonical form; None for any value; ABSENT where that cannot be read."""
    listed = schema.get("enum", ABSENT)
    if "const" in schema:
        return {jcs_document(schema["const"]): schema["const"]} if isinstance(listed, Absent) else ABSENT
    if isinstance(listed, Absent):
        return None
    return {jcs_document(value): value for value in listed} if isinstance(listed, list) else ABSENT


def _reordered(before: Value, after: Value) -> bool:
    if not isinstance(before, list) or not isinstance(after, list):
        return False
    return sorted(map(jcs_document, before)) == sorted(map(jcs_document, after))


def tell_bounds(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """Ranges, lengths, counts, `multipleOf` and `uniqueItems`, each by itself."""
    for key in (*UPPER, *LOWER, "multipleOf", "uniqueItems"):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if not same(before, after):
            _tell_bound(walk.telling, key, at.at(key), before, after)


def _tell_bound(telling: Telling, key: str, here: Place, before: Value, after: Value) -> None:
    turn = _bound_turn(key, before, after)
    if turn is Turn.SAME:
        telling.tell(ChangeKind.RESTATED, here, f"{key} is written otherwise with the same meaning", before, after)
    elif turn is Turn.OTHER:
        telling.tell_values(ChangeKind.BOUND_CHANGED, here, key, before, after)
    else:
        kind = ChangeKind.BOUND_LOOSENED if turn is Turn.LOOSENED else ChangeKind.BOUND_TIGHTENED
        if isinstance(before, Absent) or isinstance(after, Absent):
            telling.tell_values(kind, here, key, before, after)
        else:
            telling.tell(kind, here, f"{key} {turn.value} from {shown(before)} to {shown(after)}", before, after)


def _bound_turn(key: str, before: Value, after: Value) -> Turn:
    if key == "uniqueItems":
        was, now = (value is True if isinstance(value, bool | Absent) else None for value in (before, after))
        if was is None or now is None:
            return Turn.OTHER
        return Turn.SAME if was is now else Turn.LOOSENED if was else Turn.TIGHTENED
    old, new = _fraction(before), _fraction(after)
    if isinstance(before, Absent):
        return Turn.OTHER if new is None else Turn.TIGHTENED
    if isinstance(after, Absent):
        return Turn.OTHER if old is None else Turn.LOOSENED
    if old is None or new is None:
        return Turn.OTHER
    if key == "multipleOf":
        return _step_turn(old, new)
    return Turn.LOOSENED if (new > old) is (key in UPPER) else Turn.TIGHTENED


def _step_turn(old: Fraction, new: Fraction) -> Turn:
    if old <= 0 or new <= 0:
        return Turn.OTHER
    if (old / new).denominator == 1:
        return Turn.LOOSENED
    return Turn.TIGHTENED if (new / old).denominator == 1 else Turn.OTHER


def _fraction(value: Value) -> Fraction | None:
    if isinstance(value, Number):
        return Fraction(value.value)
    return Fraction(value) if isinstance(value, int) and not isinstance(value, bool) else None


def tell_pattern(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`pattern`: loosened or tightened where that is certain."""
    before, after = old.get("pattern", ABSENT), new.get("pattern", ABSENT)
    here = at.at("pattern")
    if isinstance(before, Absent):
        walk.telling.tell_values(ChangeKind.PATTERN_TIGHTENED, here, "pattern", before, after)
    elif isinstance(after, Absent):
        walk.telling.tell_values(ChangeKind.PATTERN_LOOSENED, here, "pattern", before, after)
    elif isinstance(before, str) and isinstance(after, str):
        kind, verb = _TURNS[pattern_turn(before, after)]
        walk.telling.tell(kind, here, f"pattern {verb} from {shown(before)} to {shown(after)}", before, after)
    else:
        walk.telling.tell_values(ChangeKind.PATTERN_CHANGED, here, "pattern", before, after)


def tell_format(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`format`."""
    before, after = old.get("format", ABSENT), new.get("format", ABSENT)
    kind = ChangeKind.FORMAT_CHANGED
    if isinstance(before, Absent):
        kind = ChangeKind.FORMAT_TIGHTENED
    elif isinstance(after, Absent):
        kind = ChangeKind.FORMAT_LOOSENED
    walk.telling.tell_values(kind, at.at("format"), "format", before, after)


def tell_references(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`$ref` and what else decides where a reference leads."""
    for key in (*REFERENCES, "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if not same(before, after):
            remote = key in REFERENCES and isinstance(after, str) and not after.startswith("#")
            kind = ChangeKind.REFERENCE_REMOTE if remote else ChangeKind.REFERENCE_CHANGED
            what = f"{key}, which leads out of the manifest," if remote else key
            walk.telling.tell_values(kind, at.at(key), what, before, after)


def tell_each(kind: ChangeKind, keys: Iterable[str]) -> Teller:
    """A teller for keywords of which nothing more is known than their values."""

    def tell(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
        for key in keys:
            before, after = old.get(key, ABSENT), new.get(key, ABSENT)
            if not same(before, after):
                walk.telling.tell_values(kind, at.at(key), key, before, after)

    return tell

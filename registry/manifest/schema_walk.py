"""Walks two schemas at once and tells what differs, keyword by keyword. Pure: no Django, no I/O, nothing is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from governance.canonical.values import JSON
from governance.text.visible import one_line
from registry.manifest.change import ABSENT, Absent, Value, same
from registry.manifest.change_kinds import ChangeKind, Side
from registry.manifest.schema_members import tell_members, tell_sensitive
from registry.manifest.schema_parts import (
    tell_alternative,
    tell_combined,
    tell_condition,
    tell_map,
    tell_openness,
    tell_prefix,
    tell_subschema,
)
from registry.manifest.schema_values import (
    LOWER,
    REFERENCES,
    UPPER,
    tell_bounds,
    tell_each,
    tell_enum,
    tell_format,
    tell_pattern,
    tell_references,
    tell_type,
)
from registry.manifest.telling import NAME_SHOWN, Place, Telling
from registry.manifest.walking import Schema, Teller, Walk

MAX_WALKED: Final = 12

_TEXTS: Final = {
    "title": ChangeKind.TITLE_CHANGED,
    "description": ChangeKind.DESCRIPTION_CHANGED,
    "$comment": ChangeKind.DESCRIPTION_CHANGED,
}
_REMARKS: Final = ("examples", "example", "deprecated", "readOnly", "writeOnly", "$schema")
_MAPS: Final = {
    "$defs": (ChangeKind.DEFINITION_ADDED, ChangeKind.DEFINITION_REMOVED),
    "definitions": (ChangeKind.DEFINITION_ADDED, ChangeKind.DEFINITION_REMOVED),
    "patternProperties": (ChangeKind.PROPERTIES_OPENED, ChangeKind.PROPERTIES_CLOSED),
    "dependentSchemas": (ChangeKind.CONSTRAINT_ADDED, ChangeKind.CONSTRAINT_REMOVED),
}
_SUBSCHEMAS: Final = (
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "propertyNames",
    "contentSchema",
    "then",
    "else",
)
_CONDITIONS: Final = ("not", "if", "dependentRequired", "dependencies")
_SAID_OF_ALL: Final = frozenset((*_TEXTS, *_REMARKS, "default"))


def _tell_texts(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    for key, kind in _TEXTS.items():
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if not same(before, after):
            walk.telling.tell_text(kind, at.at(key), key.removeprefix("$"), before, after)


def _groups() -> dict[str, tuple[Teller, tuple[str, ...]]]:
    """Every keyword that is known, with its teller and the keywords that are told of together."""
    groups: list[tuple[Teller, tuple[str, ...]]] = [
        (_tell_texts, tuple(_TEXTS)),
        (tell_type, ("type",)),
        (tell_enum, ("enum", "const")),
        (tell_bounds, (*UPPER, *LOWER, "multipleOf", "uniqueItems")),
        (tell_pattern, ("pattern",)),
        (tell_format, ("format",)),
        (tell_references, (*REFERENCES, "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor")),
        (tell_members, ("properties", "required")),
        (tell_prefix, ("prefixItems",)),
        (tell_each(ChangeKind.DEFAULT_CHANGED, ("default",)), ("default",)),
        (tell_each(ChangeKind.REMARK_CHANGED, _REMARKS), _REMARKS),
    ]
    groups += [(tell_combined(key), (key,)) for key in ("anyOf", "oneOf", "allOf")]
    groups += [(tell_openness(key), (key,)) for key in ("additionalProperties", "unevaluatedProperties")]
    groups += [(tell_map(key, *kinds), (key,)) for key, kinds in _MAPS.items()]
    groups += [(tell_subschema(key), (key,)) for key in _SUBSCHEMAS]
    groups += [(tell_condition(key), (key,)) for key in _CONDITIONS]
    return {key: (teller, keys) for teller, keys in groups for key in keys}


_GROUPS: Final[Mapping[str, tuple[Teller, tuple[str, ...]]]] = _groups()


class SchemaWalk:
    """The comparison of two schemas of one item; what it finds goes to `telling`."""

    __slots__ = ("root", "telling")

    def __init__(self, telling: Telling, root: JSON) -> None:
        self.telling = telling
        self.root = root

    def compare(self, old: JSON, new: JSON, at: Place) -> None:
        """Tell all that differs between two subschemas; nothing where they are the same."""
        if same(old, new):
            return
        if not isinstance(old, dict) or not isinstance(new, dict):
            self.telling.tell_values(ChangeKind.SCHEMA_REPLACED, at, "the schema", old, new)
            tell_sensitive(self, "", new, at)
        elif at.depth > MAX_WALKED:
            self.telling.tell_that(ChangeKind.BEYOND_DEPTH, at, "differs deeper than is explained", old, new)
        else:
            told = self.telling.told
            lifted = _alternatives_beside(old, new)
            if lifted is None:
                self._keywords(old, new, at)
            else:
                self._lifted(old, new, *lifted, at)
            if self.telling.told == told:
                self.telling.tell_that(ChangeKind.RESTATED, at, "is written otherwise with the same meaning", old, new)

    def _lifted(self, old: Schema, new: Schema, key: str, others: dict[int, JSON], at: Place) -> None:
        """What was the schema became one of its alternatives, or the other way round."""
        said = [{name: value for name, value in schema.items() if name in _SAID_OF_ALL} for schema in (old, new)]
        self._keywords(said[0], said[1], at)
        for place, part in others.items():
            tell_alternative(self, key, place, part, at, come=key in new)

    def _keywords(self, old: Schema, new: Schema, at: Place) -> None:
        differing = {key for key in old.keys() | new.keys() if not same(old.get(key, ABSENT), new.get(key, ABSENT))}
        for key in sorted(differing):
            teller, keys = _GROUPS.get(key, (None, (key,)))
            together = [each for each in keys if each in differing]
            if key != min(together):
                continue  # Its group was told of with the first of them.
            told = self.telling.told
            if teller is not None:
                teller(self, old, new, at)
            if self.telling.told == told:
                for each in together:
                    self._unknown(each, old.get(each, ABSENT), new.get(each, ABSENT), at)

    def _unknown(self, key: str, before: Value, after: Value, at: Place) -> None:
        what = one_line(key, NAME_SHOWN)
        self.telling.tell_value(ChangeKind.KEYWORD_CHANGED, at.at(key), what, before, after)


def tell_schema(telling: Telling, key: str, side: Side, before: Value, after: Value) -> None:
    """All that differs between the schemas of an item's arguments, or of its results."""
    root = "result" if side is Side.RESULTS else "arguments"
    at = Place(root=root, side=side).at(key)
    walk = SchemaWalk(telling, None if isinstance(after, Absent) else after)
    if isinstance(after, Absent):
        telling.tell(ChangeKind.SCHEMA_REMOVED, at, f"{key} is gone, so nothing is checked any more", before, after)
    elif isinstance(before, Absent):
        telling.tell(ChangeKind.SCHEMA_ADDED, at, f"{key} is new", before, after)
        tell_sensitive(walk, "", after, at)
    else:
        walk.compare(before, after, at)


def _alternatives_beside(old: Schema, new: Schema) -> tuple[str, dict[int, JSON]] | None:
    """Where one schema is among the alternatives that the other gives: the keyword, and the further alternatives."""
    for key in ("anyOf", "oneOf"):
        if (key in old) == (key in new):
            continue
        plain, choice = (new, old) if key in old else (old, new)
        listed = choice[key]
        own = {name: value for name, value in plain.items() if name not in _SAID_OF_ALL}
        if own and isinstance(listed, list) and set(choice) <= {key, *_SAID_OF_ALL}:
            places = [place for place, part in enumerate(listed) if same(own, part)]
            if places:
                return key, {place: part for place, part in enumerate(listed) if place != places[0]}
    return None

"""What is told of the parameters of an object: new, gone, renamed, required, and what they take. Pure: no Django."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from governance.canonical.strict_json import jcs_document
from governance.canonical.values import JSON
from registry.manifest.change import ABSENT, Absent, Value, same
from registry.manifest.change_kinds import ChangeKind, Side
from registry.manifest.parameter_sorts import Sort, sensitive, sorts_of
from registry.manifest.telling import Place, Telling, quoted, shown
from registry.manifest.walking import Schema, Walk

SORT_KINDS: Final[Mapping[Sort, ChangeKind]] = {
    Sort.URL: ChangeKind.URL_PARAMETER,
    Sort.PATH: ChangeKind.PATH_PARAMETER,
    Sort.COMMAND: ChangeKind.COMMAND_PARAMETER,
    Sort.CODE: ChangeKind.CODE_PARAMETER,
    Sort.CREDENTIAL: ChangeKind.CREDENTIAL_PARAMETER,
    Sort.RECIPIENT: ChangeKind.RECIPIENT_PARAMETER,
}
_REMARKS: Final = frozenset(("description", "title", "examples", "default", "$comment"))


def tell_members(walk: Walk, old: Schema, new: Schema, at: Place) -> None:
    """`properties` and `required`, which only together say what a caller may and must give."""
    before, after = old.get("properties", ABSENT), new.get("properties", ABSENT)
    was, now = _declared(before), _declared(after)
    needed, needs = _names(old.get("required", ABSENT)), _names(new.get("required", ABSENT))
    if was is not None and now is not None:
        places = renamed(was, now)
        for name in sorted(was.keys() - now.keys() - set(places.values())):
            walk.telling.tell_that(ChangeKind.PARAMETER_REMOVED, _member(at, name), "is gone", was[name], ABSENT)
        for name, former in places.items():
            pair = (was[former], now[name])
            tell_renamed(walk.telling, _member(at, former), _member(at, name), *pair, beside=(was, now))
            walk.compare(was[former], now[name], _member(at, name))
        for name in sorted(now.keys() - was.keys() - places.keys()):
            _tell_new(walk, name, now, name in needs, at)
        for name in sorted(now.keys() & was.keys()):
            tell_member(walk, name, was, now, _member(at, name))
        _tell_ruled_out(walk.telling, before, after, at)
        if not same(before, after) and not _all(before) and not _all(after):
            walk.telling.tell(
                ChangeKind.RESTATED, at.at("properties"), "properties is written otherwise", before, after
            )
        for name, former in (places | {name: name for name in sorted(now.keys() & was.keys())}).items():
            tell_turn(walk.telling, _member(at, name), former in needed, name in needs)
        _tell_undeclared(walk.telling, needed, needs, {*was, *now}, at)
    else:
        walk.telling.tell_values(ChangeKind.KEYWORD_CHANGED, at.at("properties"), "properties", before, after)
        _tell_undeclared(walk.telling, needed, needs, (), at)
    before, after = old.get("required", ABSENT), new.get("required", ABSENT)
    if not same(before, after):
        _tell_required(walk.telling, at.at("required"), before, after, needed == needs)


def tell_member(walk: Walk, name: str, was: Schema, now: Schema, here: Place) -> None:
    """One parameter as it was and is among the others, and whether it now looks like it takes something else."""
    old, new = was[name], now[name]
    if same(old, new):
        return
    walk.compare(old, new, here)
    if here.side is Side.ARGUMENTS:
        known = sorts_of(name, old, was)
        tell_sorts(walk.telling, here, (sort for sort in sorts_of(name, new, now) if sort not in known), "now takes")


def tell_sensitive(walk: Walk, name: str, schema: JSON, here: Place, beside: Collection[str] = ()) -> None:
    """What a new parameter, and every one inside it, looks like it takes."""
    if here.side is Side.ARGUMENTS:
        for found in sensitive(name, schema, here, walk.root, walk.telling.may_look, beside=beside):
            tell_sorts(walk.telling, found.place, found.sorts, "is new and takes")


def tell_sorts(telling: Telling, here: Place, sorts: Iterable[Sort], verb: str) -> None:
    """One change for each sort."""
    for sort in sorts:
        telling.tell_that(SORT_KINDS[sort], here, f"{verb} what looks like {sort.value}")


def tell_added(telling: Telling, here: Place, required: bool, after: JSON) -> None:
    """A parameter is new."""
    kind = ChangeKind.PARAMETER_ADDED_REQUIRED if required else ChangeKind.PARAMETER_ADDED_OPTIONAL
    telling.tell_that(kind, here, f"is new and {'required' if required else 'optional'}: {shown(after)}", ABSENT, after)


def _member(at: Place, name: str) -> Place:
    return at.into("properties", name, named=name)


def _declared(value: Value) -> dict[str, JSON] | None:
    """The parameters that may be given; None where that cannot be read."""
    if isinstance(value, Absent):
        return {}
    if not isinstance(value, dict):
        return None
    return {name: schema for name, schema in value.items() if schema is not False}


def _names(value: Value) -> frozenset[str]:
    return frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else frozenset()


def renamed(was: Mapping[str, JSON], now: Mapping[str, JSON]) -> dict[str, str]:
    """New names with the old ones: a parameter that is gone and one that is new, built alike as no other pair is."""
    gone, come = was.keys() - now.keys(), now.keys() - was.keys()
    found: dict[str, str] = {}
    if gone and come:
        for left_out in (frozenset[str](), _REMARKS):
            rest = {name: was[name] for name in gone - set(found.values())}
            found |= dict(_pairs(rest, {name: now[name] for name in come - found.keys()}, left_out))
    return dict(sorted(found.items()))


def _pairs(gone: Schema, come: Schema, left_out: Collection[str]) -> Iterator[tuple[str, str]]:
    olds = {name: _shape(schema, left_out) for name, schema in gone.items()}
    news = {name: _shape(schema, left_out) for name, schema in come.items()}
    old_counts, new_counts = Counter(olds.values()), Counter(news.values())
    by_shape = {shape: name for name, shape in olds.items()}
    for name, shape in news.items():
        if old_counts[shape] == new_counts[shape] == 1:
            yield name, by_shape[shape]


def _shape(schema: JSON, left_out: Collection[str]) -> bytes:
    if isinstance(schema, dict) and left_out:
        return jcs_document({key: value for key, value in schema.items() if key not in left_out})
    return jcs_document(schema)


def _tell_new(walk: Walk, name: str, now: Schema, required: bool, at: Place) -> None:
    here = _member(at, name)
    tell_added(walk.telling, here, required, now[name])
    tell_sensitive(walk, name, now[name], here, now)


def tell_renamed(
    telling: Telling,
    former: Place,
    here: Place,
    old: JSON,
    new: JSON,
    *,
    beside: tuple[Collection[str], Collection[str]],
) -> None:
    """A parameter took the place of another one; `former` is where that stood, `beside` what stood and stands there."""
    clause = f"takes the place of the {former.called} and is built alike: renamed or replaced"
    telling.tell_that(ChangeKind.PARAMETER_RENAMED, here, clause, old, new, moved_from=former.pointer)
    if here.side is Side.ARGUMENTS:
        known = sorts_of(former.names[-1], old, beside[0])
        takes = sorts_of(here.names[-1], new, beside[1])
        tell_sorts(telling, here, (sort for sort in takes if sort not in known), "now takes")


def _tell_ruled_out(telling: Telling, before: Value, after: Value, at: Place) -> None:
    """A parameter whose schema is `false` may not be given; that it was ruled out or no longer is, is a change."""
    was, now = _all(before), _all(after)
    for name in sorted(now.keys() - was.keys()):
        if now[name] is False:
            telling.tell_that(ChangeKind.CONSTRAINT_ADDED, _member(at, name), "is ruled out now", ABSENT, False)
    for name in sorted(was.keys() - now.keys()):
        if was[name] is False:
            telling.tell_that(ChangeKind.CONSTRAINT_REMOVED, _member(at, name), "is no longer ruled out", False, ABSENT)


def _all(value: Value) -> dict[str, JSON]:
    return value if isinstance(value, dict) else {}


def tell_turn(telling: Telling, here: Place, needed: bool, needs: bool) -> None:
    """A parameter became required or optional, where it did."""
    if needs and not needed:
        telling.tell_that(ChangeKind.PARAMETER_BECAME_REQUIRED, here, "became required")
    elif needed and not needs:
        telling.tell_that(ChangeKind.PARAMETER_BECAME_OPTIONAL, here, "became optional")


def _tell_undeclared(
    telling: Telling, needed: frozenset[str], needs: frozenset[str], declared: Collection[str], at: Place
) -> None:
    for name in sorted((needed ^ needs) - set(declared)):
        verb = "now requires" if name in needs else "no longer requires"
        clause = f"{verb} {quoted(name)}, which is not declared"
        telling.tell_that(ChangeKind.REQUIRED_CHANGED, at.at("required"), clause)


def _tell_required(telling: Telling, here: Place, before: Value, after: Value, alike: bool) -> None:
    """`required` where it is written otherwise and says the same, or where it cannot be read."""
    if not _readable(before) or not _readable(after):
        telling.tell_values(ChangeKind.KEYWORD_CHANGED, here, "required", before, after)
    elif alike:
        names = [sorted(map(str, value)) if isinstance(value, list) else None for value in (before, after)]
        kind = ChangeKind.ORDER_CHANGED if names[0] == names[1] else ChangeKind.RESTATED
        telling.tell(kind, here, "the required names are listed otherwise", before, after)


def _readable(value: Value) -> bool:
    return isinstance(value, Absent) or (isinstance(value, list) and all(isinstance(name, str) for name in value))

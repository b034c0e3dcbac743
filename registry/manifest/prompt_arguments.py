"""What is told of the arguments of a prompt: new, gone, renamed, required, what they take. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from governance.canonical.values import JSON
from governance.text.visible import one_line
from registry.manifest.change import ABSENT, Absent, Value, same
from registry.manifest.change_kinds import ChangeKind
from registry.manifest.parameter_sorts import sorts_of
from registry.manifest.schema_members import renamed, tell_added, tell_renamed, tell_sorts, tell_turn
from registry.manifest.telling import NAME_SHOWN, Place, Telling

_TEXTS: Final = {"title": ChangeKind.TITLE_CHANGED, "description": ChangeKind.DESCRIPTION_CHANGED}


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument of a prompt: where it stands, and all of it but its name."""

    here: Place
    document: dict[str, JSON]

    @property
    def required(self) -> bool:
        return self.document.get("required") is True


def tell_arguments(telling: Telling, key: str, before: Value, after: Value) -> None:
    """`arguments` by name; their order says nothing more than how they are shown."""
    was, now = _by_name(key, before), _by_name(key, after)
    if was is None or now is None:
        telling.tell_values(ChangeKind.FIELD_CHANGED, Place().at(key), key, before, after)
        return
    told = telling.told
    pairs = renamed(
        {name: dict(argument.document) for name, argument in was.items()},
        {name: dict(argument.document) for name, argument in now.items()},
    )
    for name in sorted(was.keys() - now.keys() - set(pairs.values())):
        telling.tell_that(ChangeKind.PARAMETER_REMOVED, was[name].here, "is gone", was[name].document, ABSENT)
    for name in sorted(now):
        former = was.get(pairs.get(name, name))
        if former is None:
            _tell_new(telling, name, now)
        else:
            _tell_pair(telling, name, former, now[name], name in pairs, beside=(was, now))
    if telling.told == told:
        kind = ChangeKind.ORDER_CHANGED if was else ChangeKind.RESTATED
        telling.tell(kind, Place().at(key), f"the {key} are listed otherwise", before, after)


def _by_name(key: str, value: Value) -> dict[str, _Argument] | None:
    """None where these are no objects with names of their own."""
    listed = [] if isinstance(value, Absent) else value
    if not isinstance(listed, list):
        return None
    found: dict[str, _Argument] = {}
    for position, member in enumerate(listed):
        name = member.get("name") if isinstance(member, dict) else None
        if not isinstance(member, dict) or not isinstance(name, str) or name in found:
            return None
        here = Place(root="argument").at(key, position)
        rest = {field: part for field, part in member.items() if field != "name"}
        found[name] = _Argument(Place(here.pointer, here.root, (name,)), rest)
    return found


def _tell_new(telling: Telling, name: str, now: Mapping[str, _Argument]) -> None:
    argument = now[name]
    tell_added(telling, argument.here, argument.required, argument.document)
    tell_sorts(telling, argument.here, sorts_of(name, argument.document, now), "is new and takes")


def _tell_pair(
    telling: Telling,
    name: str,
    old: _Argument,
    new: _Argument,
    other_name: bool,
    *,
    beside: tuple[Collection[str], Collection[str]],
) -> None:
    if other_name:
        tell_renamed(telling, old.here, new.here, old.document, new.document, beside=beside)
    for field in sorted(old.document.keys() | new.document.keys()):
        before, after = old.document.get(field, ABSENT), new.document.get(field, ABSENT)
        if not same(before, after):
            _tell_field(telling, new.here, field, before, after)
    if not other_name and not same(old.document, new.document):
        known, takes = sorts_of(name, old.document, beside[0]), sorts_of(name, new.document, beside[1])
        tell_sorts(telling, new.here, (sort for sort in takes if sort not in known), "now takes")


def _tell_field(telling: Telling, here: Place, field: str, before: Value, after: Value) -> None:
    if field in _TEXTS:
        telling.tell_text(_TEXTS[field], here.at(field), field, before, after)
    elif field != "required" or not all(isinstance(value, bool | Absent) for value in (before, after)):
        what = one_line(field, NAME_SHOWN)
        telling.tell_value(ChangeKind.FIELD_CHANGED, here.at(field), what, before, after)
    elif (before is True) is (after is True):
        telling.tell(ChangeKind.RESTATED, here.at(field), "an optional argument is marked otherwise", before, after)
    else:
        tell_turn(telling, here, before is True, after is True)

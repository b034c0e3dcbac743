"""What is told of the fields of an item: texts, annotations, icons, arguments of prompts, and any other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from governance.canonical.values import JSON
from governance.text.visible import one_line
from registry.manifest.canonical import Kind
from registry.manifest.change import ABSENT, Absent, Value, same
from registry.manifest.change_kinds import ChangeKind, Side
from registry.manifest.prompt_arguments import tell_arguments
from registry.manifest.schema_walk import tell_schema
from registry.manifest.telling import NAME_SHOWN, Place, Telling, several

HINTS: Final[Mapping[str, bool]] = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": False,
    "openWorldHint": True,
}
"""What each hint is where a server leaves it out."""

_GRAVE_WHEN: Final = {"readOnlyHint": False, "destructiveHint": True, "openWorldHint": True}
_PROMISES: Final = {
    ("readOnlyHint", False): "the tool no longer claims to change nothing",
    ("readOnlyHint", True): "the tool now claims to change nothing",
    ("destructiveHint", True): "the tool may now destroy",
    ("destructiveHint", False): "the tool now claims to destroy nothing",
    ("openWorldHint", True): "the tool may now reach beyond the server's own world",
    ("openWorldHint", False): "the tool now claims to stay within the server's own world",
    ("idempotentHint", False): "a second call may now do more",
    ("idempotentHint", True): "the tool now claims that a second call does nothing more",
}

Tell: TypeAlias = Callable[[Telling, str, Value, Value], None]


def _text(kind: ChangeKind, what: str = "") -> Tell:
    def tell(telling: Telling, key: str, before: Value, after: Value) -> None:
        telling.tell_text(kind, Place().at(key), what or key, before, after)

    return tell


def _values(kind: ChangeKind) -> Tell:
    def tell(telling: Telling, key: str, before: Value, after: Value) -> None:
        telling.tell_parts(kind, Place().at(key), one_line(key, NAME_SHOWN), before, after)

    return tell


def _schema(side: Side) -> Tell:
    def tell(telling: Telling, key: str, before: Value, after: Value) -> None:
        tell_schema(telling, key, side, before, after)

    return tell


def tell_annotations(telling: Telling, key: str, before: Value, after: Value) -> None:
    """`annotations`: hints by what they promise, a title as a title, others by value."""
    if not isinstance(before, dict | Absent) or not isinstance(after, dict | Absent):
        telling.tell_values(ChangeKind.ANNOTATION_CHANGED, Place().at(key), key, before, after)
        return
    told = telling.told
    old, new = ({} if isinstance(value, Absent) else value for value in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name, ABSENT), new.get(name, ABSENT)
        if same(was, now):
            continue
        at = Place().at(key, name)
        if name in HINTS:
            _tell_hint(telling, name, at, was, now)
        elif name == "title":
            telling.tell_text(ChangeKind.TITLE_CHANGED, at, "title in the annotations", was, now)
        else:
            telling.tell_parts(ChangeKind.ANNOTATION_CHANGED, at, f"annotation {one_line(name, NAME_SHOWN)}", was, now)
    if telling.told == told:
        telling.tell(ChangeKind.RESTATED, Place().at(key), "annotations without content came or went", before, after)


def _tell_hint(telling: Telling, name: str, at: Place, before: Value, after: Value) -> None:
    if not isinstance(before, bool | Absent) or not isinstance(after, bool | Absent):
        telling.tell_values(ChangeKind.HINT_UNREADABLE, at, name, before, after)
        return
    was, now = (HINTS[name] if isinstance(value, Absent) else value for value in (before, after))
    written = "removed, and its default is" if isinstance(after, Absent) else "now"
    if was is now:
        telling.tell(ChangeKind.RESTATED, at, f"{name} is as before: {_spelt(before)}, {_spelt(after)}", before, after)
        return
    kind = ChangeKind.HINT_IDEMPOTENT_FLIPPED
    if name in _GRAVE_WHEN:
        kind = ChangeKind.HINT_GRAVER if now is _GRAVE_WHEN[name] else ChangeKind.HINT_MILDER
    clause = f"{name} was {_spelt(before)}, is {written} {str(now).lower()}: {_PROMISES[name, now]}"
    telling.tell(kind, at, clause, before, after)


def _spelt(value: Value) -> str:
    return "left out" if isinstance(value, Absent) else str(value).lower()


def tell_icons(telling: Telling, key: str, before: Value, after: Value) -> None:
    """`icons`: new places that they come from, and that anything else differs."""
    at = Place().at(key)
    known = set(_origins(before))
    come = [origin for origin in dict.fromkeys(_origins(after)) if origin not in known]
    if come:
        telling.tell(ChangeKind.ICON_ORIGIN_ADDED, at, f"an icon now comes from {several(come)}", before, after)
    else:
        telling.tell_values(ChangeKind.ICONS_CHANGED, at, key, before, after)


def _origins(icons: Value) -> Iterator[str]:
    for icon in icons if isinstance(icons, list) else ():
        source = icon.get("src") if isinstance(icon, dict) else None
        if isinstance(source, str):
            try:
                parts = urlsplit(source)
                yield f"{parts.scheme}://{parts.netloc.lower()}" if parts.netloc else f"{parts.scheme}:"
            except ValueError:
                yield source[:NAME_SHOWN]


_ANY_ITEM: Final[Mapping[str, Tell]] = {
    "title": _text(ChangeKind.TITLE_CHANGED),
    "name": _text(ChangeKind.TITLE_CHANGED),
    "description": _text(ChangeKind.DESCRIPTION_CHANGED),
    "annotations": tell_annotations,
    "icons": tell_icons,
    "_meta": _values(ChangeKind.META_CHANGED),
}
_OF_KIND: Final[Mapping[Kind, Mapping[str, Tell]]] = {
    Kind.TOOL: {"inputSchema": _schema(Side.ARGUMENTS), "outputSchema": _schema(Side.RESULTS)},
    Kind.PROMPT: {"arguments": tell_arguments},
    Kind.TEMPLATE: {"mimeType": _values(ChangeKind.MEDIA_TYPE_CHANGED)},
    Kind.RESOURCE: {"mimeType": _values(ChangeKind.MEDIA_TYPE_CHANGED), "size": _values(ChangeKind.REMARK_CHANGED)},
    Kind.INSTRUCTIONS: {"instructions": _text(ChangeKind.INSTRUCTIONS_CHANGED, "text")},
    Kind.SERVER_INFO: {
        "name": _values(ChangeKind.SERVER_NAME_CHANGED),
        "version": _values(ChangeKind.SERVER_VERSION_CHANGED),
    },
    Kind.OTHER: {"capabilities": _values(ChangeKind.CAPABILITIES_CHANGED)},
}
_UNKNOWN: Final = _values(ChangeKind.FIELD_CHANGED)


def tell_fields(telling: Telling, kind: Kind, old: Mapping[str, JSON], new: Mapping[str, JSON]) -> None:
    """All that differs between two forms of an item; at least one change for every field that differs."""
    own = _OF_KIND[kind]
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if same(before, after):
            continue
        told = telling.told
        tell = own.get(key) or _ANY_ITEM.get(key) or _UNKNOWN
        tell(telling, key, before, after)
        if telling.told == told:
            telling.tell_values(ChangeKind.FIELD_CHANGED, Place().at(key), one_line(key, NAME_SHOWN), before, after)

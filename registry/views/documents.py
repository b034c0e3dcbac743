"""An item's document as people read it: description, arguments as a table, old beside new. Renders only."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from governance.views.marked import chips, json_lines

MAX_DEPTH: Final = 6
DIFF_CHARACTERS: Final = 20_000
DESCRIPTIONS: Final = frozenset({"description", "instructions"})
_PIECES: Final = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Argument:
    """One row of a schema's table."""

    name: str
    kind: str
    required: bool
    description: str
    limits: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a document that differs: the old and the new text, differences marked."""

    label: str
    old: SafeString
    new: SafeString
    note: str = ""


def read(text: str) -> dict[str, Any]:
    """The document of a stored item; what is no object is empty."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def description_of(document: dict[str, Any], kind: str) -> str:
    """What the item says of itself to agents."""
    text = document.get("instructions" if kind == "instructions" else "description")
    return text if isinstance(text, str) else ""


def arguments_of(schema: object) -> list[Argument]:
    """The properties of an input schema, nested ones as `a.b` and `a[].b`, in the schema's order."""
    rows: list[Argument] = []
    _collect(schema, "", 0, rows)
    return rows


def remainder_of(document: dict[str, Any]) -> SafeString | None:
    """Every other field of the document, whole; None when there is none."""
    known = ("name", "description", "inputSchema", "instructions")
    rest = {key: value for key, value in document.items() if key not in known}
    return json_lines(rest) if rest else None


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Part]:
    """Every top-level field that differs, word by word; a lost `readOnlyHint` is said in words."""
    parts = []
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) == new.get(key) and (key in old) == (key in new):
            continue
        before, after = _marked(_text(old, key), _text(new, key))
        parts.append(Part(key, before, after, _note(key, old.get(key), new.get(key))))
    return parts


def _collect(schema: object, prefix: str, depth: int, rows: list[Argument]) -> None:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    needed = schema.get("required")
    required = set(map(str, needed)) if isinstance(needed, list) else set()
    for name, found in properties.items():
        inner = found if isinstance(found, dict) else {}
        rows.append(
            Argument(prefix + name, _kind(inner), name in required, _string(inner.get("description")), _limits(inner))
        )
        _collect(inner, f"{prefix}{name}.", depth + 1, rows)
        _collect(inner.get("items"), f"{prefix}{name}[].", depth + 1, rows)


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(map(str, kind))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_kind(schema['items'])}"
    if isinstance(kind, str):
        return kind
    for word in ("anyOf", "oneOf"):
        if isinstance(schema.get(word), list):
            return " or ".join(_kind(each) for each in schema[word] if isinstance(each, dict))
    return "any"


def _limits(schema: dict[str, Any]) -> str:
    left_out = ("type", "description", "title", "properties", "items", "required", "anyOf", "oneOf")
    return ", ".join(
        f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in schema.items() if key not in left_out
    )


def _text(document: dict[str, Any], key: str) -> str:
    if key not in document:
        return ""
    value = document[key]
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def _marked(old: str, new: str) -> tuple[SafeString, SafeString]:
    if len(old) + len(new) > DIFF_CHARACTERS:
        return chips(old, lines=True), chips(new, lines=True)
    before, after = _PIECES.findall(old), _PIECES.findall(new)
    left: list[str] = []
    right: list[str] = []
    for act, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = "".join(before[a:b]), "".join(after[c:d])
        if act == "equal":
            left.append(chips(gone, lines=True))
            right.append(chips(come, lines=True))
            continue
        if gone:
            left.append(format_html("<del>{}</del>", chips(gone, lines=True)))
        if come:
            right.append(format_html("<ins>{}</ins>", chips(come, lines=True)))
    return mark_safe("".join(left)), mark_safe("".join(right))  # noqa: S308  Made of escaped parts alone.


def _note(key: str, old: object, new: object) -> str:
    if key == "annotations" and _only_reads(old) and not _only_reads(new):
        return "The server no longer says that this only reads."
    if key == "inputSchema":
        before = {row.name for row in arguments_of(old)}
        added = [row.name for row in arguments_of(new) if row.name not in before]
        if added:
            return f"New arguments: {', '.join(added)}."
    return ""


def _only_reads(annotations: object) -> bool:
    return isinstance(annotations, dict) and annotations.get("readOnlyHint") is True


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""

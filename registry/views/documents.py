"""An item's document as people read it: description, arguments as a table, the rest whole. Renders only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString

from governance.views.marked import json_lines

MAX_DEPTH: Final = 6
SHOWN_APART: Final = ("name", "description", "instructions")
SCHEMAS: Final = ("inputSchema", "outputSchema")


@dataclass(frozen=True, slots=True)
class Argument:
    """One row of a schema's table."""

    name: str
    kind: str
    required: bool
    description: str
    limits: str


@dataclass(frozen=True, slots=True)
class Document:
    """What a page shows of one item's definition. `raw` is the description with every character that is no plain
    letter escaped, as JSON has it.
    """

    description: str
    raw: str
    arguments: list[Argument]
    results: list[Argument]
    rest: SafeString | None


def read(text: str) -> dict[str, Any]:
    """The document of a stored item; what is no object is empty."""
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def of_text(text: str, kind: str) -> Document:
    """A stored document as a page shows it."""
    found = read(text)
    description = description_of(found, kind)
    return Document(
        description=description,
        raw=json.dumps(description),
        arguments=arguments_of(found.get("inputSchema")) or _prompt_arguments(found),
        results=arguments_of(found.get("outputSchema")),
        rest=remainder_of(found),
    )


def description_of(document: dict[str, Any], kind: str) -> str:
    """What the item says of itself to agents."""
    text = document.get("instructions" if kind == "instructions" else "description")
    return text if isinstance(text, str) else ""


def arguments_of(schema: object) -> list[Argument]:
    """The properties of a schema, nested ones as `a.b` and `a[].b`, in the schema's order."""
    rows: list[Argument] = []
    _collect(schema, "", 0, rows)
    return rows


def remainder_of(document: dict[str, Any]) -> SafeString | None:
    """Every other field of the document, whole, and of a schema what a table of its properties does not say.

    None when there is none.
    """
    rest = {}
    for key, value in document.items():
        said = _beyond_table(value) if key in SCHEMAS else NOTHING if key in SHOWN_APART else value
        if said is not NOTHING:
            rest[key] = said
    return json_lines(rest) if rest else None


NOTHING: Final = object()


def _beyond_table(schema: object) -> Any:
    """What a schema says beside its properties and which of them are needed; NOTHING where that is all."""
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        return schema
    said = {"type", "required"} | ({"properties"} if isinstance(schema.get("properties", {}), dict) else set())
    rest = {key: value for key, value in schema.items() if key not in said}
    return rest or NOTHING


def _prompt_arguments(document: dict[str, Any]) -> list[Argument]:
    listed = document.get("arguments")
    return [
        Argument(
            _string(each.get("name")), "string", each.get("required") is True, _string(each.get("description")), ""
        )
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
    ]


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
        limits = _limits(inner, deepest=depth == MAX_DEPTH)
        rows.append(Argument(prefix + name, _kind(inner), name in required, _string(inner.get("description")), limits))
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


def _limits(schema: dict[str, Any], *, deepest: bool) -> str:
    """Everything that the other columns and rows of the table do not say."""
    said = {"type", "description", "properties", "required", "items"}
    rest = {key: value for key, value in schema.items() if key not in said}
    items = schema.get("items")
    if isinstance(items, dict):
        items = {key: value for key, value in items.items() if key not in ("type", "properties", "required")}
    if items:
        rest["items"] = items
    if deepest and ("properties" in schema or "items" in schema):
        rest |= {key: schema[key] for key in ("properties", "items") if key in schema}
    return ", ".join(f"{key} {json.dumps(value, ensure_ascii=False)}" for key, value in rest.items())


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""

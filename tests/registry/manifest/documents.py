"""Manifests for the tests of this folder: written ones, and pinned copies of what public servers offer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from governance.canonical.strict_json import parse
from registry.manifest.canonical import Item, Manifest, read_manifest
from registry.manifest.change import Change, ItemChanges
from registry.manifest.explain import explain

REAL = Path(__file__).parent / "real"
LISTS = {"tools": "name", "prompts": "name", "resourceTemplates": "uriTemplate", "resources": "uri"}


def manifest(document: Any) -> Manifest:
    """The manifest of a document of plain Python values."""
    return read_manifest(parse(json.dumps(document).encode(), max_depth=200, max_members=10**6))


def real_documents() -> dict[str, Any]:
    """The pinned manifests by the name of their server."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(REAL.glob("*.json"))}


def items(document: Any) -> Iterator[tuple[str, Any]]:
    """Every item of a document, with a name for it."""
    for field, value in document.items():
        if field in LISTS:
            yield from ((f"{field}/{member[LISTS[field]]}", {field: [member]}) for member in value)
        elif value is not None:
            yield field, {field: value}


def only_item(document: Any) -> Item:
    """The one item of a document."""
    (item,) = manifest(document).items
    return item


def changes(old: Any, new: Any) -> tuple[Change, ...]:
    """What is told of two documents that hold one item each, the same one."""
    told = explain(manifest(old), manifest(new)).items
    assert len(told) == 1
    return told[0].changes


def told_of(old: Any, new: Any) -> list[ItemChanges]:
    """What is told of two documents, item by item."""
    return list(explain(manifest(old), manifest(new)).items)


def tool(**fields: Any) -> Any:
    """A document with one tool."""
    return {"tools": [{"name": "t", **fields}]}


def arguments(**schema: Any) -> Any:
    """A document with one tool that has this input schema."""
    return tool(inputSchema={"type": "object", **schema})


def parameter(schema: Any, name: str = "p") -> Any:
    """A document with one tool that has one parameter."""
    return arguments(properties={name: schema})


def said(old: Any, new: Any) -> list[tuple[str, str, str]]:
    """Kind, field and sentence of each change, without the words that name the tool."""
    return [
        (
            change.kind.value,
            change.field,
            change.sentence.replace(' of tool "t"', "", 1).removeprefix('Tool "t": ')[:-1],
        )
        for change in changes(old, new)
    ]


def kinds(old: Any, new: Any) -> list[str]:
    """The kinds of the changes, sorted."""
    return sorted(change.kind.value for change in changes(old, new))

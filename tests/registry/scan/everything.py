"""A manifest in which every kind of field stands once, and all places at which something can be planted."""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Iterator
from typing import Any

TOOL: dict[str, Any] = {
    "name": "search_parts",
    "title": "Search parts",
    "description": "Searches the catalogue of spare parts.",
    "icons": [{"src": "https://parts.example/icon.png", "mimeType": "image/png", "sizes": ["48x48"]}],
    "annotations": {"title": "Search", "readOnlyHint": True, "vendorNote": "stable"},
    "_meta": {"parts.example/cache": "short", "parts.example/list": ["one", "two"]},
    "execution": {"taskSupport": "optional"},
    "x-unknown": {"inner": "value"},
    "inputSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "Generated.",
        "type": "object",
        "properties": {
            "query": {
                "type": "string",
                "title": "Query",
                "description": "What to look for",
                "default": "bolt",
                "examples": ["nut", "washer"],
                "format": "text",
                "pattern": "^[a-z]+$",
            },
            "sort": {"enum": ["price", "name"], "description": "Order", "const": "price"},
            "filter": {"anyOf": [{"type": "string", "description": "By name"}, {"type": "null"}]},
        },
        "required": ["query"],
        "$defs": {"part": {"description": "One part"}},
        "dependentRequired": {"sort": ["query"]},
    },
    "outputSchema": {"type": "object", "properties": {"hits": {"type": "array", "description": "Parts found"}}},
}

MANIFEST: dict[str, Any] = {
    "tools": [TOOL],
    "prompts": [
        {"name": "compare", "description": "Compares parts.", "arguments": [{"name": "first", "description": "A part"}]}
    ],
    "resources": [{"uri": "parts://all", "name": "All", "description": "Every part", "mimeType": "text/plain"}],
    "resourceTemplates": [{"uriTemplate": "parts://{id}", "name": "Part", "description": "One part"}],
    "instructions": "Spare parts of all makers.",
    "serverInfo": {"name": "parts", "title": "Parts", "version": "1.2", "websiteUrl": "https://parts.example"},
    "capabilities": {"experimental": {"note": "none"}},
    "somethingNew": {"field": "text", "list": ["text"]},
}

HIDDEN = frozenset(("Cc", "Cf", "Co", "Cs", "Zl", "Zp"))

Path = tuple["str | int", ...]


def shown(text: str) -> bool:
    """Whether no character of a text is one that a person cannot see."""
    return all(unicodedata.category(char) not in HIDDEN for char in text)


def places(value: Any = MANIFEST, path: Path = ()) -> Iterator[tuple[Path, bool]]:
    """Every string, and every key whose name the server makes up, as path and whether it is a key."""
    if isinstance(value, str):
        yield path, False
    elif isinstance(value, dict):
        for key, member in value.items():
            if path:
                yield (*path, key), True
            yield from places(member, (*path, key))
    elif isinstance(value, list):
        for at, member in enumerate(value):
            yield from places(member, (*path, at))


def planted(path: Path, key: bool, text: str) -> dict[str, Any]:
    """The manifest with `text` as the string at a place, or as a further key beside the one there."""
    whole = copy.deepcopy(MANIFEST)
    holder: Any = whole
    for step in path[:-1]:
        holder = holder[step]
    if key:
        holder[text] = holder[path[-1]]
    else:
        holder[path[-1]] = text
    return whole

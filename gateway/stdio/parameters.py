"""The `Mcp-Param-*` headers of the stateless era, made from the tool schemas that passed by. Pure: no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gateway.stdio import messages
from registry.mcp import jsonrpc
from registry.mcp.revisions import header_value

ANNOTATION: Final = "x-mcp-header"
PREFIX: Final = "Mcp-Param-"
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_TYPES: Final = frozenset(("string", "integer", "boolean"))
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_LONGEST: Final = 8192
# Where a schema of JSON Schema 2020-12 holds further schemas; what stands elsewhere is data and annotates nothing.
_SCHEMAS: Final = frozenset(
    (
        "items", "contains", "unevaluatedItems", "additionalProperties", "propertyNames", "unevaluatedProperties",
        "not", "if", "then", "else", "contentSchema", "allOf", "anyOf", "oneOf", "prefixItems",
    )
)  # fmt: skip
_NAMED_SCHEMAS: Final = frozenset(("patternProperties", "dependentSchemas", "$defs", "definitions"))

Path = tuple[str, ...]


class _Tool(msgspec.Struct):
    name: str
    inputSchema: msgspec.Raw = msgspec.Raw()


class _Page(msgspec.Struct):
    tools: list[msgspec.Raw]


class Annotated:
    """The annotated arguments of every tool that was listed since the list was last begun anew."""

    def __init__(self) -> None:
        self._tools: dict[str, dict[Path, str]] = {}

    def learn(self, result: bytes, *, first_page: bool) -> None:
        """Take in one page of `tools/list`; what cannot be read teaches nothing."""
        if first_page:
            self._tools.clear()
        try:
            page = msgspec.json.decode(result, type=_Page)
        except (msgspec.DecodeError, RecursionError):
            return
        for raw in page.tools:
            try:
                tool = msgspec.json.decode(raw, type=_Tool)
            except msgspec.DecodeError:
                continue
            schema = messages.read(bytes(tool.inputSchema)) if ANNOTATION.encode() in bytes(tool.inputSchema) else None
            self._tools[tool.name] = annotated(schema)

    def headers(self, tool: str, params: bytes) -> list[tuple[str, str]]:
        """The headers of one `tools/call` with these raw params."""
        wanted = self._tools.get(tool)
        if not wanted:
            return []
        arguments = jsonrpc.member(params, "arguments")
        found = ((token, _rendered(_at(arguments, path))) for path, token in wanted.items())
        return [(PREFIX + token, header_value(value)) for token, value in found if value is not None]


def annotated(schema: Any) -> dict[Path, str]:
    """Header token by argument path; empty where one annotation is invalid, as clients leave such a tool out."""
    found: dict[Path, str] = {}
    for path, node in _positions(schema):
        if ANNOTATION not in node:
            continue
        token, kind = node[ANNOTATION], node.get("type")
        if not path or not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return {}
        if not isinstance(kind, str) or kind not in _TYPES:
            return {}
        found[path] = token
    return found if len({token.lower() for token in found.values()}) == len(found) else {}


def _positions(root: Any) -> Iterator[tuple[Path | None, dict[str, Any]]]:
    """Every schema in `root` with its chain of `properties`; None once another keyword lies on the way."""
    rest: list[tuple[Path | None, Any]] = [((), root)]
    while rest:
        path, node = rest.pop()
        if isinstance(node, list):
            rest.extend((None, each) for each in node)
        if not isinstance(node, dict):
            continue
        yield path, node
        for keyword, value in node.items():
            if keyword == "properties" and isinstance(value, dict):
                rest.extend(((*path, name) if path is not None else None, each) for name, each in value.items())
            elif keyword in _NAMED_SCHEMAS:
                rest.extend((None, each) for each in (value.values() if isinstance(value, dict) else ()))
            elif keyword in _SCHEMAS:
                rest.append((None, value))


def _at(arguments: bytes | None, path: Path) -> bytes | None:
    node = arguments
    for key in path:
        node = None if node is None else jsonrpc.member(node, key)
    return node


def _rendered(raw: bytes | None) -> str | None:
    """A scalar argument as a header says it; None for what is absent, null, or no scalar."""
    if raw is None or raw == b"null" or len(raw) > _LONGEST:
        return None
    if raw.startswith(b'"'):
        return messages.text(raw)
    if raw in (b"true", b"false") or _PLAIN_NUMBER.fullmatch(raw.decode("ascii", "replace")):
        return raw.decode("ascii")
    value = messages.read(raw)
    return str(value) if isinstance(value, int | float) else None

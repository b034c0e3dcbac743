"""`Mcp-Param-*`: arguments that a tool's approved schema wants in headers too (2026-07-28). Pure: no Django, no I/O.

The body is judged; a header that says something else, is missing or cannot be read refuses the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gateway.mcp.inbound import HEADER_MISMATCH
from gateway.refusal import Malformed
from governance.canonical.values import JSON, Number
from registry.mcp.revisions import header_name

ANNOTATION: Final = "x-mcp-header"
PREFIX: Final = b"mcp-param-"
DEEPEST: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_READABLE: Final = re.compile(r"[\x20-\x7e]*", re.ASCII)


class Wanted(msgspec.Struct, frozen=True):
    """One argument that is wanted in a header: the path to it by property names, and the header's own part."""

    path: tuple[str, ...]
    header: str


def wanted(schema: Mapping[str, JSON] | None) -> tuple[Wanted, ...]:
    """What a tool's input schema annotates, found through `properties` alone."""
    return tuple(_annotated(schema, ())) if schema else ()


def _annotated(schema: Mapping[str, JSON], path: tuple[str, ...]) -> Iterator[Wanted]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or len(path) >= DEEPEST:
        return
    for name, declared in properties.items():
        if isinstance(declared, dict):
            header = declared.get(ANNOTATION)
            if isinstance(header, str) and _TOKEN.fullmatch(header):
                yield Wanted((*path, name), header)
            yield from _annotated(declared, (*path, name))


def checked(
    asked: tuple[Wanted, ...], arguments: Mapping[str, JSON], headers: Mapping[bytes, bytes]
) -> tuple[tuple[str, str], ...]:
    """The headers to send on, when those that came agree with the arguments. Raises Malformed with -32020."""
    out = []
    for one in asked:
        value = _text(_found(arguments, one.path))
        said = headers.get(PREFIX + one.header.lower().encode())
        shown = f"Mcp-Param-{one.header}"
        if value is None:
            if said is not None:
                raise _mismatch(f"The header `{shown}` has no argument in the body.")
            continue
        if said is None:
            raise _mismatch(f"The header `{shown}` is missing.")
        text = said.decode("latin-1").strip(" \t")
        if not _READABLE.fullmatch(text) or header_name(text) != value:
            raise _mismatch(f"The header `{shown}` differs from the body.")
        out.append((shown, value))
    return tuple(out)


def _found(arguments: Mapping[str, JSON], path: tuple[str, ...]) -> JSON:
    value: JSON = dict(arguments)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: JSON) -> str | None:
    """How an argument stands in a header; None for what has no place in one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    return value.literal if isinstance(value, Number) else None


def _mismatch(reason: str) -> Malformed:
    return Malformed(reason, code=HEADER_MISMATCH)

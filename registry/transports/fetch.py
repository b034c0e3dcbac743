"""Ask a server for all that it offers, page by page, within bounds. No Django."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from governance.canonical.strict_json import Malformed, encode, parse
from governance.canonical.values import JSON
from registry.manifest.canonical import MAX_DEPTH, MAX_ITEMS, MAX_MANIFEST_BYTES, Manifest, ManifestError, read_manifest
from registry.mcp import jsonrpc
from registry.transports.base import EMPTY_OBJECT, Unreachable, Upstream

MAX_PAGES: Final = 500
MAX_CURSOR: Final = 4096
MAX_MEMBERS: Final = 1_000_000

LISTS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "tools": (("tools/list", "tools"),),
    "prompts": (("prompts/list", "prompts"),),
    "resources": (("resources/list", "resources"), ("resources/templates/list", "resourceTemplates")),
}
"""By capability: the methods that list, and the field of result and manifest that holds what they list."""


async def fetch_manifest(upstream: Upstream, *, deadline: float) -> Manifest:
    """The manifest of an upstream, asked within `deadline` seconds for what its capabilities declare.

    Raises UpstreamError when it does not answer, ManifestError when what it answers cannot be judged.
    """
    return read_manifest(await fetch_document(upstream, deadline=deadline))


async def fetch_document(upstream: Upstream, *, deadline: float) -> dict[str, JSON]:
    """The same as one JSON object that nobody has judged yet."""
    until = asyncio.get_running_loop().time() + deadline
    try:
        async with asyncio.timeout_at(until):
            handshake = await upstream.open()
    except TimeoutError:
        raise Unreachable("the server could not be opened within the time limit") from None
    document: dict[str, JSON] = {}
    for capability, lists in LISTS.items():
        if capability in handshake.capabilities:
            for method, field in lists:
                document[field] = await _listed(upstream, method, field, until)
    document["instructions"] = handshake.instructions
    document["serverInfo"] = dict(handshake.server_info) or None
    document["capabilities"] = dict(handshake.capabilities)
    return document


async def _listed(upstream: Upstream, method: str, field: str, until: float) -> list[JSON]:
    found: list[JSON] = []
    seen: set[str] = set()
    params, size = EMPTY_OBJECT, 0
    for _ in range(MAX_PAGES):
        page = await _page(upstream, method, params, until)
        if page is None:
            return found
        size += len(page)
        members, cursor = _read_page(page, method, field)
        found += members
        if len(found) > MAX_ITEMS or size > MAX_MANIFEST_BYTES:
            raise ManifestError(f"{method} gives more than {MAX_ITEMS} items or {MAX_MANIFEST_BYTES} bytes")
        if cursor is None:
            return found
        if cursor in seen:
            raise ManifestError(f"{method} gives the same cursor twice and would never end")
        seen.add(cursor)
        params = encode({"cursor": cursor})
    raise ManifestError(f"{method} has more than {MAX_PAGES} pages")


async def _page(upstream: Upstream, method: str, params: bytes, until: float) -> bytes | None:
    remaining = until - asyncio.get_running_loop().time()
    answer = await upstream.request(method, params, deadline=max(remaining, 0.0))
    if answer.result is not None:
        return answer.result
    code, _ = jsonrpc.read_error(answer.error or b"")
    if code == jsonrpc.METHOD_NOT_FOUND:
        return None  # Declared and not there: usual for templates, and nothing is offered by it.
    raise ManifestError(f"{method} was answered with the JSON-RPC error {code}")


def _read_page(page: bytes, method: str, field: str) -> tuple[list[JSON], str | None]:
    try:
        result = parse(page, max_depth=MAX_DEPTH + 4, max_members=MAX_MEMBERS)
    except Malformed as wrong:
        raise ManifestError(f"the answer to {method} is refused: {wrong}") from None
    members = result.get(field) if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(members, list):
        raise ManifestError(f"the answer to {method} has no list {field}")
    cursor = result.get("nextCursor")
    if cursor is None or cursor == "":
        return members, None
    if not isinstance(cursor, str) or len(cursor) > MAX_CURSOR:
        raise ManifestError(f"the cursor of {method} is no text of at most {MAX_CURSOR} characters")
    return members, cursor

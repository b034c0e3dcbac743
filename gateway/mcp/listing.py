"""What an agent is told exists: its visible items that some arguments could run. Pure: no Django, no I/O."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from hashlib import sha256

from gateway.refusal import Malformed
from gateway.snapshot.model import AgentRecord, ApprovedItem, Snapshot
from governance.policy.listing import could_run
from registry.mcp.revisions import META_SERVER, Era

PAGE = 500
LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
"""By method: the member of the result, which is also what an approved item says it stands in."""
INVALID_PARAMS = -32602
NO_CURSOR = "This cursor is not one of this list; start again without one."


def listed(
    snapshot: Snapshot, agent: AgentRecord, server: str, listing: str, *, seen_as: AgentRecord | None = None
) -> list[ApprovedItem]:
    """The items of one server in one of LISTS, in the server's order (contract 4.4).

    `seen_as` is the agent with fewer roles, where it wants to see less. Raises Unavailable without a policy.
    """
    return [
        approved
        for approved in snapshot.visible(seen_as or agent, server)
        if approved.listing == listing and could_run(snapshot.rules_for(approved.item), agent.caller)
    ]


def page(listing: str, wires: Sequence[bytes], cursor: object, era: Era, server_info: bytes) -> bytes:
    """One page of a list as a raw result: approved definitions, byte for byte as they were approved."""
    start = _start(cursor, len(wires))
    more = base64.urlsafe_b64encode(b"%d" % (start + PAGE)) if start + PAGE < len(wires) else b""
    return _rendered(listing, wires[start : start + PAGE], more, era, server_info)


def page_by_name(
    listing: str, items: Sequence[tuple[str, bytes]], cursor: object, era: Era, server_info: bytes
) -> bytes:
    """The same over many servers: a cursor names the last item of its page, so that it holds while others come and go.

    `items` are names and definitions. Raises Malformed for a cursor whose item is not listed any more.
    """
    start = 0
    if cursor is not None:
        marks = [_mark(name) for name, _ in items]
        if not isinstance(cursor, str) or cursor not in marks:
            http = 400 if era is Era.MODERN else 200
            raise Malformed(NO_CURSOR, code=INVALID_PARAMS, http=http)
        start = marks.index(cursor) + 1
    end = start + PAGE
    more = _mark(items[end - 1][0]).encode() if end < len(items) else b""
    return _rendered(listing, [wire for _, wire in items[start:end]], more, era, server_info)


def _mark(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _rendered(listing: str, wires: Sequence[bytes], more: bytes, era: Era, server_info: bytes) -> bytes:
    parts = [b'{"%s":[' % listing.encode() + b",".join(wires) + b"]"]
    if more:
        parts.append(b',"nextCursor":"%s"' % more)
    if era is Era.MODERN:
        parts.append(b',"resultType":"complete","ttlMs":0,"cacheScope":"private"')
        parts.append(b',"_meta":{"%s":%s}' % (META_SERVER.encode(), server_info))
    return b"".join(parts) + b"}"


def _start(cursor: object, size: int) -> int:
    if cursor is None:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(str(cursor)))
    except (ValueError, binascii.Error):
        start = -1
    if not 0 < start < size:
        raise Malformed(NO_CURSOR, code=INVALID_PARAMS, http=200)
    return start

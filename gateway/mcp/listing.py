"""What an agent is told exists: its visible items that some arguments could run. Pure: no Django, no I/O."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

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


def listed(snapshot: Snapshot, agent: AgentRecord, server: str, listing: str) -> list[ApprovedItem]:
    """The items of one server in one of LISTS, in the server's order (contract 4.4).

    Raises Unavailable without a policy.
    """
    return [
        approved
        for approved in snapshot.visible(agent, server)
        if approved.listing == listing and could_run(snapshot.rules_for(approved.item), agent.caller)
    ]


def page(listing: str, wires: Sequence[bytes], cursor: object, era: Era, server_info: bytes) -> bytes:
    """One page of a list as a raw result: approved definitions, byte for byte as they were approved."""
    start = _start(cursor, len(wires))
    parts = [b'{"%s":[' % listing.encode() + b",".join(wires[start : start + PAGE]) + b"]"]
    if start + PAGE < len(wires):
        parts.append(b',"nextCursor":"%s"' % base64.urlsafe_b64encode(b"%d" % (start + PAGE)))
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
        raise Malformed("This cursor is not one of this list; start again without one.", code=INVALID_PARAMS, http=200)
    return start

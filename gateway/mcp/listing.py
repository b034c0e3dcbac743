"""What an agent is told exists: its visible items that some arguments could run. Pure: no Django, no I/O."""

from __future__ import annotations

import base64
import binascii

from gateway.refusal import Malformed
from gateway.snapshot.model import AgentRecord, ApprovedItem, Snapshot
from governance.policy.listing import could_run
from governance.policy.values import Kind
from registry.mcp.revisions import META_SERVER, Era

PAGE = 500
INVALID_PARAMS = -32602


def listed(snapshot: Snapshot, agent: AgentRecord, server: str, kind: Kind) -> list[ApprovedItem]:
    """The items of one server to list, in the server's order (contract 4.4). Raises Unavailable without a policy."""
    return [
        approved
        for approved in snapshot.visible(agent, server)
        if approved.item.kind is kind and could_run(snapshot.rules_for(approved.item), agent.caller)
    ]


def tools_page(items: list[ApprovedItem], cursor: object, era: Era, server_info: bytes) -> bytes:
    """One page of `tools/list` as a raw result: approved definitions, byte for byte as they were approved."""
    start = _start(cursor, len(items))
    page = items[start : start + PAGE]
    parts = [b'{"tools":[' + b",".join(item.wire for item in page) + b"]"]
    if start + PAGE < len(items):
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

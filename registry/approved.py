"""Approved items as the policy sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.canonical import strict_json
from governance.policy.values import Intent, Item, Kind
from registry.models import Item as Row
from registry.models import Transport
from registry.states import ItemStanding, in_use

KINDS: Final = {"tool": Kind.TOOL, "prompt": Kind.PROMPT, "template": Kind.RESOURCE, "resource": Kind.RESOURCE}
MEMBERS: Final = 1_000_000


def policy_items() -> Iterator[Item]:
    """Every approved item of every server in use."""
    rows = Row.objects.filter(state=ItemStanding.APPROVED, kind__in=KINDS).select_related("server")
    for row in rows:
        if in_use(row.server.state):
            yield policy_item(row)


def policy_item(row: Row) -> Item:
    """One approved item with its approved schema."""
    document = strict_json.parse(row.approved_document.encode(), max_members=MEMBERS)
    schema = document.get("inputSchema") if isinstance(document, dict) else None
    return Item(
        server=row.server.name,
        kind=KINDS[row.kind],
        name=row.name,
        intent=Intent(row.intent),
        category=frozenset(row.server.category),
        schema=schema if isinstance(schema, dict) else None,
        cwd=row.server.cwd or None,
        local_disk=row.server.transport == Transport.STDIO,
    )

"""Approved items as the policy sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.canonical import strict_json
from governance.canonical.values import JSON
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
    schema = schema_of(row.kind, document) if isinstance(document, dict) else None
    return Item(
        server=row.server.name,
        kind=KINDS[row.kind],
        name=row.name,
        intent=Intent(row.effective_intent),
        category=frozenset(row.server.category),
        schema=schema,
        cwd=row.server.cwd or None,
        local_disk=row.server.transport == Transport.STDIO,
    )


def schema_of(kind: str, document: dict[str, JSON]) -> dict[str, JSON] | None:
    """What an item declares of its arguments: a tool's inputSchema, or the named arguments of a prompt."""
    if kind == "prompt":
        listed = document.get("arguments")
        names = [one.get("name") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        return {"type": "object", "properties": {name: {"type": "string"} for name in names if isinstance(name, str)}}
    schema = document.get("inputSchema")
    return schema if isinstance(schema, dict) else None

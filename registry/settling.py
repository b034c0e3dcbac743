"""What acts and scans of a server share: its row locked, its state as its items stand, resources followed."""

from __future__ import annotations

from django.utils import timezone

from registry.models import Item, Server
from registry.states import (
    ItemStanding,
    ServerAct,
    Stands,
    after_act,
    drifted,
    in_use,
)
from registry.states import standing as standing_of


class NotPossible(Exception):
    """The act does not fit what the server or the item is; nothing was changed."""


def lock(server: Server) -> Server:
    """The server's row, locked until the transaction ends."""
    return Server.objects.select_for_update(of=("self",)).get(pk=server.pk)


def settle(server: Server) -> bool:
    """Let the state of a reachable server follow from its items; answers whether it changed. Inside a transaction."""
    if not in_use(server.state):
        return False
    rows = server.items.exclude(kind="resource").values_list("state", "late", "approved_digest", "seen_digest")
    act, reason = standing_of(
        Stands(
            ItemStanding(state),
            drifted(state, late=late, baseline=bool(approved)),
            unsteady=state == ItemStanding.CHANGED and approved == seen,
        )
        for state, late, approved, seen in rows
    )
    return place(server, act, reason)


def place(server: Server, act: ServerAct, reason: str) -> bool:
    """Move the server's state by the table and say why; answers whether anything changed. Inside a transaction."""
    after = (after_act(server.state, act).value, reason[:500])
    if after == (server.state, server.state_reason):
        return False
    server.state, server.state_reason = after
    server.save(update_fields=["state", "state_reason"])
    return True


def follow_resources(server: Server) -> int:
    """Single resources are noticed, not held: with anything approved of the server, what is there is the baseline."""
    if not server.items.exclude(kind="resource").exclude(approved_digest="").exists():
        return 0
    moved: list[Item] = []
    now = timezone.now()
    for item in server.items.filter(kind="resource").exclude(state=ItemStanding.REFUSED).exclude(seen_digest=""):
        if (item.state, item.approved_digest) != (ItemStanding.APPROVED, item.seen_digest):
            item.state, item.approved_by, item.approved_at = ItemStanding.APPROVED, "gatehouse", now
            item.approved_digest, item.approved_document = item.seen_digest, item.seen_document
            moved.append(item)
    fields = ["state", "approved_by", "approved_at", "approved_digest", "approved_document"]
    Item.objects.bulk_update(moved, fields, batch_size=100)
    return len(moved)

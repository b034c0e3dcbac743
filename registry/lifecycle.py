"""What people decide on servers and their items: approve, refuse, quarantine, release, retire. One function per act."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.canonical.values import JSON
from governance.closing import end_open, record
from governance.generation import bump
from governance.models import Escalation, Part
from governance.rights import Actor, name_of, require
from governance.workflow.escalation import Act
from registry.models import Item, Server
from registry.states import (
    IllegalMove,
    ItemAct,
    ItemStanding,
    ServerAct,
    Stands,
    after_act,
    after_decision,
    drifted,
    in_use,
)
from registry.states import standing as standing_of

ADMINISTER: Final = ("security-admin",)


@dataclass(frozen=True, slots=True, order=True)
class Shown:
    """An item as the deciding person saw it; the digest is of what the last scan brought ("" for one that is gone)."""

    kind: str
    name: str
    digest: str

    @classmethod
    def of(cls, item: Item) -> Shown:
        """The item as it was loaded."""
        return cls(item.kind, item.name, item.seen_digest)


class ChangedSinceShown(Exception):
    """An item is not what the deciding person saw; nothing was decided."""


class NotPossible(Exception):
    """The act does not fit what the server or the item is; nothing was changed."""


@transaction.atomic
def approve_items(
    *, server: Server, items: Iterable[Shown], by: Actor, accept_findings: Sequence[str] = (), reason: str = ""
) -> tuple[Item, ...]:
    """Make what was shown of each item its baseline, so that agents may see it.

    All of them or none. Raises NotAllowed, ChangedSinceShown, NotPossible. `accept_findings` are rule globs.
    """
    require(by, *ADMINISTER, act="approve items of a server")
    locked = lock(server)
    if not in_use(locked.state):
        raise NotPossible(f"{locked.name} is {locked.state}; release it before approving anything of it.")
    decided = tuple(_decide(locked, shown, ItemAct.APPROVE) for shown in sorted(set(items)))
    now = timezone.now()
    for item in decided:
        item.approved_digest, item.approved_document = item.seen_digest, item.seen_document
        item.approved_by, item.approved_at, item.late = name_of(by), now, False
        item.save()
    _record(locked, "approved", decided, by, reason=reason, accepted=accept_findings)
    return decided


@transaction.atomic
def refuse_items(*, server: Server, items: Iterable[Shown], by: Actor, reason: str = "") -> tuple[Item, ...]:
    """Keep items from agents until they are approved, whatever scans bring. All of them or none."""
    require(by, *ADMINISTER, act="refuse items of a server")
    locked = lock(server)
    decided = tuple(_decide(locked, shown, ItemAct.REFUSE) for shown in sorted(set(items)))
    for item in decided:
        item.save()
    _record(locked, "refused", decided, by, reason=reason)
    return decided


def quarantine(*, server: Server, by: Actor, reason: str) -> Server:
    """Take the server out of use at once; what agents hold open on it is cancelled, its baselines are kept."""
    require(by, *ADMINISTER, act="quarantine a server")
    return _move(server, ServerAct.QUARANTINE, by, reason)


def release(*, server: Server, by: Actor, reason: str) -> Server:
    """Put a quarantined server back into use, as its items stand."""
    require(by, *ADMINISTER, act="release a server")
    return _move(server, ServerAct.RELEASE, by, reason)


def retire(*, server: Server, by: Actor, reason: str) -> Server:
    """Take the server out of use for good; its history stays."""
    require(by, *ADMINISTER, act="retire a server")
    return _move(server, ServerAct.RETIRE, by, reason)


def lock(server: Server) -> Server:
    """The server's row, locked until the transaction ends."""
    return Server.objects.select_for_update(of=("self",)).get(pk=server.pk)


def settle(server: Server) -> bool:
    """Let the state of a reachable server follow from its items; answers whether it changed. Inside a transaction."""
    if not in_use(server.state):
        return False
    rows = server.items.exclude(kind="resource").values_list("state", "late", "approved_digest")
    act, reason = standing_of(
        Stands(ItemStanding(state), drifted(state, late=late, baseline=bool(approved)))
        for state, late, approved in rows
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
    count = 0
    for item in server.items.filter(kind="resource").exclude(state=ItemStanding.REFUSED).exclude(seen_digest=""):
        if (item.state, item.approved_digest) != (ItemStanding.APPROVED, item.seen_digest):
            item.state, item.approved_by, item.approved_at = ItemStanding.APPROVED, "gatehouse", timezone.now()
            item.approved_digest, item.approved_document = item.seen_digest, item.seen_document
            item.save()
            count += 1
    return count


def _decide(server: Server, shown: Shown, act: ItemAct) -> Item:
    item = Item.objects.select_for_update(of=("self",)).filter(server=server, kind=shown.kind, name=shown.name).first()
    if item is None:
        raise NotPossible(f"{server.name} has no {shown.kind} {shown.name}.")
    if item.seen_digest != shown.digest:
        raise ChangedSinceShown(
            f"{shown.kind} {shown.name} of {server.name} has changed since it was shown; look again."
        )
    if act is ItemAct.APPROVE and not item.seen_digest:
        raise NotPossible(f"{shown.kind} {shown.name} is not on {server.name} any more, so it cannot be approved.")
    try:
        item.state = after_decision(item.state, act)
    except IllegalMove as error:
        raise NotPossible(f"{shown.kind} {shown.name} of {server.name}: {error}.") from None
    return item


def _record(
    server: Server, what: str, items: Sequence[Item], by: Actor, *, reason: str = "", accepted: Sequence[str] = ()
) -> None:
    if not items:
        return
    followed = follow_resources(server)
    settle(server)
    bump(Part.REGISTRY)
    after: dict[str, JSON] = {
        "items": [{"kind": item.kind, "name": plain(item.name), "digest": item.seen_digest} for item in items]
    }
    if followed:
        after["resources"] = followed
    if accepted:
        after["accepted_findings"] = list(accepted)
    change = {"what": what, "name": server.name, "after": after, "reason": plain(reason)}
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": server.name})


@transaction.atomic
def _move(server: Server, act: ServerAct, by: Actor, reason: str) -> Server:
    locked = lock(server)
    before = locked.state
    try:
        place(locked, act, reason)
    except IllegalMove as error:
        raise NotPossible(f"{locked.name}: {error}.") from None
    now = timezone.now()
    why = f"the server {locked.name} is {locked.state}: {reason}"
    cancelled = []
    if act is ServerAct.RELEASE:
        settle(locked)
    else:
        cancelled = end_open(Escalation.objects.filter(server=locked.name), by=by, reason=why, now=now)
    bump(Part.REGISTRY, *([Part.ESCALATIONS] if cancelled else []))
    record(cancelled, Act.CANCEL, by=by, reason=why, now=now)
    change = {"what": act.value, "name": locked.name, "before": before, "after": locked.state, "reason": plain(reason)}
    ledger.append(kind="change.server", by=name_of(by), change=change, target={"server": locked.name})
    return locked

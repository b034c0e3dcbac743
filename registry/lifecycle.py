"""What people decide on servers and their items, one function an act: approve, refuse, suspend, quarantine, retire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from governance import ledger
from governance.audit.entry import plain
from governance.canonical.values import JSON
from governance.closing import end_open, record
from governance.generation import bump
from governance.models import Escalation, Part
from governance.policy.values import Intent
from governance.rights import Actor, name_of, require
from governance.workflow.escalation import Act
from registry import baselines, findings
from registry.apart import require_apart
from registry.models import Item, Server
from registry.settling import NotPossible, follow_resources, lock, place, settle
from registry.states import IllegalMove, ItemAct, ItemStanding, ServerAct, after_decision, in_use

__all__ = [
    "ChangedSinceShown",
    "NotPossible",
    "Shown",
    "approve_items",
    "follow_resources",
    "lock",
    "override_intent",
    "place",
    "quarantine",
    "refuse_items",
    "release",
    "resume",
    "retire",
    "settle",
    "suspend",
    "withdraw_intent_override",
]

ADMINISTER: Final = ("security-admin",)
BATCH: Final = 200
REVIEWED: Final = (
    *("reviewed_intent", "reviewed_intent_digest", "reviewed_intent_reason"),
    *("reviewed_intent_by", "reviewed_intent_at"),
)
_REMEDY: Final = {"suspended": "resume it", "quarantined": "release it", "retired": "request it anew"}


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


@transaction.atomic
def approve_items(
    *, server: Server, items: Iterable[Shown], by: Actor, accept_findings: Sequence[str] = (), reason: str = ""
) -> tuple[Item, ...]:
    """Make what was shown of each item its baseline, so that agents may see it.

    All of them or none, and not by whoever asked for the server. Raises NotAllowed, ChangedSinceShown, NotPossible.
    `accept_findings` are rule globs.
    """
    require(by, *ADMINISTER, act="approve items of a server")
    locked = lock(server)
    require_apart(locked, by)
    if not in_use(locked.state):
        raise NotPossible(f"{locked.name} is {locked.state}; {_REMEDY[locked.state]} before approving anything of it.")
    decided = _decide(locked, items, ItemAct.APPROVE)
    now = timezone.now()
    for item in decided:
        item.approved_digest, item.approved_document = item.seen_digest, item.seen_document
        item.approved_by, item.approved_at, item.late = name_of(by), now, False
        item.returns, item.last_return_at = 0, None
    _store_approved(decided, by, now)
    accepted = findings.accept(locked, decided, name_of(by), now)
    _record(locked, "approved", decided, by, reason=reason, accepted=accept_findings, findings_accepted=accepted)
    return decided


@transaction.atomic
def refuse_items(*, server: Server, items: Iterable[Shown], by: Actor, reason: str = "") -> tuple[Item, ...]:
    """Keep items from agents until they are approved, whatever scans bring. All of them or none."""
    require(by, *ADMINISTER, act="refuse items of a server")
    locked = lock(server)
    decided = _decide(locked, items, ItemAct.REFUSE)
    Item.objects.bulk_update(decided, ["state"], batch_size=100)
    _record(locked, "refused", decided, by, reason=reason)
    return decided


@transaction.atomic
def override_intent(*, item: Item, intent: str, by: Actor, reason: str, shown: str) -> Item:
    """Let a reviewer's word on what an item can do go before the classifier's, up or down.

    It holds for the definition with the digest `shown`, which is the one approved or the one to be reviewed, and ends
    when another one is approved. Raises NotAllowed, NotPossible, ChangedSinceShown.
    """
    require(by, *ADMINISTER, act="say what an item can do")
    locked = lock(item.server)
    require_apart(locked, by)
    row = Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
    where = f"{row.kind} {row.name} of {locked.name}"
    if intent not in list(Intent):
        raise NotPossible(f"There is no intent {intent!r}; write one of {', '.join(Intent)}.")
    if not reason.strip():
        raise NotPossible("Say why; the reason stands beside the intent for whoever reviews it next.")
    if not shown or shown not in (row.approved_digest, row.seen_digest):
        raise ChangedSinceShown(f"{where} has changed since it was shown; look again.")
    before = _intent(row)
    row.reviewed_intent, row.reviewed_intent_digest = intent, shown
    row.reviewed_intent_by, row.reviewed_intent_at = name_of(by), timezone.now()
    row.reviewed_intent_reason = reason.strip()[:500]
    row.save(update_fields=REVIEWED)
    _record_intent("intent override", row, before, by, reason)
    return row


@transaction.atomic
def withdraw_intent_override(*, item: Item, by: Actor, reason: str = "") -> Item:
    """Let the classifier's word hold again. Raises NotAllowed, NotPossible where nobody said otherwise."""
    require(by, *ADMINISTER, act="say what an item can do")
    require_apart(lock(item.server), by)
    row = Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if not row.reviewed_intent:
        raise NotPossible(f"Nobody overrode the intent of {row.kind} {row.name}.")
    before = _intent(row)
    row.reviewed_intent = row.reviewed_intent_digest = row.reviewed_intent_by = row.reviewed_intent_reason = ""
    row.reviewed_intent_at = None
    row.save(update_fields=REVIEWED)
    _record_intent("intent withdrawn", row, before, by, reason)
    return row


def suspend(*, server: Server, by: Actor, reason: str) -> Server:
    """Take the server out of use for a while; what agents hold open on it is cancelled, its baselines are kept."""
    require(by, *ADMINISTER, act="suspend a server")
    return _move(server, ServerAct.SUSPEND, by, reason)


@transaction.atomic
def resume(*, server: Server, by: Actor, reason: str, days: int | None = None) -> Server:
    """Put a suspended server back into use, as its items stand, approved for so many `days` from now.

    Without `days` its term stays what it was. Raises NotAllowed, and NotPossible where that has run out.
    """
    require(by, *ADMINISTER, act="resume a server")
    locked = lock(server)
    require_apart(locked, by)
    now = timezone.now()
    until = locked.approved_until if days is None else now + timedelta(days=days)
    if until is not None and until <= now:
        ended = locked.approved_until or now
        raise NotPossible(
            f"The approval of {locked.name} ran out on {ended:%Y-%m-%d}; say for how many days it holds anew."
        )
    moved = _move(locked, ServerAct.RESUME, by, reason, until=until)
    if moved.approved_until != until:
        moved.approved_until = until
        moved.save(update_fields=["approved_until"])
    return moved


def quarantine(*, server: Server, by: Actor, reason: str) -> Server:
    """Take the server out of use at once; what agents hold open on it is cancelled, its baselines are kept."""
    require(by, *ADMINISTER, act="quarantine a server")
    return _move(server, ServerAct.QUARANTINE, by, reason)


@transaction.atomic
def release(*, server: Server, by: Actor, reason: str) -> Server:
    """Put a quarantined server back into use, as its items stand."""
    require(by, *ADMINISTER, act="release a server")
    locked = lock(server)
    require_apart(locked, by)
    return _move(locked, ServerAct.RELEASE, by, reason)


def retire(*, server: Server, by: Actor, reason: str) -> Server:
    """Take the server out of use for good; its history stays."""
    require(by, *ADMINISTER, act="retire a server")
    return _move(server, ServerAct.RETIRE, by, reason)


def _decide(server: Server, chosen: Iterable[Shown], act: ItemAct) -> tuple[Item, ...]:
    """The rows as they are after the act, in order and not yet stored."""
    wanted = sorted(set(chosen))
    found: dict[tuple[str, str], Item] = {}
    for start in range(0, len(wanted), BATCH):
        names = {shown.name for shown in wanted[start : start + BATCH]}
        rows = Item.objects.select_for_update(of=("self",)).filter(server=server, name__in=names)
        found.update({(item.kind, item.name): item for item in rows.order_by("pk")})
    return tuple(_decided(server, found.get((shown.kind, shown.name)), shown, act) for shown in wanted)


def _decided(server: Server, item: Item | None, shown: Shown, act: ItemAct) -> Item:
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


def _store_approved(decided: Sequence[Item], by: Actor, now: datetime) -> None:
    """Write what the rows say since they were approved, a batch in one statement that names no document."""
    for start in range(0, len(decided), BATCH):
        rows = Item.objects.filter(pk__in=[item.pk for item in decided[start : start + BATCH]])
        rows.update(
            state=ItemStanding.APPROVED,
            approved_digest=F("seen_digest"),
            approved_document=F("seen_document"),
            approved_by=name_of(by),
            approved_at=now,
            late=False,
            returns=0,
            last_return_at=None,
        )


def _record(
    server: Server,
    what: str,
    items: Sequence[Item],
    by: Actor,
    *,
    reason: str = "",
    accepted: Sequence[str] = (),
    findings_accepted: int = 0,
) -> None:
    if not items:
        return
    followed = follow_resources(server)
    settle(server)
    baselines.note(server, what, name_of(by), reason)
    bump(Part.REGISTRY)
    after: dict[str, JSON] = {
        "items": [{"kind": item.kind, "name": plain(item.name), "digest": item.seen_digest} for item in items]
    }
    if followed:
        after["resources"] = followed
    if accepted:
        after["accepted_findings"] = list(accepted)
    if findings_accepted:
        after["findings"] = findings_accepted
    change = {"what": what, "name": server.name, "after": after, "reason": plain(reason)}
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": server.name})


def _intent(item: Item) -> dict[str, JSON]:
    return {"kind": item.kind, "name": plain(item.name), "intent": item.reviewed_intent or item.intent}


def _record_intent(what: str, item: Item, before: dict[str, JSON], by: Actor, reason: str) -> None:
    bump(Part.REGISTRY)
    name = item.server.name
    after = {**_intent(item), "digest": item.reviewed_intent_digest, "classified": item.intent}
    change = {"what": what, "name": name, "before": before, "after": after, "reason": plain(reason)}
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": name})


@transaction.atomic
def _move(server: Server, act: ServerAct, by: Actor, reason: str, until: datetime | None = None) -> Server:
    locked = lock(server)
    before = locked.state
    try:
        place(locked, act, reason)
    except IllegalMove as error:
        raise NotPossible(f"{locked.name}: {error}.") from None
    now = timezone.now()
    why = f"the server {locked.name} is {locked.state}: {reason}"
    cancelled = []
    if act in (ServerAct.RELEASE, ServerAct.RESUME):
        settle(locked)
        locked.next_scan_at = now  # What it offers may have changed while nobody looked.
        locked.save(update_fields=["next_scan_at"])
    else:
        cancelled = end_open(Escalation.objects.filter(server=locked.name), by=by, reason=why, now=now)
    bump(Part.REGISTRY, *([Part.ESCALATIONS] if cancelled else []))
    record(cancelled, Act.CANCEL, by=by, reason=why, now=now)
    change = {"what": act.value, "name": locked.name, "before": before, "after": locked.state, "reason": plain(reason)}
    if until is not None:
        change["until"] = ledger.stamp(until)
    ledger.append(kind="change.server", by=name_of(by), change=change, target={"server": locked.name})
    return locked

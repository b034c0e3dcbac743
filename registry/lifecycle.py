"""What people decide on servers and their items, one function an act: approve, refuse, suspend, quarantine, retire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from governance.models import Escalation, Part, Person
from governance.policy.values import Intent
from governance.rights import Actor, Machine, NotAllowed, name_of, require
from governance.workflow.escalation import Act
from registry import baselines, findings, item_votes
from registry.apart import require_apart
from registry.item_votes import AlreadyVoted, Tally
from registry.models import Item, Server
from registry.settling import NotPossible, follow_resources, lock, place, settle
from registry.states import IllegalMove, ItemAct, ItemStanding, ServerAct, after_decision, in_use

__all__ = [
    "AlreadyVoted",
    "Approval",
    "ChangedSinceShown",
    "NotPossible",
    "Shown",
    "approve_items",
    "approve_requested",
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


@dataclass(frozen=True, slots=True)
class Approval:
    """What an approval came to: the items that are approved, and those held until somebody else approves them too."""

    items: tuple[Item, ...]
    waiting: tuple[tuple[Shown, Tally], ...] = ()

    @property
    def still_needed(self) -> str:
        """Whose approval is missing, a sentence for each way in which it is; "" where nothing waits."""
        return " ".join(sorted({tally.missing for _, tally in self.waiting}))


@transaction.atomic
def approve_items(
    *, server: Server, items: Iterable[Shown], by: Actor, accept_findings: Sequence[str] = (), reason: str = ""
) -> Approval:
    """Make what was shown of each item its baseline, so that agents may see it.

    A person's approval of what is destructive or has a high finding is counted, and the item stays held until enough
    people gave theirs. All of that or none, and not by whoever asked for the server. Raises NotAllowed,
    ChangedSinceShown, NotPossible, AlreadyVoted. `accept_findings` are rule globs.
    """
    if not isinstance(by, Machine) and (why := item_votes.why_not(server, by)):
        raise NotAllowed(why)
    locked, decided = _to_approve(server, items, by)
    if isinstance(by, Machine):
        return Approval(_approve(locked, decided, by, {}, globs=accept_findings, reason=reason))
    cast = item_votes.cast(locked, decided, by=by, reason=reason)
    people = {pk: tally.people for pk, tally in cast.tallies.items() if not tally.missing}
    ready = tuple(item for item in decided if item.pk in people or item.pk not in cast.tallies)
    lacking = [item for item in decided if item.pk in cast.tallies and item.pk not in people]
    waiting = tuple((Shown.of(item), cast.tallies[item.pk]) for item in lacking)
    fresh = [(Shown.of(item), cast.tallies[item.pk]) for item in lacking if item.pk in cast.fresh]
    if fresh:
        item_votes.tell_others(locked, [tally for _, tally in fresh], by=by)
    _approve(locked, ready, by, people, globs=accept_findings, reason=reason)
    _record_votes(locked, fresh, by, reason)
    return Approval(ready, waiting)


@transaction.atomic
def approve_requested(
    *, server: Server, items: Iterable[Shown], by: Person, accept_findings: Sequence[str], reason: str
) -> None:
    """Make items of a new server its first baseline, whose approvals were counted in the request. Raises as above."""
    require(by, *ADMINISTER, act="approve items of a server")
    locked, decided = _to_approve(server, items, by)
    _approve(locked, decided, by, {}, globs=accept_findings, reason=reason)


@transaction.atomic
def refuse_items(*, server: Server, items: Iterable[Shown], by: Actor, reason: str = "") -> tuple[Item, ...]:
    """Keep items from agents until they are approved, whatever scans bring. All of them or none."""
    require(by, *ADMINISTER, act="refuse items of a server")
    locked = lock(server)
    decided = _decide(locked, items, ItemAct.REFUSE)
    Item.objects.bulk_update(decided, ["state"], batch_size=100)
    item_votes.forget(locked, decided)
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


def _to_approve(server: Server, items: Iterable[Shown], by: Actor) -> tuple[Server, tuple[Item, ...]]:
    """The server under its lock, and the items as their approval leaves them, not yet stored."""
    locked = lock(server)
    require_apart(locked, by)
    if not in_use(locked.state):
        raise NotPossible(f"{locked.name} is {locked.state}; {_REMEDY[locked.state]} before approving anything of it.")
    return locked, _decide(locked, items, ItemAct.APPROVE)


def _approve(
    server: Server,
    decided: Sequence[Item],
    by: Actor,
    people: Mapping[int, Sequence[str]],
    *,
    globs: Sequence[str],
    reason: str,
) -> tuple[Item, ...]:
    """Store what was decided; `people` are those who approved an item, where it took several."""
    now, accepted = timezone.now(), 0
    groups: dict[str, list[Item]] = {}
    for item in decided:
        names = ", ".join(people.get(item.pk, [name_of(by)]))[:254]
        item.approved_digest, item.approved_document = item.seen_digest, item.seen_document
        item.approved_by, item.approved_at, item.late = names, now, False
        item.returns, item.last_return_at = 0, None
        groups.setdefault(names, []).append(item)
    for names, items in groups.items():
        _store_approved(items, names, now)
        accepted += findings.accept(server, items, names, now)
    item_votes.forget(server, decided)
    _record(server, "approved", decided, by, reason=reason, accepted=globs, findings_accepted=accepted, people=people)
    return tuple(decided)


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


def _store_approved(decided: Sequence[Item], people: str, now: datetime) -> None:
    """Write what the rows say since they were approved, a batch in one statement that names no document."""
    for start in range(0, len(decided), BATCH):
        rows = Item.objects.filter(pk__in=[item.pk for item in decided[start : start + BATCH]])
        rows.update(
            state=ItemStanding.APPROVED,
            approved_digest=F("seen_digest"),
            approved_document=F("seen_document"),
            approved_by=people,
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
    people: Mapping[int, Sequence[str]] | None = None,
) -> None:
    if not items:
        return
    followed = follow_resources(server)
    settle(server)
    everybody = {name_of(by)}.union(*(people or {}).values())
    baselines.note(server, what, ", ".join(sorted(everybody))[:254], reason)
    bump(Part.REGISTRY)
    after: dict[str, JSON] = {
        "items": [
            _told(item.kind, item.name, item.seen_digest)
            | ({"by": [*people[item.pk]]} if people and item.pk in people else {})
            for item in items
        ]
    }
    if followed:
        after["resources"] = followed
    if accepted:
        after["accepted_findings"] = list(accepted)
    if findings_accepted:
        after["findings"] = findings_accepted
    change = {"what": what, "name": server.name, "after": after, "reason": plain(reason)}
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": server.name})


def _record_votes(server: Server, waiting: Sequence[tuple[Shown, Tally]], by: Actor, reason: str) -> None:
    """One entry for all that this person approved and somebody else has to approve too."""
    if not waiting:
        return
    items = [_told(item.kind, item.name, item.digest) | {"by": [*tally.people]} for item, tally in waiting]
    after: dict[str, JSON] = {"items": [*items], "needs": [*sorted({tally.missing for _, tally in waiting})]}
    change = {"what": "approval counted", "name": server.name, "after": after, "reason": plain(reason)}
    ledger.append(kind="change.manifest", by=name_of(by), change=change, target={"server": server.name})


def _told(kind: str, name: str, digest: str) -> dict[str, JSON]:
    return {"kind": kind, "name": plain(name), "digest": digest}


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
        item_votes.forget(locked)
        cancelled = end_open(Escalation.objects.filter(server=locked.name), by=by, reason=why, now=now)
    bump(Part.REGISTRY, *([Part.ESCALATIONS] if cancelled else []))
    record(cancelled, Act.CANCEL, by=by, reason=why, now=now)
    change = {"what": act.value, "name": locked.name, "before": before, "after": locked.state, "reason": plain(reason)}
    if until is not None:
        change["until"] = ledger.stamp(until)
    ledger.append(kind="change.server", by=name_of(by), change=change, target={"server": locked.name})
    return locked
